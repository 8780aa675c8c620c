"""The sums of the work queue stay in proportion to it while the database has not counted its tables yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.clock import FixedClock
from headgate.process import desk
from headgate.store import Database

MANY, SHOWN = 1_000, 50
# Written within the transaction that asks: nothing has counted these rows.
ARRIVED = (
    """
    insert into cases (case_id, process, version, subject_type, subject, key, stage, status, data, opened_at,
                       updated_at)
    select md5('c' || n)::uuid, 'p', 1, 'order', 'O-' || n, 'order:' || n, 'held', 'open', '{}', %(now)s, %(now)s
    from generate_series(1, %(many)s) n
    """,
    """
    insert into approvals (approval, case_id, subject_type, subject, digest, status, requested_by, requested_at,
                           expires_at, summary)
    select md5('a' || n)::uuid, md5('c' || n)::uuid, 'order', 'O-' || n, 'd', 'pending', 'user:x', %(now)s, %(now)s,
           '{}'
    from generate_series(1, %(many)s) n
    """,
    """
    insert into approval_votes (approval, level, principal, step, outcome, justification, at, event_seq)
    select md5('a' || n)::uuid, 1, 'user:' || (n %% 7), 's', 'approve', 'fine', %(now)s, n
    from generate_series(1, %(many)s) n
    """,
    """
    insert into tasks (task, case_id, kind, title, role, status, due_at, stake, created_at)
    select md5('t' || n)::uuid, md5('c' || n)::uuid, 'approval', 'T', 'finance', 'open', %(now)s, n, %(now)s
    from generate_series(1, %(many)s) n
    """,
)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


def visited(conn: Connection[Any], sql: str, params: dict[str, Any]) -> int:
    """How many rows the busiest node of a query's plan looked at, those that it passed over among them."""
    ((found,),) = conn.execute("explain (analyze, timing off, format json) " + sql, params).fetchall()
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    passed = ("Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
    return max(int(sum(n.get(k, 0) for k in ("Actual Rows", *passed)) * n["Actual Loops"]) for n in nodes(plan))


def _page(reader: desk.Reader, now: datetime) -> tuple[str, dict[str, Any]]:
    """The first page of what is the reader's to do."""
    params = reader._params(now) | dict.fromkeys(desk._AFTER) | {"limit": SHOWN}
    scope = desk._SCOPED["mine"]
    return desk._PAGE.format(tasks=desk._PLACED, scope=scope, kind="true", order=desk._URGENT), params


def test_sums_and_lists_of_what_just_arrived_look_at_each_row_a_few_times(
    database: Database, tenant: UUID, clock: FixedClock
) -> None:
    now = clock.now()
    reader = desk.reader_of("user:carl", frozenset({"finance"}), None)
    with database.transaction(tenant) as conn:
        for sql in ARRIVED:
            conn.execute(sql, {"many": MANY, "now": now - timedelta(hours=1)})
        seen = visited(conn, desk._SUMS, reader._params(now))
        page = visited(conn, *_page(reader, now))
        sums = desk.desk_sums(conn, now, reader)
    assert (sums["mine"].count, sums["decisions"].count, sums["mine"].late) == (MANY, MANY, MANY)
    assert seen <= 2 * MANY
    # What is looked up for the rows shown may be searched, but for these alone.
    assert page <= SHOWN * MANY


def test_an_approval_whose_task_sleeps_and_a_task_that_asks_for_none_are_counted_as_before(
    database: Database, tenant: UUID, clock: FixedClock
) -> None:
    now = clock.now()
    reader = desk.reader_of("user:carl", frozenset({"finance"}), None)
    with database.transaction(tenant) as conn:
        for sql in ARRIVED:
            conn.execute(sql, {"many": 4, "now": now - timedelta(hours=1)})
        conn.execute(
            "update tasks set snoozed_until = %s, assignee = 'user:carl' where task = md5('t1')::uuid",
            [now + timedelta(hours=1)],
        )
        conn.execute("update tasks set kind = 'task', assignee = 'user:carl' where task = md5('t2')::uuid")
        conn.execute("update approvals set requested_by = 'user:carl' where approval = md5('a3')::uuid")
        conn.execute("update approvals set status = 'approved' where approval = md5('a4')::uuid")
        sums = desk.desk_sums(conn, now, reader)
        mine = desk.desk_tasks(conn, now, reader, "mine")
        team = desk.desk_tasks(conn, now, reader, "team")
    counts = {name: found.count for name, found in sums.items()}
    assert counts == {"mine": 1, "team": 3, "unassigned": 2, "decisions": 0, "snoozed": 1}
    assert [(t["subject"], t["approval"]) for t in mine] == [("O-2", None)]
    assert [(t["subject"], t["approval"] is not None) for t in team] == [("O-4", False), ("O-3", True), ("O-2", False)]
