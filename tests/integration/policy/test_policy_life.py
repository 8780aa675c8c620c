"""Proposals, saves that meet, withdrawals, ends, emergencies and evidence of policy versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, NotFound, Stale
from headgate.ledger import audit_list
from headgate.policy import (
    PolicyVersion,
    attach_evidence,
    evidence_of,
    kept_text,
    overdue_reviews,
    propose,
    save,
)
from headgate.store import Database
from tests.integration.policy.test_policy_versions import DAY, Desk, text

T = TypeVar("T")
HOUR = timedelta(hours=1)
CONTENT = {"title": "Last quarter", "facts": [{"label": "Flips", "value": "12"}]}
WRONG = text(1).replace("100}, expect: {outcome: pass}", "100}, expect: {outcome: hold}")
GAP = ('"> 100"', '"> 200"')


@pytest.fixture
def desk(database: Database, tenant: UUID, clock: FixedClock) -> Desk:
    return Desk(database, tenant, clock)


def act(desk: Desk, who: str, what: Callable[..., T], *args: Any, **more: Any) -> T:
    with desk.database.transaction(desk.tenant) as conn:
        return what(conn, desk.ctx(who), *args, **more)


def saved(desk: Desk, who: str, version: int, body: str, seen: str) -> PolicyVersion:
    return act(desk, who, save, "limits", version, body, seen=seen)[0]


def stand(desk: Desk) -> dict[int, str]:
    with desk.database.transaction(desk.tenant) as conn:
        return {v.version: v.standing(desk.clock.now()) for v in desk.service.versions(conn, "limits")}


def text_of(desk: Desk, version: int) -> str:
    with desk.database.transaction(desk.tenant) as conn:
        return desk.service.text(conn, "limits", version)


def test_a_change_is_proposed_from_the_version_in_force_with_its_comments(desk: Desk) -> None:
    body = text(1).replace("rows:", "# the limits of the spring\nrows:")
    desk.draft(body)
    desk.submit(1)
    desk.approve(1)
    desk.activate(1)
    made = act(desk, "ana", propose, "limits")
    assert (made.version, made.status, made.author, made.based_on) == (2, "draft", "user:ana", 1)
    assert text_of(desk, 2) == body.replace("version: 1", "version: 2")
    assert act(desk, "ana", propose, "limits") == made  # once is enough
    assert act(desk, "cy", propose, "limits").version == 3
    with pytest.raises(NotFound):
        act(desk, "ana", propose, "nothing")


def test_a_draft_may_be_saved_with_errors_but_not_submitted(desk: Desk) -> None:
    first = desk.draft(text(1))
    broken = text(1).replace(*GAP)
    version, checked = act(desk, "ana", save, "limits", 1, broken, seen=first.digest)
    assert text_of(desk, 1) == broken
    assert version.status == "draft"
    assert {i.rule for i in checked.errors} == {"gaps", "failing_tests"}
    with pytest.raises(Invalid, match="no row fits amount"):
        desk.submit(1)
    saved(desk, "ana", 1, text(1), version.digest)
    assert desk.submit(1).submitted_at == desk.clock.now()


def test_a_failing_example_keeps_a_draft_from_review(desk: Desk) -> None:
    first = desk.draft(text(1))
    saved(
        desk,
        "ana",
        1,
        WRONG,
        first.digest,
    )
    with pytest.raises(Invalid, match="test 1 fails: expected outcome hold, got pass"):
        desk.submit(1)


def test_the_second_of_two_who_save_is_told_and_nothing_is_lost(desk: Desk) -> None:
    first = desk.draft(text(1))
    theirs = saved(desk, "cy", 1, text(1, 200), first.digest)
    with pytest.raises(Stale, match="was saved by user:cy at"):
        saved(desk, "ana", 1, text(1, 300), first.digest)
    assert text_of(desk, 1) == text(1, 200)
    assert saved(desk, "ana", 1, text(1, 200), first.digest) == theirs  # the same words are no quarrel
    saved(desk, "ana", 1, text(1, 300), theirs.digest)
    with desk.database.transaction(desk.tenant) as conn:
        assert kept_text(conn, "limits", 1, theirs.digest) == text(1, 200)


def test_whoever_wrote_at_a_draft_may_not_approve_it(desk: Desk) -> None:
    first = desk.draft(text(1))
    assert saved(desk, "bo", 1, text(1, 200), first.digest).editors == ("user:bo",)
    desk.submit(1)
    with pytest.raises(DutyConflict):
        desk.approve(1, who="bo")
    assert desk.approve(1, who="dee").status == "approved"
    with pytest.raises(psycopg.errors.CheckViolation), desk.database.transaction(desk.tenant) as conn:
        conn.execute("update policy_versions set approver = 'user:bo'")


def test_a_save_may_not_turn_a_draft_into_another_version_nor_touch_one_in_review(desk: Desk) -> None:
    first = desk.draft(text(1))
    with pytest.raises(Invalid, match="is not limits version 1"):
        saved(desk, "ana", 1, text(2), first.digest)
    desk.submit(1)
    with pytest.raises(Conflict, match="cannot change limits version 1: it is in review"):
        saved(desk, "ana", 1, text(1, 200), first.digest)


def test_the_text_that_was_sent_back_stays_readable(desk: Desk) -> None:
    first = desk.draft(text(1))
    desk.submit(1)
    act(desk, "bo", desk.service.send_back, "limits", 1, "Too generous")
    saved(desk, "ana", 1, text(1, 50), first.digest)
    with desk.database.transaction(desk.tenant) as conn:
        assert kept_text(conn, "limits", 1, first.digest) == text(1)


def test_a_scheduled_version_that_is_withdrawn_lets_the_one_before_go_on(desk: Desk) -> None:
    desk.in_force(1, 100)
    desk.in_force(2, 200, desk.clock.now() + 2 * DAY)
    desk.in_force(3, 300, desk.clock.now() + 4 * DAY)
    assert stand(desk) == {1: "active", 2: "scheduled", 3: "scheduled"}
    with pytest.raises(Invalid, match="reason"):
        act(desk, "bo", desk.service.withdraw, "limits", 2, " ")
    act(desk, "bo", desk.service.withdraw, "limits", 2, "the campaign was called off")
    assert stand(desk)[2] == "withdrawn"
    assert [desk.deciding(desk.clock.now() + d * DAY) for d in (0, 2, 4)] == [1, 1, 3]
    act(desk, "bo", desk.service.withdraw, "limits", 3, "that one too")
    assert desk.deciding(desk.clock.now() + 9 * DAY) == 1
    with pytest.raises(Conflict, match="it is active; retire it instead"):
        act(desk, "bo", desk.service.withdraw, "limits", 1, "no")


def test_a_scheduled_version_can_be_given_another_start(desk: Desk) -> None:
    desk.in_force(1, 100)
    desk.in_force(2, 200, desk.clock.now() + 2 * DAY)
    desk.activate(2, desk.clock.now() + 5 * DAY)
    assert [desk.deciding(desk.clock.now() + d * DAY) for d in (4, 5)] == [1, 2]
    desk.clock.move(6 * DAY)
    with pytest.raises(Conflict, match="it is active, not approved"):
        desk.activate(2, desk.clock.now() + DAY)


def test_an_end_can_be_set_and_a_later_successor_leaves_a_gap(desk: Desk) -> None:
    desk.in_force(1, 100)
    end = desk.clock.now() + 2 * DAY
    ended = act(desk, "bo", desk.service.retire, "limits", 1, "the season ends", at=end)
    assert (ended.status, ended.valid_until, ended.retire_at) == ("active", end, end)
    desk.in_force(2, 200, end + DAY)
    assert [desk.deciding(end + d * DAY) for d in (-1, 0, 1)] == [1, None, 2]
    with pytest.raises(Invalid, match="lies in the past"):
        act(desk, "bo", desk.service.retire, "limits", 1, "x", at=desk.clock.now() - DAY)
    act(desk, "bo", desk.service.withdraw, "limits", 2, "not needed")
    assert desk.deciding(end + 2 * DAY) is None  # the end that was set stays
    desk.clock.move(3 * DAY)
    assert stand(desk)[1] == "retired"


def test_the_database_lets_no_two_versions_decide_at_once(desk: Desk) -> None:
    desk.in_force(1, 100)
    desk.in_force(2, 200, desk.clock.now() + DAY)
    with pytest.raises(psycopg.errors.ExclusionViolation), desk.database.transaction(desk.tenant) as conn:
        conn.execute("update policy_versions set valid_until = null where version = 1")


def test_an_emergency_change_decides_at_once_and_waits_for_another_pair_of_eyes(desk: Desk) -> None:
    desk.in_force(1, 100)
    start = desk.clock.now()
    desk.clock.move(HOUR)
    desk.draft(text(2, 50))
    with pytest.raises(Invalid, match="reason"):
        act(desk, "ana", desk.at_once, "limits", 2, "")
    applied = act(desk, "ana", desk.at_once, "limits", 2, "A price list leaked", review_within=2 * HOUR)
    assert (applied.status, applied.approver, applied.emergency_by) == ("active", None, "user:ana")
    assert applied.unreviewed
    assert (desk.deciding(start), desk.deciding(desk.clock.now())) == (1, 2)
    assert act(desk, "system", overdue_reviews) == []
    desk.clock.move(3 * HOUR)
    (event,) = act(desk, "system", overdue_reviews)
    assert (event.type, event.data["version"], event.data["applied_by"]) == ("policy.review_overdue", 2, "user:ana")
    assert act(desk, "system", overdue_reviews) == []  # told once
    with pytest.raises(DutyConflict):
        act(desk, "ana", desk.review, "limits", 2, "confirm", "fine")
    done = act(desk, "bo", desk.review, "limits", 2, "confirm", "It had to be")
    assert (done.approver, done.reviewed_by, done.unreviewed) == ("user:bo", "user:bo", False)
    with pytest.raises(Conflict, match="not waiting for a review"):
        act(desk, "bo", desk.review, "limits", 2, "confirm", "again")
    assert desk.actions()[-3:] == ["policy.emergency_applied", "policy.review_overdue", "policy.emergency_reviewed"]


def test_an_emergency_change_with_errors_or_after_review_is_refused(desk: Desk) -> None:
    first = desk.draft(text(1))
    broken = saved(desk, "ana", 1, text(1).replace(*GAP), first.digest)
    with pytest.raises(Invalid, match="no row fits"):
        act(desk, "ana", desk.at_once, "limits", 1, "now")
    saved(desk, "ana", 1, text(1), broken.digest)
    desk.submit(1)
    desk.approve(1)
    with pytest.raises(Conflict, match="it is approved"):
        act(desk, "ana", desk.at_once, "limits", 1, "now")


def test_a_reverted_emergency_brings_the_text_before_back_as_a_version(desk: Desk) -> None:
    desk.in_force(1, 100)
    desk.clock.move(HOUR)
    desk.draft(text(2, 50))
    act(desk, "ana", desk.at_once, "limits", 2, "now")
    desk.clock.move(HOUR)
    back = act(desk, "bo", desk.review, "limits", 2, "revert", "It stops half of all orders")
    assert (back.version, back.status, back.author, back.approver, back.based_on) == (
        3,
        "active",
        "user:ana",
        "user:bo",
        1,
    )
    assert text_of(desk, 3) == text(3, 100)
    assert [desk.deciding(desk.clock.now() + d * HOUR) for d in (-2, -1, 0)] == [1, 2, 3]


def test_evidence_stays_beside_the_text_it_is_about(desk: Desk) -> None:
    first = desk.draft(text(1))
    with pytest.raises(NotFound):
        act(desk, "ana", attach_evidence, "limits", 7, "backtest", {})
    act(
        desk,
        "ana",
        attach_evidence,
        "limits",
        1,
        "backtest",
        CONTENT,
    )
    saved(desk, "ana", 1, text(1, 200), first.digest)
    with desk.database.transaction(desk.tenant) as conn:
        (piece,) = evidence_of(conn, "limits", 1)
        assert (piece.kind, piece.digest, piece.attached_by) == ("backtest", first.digest, "user:ana")
        assert piece.content["facts"] == [{"label": "Flips", "value": "12"}]
        assert audit_list(conn, action="policy.evidence_attached")[0].body["evidence"] == str(piece.evidence)
    for kind, content in (("Back test", {}), ("backtest", {"rows": "x" * 70_000})):
        with pytest.raises(Invalid):
            act(desk, "ana", attach_evidence, "limits", 1, kind, content)
    desk.submit(1)
    desk.approve(1)
    desk.activate(1)
    with pytest.raises(Conflict, match="is active; evidence is for versions still to be reviewed"):
        act(desk, "ana", attach_evidence, "limits", 1, "backtest", {})


def test_a_start_is_an_instant_and_never_in_the_past(desk: Desk) -> None:
    with pytest.raises(Invalid, match="lies in the past"):
        desk.in_force(1, 100, desk.clock.now() - timedelta(microseconds=1))
