"""Who could decide and who could not, and what a new request asks otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import HeadgateError
from headgate.process.core import approval as approvals
from headgate.process.core.approval import Delegated, Voter
from headgate.process.core.changes import differences, replaced_by
from headgate.process.core.foresee import foresee
from headgate.process.core.matrix import Asked
from headgate.process.core.state import Vote
from tests.unit.process.test_approval_rules import NOW, REQUESTER, asked, definitions, names, pending, person, roles

FIN = frozenset({"finance"})


def test_everybody_with_the_right_is_named_and_everybody_else_told_why_not() -> None:
    away = Delegated("user:fay", FIN, Decimal(100))
    passed = Delegated("user:fay", FIN, None, (REQUESTER,))
    voters = [
        person("fay", "finance"),
        Voter(REQUESTER, FIN),
        person("dora", delegated=(away,)),
        person("eli", delegated=(passed,)),
        person("sam", "sales"),
    ]
    (step,) = foresee(pending(asked(1, "finance"), stake="500"), voters)
    assert [(c.principal, c.away) for c in step.people] == [("user:fay", ("user:dora",))]
    why = {left.principal: left.why for left in step.left_out}
    assert set(why) == {REQUESTER, "user:dora", "user:eli"}
    assert "asked for this" in why[REQUESTER]
    assert "above what user:fay delegated" in why["user:dora"]
    assert f"only through {REQUESTER}" in why["user:eli"]


def test_a_delegate_and_who_they_speak_for_are_not_enough_for_a_quorum_of_two() -> None:
    given_to = Delegated("user:fay", FIN, None)
    voters = [person("fay", "finance"), person("dora", delegated=(given_to,))]
    (step,) = foresee(pending(asked(1, "finance", 2)), voters)
    assert len(step.people) == 2
    assert not step.enough
    (step,) = foresee(pending(asked(1, "finance", 2)), [*voters, person("fred", "finance")])
    assert step.enough


def test_who_may_only_stop_it_is_shown_at_their_step() -> None:
    steps = foresee(pending(asked(1, "sales"), asked(1, "legal", 0, veto=True)), [person("lea", "legal")])
    assert {s.step.role: [c.principal for c in s.people] for s in steps} == {"sales": [], "legal": ["user:lea"]}


@given(definitions, st.lists(st.tuples(names, roles), max_size=6, unique_by=lambda pair: pair[0]))
def test_who_is_foreseen_for_the_open_level_can_really_decide_it(
    rows: list[Asked], people: list[tuple[str, frozenset[str]]]
) -> None:
    approval = pending(*rows)
    voters = [person(name, *held) for name, held in people]
    level = approvals.current_level(approval) or 0
    for each in foresee(approval, voters):
        if each.step.level != level or each.step.status != "open" or each.step.only_stops:
            continue
        foreseen = {c.principal for c in each.people}
        for voter in voters:
            alone = replace(approval, steps=(each.step,))
            try:
                approvals.authority(alone, voter, "", level)
            except HeadgateError:
                assert voter.principal not in foreseen
            else:
                assert voter.principal in foreseen


def test_differences_name_lines_and_values_and_ignore_how_numbers_are_kept() -> None:
    before = replace(
        pending(asked(1, "sales"), stake="500"),
        summary={
            "total": "100.00",
            "lines": [{"line": "1", "asked": "9.00", "reasons": []}, {"line": "2", "asked": "3"}],
        },
    )
    after = replace(
        before,
        stake=Decimal("450.00"),
        exceptions=("price_deviation", "margin_floor"),
        summary={"total": Decimal("100.0"), "lines": [{"line": "1", "asked": Decimal("8.5"), "reasons": []}]},
    )
    found = [(c.what, c.before, c.after) for c in differences(before, after)]
    assert found == [
        ("stake", "500", "450.00"),
        ("exceptions[margin_floor]", None, "margin_floor"),
        ("lines[1].asked", "9.00", "8.5"),
        ("lines[2]", "line 2, asked 3", None),
    ]


def test_a_request_tells_which_one_it_replaces_and_who_had_agreed() -> None:
    agreed = Vote(1, "sales", "user:ana", "", "approve", "fine", NOW)
    first = replace(pending(asked(1, "sales"), asked(2, "finance")), votes=(agreed,), status="voided", decided_at=NOW)
    second = replace(
        first, approval=UUID(int=9), requested_at=NOW + timedelta(hours=1), status="pending", votes=(), decided_at=None
    )
    found = replaced_by([first, second], second)
    assert found is not None
    assert (found.before, found.agreed) == (first, (agreed,))
    assert replaced_by([first, second], first) is None
    assert replaced_by([replace(first, status="rejected"), second], second) is None


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers() | st.booleans(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=12,
    )
)
def test_nothing_differs_from_itself(summary: object) -> None:
    approval = replace(pending(asked(1, "sales")), summary={"any": summary})
    assert differences(approval, approval) == ()
