"""Events of a day: counted by each process in a row of its own, and refused when the tenant has sent what it may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from headgate.access.tenancy import set_quotas, usage
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Busy
from headgate.process import daily as module
from headgate.process.daily import DailyUse, forget_counts
from headgate.store import Database
from tests.conftest import create_tenant

NOW = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a process has run, to be set."""
    at = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: at[0])
    return at


def store(database: Database, tenant: UUID, daily: DailyUse, events: int, now: datetime = NOW) -> None:
    """What the way in does with a group of new events."""
    daily.expect_room(tenant, now)
    with daily.counting(tenant, now) as told, database.transaction(tenant) as conn:
        told.look(conn)
        told.new = events


def limit(database: Database, tenant: UUID, most: int | None) -> None:
    with database.transaction(tenant) as conn:
        set_quotas(conn, Context(tenant, SYSTEM, NOW), {"events_per_day": most})


def counted(database: Database, tenant: UUID, now: datetime = NOW) -> tuple[int, str]:
    with database.transaction(tenant, read_only=True) as conn:
        found = next(each for each in usage(conn, now) if each.name == "events_per_day")
    return found.used, found.state


def test_processes_count_apart_and_together_they_are_the_day(
    database: Database, tenant: UUID, clock: list[float]
) -> None:
    one, other = DailyUse(), DailyUse()
    for daily in (one, other, one, one):
        store(database, tenant, daily, 10)
    assert counted(database, tenant)[0] == 0, "nothing is written for every group"
    clock[0] += module.LOOK_SECONDS
    store(database, tenant, one, 1)
    store(database, tenant, other, 1)
    assert counted(database, tenant)[0] == 40
    assert counted(database, tenant, NOW + DAY)[0] == 0


def test_what_is_used_up_is_refused_until_midnight_or_a_larger_quota(
    database: Database, tenant: UUID, clock: list[float]
) -> None:
    limit(database, tenant, 100)
    daily = DailyUse()
    store(database, tenant, daily, 85)
    clock[0] += module.LOOK_SECONDS
    store(database, tenant, daily, 15)
    assert counted(database, tenant) == (85, "near")
    clock[0] += module.LOOK_SECONDS
    with pytest.raises(Busy, match="may send 100 events a day and has sent them") as refused:
        store(database, tenant, daily, 1)
    assert refused.value.retry_after == 2.5 * 3600
    with pytest.raises(Busy):  # at once, without a question to the database
        daily.expect_room(tenant, NOW)
    limit(database, tenant, 200)
    clock[0] += module.LOOK_SECONDS
    store(database, tenant, daily, 1)
    assert counted(database, tenant) == (100, "free"), "what could not be written before is written now"
    limit(database, tenant, 100)
    clock[0] += module.LOOK_SECONDS
    store(database, tenant, daily, 1, NOW + DAY)  # the day after


def test_a_quota_that_is_used_up_a_moment_before_midnight_is_free_at_midnight(
    database: Database, tenant: UUID, clock: list[float]
) -> None:
    limit(database, tenant, 0)
    daily, midnight = DailyUse(), NOW.replace(hour=0, minute=0) + DAY
    with pytest.raises(Busy) as refused:
        store(database, tenant, daily, 1, midnight - timedelta(seconds=1))
    assert refused.value.retry_after == 1
    limit(database, tenant, 100)
    clock[0] += 1
    store(database, tenant, daily, 1, midnight)


def test_a_transaction_that_breaks_counts_nothing_and_forgets_nothing(
    database: Database, tenant: UUID, clock: list[float]
) -> None:
    daily = DailyUse()
    store(database, tenant, daily, 7)
    clock[0] += module.LOOK_SECONDS
    with (
        pytest.raises(ZeroDivisionError),
        daily.counting(tenant, NOW) as told,
        database.transaction(tenant) as conn,
    ):
        told.look(conn)
        told.new = 100 // 0
    clock[0] += module.LOOK_SECONDS
    store(database, tenant, daily, 0)
    assert counted(database, tenant)[0] == 7


def test_a_quota_of_nothing_lets_nothing_in_and_other_tenants_go_on(
    database: Database, tenant: UUID, clock: list[float]
) -> None:
    limit(database, tenant, 0)
    daily = DailyUse()
    with pytest.raises(Busy):
        store(database, tenant, daily, 1)
    store(database, create_tenant(database), daily, 1)


def test_counts_of_long_ago_are_dropped(database: Database, tenant: UUID, clock: list[float]) -> None:
    store(database, tenant, DailyUse(), 0)
    with database.transaction(tenant) as conn:
        assert forget_counts(conn, NOW) == 0
        assert forget_counts(conn, NOW + DAY) == 1
