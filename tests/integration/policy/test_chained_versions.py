"""Policies that read each other: one comes into force only when the whole chain can be decided with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Invalid
from headgate.policy import PolicyService, apply_at_once, check_text
from headgate.store import Database
from tests.integration.chained import LIMITS, RELEASE


class Desk:
    """Brings texts into force one after the other."""

    def __init__(self, database: Database, tenant: UUID, clock: FixedClock) -> None:
        self.database, self.tenant, self.service = database, tenant, PolicyService()
        self.ctx = Context(tenant, Principal(id="user:bo", kind="person"), clock.now())

    def install(self, text: str) -> None:
        self.ctx = replace(self.ctx, now=self.ctx.now + timedelta(seconds=1))
        with self.database.transaction(self.tenant) as conn:
            self.service.install(conn, self.ctx, text, pack="sample")

    def versions(self, policy: str) -> list[int]:
        with self.database.transaction(self.tenant, read_only=True) as conn:
            return [v.version for v in self.service.versions(conn, policy)]


@pytest.fixture
def desk(database: Database, tenant: UUID, clock: FixedClock) -> Desk:
    return Desk(database, tenant, clock)


def test_a_chain_in_force_is_decided_link_by_link(desk: Desk) -> None:
    desk.install(LIMITS)
    desk.install(RELEASE)
    with desk.database.transaction(desk.tenant, read_only=True) as conn:
        policies = desk.service.active(conn, desk.ctx.now)
    found = policies.evaluate("release", {"amount": 500, "known": True})
    assert (found.rows, found.inputs["limit"]) == (("rest",), "hold")
    assert [(link.policy, link.rows) for link in found.links] == [("limits", ("large",))]
    assert [c.name for c in policies.needs("release")] == ["known", "amount"]


def test_a_policy_whose_source_is_not_in_force_is_not_activated(desk: Desk) -> None:
    with pytest.raises(Invalid, match=r"reads limits\.outcome, and there is no policy limits.*Bring that policy"):
        desk.install(RELEASE)
    assert desk.versions("release") == []


def test_a_version_that_closes_a_ring_is_not_activated(desk: Desk) -> None:
    desk.install(LIMITS)
    desk.install(RELEASE)
    ring = LIMITS.replace("version: 1", "version: 2").replace(
        "inputs: [{name: amount, type: money}]",
        "inputs: [{name: amount, type: money}, {name: r, type: enum, values: [pass, hold], from: release.outcome}]",
    )
    ring = ring.replace("amount: 100}", "amount: 100, r: pass}").replace('100.01"}', '100.01", r: pass}')
    with pytest.raises(Invalid, match="in a ring: limits → release → limits"):
        desk.install(ring)
    assert desk.versions("limits") == [1]


def test_a_version_that_takes_an_output_away_from_its_readers_is_not_activated(desk: Desk) -> None:
    desk.install(LIMITS)
    desk.install(RELEASE)
    renamed = LIMITS.replace("version: 1", "version: 2").replace("outcome", "verdict")
    with pytest.raises(Invalid, match=r"column limit: reads limits\.outcome, and limits has no output outcome"):
        desk.install(renamed)
    assert desk.versions("limits") == [1]


def retired(desk: Desk, policy: str, version: int = 1, at: datetime | None = None) -> None:
    with desk.database.transaction(desk.tenant) as conn:
        desk.service.retire(conn, desk.ctx, policy, version, "not needed", at=at)


def test_a_version_that_another_policy_reads_is_not_retired_before_its_reader(desk: Desk) -> None:
    desk.install(LIMITS)
    desk.install(RELEASE)
    desk.ctx = replace(desk.ctx, now=desk.ctx.now + timedelta(days=1))
    soon = desk.ctx.now + timedelta(days=9)
    told = r"limits@1: column limit: policy release version 1 reads limits\.outcome, and no version of limits would be"
    for at in (None, soon):
        with pytest.raises(Invalid, match=told) as caught:
            retired(desk, "limits", at=at)
        assert "Let another version take its place" in caught.value.message
    retired(desk, "release", at=soon)
    with pytest.raises(Invalid, match=told):
        retired(desk, "limits", at=soon - timedelta(seconds=1))
    retired(desk, "limits", at=soon)
    with pytest.raises(Invalid, match=r"there is no policy limits"):  # nor can a reader come that would outlive it
        desk.install(RELEASE.replace("version: 1", "version: 2"))


def test_an_emergency_change_has_to_fit_together_with_what_is_in_force(desk: Desk) -> None:
    desk.install(LIMITS)
    desk.install(RELEASE)
    gone = LIMITS.replace("version: 1", "version: 2").replace("name: outcome", "name: verdict")
    gone = gone.replace("{outcome:", "{verdict:")
    with desk.database.transaction(desk.tenant) as conn:
        drafted = desk.service.draft(conn, desk.ctx, gone)
        assert any("has no output outcome" in issue.message for issue in drafted.remarks), "said when it is saved"
        with pytest.raises(Invalid, match="has no output outcome"):
            apply_at_once(desk.service, conn, desk.ctx, "limits", 2, "a supplier failed")
        assert [v.status for v in desk.service.versions(conn, "limits")] == ["draft", "active"]


def test_a_look_at_a_text_says_what_would_not_fit_and_stops_nothing(desk: Desk) -> None:
    with desk.database.transaction(desk.tenant) as conn:
        checked = check_text(RELEASE)
        within = desk.service.beside(conn, desk.ctx.now, checked)
    assert checked.issues == ()
    assert [(i.rule, i.severity) for i in within.issues] == [("chain", "warning")]
    assert "there is no policy limits" in within.issues[0].message
    assert within.errors == ()
