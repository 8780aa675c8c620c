"""What a worker can ask without a tenant: where there is work, and nothing of what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import Connection

from headgate.store import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

EVENT = """
insert into events (source, event_id, type, subject, key, lane, time, received_at, data, digest, actor)
values ('shop', %s, 'order.submitted', 'order:1', 'order:1', %s, %s, %s, '{}', '', 'system') returning seq
"""
INBOX = "insert into inbox (lane, seq, not_before) values (%s, %s, %s)"
DUE = "select tenant_id, lane, waiting, oldest from headgate_due_lanes(%s, %s)"


def add_event(conn: Connection, lane: int, received: datetime, *, not_before: datetime | None = None) -> None:
    row = conn.execute(EVENT, [uuid4().hex, lane, received, received]).fetchone()
    assert row is not None
    conn.execute(INBOX, [lane, row[0], not_before])


def due(database: Database, most: int = 100) -> list[tuple[UUID, int, int, datetime]]:
    with database.scan() as conn:
        return conn.execute(DUE, [NOW, most]).fetchall()


@pytest.fixture
def tenants(fresh_database: Database) -> list[UUID]:
    return sorted(uuid4() for _ in range(3))


def test_lanes_of_all_tenants_are_found_longest_waiting_first(fresh_database: Database, tenants: list[UUID]) -> None:
    minutes = {tenants[0]: 3, tenants[1]: 9, tenants[2]: 6}
    for tenant_id, ago in minutes.items():
        with fresh_database.transaction(tenant_id) as conn:
            for lane in (2, 5):
                add_event(conn, lane, NOW - timedelta(minutes=ago, seconds=-lane))
                add_event(conn, lane, NOW - timedelta(minutes=1))
    expected = [
        (tenant_id, lane, 2, NOW - timedelta(minutes=minutes[tenant_id], seconds=-lane))
        for tenant_id in (tenants[1], tenants[2], tenants[0])
        for lane in (2, 5)
    ]
    assert due(fresh_database) == expected
    assert due(fresh_database, 2) == expected[:2]


def test_postponed_events_are_not_due_before_their_time(fresh_database: Database, tenants: list[UUID]) -> None:
    with fresh_database.transaction(tenants[0]) as conn:
        add_event(conn, 1, NOW, not_before=NOW)
        add_event(conn, 1, NOW, not_before=NOW + timedelta(seconds=1))
        add_event(conn, 2, NOW, not_before=NOW + timedelta(seconds=1))
    assert due(fresh_database) == [(tenants[0], 1, 1, NOW)]


def test_a_tenant_with_a_long_backlog_does_not_stand_before_one_that_was_not_served(
    fresh_database: Database, tenants: list[UUID]
) -> None:
    noisy, quiet, _ = tenants
    with fresh_database.transaction(noisy) as conn:
        conn.execute("insert into lanes (lane, served_at) values (0, %s)", [NOW])
        for _ in range(20):
            add_event(conn, 0, NOW - timedelta(hours=1))
    with fresh_database.transaction(quiet) as conn:
        conn.execute("insert into lanes (lane, served_at) values (0, %s)", [NOW - timedelta(seconds=1)])
        add_event(conn, 0, NOW)
    assert [row[0] for row in due(fresh_database)] == [quiet, noisy]


def test_targets_with_something_to_send_are_found(fresh_database: Database, tenants: list[UUID]) -> None:
    command = """
    insert into outbox (id, target, type, subject, payload, idempotency_key, status, next_at, created_at)
    values (gen_random_uuid(), %s, 'release', 'order:1', '{}', gen_random_uuid(), %s, %s, %s)
    """
    target = """
    with made as (
      insert into target_states (code, tokens, tokens_at, not_before) values (%(code)s, 1, %(now)s, %(not_before)s)
    )
    insert into targets (code, purpose, kind, name, url, secrets, burst, concurrency, timeout_seconds, max_attempts,
      status, status_at, created_at, created_by)
    values (%(code)s, 'commands', 'webhook', 'x', 'x', '[]', 1, 1, 1, 1, %(status)s, %(now)s, %(now)s, 'test')
    """
    later = NOW + timedelta(seconds=1)
    targets = [("erp", "active", None), ("paused", "paused", None), ("pausing", "active", later)]
    targets += [("strange", "active", NOW + timedelta(days=9))]  # written by a clock that ran ahead
    rows = [("erp", "pending", NOW), ("paused", "pending", NOW), ("pausing", "pending", NOW)]
    rows += [("strange", "pending", NOW), ("unknown", "pending", NOW)]
    others = [("erp", "pending", later), ("erp", "sent", NOW), ("erp", "dead", NOW)]
    for tenant_id, wanted in zip(tenants, [rows, others, []], strict=True):
        make_tenant_row(fresh_database, tenant_id)
        with fresh_database.transaction(tenant_id) as conn:
            for code, status, not_before in targets:
                conn.execute(target, {"code": code, "status": status, "not_before": not_before, "now": NOW})
            for code, status, at in wanted:
                conn.execute(command, [code, status, at, NOW])
    with fresh_database.scan() as conn:
        found = conn.execute("select * from headgate_due_deliveries(%s, 10)", [NOW]).fetchall()
    assert set(found) == {(tenants[0], "erp"), (tenants[0], "strange")}


def test_tenants_with_due_timers_are_found(fresh_database: Database, tenants: list[UUID]) -> None:
    timer = """
    insert into timers (timer, case_id, process, key, name, fire_at, created_at)
    values (gen_random_uuid(), gen_random_uuid(), 'order_to_release', 'order:1', %s, %s, %s)
    """
    for tenant_id, seconds in zip(tenants, (0, 1, -60), strict=True):
        make_tenant_row(fresh_database, tenant_id)
        with fresh_database.transaction(tenant_id) as conn:
            conn.execute(timer, ["escalate", NOW + timedelta(seconds=seconds), NOW])
            conn.execute(timer, ["expire", NOW + timedelta(days=1), NOW])
    with fresh_database.scan() as conn:
        found = {row[0] for row in conn.execute("select * from headgate_due_timers(%s, 10)", [NOW])}
        assert len(conn.execute("select * from headgate_due_timers(%s, 1)", [NOW]).fetchall()) == 1
    assert found == {tenants[0], tenants[2]}


def test_tenants_with_held_decisions_that_are_due_are_found(fresh_database: Database, tenants: list[UUID]) -> None:
    add = """
    insert into held_decisions (held, by, outcome, justification, status, held_at, due_at, next_at)
    values (gen_random_uuid(), 'user:a@x.example', 'approve', 'agreed', %s, %s, %s, %s)
    """
    kept = [("held", 0), ("held", 1), ("undone", -60)]
    for tenant_id, (status, seconds) in zip(tenants, kept, strict=True):
        make_tenant_row(fresh_database, tenant_id)
        due = NOW + timedelta(seconds=seconds)
        with fresh_database.transaction(tenant_id) as conn:
            conn.execute(add, [status, NOW, due, due])
    with fresh_database.scan() as conn:
        found = {row[0] for row in conn.execute("select * from headgate_due_held(%s, 10)", [NOW])}
    assert found == {tenants[0]}


def test_a_tenant_is_found_by_its_slug(fresh_database: Database, tenants: list[UUID]) -> None:
    make_tenant_row(fresh_database, tenants[0])
    with fresh_database.scan() as conn:
        slug = f"t-{tenants[0].hex}"
        assert conn.execute("select * from headgate_tenants()").fetchall() == [(tenants[0], slug)]
        assert conn.execute("select * from headgate_tenant_by_slug(%s)", [slug]).fetchall() == [(tenants[0], "Name")]
        assert conn.execute("select * from headgate_tenant_by_slug('other')").fetchall() == []


def make_tenant_row(database: Database, tenant_id: UUID) -> None:
    with database.transaction(tenant_id) as conn:
        conn.execute(
            "insert into tenants (slug, name, currency, timezone, created_at) values (%s, 'Name', 'EUR', 'UTC', %s)",
            [f"t-{tenant_id.hex}", NOW],
        )
