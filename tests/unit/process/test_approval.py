"""Approvals: levels, quorum, duties, delegation, staleness."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import DutyConflict, Forbidden, HeadgateError, Invalid, Stale
from headgate.process.core import approval as approvals
from headgate.process.core.approval import Delegated, Voter
from headgate.process.core.matrix import Asked, plan_steps
from headgate.process.core.state import Approval, Vote

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REQUESTER = "user:rita@reseller.example"


def deadline(start: datetime, hours: Decimal) -> datetime:
    return start + timedelta(hours=float(hours))


def asked(level: int, role: str, quorum: int = 1, escalate_to: str = "") -> Asked:
    return Asked(level, role, quorum, Decimal(8), escalate_to, Decimal(40), f"row-{level}-{role}")


def pending(*rows: Asked, stake: str = "500") -> Approval:
    steps = plan_steps(rows)
    return Approval(
        approval=UUID(int=1),
        case_id=UUID(int=2),
        subject_type="order",
        subject="WEB-1",
        partner="P-1",
        digest="abc",
        status="pending",
        requested_by=REQUESTER,
        barred=(),
        requested_at=NOW,
        expires_at=NOW + timedelta(hours=40),
        stake=Decimal(stake),
        currency="EUR",
        exceptions=("price_deviation",),
        summary={},
        steps=approvals.open_level(steps, steps[0].level, NOW, deadline),
    )


def vote(approval: Approval, voter: Voter, outcome: str = "approve", behalf: str = "", digest: str = "abc") -> Approval:
    approvals.check_vote(approval, outcome, "looks right", digest, NOW)
    level = approvals.current_level(approval) or 0
    step = approvals.authority(approval, voter, behalf, level)
    cast = Vote(level, step.step, voter.principal, behalf, outcome, "looks right", NOW)
    return approvals.cast(approval, cast, NOW, deadline)


def person(name: str, *roles: str, delegated: tuple[Delegated, ...] = ()) -> Voter:
    return Voter(f"user:{name}", frozenset(roles), delegated)


def test_a_two_level_approval_releases_nothing_at_level_one() -> None:
    approval = pending(asked(1, "channel_manager"), asked(2, "finance_director"))
    after = vote(approval, person("carl", "channel_manager"))
    assert after.status == "pending"
    assert approvals.current_level(after) == 2
    assert [s.status for s in after.steps] == ["done", "open"]
    done = vote(after, person("fiona", "finance_director"))
    assert done.status == "approved"


def test_level_two_cannot_be_decided_before_level_one() -> None:
    approval = pending(asked(1, "channel_manager"), asked(2, "finance_director"))
    with pytest.raises(Forbidden):
        vote(approval, person("fiona", "finance_director"))


def test_steps_of_one_level_run_side_by_side_and_all_must_agree() -> None:
    approval = pending(asked(1, "finance"), asked(1, "channel_manager"))
    one = vote(approval, person("fay", "finance"))
    assert one.status == "pending"
    assert vote(one, person("carl", "channel_manager")).status == "approved"


def test_a_quorum_of_two_needs_two_people() -> None:
    approval = pending(asked(1, "finance", quorum=2))
    one = vote(approval, person("fay", "finance"))
    assert one.status == "pending"
    with pytest.raises(DutyConflict):
        vote(one, person("fay", "finance"))
    assert vote(one, person("fred", "finance")).status == "approved"


def test_the_requester_may_not_approve() -> None:
    with pytest.raises(DutyConflict):
        vote(pending(asked(1, "finance")), Voter(REQUESTER, frozenset({"finance"})))


def test_the_requester_may_not_approve_as_somebodys_delegate() -> None:
    given_by = Delegated("user:fay", frozenset({"finance"}), None)
    with pytest.raises(DutyConflict):
        vote(pending(asked(1, "finance")), Voter(REQUESTER, frozenset(), (given_by,)), behalf="user:fay")


def test_a_delegate_of_the_requester_may_not_approve_for_them() -> None:
    given_by = Delegated(REQUESTER, frozenset({"finance"}), None)
    with pytest.raises(DutyConflict):
        vote(pending(asked(1, "finance")), person("dora", delegated=(given_by,)), behalf=REQUESTER)


def test_one_person_does_not_count_twice_through_a_delegation() -> None:
    given_by = Delegated("user:fiona", frozenset({"finance_director"}), None)
    approval = vote(pending(asked(1, "finance"), asked(2, "finance_director")), person("fay", "finance"))
    with pytest.raises(DutyConflict):
        vote(approval, person("fay", "finance", delegated=(given_by,)), behalf="user:fiona")


def test_a_delegation_ends_at_its_amount() -> None:
    given_by = Delegated("user:fay", frozenset({"finance"}), Decimal("499.99"))
    with pytest.raises(Forbidden, match="above what"):
        vote(pending(asked(1, "finance"), stake="500"), person("dora", delegated=(given_by,)), behalf="user:fay")
    enough = replace(given_by, max_amount=Decimal(500))
    done = vote(pending(asked(1, "finance"), stake="500"), person("dora", delegated=(enough,)), behalf="user:fay")
    assert done.status == "approved"


def test_a_decision_on_changed_content_is_stale() -> None:
    with pytest.raises(Stale):
        vote(pending(asked(1, "finance")), person("fay", "finance"), digest="other")


def test_an_approval_is_used_once() -> None:
    done = vote(pending(asked(1, "finance")), person("fay", "finance"))
    with pytest.raises(Stale):
        vote(done, person("fred", "finance"))


def test_after_expiry_nobody_can_decide() -> None:
    late = replace(pending(asked(1, "finance")), expires_at=NOW)
    with pytest.raises(Stale, match="expired"):
        vote(late, person("fay", "finance"))


def test_a_justification_is_required() -> None:
    with pytest.raises(Invalid, match="justification"):
        approvals.check_vote(pending(asked(1, "finance")), "approve", "  ", "abc", NOW)


@pytest.mark.parametrize(("outcome", "status"), [("reject", "rejected"), ("return", "returned"), ("edit", "edited")])
def test_reject_return_and_edit_end_it_at_once(outcome: str, status: str) -> None:
    done = vote(pending(asked(1, "finance"), asked(2, "finance_director")), person("fay", "finance"), outcome)
    assert done.status == status
    assert all(s.status == "skipped" for s in done.steps)


def test_escalation_lets_the_next_role_decide_as_well() -> None:
    approval = pending(asked(1, "channel_manager", escalate_to="finance_director"))
    with pytest.raises(Forbidden):
        vote(approval, person("fiona", "finance_director"))
    early = approvals.escalate(approval, 1, NOW + timedelta(hours=7))
    with pytest.raises(Forbidden):
        vote(early, person("fiona", "finance_director"))
    late = approvals.escalate(approval, 1, NOW + timedelta(hours=8))
    assert vote(late, person("fiona", "finance_director")).status == "approved"


def test_matrix_rows_for_one_role_and_level_merge_to_the_stricter() -> None:
    lax = Asked(1, "finance", 1, Decimal(8), "", Decimal(40), "a")
    strict = Asked(1, "finance", 2, Decimal(4), "finance_director", Decimal(40), "b")
    (step,) = plan_steps([lax, strict])
    assert (step.quorum, step.sla_hours, step.escalate_to, step.matrix_row) == (
        2,
        Decimal(4),
        "finance_director",
        "a, b",
    )


ROLES = ("channel_manager", "finance", "finance_director")
people = st.sampled_from(["ana", "ben", "cem", "dee", "rita@reseller.example"])
acts = st.lists(
    st.tuples(
        people,
        st.sets(st.sampled_from(ROLES), max_size=3),
        st.sampled_from(["approve", "approve", "approve", "reject", "edit"]),
    ),
    max_size=14,
)
matrices = st.lists(
    st.builds(asked, st.integers(1, 3), st.sampled_from(ROLES), st.integers(1, 2)), min_size=1, max_size=5
)


@given(matrices, acts)
def test_whatever_people_try_approval_takes_every_level_and_distinct_people(
    rows: list[Asked], tries: list[tuple[str, set[str], str]]
) -> None:
    approval = pending(*rows)
    for name, roles, outcome in tries:
        before = approval
        try:
            approval = vote(approval, person(name, *roles), outcome)
        except HeadgateError:
            assert approval == before
    voters = [v.principal for v in approval.votes]
    assert REQUESTER not in voters
    assert len(voters) == len(set(voters))
    if approval.status == "approved":
        for step in approval.steps:
            agreed = [v for v in approval.votes if (v.level, v.step, v.outcome) == (step.level, step.step, "approve")]
            assert len(agreed) >= step.quorum
    if approval.status == "pending":
        assert approvals.current_level(approval) is not None
