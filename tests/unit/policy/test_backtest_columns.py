"""A pass over columns says what a pass over the records says, whatever the tables, the facts and the records."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policy import CompiledPolicy, compile_policy, parse_policy
from headgate.policy.backtest.core.columns import narrow, ordered_values
from headgate.policy.backtest.core.lens import Asked, Effect, Judge, Undecidable
from headgate.policy.backtest.core.matcher import Answer, ask
from headgate.policy.backtest.core.plain import PlainLens
from headgate.policy.backtest.core.replay import Recorded, Replay
from headgate.policy.backtest.core.result import result_of
from tests.unit.policy.columns import sweep_records
from tests.unit.policy.test_backtest_matcher import HEAD, NAMES, PLAIN, ROWS, facts

MONTHS = [(datetime(2026, m, 1, tzinfo=UTC), f"2026-{m:02d}") for m in range(1, 4)]
MORE = "inputs:\n  - {{name: region, type: string}}"


def table(number: int, rows: str, hit: str, head: str = HEAD) -> CompiledPolicy:
    text = head.format(hit=hit).replace("version: 1", f"version: {number}").replace("policy: tried", "policy: rule")
    return compile_policy(parse_policy(text + rows, "rule.yaml"))


OLD = [table(1, PLAIN + "  - {id: rest, then: {outcome: pass}}\n", "first"), table(2, ROWS, "first")]
TRIED = [
    table(3, ROWS, "first"),
    table(4, PLAIN, "first"),
    table(5, PLAIN, "unique"),
    table(6, PLAIN, "collect"),
    table(7, ROWS, "first", HEAD.replace("inputs:", MORE)),
    table(8, PLAIN.replace("> 3", "> 4.99"), "first"),
]


class Shelf:
    """Two versions, one of which is not stored."""

    def version(self, policy: str, number: int) -> CompiledPolicy | None:
        return next((t for t in OLD if t.version == number), None)

    def in_force(self, policy: str, at: datetime) -> CompiledPolicy | None:
        return OLD[0]


class TouchyLens(PlainLens):
    """Records that followed an approval say so in the first evaluation; some cannot be decided, some ask somebody."""

    def followed(self, record: Any) -> bool:
        return bool(record and record[0].get("waived"))

    def recorded(self, opened: Any, outcome: str, judge: Judge) -> Effect:
        found = super().recorded(opened, outcome, judge)
        if len(opened) == 3:
            raise Undecidable("three of them")
        return found._replace(steps=((1, "finance"), (2, "sales"))[: len(opened)]) if found.held else found

    def again(self, opened: Any, policy: str, answers: Mapping[int, Answer], judge: Judge) -> Effect:
        return super().again(opened, policy, answers, judge)

    def asked(self, record: Any, policy: str) -> Sequence[Asked]:
        return super().asked(record, policy)


@st.composite
def evaluations(draw: st.DrawFn) -> dict[str, Any]:
    """One evaluation as recorded; now and then a fact is not there, or the answer is not what the version says."""
    values = dict(zip(NAMES, draw(facts), strict=True))
    version = draw(st.sampled_from([1, 1, 1, 2, 9]))
    if draw(st.integers(0, 9)) == 0:
        del values["tier"]
    said = ask(OLD[version - 1], values) if version < 9 else Answer(("r1",), {"outcome": "pass", "due": None})
    outputs = dict(said.outputs) or {"outcome": "hold", "due": None}
    if draw(st.integers(0, 19)) == 0:
        outputs["outcome"] = "reject"
    return {"policy": "rule", "version": version, "inputs": values, "rows": list(said.rows), "outputs": outputs}


@st.composite
def records(draw: st.DrawFn) -> list[Recorded]:
    """Decisions in the order of time, some broken, some after an approval."""
    found = []
    at = MONTHS[0][0]
    for number in range(draw(st.integers(0, 12))):
        at += timedelta(hours=draw(st.integers(0, 200)))
        record: Any = draw(st.lists(evaluations(), max_size=3))
        if record and draw(st.integers(0, 5)) == 0:
            record[0]["waived"] = True
        text = orjson.dumps(record)
        if draw(st.integers(0, 19)) == 0:
            text = draw(st.sampled_from([b"{", b"[1]", b'[{"policy":"rule"}]', b"null"]))
        outcome = record[-1]["outputs"].get("outcome", "pass") if record else "pass"
        subject = draw(st.sampled_from(["A", "B", "C", f"S-{number}"]))
        made = uuid.UUID(int=draw(st.integers(0, 2**128 - 1)))
        found.append(Recorded(made, at, "rule", 1, "thing", subject, outcome, text, made.bytes * 2))
    return found


def passed(rows: list[Recorded], candidates: Sequence[CompiledPolicy], by_columns: bool, most: int) -> Any:
    """The result and the flips; or what it breaks with."""
    lens = TouchyLens()
    replay = Replay("rule", candidates, Shelf(), {"rule": lens}, MONTHS, most)
    try:
        if by_columns:
            sweep_records(replay, rows, lens, Shelf())
        else:
            replay.add(rows)
    except (TypeError, KeyError, AttributeError) as error:
        return type(error)
    found = result_of(replay, [name for _, name in MONTHS], "EUR", [])
    return found, [tally.flips for tally in replay.tallies]


@settings(max_examples=60, deadline=None)
@given(records(), st.lists(st.sampled_from(TRIED), min_size=1, max_size=3), st.sampled_from([2, 100]))
def test_columns_say_what_the_records_say(rows: list[Recorded], candidates: list[CompiledPolicy], most: int) -> None:
    unique = list({row.decision: row for row in rows}.values())
    assert passed(unique, candidates, True, most) == passed(unique, candidates, False, most)


def test_only_what_flips_is_read_as_a_whole_and_facts_that_lack_cost_no_reading() -> None:
    rows = []
    for number in range(60):
        values = dict(zip(NAMES, (str(number % 10), "5", "1", True, "gold", "a", None, ["x"]), strict=True))
        said = ask(OLD[0], values)
        text = orjson.dumps(
            [{"policy": "rule", "version": 1, "inputs": values, "rows": said.rows, "outputs": said.outputs}]
        )
        made = uuid.UUID(int=number)
        at = MONTHS[0][0] + timedelta(minutes=number)
        rows.append(Recorded(made, at, "rule", 1, "thing", f"S-{number}", said.outputs["outcome"], text, bytes(32)))
    for tried, whole in ((TRIED[4], 0), (TRIED[5], 6)):
        replay = Replay("rule", [tried], Shelf(), {"rule": PlainLens()}, MONTHS, 100)
        assert sweep_records(replay, rows, PlainLens(), Shelf()) == whole
        assert replay.seen.decisions == 60


def test_numbers_stand_first_in_their_order_and_nothing_is_lost() -> None:
    values = ["10", "9.5", "gold", "1E3", "-2", None, True, "NaN", "9.50"]
    ordered, count, gone = ordered_values(values)
    assert ordered[:count] == sorted(ordered[:count], key=Decimal)
    assert ordered[:count] == ["-2", "9.5", "9.50", "10", "1E3"]
    assert [ordered[place] for place in gone] == values


def test_codes_take_the_fewest_bytes_that_hold_them() -> None:
    for low, high, size in ((0, 255, 1), (0, 256, 2), (-1, 127, 1), (-1, 200, 2), (0, 2**32, 8), (-(2**40), 0, 8)):
        found = narrow(np.array([low, high], dtype=np.int64))
        assert found.itemsize == size
        assert found.tolist() == [low, high]
