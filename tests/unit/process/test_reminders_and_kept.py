"""What a case does by the clock while nobody decides, who keeps a task, and what outlives a change."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from headgate.process.core.approval import Delegated, Voter
from headgate.process.core.state import ApprovalSaved, EventEmitted
from tests.unit.process.play import NOW, Play, outputs, row
from tests.unit.process.test_advance import DEFINITION

ANA, BEN, CORA = "user:ana", "user:ben", "user:cora"


def asking(*rows: dict[str, Any], **found: Any) -> Play:
    """A case that waits for approval of what these rows ask."""
    look = {
        "verdict": "costly",
        "stake": "500",
        "currency": "EUR",
        "asks": [{"exception": "costly"}],
        "digest": "d1",
        "summary": {"total": "500", "lines": [{"line": "1", "asked": "5"}]},
        "by": "user:rita",
        "barred": (),
        **found,
    }
    voters = {
        ANA: Voter(ANA, frozenset({"manager"})),
        BEN: Voter(BEN, frozenset({"director"})),
        CORA: Voter(CORA, frozenset({"compliance"})),
    }
    play = Play(DEFINITION, {"look": outputs(**look), "edit": outputs(), "poke": outputs()}, list(rows), voters)
    play.send("thing.broken", thing="T-1")
    return play


def again(play: Play, **changes: Any) -> None:
    """The thing is found to be otherwise, which voids what waits."""
    look: Any = play.case.data["look"] if play.case else {}
    play.actions["look"] = outputs(**{**look, **changes})
    play.send("thing.found", thing="T-1")


def emitted(play: Play) -> list[EventEmitted]:
    return [event for _, event in play.gathered.emitted]


def test_who_has_not_decided_is_reminded_until_they_have() -> None:
    play = asking(row(1, "manager", remind_hours=Decimal(2), sla_hours=Decimal(5)), row(2, "director"))
    assert play.timers()["approval.remind.1"] == NOW + timedelta(hours=2)
    play.fire("approval.remind.1")
    play.fire("approval.remind.1")
    found = emitted(play)
    assert [e.type for e in found] == ["approval.reminder"] * 2
    assert found[0].data["roles"] == ["manager"]
    assert play.timers()["approval.remind.1"] == NOW + timedelta(hours=6)
    play.vote(ANA)
    assert not any(name.startswith("approval.remind") for name in play.timers())


def test_a_reminder_that_comes_too_late_says_nothing() -> None:
    play = asking(row(1, "manager", remind_hours=Decimal(2)), row(2, "director"))
    at = play.timers()["approval.remind.1"]
    play.vote(ANA)
    play.fire("approval.remind.1", at=at)
    assert emitted(play) == []


def test_without_remind_hours_there_is_no_such_clock() -> None:
    assert set(asking(row(1, "manager")).timers()) == {"sla.warn", "sla.breach", "approval.expire", "approval.late.1"}


def test_who_may_only_stop_it_has_a_task_from_the_first_level_to_the_end() -> None:
    play = asking(row(1, "manager"), row(1, "compliance", quorum=0, veto=True), row(2, "director"))
    assert play.tasks() == ["compliance", "manager"]
    play.vote(ANA)
    assert play.tasks() == ["compliance", "director"]
    play.vote(CORA, "reject")
    assert play.case is not None
    assert (play.case.stage, play.tasks()) == ("lost", [])


def test_a_step_that_is_not_needed_asks_nobody_and_says_why() -> None:
    play = asking(row(1, "manager"), row(2, "director", only_if="total > 1000"))
    play.vote(ANA)
    assert play.case is not None
    assert play.case.stage == "mending"
    (saved,) = list(play.gathered.approvals.values())
    assert saved.status == "approved"
    assert saved.steps[1].note == "not needed because total > 1000 does not hold (total is 500)"


def test_a_change_asks_everybody_anew() -> None:
    play = asking(row(1, "manager"), row(2, "director"))
    play.vote(ANA)
    again(play, digest="d2")
    assert play.case is not None
    assert play.case.approval is not None
    assert (play.case.approval.votes, play.tasks()) == ((), ["manager"])


def test_a_smaller_change_keeps_an_agreement_where_the_matrix_says_so() -> None:
    rows = (row(1, "manager", keep_if="total <= was_total and stake <= was_stake"), row(2, "director"))
    play = asking(*rows)
    play.vote(ANA)
    again(play, digest="d2", stake="400", summary={"total": "400"})
    assert play.case is not None
    assert play.case.approval is not None
    (kept,) = play.case.approval.votes
    assert (kept.principal, kept.outcome, kept.level) == (ANA, "carried", 1)
    assert "total is 400" in kept.justification
    assert play.tasks() == ["director"]
    again(play, digest="d3", stake="450", summary={"total": "450"})
    assert play.case.approval is not None
    assert play.case.approval.votes == ()
    assert play.tasks() == ["manager"]


def test_an_agreement_is_not_kept_of_who_had_a_hand_in_the_change() -> None:
    play = asking(row(1, "manager", keep_if="total <= was_total"), row(2, "director"))
    play.vote(ANA)
    again(play, digest="d2", barred=(ANA,))
    assert play.case is not None
    assert play.case.approval is not None
    assert play.case.approval.votes == ()


def test_a_kept_agreement_may_be_the_last_that_was_needed() -> None:
    play = asking(row(1, "manager", quorum=1, keep_if="total <= was_total"), row(1, "director"))
    play.vote(ANA)
    play.rows = [row(1, "manager", keep_if="total <= was_total")]
    again(play, digest="d2", summary={"total": "1"})
    assert play.case is not None
    assert play.case.stage == "mending"
    (last,) = [a for a in play.gathered.approvals.values() if a.digest == "d2"]
    assert last.status == "approved"


def test_the_case_tells_through_whom_a_right_came() -> None:
    play = asking(row(1, "manager"))
    passed = Delegated(ANA, frozenset({"manager"}), None, ("user:dora",))
    play.voters["user:eli"] = Voter("user:eli", frozenset(), (passed,))
    done = play.vote("user:eli", on_behalf_of=ANA)
    assert done.audit.body["vote"]["via"] == ["user:dora"]
    assert any(isinstance(e, ApprovalSaved) and e.approval.status == "approved" for e in done.effects)
