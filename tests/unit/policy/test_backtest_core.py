"""Periods, sums and the comparing of a pass, without a database."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.canonical import canonical
from headgate.kernel.errors import Invalid
from headgate.policy import CompiledPolicy, compile_policy, parse_policy
from headgate.policy.backtest.core.plain import PlainLens
from headgate.policy.backtest.core.replay import Recorded, Replay
from headgate.policy.backtest.core.result import result_of
from headgate.policy.backtest.core.spec import Period, last_quarter, period_of
from headgate.policy.backtest.core.tally import Flip, Group
from tests.unit.policy.columns import sweep_records

TODAY = date(2026, 11, 21)
TEXT = """
policy: rule
version: {version}
title: Rule
owner: finance
hit: first
inputs:
  - {{name: stake, type: number}}
{more}
outputs:
  - {{name: outcome, type: enum, values: [pass, hold]}}
rows:
  - {{id: large, when: {{stake: "> {limit}"}}, then: {{outcome: hold}}}}
{last}
"""
ELSE = "  - {id: small, then: {outcome: pass}}"


def version(number: int, limit: str, more: str = "", last: str = ELSE) -> CompiledPolicy:
    return compile_policy(parse_policy(TEXT.format(version=number, limit=limit, more=more, last=last), "rule.yaml"))


class Shelf:
    """Two versions, the second in force from March."""

    def __init__(self, *tables: CompiledPolicy) -> None:
        self.tables = {t.version: t for t in tables}

    def version(self, policy: str, number: int) -> CompiledPolicy | None:
        return self.tables.get(number)

    def in_force(self, policy: str, at: datetime) -> CompiledPolicy | None:
        return self.tables[max(self.tables)]


def decided(by: CompiledPolicy, stake: str, subject: str, at: datetime, outputs: Any = None) -> Recorded:
    found = by.evaluate({"stake": stake})
    said = found.as_json()
    if outputs is not None:
        said["outputs"] = outputs
    text = canonical([said])
    digest = b"\0" * 32
    outcome = said["outputs"]["outcome"]
    return Recorded(uuid.uuid4(), at, "rule", by.version, "thing", subject, outcome, text, digest)


def replay(rows: list[Recorded], shelf: Shelf, *candidates: CompiledPolicy, most: int = 100) -> dict[str, Any]:
    months = [(datetime(2026, m, 1, tzinfo=UTC), f"2026-{m:02d}") for m in range(1, 7)]
    made = Replay("rule", candidates, shelf, {"rule": PlainLens()}, months, most)
    made.add(rows)
    found = result_of(made, [name for _, name in months], "EUR", [])
    by_columns = Replay("rule", candidates, shelf, {"rule": PlainLens()}, months, most)
    sweep_records(by_columns, rows, PlainLens(), shelf)
    assert result_of(by_columns, [name for _, name in months], "EUR", []) == found
    assert [t.flips for t in by_columns.tallies] == [t.flips for t in made.tallies]
    return found


def test_each_decision_is_compared_with_what_its_own_version_said() -> None:
    old, new = version(1, "100"), version(2, "50")
    january, april = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 4, 5, tzinfo=UTC)
    rows = [
        decided(old, "70", "A", january),
        decided(old, "120", "B", january),
        decided(new, "70", "C", april),
        decided(new, "30", "D", april),
    ]
    result = replay(rows, Shelf(old, new), version(3, "50"), version(4, "100"))
    tight, wide = result["candidates"]
    assert result["baseline"] == {"evaluations": 4, "reproduced": 4, "differing": 0, "examples": []}
    assert result["read"]["versions"] == [{"version": 1, "evaluations": 2}, {"version": 2, "evaluations": 2}]
    assert [(t["before"], t["after"], t["decisions"]) for t in tight["transitions"]] == [("pass", "hold", 1)]
    assert tight["flipped"]["amount"] == "70"
    assert [(t["before"], t["after"], t["decisions"]) for t in wide["transitions"]] == [("hold", "pass", 1)]
    assert tight["straight"]["before"] == 2
    assert tight["straight"]["after"] == 1
    assert wide["straight"]["after"] == 3
    assert [m["month"] for m in tight["months"]] == ["2026-01", "2026-04"]


def test_a_fact_the_candidate_needs_and_the_record_lacks_is_counted_apart_and_nothing_is_guessed() -> None:
    old = version(1, "100")
    wider = version(2, "50", more="  - {name: region, type: string}")
    result = replay([decided(old, "70", "A", datetime(2026, 1, 5, tzinfo=UTC))], Shelf(old), wider)
    (of,) = result["candidates"]
    assert of["decisions"] == {
        "same": 0, "flipped": 0, "rerouted": 0, "inner": 0, "undecidable": 1, "unanswered": 0,
    }  # fmt: skip
    assert of["lacking"] == {"region": 1}
    assert of["straight"]["unknown"] == 1
    assert of["straight"]["subjects"] == 0


def test_a_candidate_without_an_answer_is_said_with_its_reason() -> None:
    old, gap = version(1, "100"), version(2, "100", last="")
    at = datetime(2026, 1, 5, tzinfo=UTC)
    (of,) = replay([decided(old, "70", "A", at), decided(old, "170", "B", at)], Shelf(old), gap)["candidates"]
    assert of["decisions"]["unanswered"] == 1
    assert of["refusals"] == {"no row fits, and there is no default": 1}
    assert of["straight"] == {
        "subjects": 2, "unknown": 0, "before": 1, "after": 0, "before_pct": "50.0", "after_pct": "0.0",
    }  # fmt: skip


def test_a_record_its_own_version_does_not_give_is_pointed_out() -> None:
    old, at = version(1, "100"), datetime(2026, 1, 5, tzinfo=UTC)
    result = replay([decided(old, "70", "A", at, {"outcome": "hold"})], Shelf(old), version(2, "100"))
    assert result["baseline"]["differing"] == 1
    assert result["baseline"]["examples"][0]["subject"] == "A"


def test_what_cannot_be_read_is_counted_and_the_rest_goes_on() -> None:
    old, at = version(1, "100"), datetime(2026, 1, 5, tzinfo=UTC)
    broken = decided(old, "70", "A", at)._replace(record=b'[{"policy": "rule"}]')
    result = replay([broken, decided(old, "70", "B", at)], Shelf(old), version(2, "50"))
    assert result["read"]["unreadable"] == 1
    assert result["candidates"][0]["decisions"]["flipped"] == 1


@given(st.lists(st.decimals(-(10**15), 10**15, places=4, allow_nan=False), max_size=60))
def test_sums_of_money_are_exact(amounts: list[Decimal]) -> None:
    group = Group()
    at = datetime(2026, 1, 5, tzinfo=UTC)
    for amount in amounts:
        flip = Flip(uuid.UUID(int=1), at, "order", "O", "P", amount, amount, "outcome", "other", "a", "b", ())
        group.add(flip, amount)
    assert Fraction(group.amount) == Fraction(group.margin) == sum(map(Fraction, amounts), Fraction(0))


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), max_size=60), st.integers(1, 300))
def test_counts_add_up_to_what_was_read(drawn: list[tuple[int, int]], limit: int) -> None:
    old = version(1, "100")
    at = datetime(2026, 1, 5, tzinfo=UTC)
    rows = [decided(old, str(stake), f"S-{n}", at + timedelta(days=n)) for stake, n in drawn]
    result = replay(rows, Shelf(old), version(2, str(limit)), version(1, "100"))
    changed, same = result["candidates"]
    assert sum(changed["decisions"].values()) == len(rows)
    assert sum(t["decisions"] for t in changed["transitions"]) == changed["decisions"]["flipped"]
    assert sum(p["decisions"] for p in changed["partners"]["items"]) == changed["decisions"]["flipped"]
    assert sum(b["decisions"] for b in changed["bands"]) == changed["decisions"]["flipped"]
    assert changed["decisions"]["flipped"] == sum((stake > 100) != (stake > limit) for stake, _ in drawn)
    assert same["decisions"]["same"] == len(rows)
    assert result["read"]["subjects"] == len({n for _, n in drawn})


def test_only_so_many_flips_are_kept_and_all_are_counted() -> None:
    old, at = version(1, "100"), datetime(2026, 1, 5, tzinfo=UTC)
    rows = [decided(old, "70", f"S-{n}", at) for n in range(9)]
    (of,) = replay(rows, Shelf(old), version(2, "50"), most=4)["candidates"]
    assert (of["flips"], of["flips_kept"]) == (9, 4)


def test_a_period_begins_and_ends_at_midnight_of_the_tenants_zone_also_when_clocks_change() -> None:
    period = period_of(date(2026, 3, 1), date(2026, 3, 31), "Europe/Berlin", TODAY)
    assert period.since == datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    assert period.until == datetime(2026, 3, 31, 22, 0, tzinfo=UTC), "summer time came in between"
    months = Period(date(2026, 2, 15), date(2026, 4, 2), "Europe/Berlin").months()
    assert [name for _, name in months] == ["2026-02", "2026-03", "2026-04"]
    assert months[2][0] == datetime(2026, 3, 31, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 3, 2), date(2026, 3, 1)),
        (date(2026, 11, 22), date(2026, 11, 30)),
        (date(2020, 1, 1), date(2026, 1, 1)),
        (date(1, 1, 1), date(2, 1, 1)),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(first: date, last: date) -> None:
    with pytest.raises(Invalid):
        period_of(first, last, "Europe/Berlin", TODAY)


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 11, 21), date(2026, 7, 1), date(2026, 9, 30)),
        (date(2026, 1, 1), date(2025, 10, 1), date(2025, 12, 31)),
        (date(2026, 6, 30), date(2026, 1, 1), date(2026, 3, 31)),
    ],
)
def test_the_last_quarter_is_the_calendars(today: date, first: date, last: date) -> None:
    assert last_quarter(today) == (first, last)


def test_a_result_is_plain_json() -> None:
    old = version(1, "100")
    result = replay([decided(old, "70", "A", datetime(2026, 1, 5, tzinfo=UTC))], Shelf(old), version(2, "50"))
    assert orjson.loads(canonical(result)) == result
