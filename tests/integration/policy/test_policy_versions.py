"""Policy versions in the database: their life, what is in force when, and the audit trail they leave."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, NotFound, Stale
from headgate.ledger import audit_list, verify_audit
from headgate.policy import PolicyService, PolicyVersion, apply_at_once, review_emergency
from headgate.policy.core.lifecycle import Window
from headgate.policy.versions import set_windows
from headgate.store import Database

DAY = timedelta(days=1)

TEXT = """\
policy: limits
version: 1
title: What may pass
owner: finance
hit: first
inputs: [{name: amount, type: money}]
outputs: [{name: outcome, type: enum, values: [pass, hold]}]
rows:
  - {id: small, when: {amount: "<= 100"}, then: {outcome: pass}, because: "{amount} is at most 100"}
  - {id: large, when: {amount: "> 100"}, then: {outcome: hold}}
tests:
  - {given: {amount: 100}, expect: {outcome: pass}}
  - {given: {amount: "100.01"}, expect: {outcome: hold}}
"""


def text(version: int, limit: int = 100, policy: str = "limits") -> str:
    changed = TEXT.replace("version: 1", f"version: {version}").replace("policy: limits", f"policy: {policy}")
    return changed.replace("100", str(limit))


class Desk:
    """Ana writes policies, Bo approves them, in one tenant at one time."""

    def __init__(self, database: Database, tenant: UUID, clock: FixedClock) -> None:
        self.database, self.tenant, self.clock, self.service = database, tenant, clock, PolicyService()

    def ctx(self, who: str) -> Context:
        return Context(self.tenant, Principal(id=f"user:{who}", kind="person"), self.clock.now())

    def draft(self, body: str, who: str = "ana") -> PolicyVersion:
        with self.database.transaction(self.tenant) as conn:
            return self.service.draft(conn, self.ctx(who), body).version

    def submit(self, version: int, who: str = "ana") -> PolicyVersion:
        with self.database.transaction(self.tenant) as conn:
            return self.service.submit(conn, self.ctx(who), "limits", version)

    def approve(self, version: int, who: str = "bo", **more: str) -> PolicyVersion:
        with self.database.transaction(self.tenant) as conn:
            return self.service.approve(conn, self.ctx(who), "limits", version, **more)

    def activate(self, version: int, valid_from: datetime | None = None) -> PolicyVersion:
        with self.database.transaction(self.tenant) as conn:
            return self.service.activate(conn, self.ctx("bo"), "limits", version, valid_from)

    def at_once(self, conn: psycopg.Connection, ctx: Context, *args: Any, **more: Any) -> PolicyVersion:
        """An emergency change."""
        return apply_at_once(self.service, conn, ctx, *args, **more)

    def review(self, conn: psycopg.Connection, ctx: Context, *args: Any, **more: Any) -> PolicyVersion:
        """Its review afterwards."""
        return review_emergency(self.service, conn, ctx, *args, **more)

    def in_force(self, version: int, limit: int, valid_from: datetime | None = None) -> PolicyVersion:
        self.draft(text(version, limit))
        self.submit(version)
        self.approve(version)
        return self.activate(version, valid_from)

    def deciding(self, at: datetime) -> int | None:
        with self.database.transaction(self.tenant, read_only=True) as conn:
            found = self.service.active(conn, at).get("limits")
        return found.version if found else None

    def actions(self) -> list[str]:
        with self.database.transaction(self.tenant) as conn:
            return [e.action for e in audit_list(conn, subject_type="policy", subject="limits")][::-1]


@pytest.fixture
def desk(database: Database, tenant: UUID, clock: FixedClock) -> Desk:
    return Desk(database, tenant, clock)


def test_a_version_goes_from_draft_to_force_and_each_act_is_audited(desk: Desk) -> None:
    drafted = desk.draft(text(1))
    assert (drafted.status, drafted.author, drafted.approver) == ("draft", "user:ana", None)
    assert drafted.digest == hashlib.sha256(text(1).encode()).hexdigest()
    assert desk.submit(1).status == "in_review"
    assert desk.deciding(desk.clock.now()) is None
    approved = desk.approve(1, digest=drafted.digest)
    assert (approved.status, approved.approver) == ("approved", "user:bo")
    active = desk.activate(1)
    assert (active.status, active.valid_from, active.valid_until) == ("active", desk.clock.now(), None)
    assert desk.deciding(desk.clock.now()) == 1
    assert desk.actions() == ["policy.drafted", "policy.submitted", "policy.approved", "policy.activated"]
    with desk.database.transaction(desk.tenant) as conn:
        (last, *_) = audit_list(conn, subject_type="policy", subject="limits")
        assert (last.actor, last.body["version"], last.body["digest"]) == ("user:bo", 1, drafted.digest)
        assert verify_audit(conn).ok


def test_a_text_with_errors_is_not_saved(desk: Desk) -> None:
    gap = text(1).replace('"> 100"', '"> 200"')
    with pytest.raises(Invalid, match="no row fits amount") as caught:
        desk.draft(gap)
    assert any("fails" in p.message for p in caught.value.problems)
    with desk.database.transaction(desk.tenant) as conn:
        assert desk.service.list(conn) == []
    assert desk.actions() == []


def test_remarks_that_stop_nothing_come_back_with_the_draft(desk: Desk) -> None:
    lazy = text(1).replace("rows:", "default: {outcome: hold}\nrows:")
    with desk.database.transaction(desk.tenant) as conn:
        drafted = desk.service.draft(conn, desk.ctx("ana"), lazy)
    assert [r.message for r in drafted.remarks] == ["no test reaches the default"]


def test_a_draft_may_be_rewritten_by_its_author_until_it_is_submitted(desk: Desk) -> None:
    first = desk.draft(text(1))
    assert desk.draft(text(1)) == first
    second = desk.draft(text(1, 200))
    assert second.digest != first.digest
    with pytest.raises(Conflict, match="version 1 is draft with another text; number this one 2"):
        desk.draft(text(1, 300), who="cy")
    desk.submit(1)
    with pytest.raises(Conflict, match="version 1 is in_review with another text"):
        desk.draft(text(1, 300))
    assert desk.draft(text(1, 200)).status == "in_review"
    assert desk.actions() == ["policy.drafted", "policy.drafted", "policy.submitted"]


def test_version_numbers_only_grow(desk: Desk) -> None:
    desk.draft(text(5))
    with pytest.raises(Conflict, match="limits has a version 5; number this one 6"):
        desk.draft(text(4))


def test_the_author_may_not_approve_nor_through_a_delegate(desk: Desk) -> None:
    desk.draft(text(1))
    desk.submit(1)
    with pytest.raises(DutyConflict):
        desk.approve(1, who="ana")
    with pytest.raises(DutyConflict):
        desk.approve(1, who="bo", on_behalf_of="user:ana")
    assert desk.approve(1, who="bo", on_behalf_of="user:cy").status == "approved"


def test_the_database_refuses_an_author_who_approves(desk: Desk) -> None:
    desk.draft(text(1))
    with pytest.raises(psycopg.errors.CheckViolation), desk.database.transaction(desk.tenant) as conn:
        conn.execute("update policy_versions set approver = author")


def test_an_approval_of_another_text_is_stale(desk: Desk) -> None:
    old = desk.draft(text(1)).digest
    desk.draft(text(1, 200))
    desk.submit(1)
    with pytest.raises(Stale):
        desk.approve(1, digest=old)


def test_a_reviewer_may_send_a_version_back(desk: Desk) -> None:
    desk.draft(text(1))
    desk.submit(1)
    with desk.database.transaction(desk.tenant) as conn:
        with pytest.raises(Invalid, match="reason"):
            desk.service.send_back(conn, desk.ctx("bo"), "limits", 1, " ")
        assert desk.service.send_back(conn, desk.ctx("bo"), "limits", 1, "Too generous").status == "draft"
    desk.draft(text(1, 50))
    desk.submit(1)
    assert desk.actions()[2] == "policy.sent_back"


@pytest.mark.parametrize("step", ["approve", "activate"])
def test_steps_out_of_turn_are_refused(desk: Desk, step: str) -> None:
    desk.draft(text(1))
    with pytest.raises(Conflict, match=f"cannot {step} limits version 1: it is draft"):
        getattr(desk, step)(1)
    with pytest.raises(NotFound, match="there is no version 2 of policy limits"):
        getattr(desk, step)(2)


def test_a_new_version_takes_over_at_its_instant_and_the_past_stays(desk: Desk) -> None:
    start = desk.clock.now()
    desk.in_force(1, 100)
    desk.clock.move(DAY)
    desk.in_force(2, 200, desk.clock.now() + DAY)
    took_over = start + 2 * DAY
    assert [desk.deciding(at) for at in (start - DAY, start, took_over - timedelta(microseconds=1), took_over)] == [
        None,
        1,
        1,
        2,
    ]
    with desk.database.transaction(desk.tenant) as conn:
        newer, older = desk.service.versions(conn, "limits")
        before, after = (desk.service.active(conn, at) for at in (start, took_over))
    assert (older.valid_until, newer.valid_from) == (took_over, took_over)
    assert [v.standing(start + DAY) for v in (older, newer)] == ["active", "scheduled"]
    assert before.evaluate("limits", {"amount": 150}).outputs["outcome"] == "hold"
    assert after.evaluate("limits", {"amount": 150}).outputs["outcome"] == "pass"


def test_a_version_cannot_start_in_the_past(desk: Desk) -> None:
    with pytest.raises(Invalid, match="lies in the past"):
        desk.in_force(1, 100, desk.clock.now() - DAY)
    assert desk.deciding(desk.clock.now()) is None
    assert desk.activate(1).status == "active"


def test_a_retired_version_decides_no_longer_but_still_answers_for_the_past(desk: Desk) -> None:
    start = desk.clock.now()
    desk.in_force(1, 100)
    desk.clock.move(DAY)
    with desk.database.transaction(desk.tenant) as conn:
        retired = desk.service.retire(conn, desk.ctx("bo"), "limits", 1, "not needed")
    assert (retired.status, retired.valid_until) == ("retired", desk.clock.now())
    assert [desk.deciding(at) for at in (start, desk.clock.now())] == [1, None]


def test_a_scheduled_version_that_is_retired_never_decides(desk: Desk) -> None:
    desk.in_force(1, 100, desk.clock.now() + DAY)
    with desk.database.transaction(desk.tenant) as conn:
        desk.service.retire(conn, desk.ctx("bo"), "limits", 1)
    assert desk.deciding(desk.clock.now() + 2 * DAY) is None


def test_a_changed_set_is_seen_at_once_and_an_unchanged_one_is_the_same(desk: Desk) -> None:
    desk.in_force(1, 100)
    with desk.database.transaction(desk.tenant) as conn:
        first, again = (desk.service.active(conn, desk.clock.now()) for _ in range(2))
    assert first is again
    desk.clock.move(DAY)
    desk.in_force(2, 200)
    assert desk.deciding(desk.clock.now()) == 2


def test_tenants_do_not_see_each_others_policies(desk: Desk, make_tenant: Callable[[], UUID]) -> None:
    desk.in_force(1, 100)
    other = Desk(desk.database, make_tenant(), desk.clock)
    other.service = desk.service
    assert other.deciding(desk.clock.now()) is None
    other.in_force(1, 777)
    assert desk.deciding(desk.clock.now()) == 1
    with desk.database.transaction(other.tenant) as conn:
        assert other.service.active(conn, desk.clock.now()).evaluate("limits", {"amount": 700}).rows == ("small",)


def test_a_pack_installs_its_policy_once(desk: Desk) -> None:
    def install(body: str) -> PolicyVersion:
        with desk.database.transaction(desk.tenant) as conn:
            return desk.service.install(conn, desk.ctx("bo"), body, pack="order_governance")

    first = install(text(1))
    assert (first.status, first.author, first.approver) == ("active", "pack:order_governance", "user:bo")
    assert first.pack == "order_governance"
    desk.clock.move(DAY)
    assert install(text(1)) == first
    desk.in_force(3, 300)
    assert install(text(2)).version == 3
    assert desk.deciding(desk.clock.now()) == 3


def test_the_stored_text_table_and_tests_can_be_read(desk: Desk) -> None:
    desk.draft(text(1))
    with desk.database.transaction(desk.tenant) as conn:
        assert desk.service.text(conn, "limits", 1) == text(1)
        assert [r.id for r in desk.service.compiled(conn, "limits", 1).table.rows] == ["small", "large"]
        assert [r.passed for r in desk.service.run_tests(conn, "limits", 1)] == [True, True]
        assert desk.service.get(conn, "limits", 1).title == "What may pass"
        for read in (desk.service.get, desk.service.text, desk.service.compiled, desk.service.run_tests):
            with pytest.raises(NotFound):
                read(conn, "limits", 9)


def test_two_people_activating_at_once_leave_one_version_in_force(desk: Desk) -> None:
    for version in (1, 2):
        desk.draft(text(version, 100 * version))
        desk.submit(version)
        desk.approve(version)
    at = desk.clock.now()

    def activate(version: int) -> bool:
        try:
            desk.activate(version, at + DAY)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(activate, (1, 2))) == [False, True]
    with desk.database.transaction(desk.tenant) as conn:
        assert sum(v.in_force(at + DAY) for v in desk.service.list(conn)) == 1


def test_two_active_versions_whose_dates_overlap_are_refused_with_both_dates(desk: Desk) -> None:
    desk.in_force(1, 100)
    start = desk.clock.now()
    desk.in_force(2, 200, start + DAY)
    with pytest.raises(Conflict, match=r"limits version 2 starts at that instant; retire it or choose another"):
        desk.in_force(3, 300, start + DAY)
    # Whatever works out the dates, none of them is written when they overlap.
    windows = [Window(1, start, start + 2 * DAY)]
    told = r"two versions of limits would decide at the same time \(version 1 from .*Z until .*Z\); retire or withdraw"
    with pytest.raises(Conflict, match=told), desk.database.transaction(desk.tenant) as conn:
        set_windows(conn, "limits", windows)
    with desk.database.transaction(desk.tenant) as conn:
        kept = {v.version: (v.valid_from, v.valid_until) for v in desk.service.versions(conn, "limits") if v.valid_from}
    assert kept == {1: (start, start + DAY), 2: (start + DAY, None)}
