"""Approvals to the full: quorum of several, veto, conditions, chains; and what holds whatever people try."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headgate.kernel.errors import DutyConflict, Forbidden, HeadgateError, Invalid, Stale
from headgate.process.core import approval as approvals
from headgate.process.core.approval import Delegated, Voter
from headgate.process.core.conditions import judge, values_for
from headgate.process.core.matrix import Asked, asked_from, plan_steps
from headgate.process.core.state import Approval, ApprovalStep, Vote

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REQUESTER = "user:rita"


def deadline(start: datetime, hours: Decimal) -> datetime:
    return start + timedelta(hours=float(hours))


def asked(level: int, role: str, quorum: int = 1, **more: object) -> Asked:
    return replace(Asked(level, role, quorum, Decimal(8), "", Decimal(40), f"row-{level}-{role}"), **more)  # type: ignore[arg-type]


def pending(*rows: Asked, stake: str = "500", barred: tuple[str, ...] = ()) -> Approval:
    approval = Approval(
        approval=UUID(int=1),
        case_id=UUID(int=2),
        subject_type="order",
        subject="WEB-1",
        partner="P-1",
        digest="abc",
        status="pending",
        requested_by=REQUESTER,
        barred=barred,
        requested_at=NOW,
        expires_at=NOW + timedelta(hours=40),
        stake=Decimal(stake),
        currency="EUR",
        exceptions=("price_deviation",),
        summary={},
        steps=plan_steps(rows),
    )
    return approvals.begin(approval, NOW, deadline)


def vote(approval: Approval, voter: Voter, outcome: str = "approve", behalf: str = "", digest: str = "abc") -> Approval:
    approvals.check_vote(approval, outcome, "looks right", digest, NOW)
    level = approvals.current_level(approval) or 0
    step = approvals.authority(approval, voter, behalf, level, outcome)
    cast = Vote(step.level, step.step, voter.principal, behalf, outcome, "looks right", NOW)
    return approvals.cast(approval, cast, NOW, deadline)


def person(name: str, *roles: str, delegated: tuple[Delegated, ...] = ()) -> Voter:
    return Voter(f"user:{name}", frozenset(roles), delegated)


def test_two_of_three_outvote_one_rejection() -> None:
    approval = pending(asked(1, "finance", 2, of_people=3))
    one = vote(approval, person("ana", "finance"), "reject")
    assert one.status == "pending"
    two = vote(one, person("ben", "finance"))
    assert vote(two, person("cem", "finance")).status == "approved"


def test_a_second_rejection_of_three_ends_it_for_two_can_no_longer_agree() -> None:
    approval = vote(pending(asked(1, "finance", 2, of_people=3)), person("ana", "finance"), "reject")
    assert vote(approval, person("ben", "finance"), "reject").status == "rejected"


def test_without_a_number_of_people_one_rejection_ends_it() -> None:
    assert vote(pending(asked(1, "finance", 2)), person("ana", "finance"), "reject").status == "rejected"


def test_who_holds_a_veto_stops_it_at_any_level_and_nobody_waits_for_them() -> None:
    rows = (asked(1, "sales", 1, of_people=3), asked(2, "finance"), asked(2, "compliance", 0, veto=True))
    compliance = person("cora", "compliance")
    assert vote(pending(*rows), compliance, "reject").status == "rejected"
    first = vote(pending(*rows), person("ana", "sales"))
    assert vote(first, compliance, "reject").status == "rejected"
    done = vote(first, person("fay", "finance"))
    assert done.status == "approved"
    assert [s.status for s in done.steps] == ["done", "skipped", "done"]


def test_who_can_only_stop_it_does_not_agree_in_place_of_others() -> None:
    approval = pending(asked(1, "sales"), asked(1, "compliance", 0, veto=True))
    with pytest.raises(Forbidden, match="can only stop it"):
        vote(approval, person("cora", "compliance"))
    assert approvals.ways(approval, person("cora", "compliance")) == ()
    assert approvals.ways(approval, person("cora", "compliance"), "reject") == ("",)


def test_a_veto_cannot_be_outvoted_where_others_can() -> None:
    rows = (asked(1, "finance", 2, of_people=5), asked(1, "legal", 1, of_people=5, veto=True))
    assert vote(pending(*rows), person("lea", "legal"), "reject").status == "rejected"
    assert vote(pending(*rows), person("ana", "finance"), "reject").status == "pending"


def test_a_veto_of_the_requester_counts_as_little_as_their_word() -> None:
    approval = pending(asked(1, "sales"), asked(1, "compliance", 0, veto=True))
    with pytest.raises(DutyConflict):
        vote(approval, Voter(REQUESTER, frozenset({"compliance"})), "reject")


def test_a_matrix_that_only_names_who_may_stop_is_refused() -> None:
    with pytest.raises(Invalid, match="nobody who must agree"):
        plan_steps([asked(1, "compliance", 0, veto=True)])


def test_a_step_whose_condition_does_not_hold_is_passed_over_with_the_reason() -> None:
    outputs = {"level": 2, "role": "finance", "only_if": "total > 10000"}
    values = values_for({"total": "8200.50"}, {}, None)
    row = asked_from(outputs, "large", values)
    (first, second) = plan_steps([asked(1, "sales"), row])
    assert (first.status, second.status) == ("waiting", "skipped")
    assert second.note == "not needed because total > 10000 does not hold (total is 8200.5)"
    approval = pending(asked(1, "sales"), row)
    assert vote(approval, person("ana", "sales")).status == "approved"


@pytest.mark.parametrize(
    "condition", ["totals > 1", "total >", "total", "total > 'x'", "unknown_name == 1", "x" * 9000]
)
def test_a_condition_that_cannot_be_worked_out_asks_rather_than_not(condition: str) -> None:
    row = asked_from({"level": 1, "role": "finance", "only_if": condition}, "r", values_for({"total": "5"}, {}, None))
    assert row.not_needed == ""


def test_conditions_never_leave_nobody_to_decide() -> None:
    rows = [asked_from({"level": 1, "role": r, "only_if": "1 > 2"}, r, {}) for r in ("sales", "finance")]
    assert all(row.not_needed for row in rows)
    assert [s.status for s in plan_steps(rows)] == ["waiting", "waiting"]


def test_a_needed_row_wins_over_one_that_is_not_for_the_same_role() -> None:
    (step,) = plan_steps([asked(1, "sales", not_needed="of the weather"), asked(1, "sales", 2)])
    assert (step.status, step.quorum, step.note) == ("waiting", 2, "")


def test_conditions_see_the_smallest_and_largest_of_the_lines() -> None:
    lines = [{"margin_pct": "3.5", "reasons": []}, {"margin_pct": Decimal(12)}]
    values = values_for({"lines": lines, "partner_name": "Acme"}, {"tier": "gold", "quantity": 3}, Decimal(10))
    assert judge("min_margin_pct < 5 and max_margin_pct == 12 and lines_count == 2", values).holds
    assert judge("tier == 'gold' and stake >= 10 and quantity == 3 and partner_name == 'Acme'", values).holds


@pytest.mark.parametrize(
    "outputs",
    [
        {"quorum": 100},
        {"quorum": 3, "of_people": 2},
        {"of_people": 200},
        {"veto": "perhaps"},
        {"remind_hours": "0.01"},
        {"quorum": "two"},
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_name(outputs: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="row odd"):
        asked_from({"level": 1, "role": "finance", **outputs}, "odd")


def test_a_row_of_before_means_what_it_did() -> None:
    row = asked_from({"level": 1, "role": "finance", "quorum": 0}, "old")
    assert (row.quorum, row.veto, row.of_people, row.remind_hours) == (1, False, 0, None)


def test_a_right_passed_on_through_the_requester_is_none() -> None:
    through = Delegated("user:fiona", frozenset({"finance"}), None, (REQUESTER,))
    with pytest.raises(DutyConflict, match="only through user:rita"):
        vote(pending(asked(1, "finance")), person("dora", delegated=(through,)), behalf="user:fiona")
    clean = Delegated("user:fiona", frozenset({"finance"}), None, ("user:ben",))
    both = person("dora", delegated=(through, clean))
    approval = pending(asked(1, "finance"))
    assert approvals.passed_through(approval, both, "user:fiona") == ("user:ben",)
    assert vote(approval, both, behalf="user:fiona").status == "approved"


def test_a_delegate_of_two_counts_once() -> None:
    for_two = tuple(Delegated(f"user:{n}", frozenset({"finance"}), None) for n in ("ana", "ben"))
    one = vote(pending(asked(1, "finance", 2)), person("dora", delegated=for_two), behalf="user:ana")
    assert one.status == "pending"
    for behalf in ("user:ben", "user:ana", ""):
        with pytest.raises(DutyConflict):
            vote(one, person("dora", "finance", delegated=for_two), behalf=behalf)
    # Neither does the one they spoke for.
    with pytest.raises(DutyConflict):
        vote(one, person("ana", "finance"))


ROLES = ("sales", "finance", "legal")
NAMES = ("ana", "ben", "cem", "dee", "eli", "rita")
names = st.sampled_from(NAMES)
roles = st.frozensets(st.sampled_from(ROLES), max_size=3)
rows = st.builds(
    lambda level, role, quorum, extra, veto, skipped: asked(
        level,
        role,
        quorum,
        of_people=0 if extra is None else max(quorum, 1) + extra,
        veto=veto or quorum == 0,
        not_needed="it need not" if skipped else "",
    ),
    st.integers(1, 3),
    st.sampled_from(ROLES),
    st.integers(0, 3),
    st.none() | st.integers(0, 2),
    st.booleans(),
    st.booleans(),
)
definitions = st.lists(rows, min_size=1, max_size=6).filter(lambda found: any(r.quorum for r in found))
delegations = st.builds(
    Delegated,
    names.map("user:{}".format),
    roles,
    st.none() | st.sampled_from([Decimal(400), Decimal(500)]),
    st.lists(names.map("user:{}".format), max_size=2).map(tuple),
)


class Requests(RuleBasedStateMachine):
    """One request after another of random definitions; anybody may try anything."""

    def __init__(self) -> None:
        super().__init__()
        self.approval = pending(asked(1, "sales"))
        self.rejected_by_veto = False
        self.spent: list[Approval] = []

    @rule(found=definitions, barred=st.frozensets(names.map("user:{}".format), max_size=2))
    def ask(self, found: list[Asked], barred: frozenset[str]) -> None:
        """A change voids what waits and asks anew."""
        if self.approval.status == "pending":
            self.approval = approvals.end(self.approval, "voided", NOW)
        self.spent.append(self.approval)
        self.approval = replace(pending(*found, barred=tuple(sorted(barred))), digest=f"d{len(self.spent)}")
        self.rejected_by_veto = False

    @rule(
        who=names,
        mine=roles,
        given_to=st.lists(delegations, max_size=3),
        outcome=st.sampled_from(["approve", "approve", "approve", "reject", "edit", "return"]),
        behalf=st.just("") | names.map("user:{}".format),
    )
    def act(self, who: str, mine: frozenset[str], given_to: list[Delegated], outcome: str, behalf: str) -> None:
        before, voter = self.approval, person(who, *mine, delegated=tuple(given_to))
        try:
            self.approval = vote(before, voter, outcome, behalf, before.digest)
        except HeadgateError:
            return
        last = self.approval.votes[-1]
        assert last.outcome == outcome
        step = self.step(last)
        if outcome == "approve":
            assert step.status in ("open", "done")
            assert step.level == approvals.current_level(before)
        if outcome == "reject" and step.veto:
            self.rejected_by_veto = True

    def step(self, cast: Vote) -> ApprovalStep:
        return next(s for s in self.approval.steps if (s.level, s.step) == (cast.level, cast.step))

    @precondition(lambda self: self.spent)
    @rule(who=names, mine=roles, outcome=st.sampled_from(approvals.OUTCOMES))
    def decide_what_is_over(self, who: str, mine: frozenset[str], outcome: str) -> None:
        """What was decided or voided takes no further word, nor does the old content's digest."""
        old = self.spent[-1]
        with pytest.raises(Stale):
            vote(old, person(who, *mine), outcome, digest=old.digest)
        with pytest.raises((Stale, HeadgateError)):
            vote(self.approval, person(who, *mine), outcome, digest=old.digest + "x")

    @invariant()
    def nobody_who_asked_and_nobody_twice(self) -> None:
        seen: set[str] = {REQUESTER, *self.approval.barred}
        for cast in self.approval.votes:
            people = {cast.principal, cast.on_behalf_of} - {""}
            assert not seen & people
            seen |= people

    @invariant()
    def approved_is_every_needed_step(self) -> None:
        needed = [s for s in self.approval.steps if s.quorum and not s.note]
        short = [s for s in needed if self.agreed(s) < s.quorum]
        assert needed
        if self.approval.status == "approved":
            assert not short
        elif self.approval.status == "pending":
            assert short

    def agreed(self, step: ApprovalStep) -> int:
        mine = (step.level, step.step)
        return len({v.principal for v in self.approval.votes if (v.level, v.step) == mine and v.outcome == "approve"})

    @invariant()
    def a_veto_is_final(self) -> None:
        if self.rejected_by_veto:
            assert self.approval.status in ("rejected", "voided")


Requests.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=25, deadline=None)
test_whatever_people_try = Requests.TestCase


@given(st.text(max_size=40))
def test_any_text_as_a_condition_gives_an_answer(text: str) -> None:
    assert judge(text, {"total": Decimal(5), "tier": "gold"}).holds in (True, False, None)
