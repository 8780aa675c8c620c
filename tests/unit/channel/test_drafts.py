"""Reading agreements as their authors write them, and the duties of the lifecycle."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.channel.agreements.core.draft import draft_content, draft_digest, read_draft
from headgate.channel.agreements.core.lifecycle import STEPS, Standing, check_duties, check_step
from headgate.kernel.canonical import canonical, loads
from headgate.kernel.errors import Conflict, DutyConflict

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GOOD = {
    "code": "K-1",
    "title": "Contract of P",
    "kind": "contract",
    "partner": "P",
    "currency": "EUR",
    "valid_from": "2026-01-01",
    "valid_until": "2026-12-31",
    "terms": [
        {"method": "net", "product": "S", "value": "10.50", "max_quantity": "100"},
        {"method": "discount", "family": "F", "value": 5, "valid_from": "2026-02-01"},
        {
            "method": "net",
            "product": "T",
            "tier_mode": "slab",
            "tiers": [{"from": 11, "value": 9}, {"from": 1, "value": 10}],
        },
    ],
}


def test_a_good_draft_is_read_with_what_terms_take_from_the_agreement() -> None:
    draft, problems = read_draft(GOOD, BERLIN)
    assert problems == []
    assert draft is not None
    net, discount, slab = (item.term for item in draft.terms)
    assert (net.partner, net.currency, net.value, net.term) == ("P", "EUR", Decimal("10.50"), 1)
    assert (net.valid_from, net.valid_until) == (draft.valid_from, draft.valid_until)
    assert draft.valid_until == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert discount.valid_from == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert [tier.start for tier in slab.tiers] == [1, 11]


def test_the_method_follows_from_the_kind_where_it_can() -> None:
    for kind in ("list", "net"):
        draft, _ = read_draft({**GOOD, "kind": kind, "terms": [{"product": "S", "value": "1"}]}, BERLIN)
        assert draft is not None
        assert draft.terms[0].term.method == kind
    _, problems = read_draft({**GOOD, "terms": [{"product": "S", "value": "1"}]}, BERLIN)
    assert [problem.field for problem in problems] == ["terms[0].method"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": ""}, "code"),
        ({"kind": "exception"}, "kind"),
        ({"currency": "EURO"}, "currency"),
        ({"valid_from": None}, "valid_from"),
        ({"valid_until": "2025-12-31"}, "valid_until"),
        ({"terms": []}, "terms"),
        ({"terms": ["x"]}, "terms[0]"),
        ({"terms": [{"method": "net"}]}, "terms[0].value"),
        ({"terms": [{"method": "net", "value": "1", "tiers": [{"from": "1", "value": "1"}]}]}, "terms[0].tiers"),
        ({"terms": [{"method": "net", "tier_mode": "range"}]}, "terms[0].tiers"),
        (
            {"terms": [{"method": "net", "tier_mode": "range", "tiers": [{"from": "x", "value": "1"}]}]},
            "terms[0].tiers[0].from",
        ),
        ({"terms": [{"method": "net", "value": "1", "max_quantity": "0"}]}, "terms[0].max_quantity"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_a_problem_is_told_at_its_field(change: dict, field: str) -> None:
    draft, problems = read_draft({**GOOD, **change}, BERLIN)
    assert draft is None
    assert field in [problem.field for problem in problems]


def test_equal_agreements_have_equal_digests_however_they_are_written() -> None:
    first, _ = read_draft(GOOD, BERLIN)
    terms = [dict(term) for term in GOOD["terms"]]  # type: ignore[call-overload]
    terms[1] |= {"value": "5", "partner": "P", "currency": "EUR"}
    second, _ = read_draft({**GOOD, "valid_from": "2025-12-31T23:00:00Z", "terms": terms}, BERLIN)
    third, _ = read_draft({**GOOD, "title": "Other"}, BERLIN)
    assert first is not None
    assert second is not None
    assert third is not None
    assert draft_digest(first) == draft_digest(second) != draft_digest(third)
    assert loads(canonical(draft_content(first)))["terms"][0]["value"] == "10.50"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(GOOD)), anything)
def test_whatever_is_written_is_answered_with_problems(name: str, value: object) -> None:
    draft, problems = read_draft({**GOOD, name: value}, BERLIN)
    assert (draft is None) == bool(problems)


@given(anything)
def test_whatever_a_term_is_it_is_answered_with_problems(value: object) -> None:
    for term in (value, {"method": "net", "value": value}, {"method": "net", "tier_mode": "slab", "tiers": value}):
        draft, problems = read_draft({**GOOD, "terms": [term]}, BERLIN)
        assert (draft is None) == bool(problems)


def standing(status: str = "in_review", author: str = "user:ana", submitted_by: str = "user:cem") -> Standing:
    return Standing("id", "K-1", 1, "contract", status, author, submitted_by, "00", NOW, None, 1)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_starts_only_from_its_own_statuses(step: str) -> None:
    starts, leads_to = STEPS[step]
    for status in ("draft", "in_review", "approved", "active", "retired", "withdrawn"):
        if status in starts:
            assert check_step(step, [standing(status)]) == leads_to
        else:
            with pytest.raises(Conflict, match="K-1 r1 is"):
                check_step(step, [standing(status)])


def test_nothing_leads_out_of_an_end() -> None:
    assert not any({"retired", "withdrawn"} & starts for starts, _ in STEPS.values())


@pytest.mark.parametrize("sides", [("user:ana", ""), ("user:cem",), ("user:bea", "user:ana")])
def test_nobody_approves_their_own(sides: tuple[str, ...]) -> None:
    with pytest.raises(DutyConflict):
        check_duties([standing()], sides)
    check_duties([standing()], ("user:bea", ""))
