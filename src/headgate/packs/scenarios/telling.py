"""What happens to the case of a subject besides its own events: somebody asks the partner or hears from them, a task is
done, an outside system says how a command went."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate import access
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import NotFound
from headgate.ledger import NewEvent, append_events
from headgate.packs.scenarios.core.model import Act
from headgate.process import Engine, complete_task
from headgate.process.outside import answered, ask

RESULTS: Final = {"delivered": "command.delivered", "fails": "command.failed"}
_CASE: Final = "select case_id from cases where subject = %s order by opened_at desc, case_id desc limit 1"
_TASK: Final = """
select t.task from tasks t join cases c on c.case_id = t.case_id
where c.subject = %s and t.status = 'open' and t.kind = 'work' and t.title ilike %s
order by t.created_at, t.task limit 1
"""
# The oldest command of that kind that has not arrived yet.
_COMMAND: Final = """
select o.type, o.target, o.subject, o.idempotency_key, o.process, o.key, o.case_id, o.step from outbox o
where o.subject = %s and o.type like %s and o.process <> '' and not exists (
  select from events e where e.source = 'headgate/scenario' and e.event_id = 'command.delivered:' || o.idempotency_key)
order by o.position limit 1
"""


def tell(
    conn: Connection[Any],
    context: Callable[[Principal], Context],
    engine: Engine,
    act: Act,
    person: Callable[[str], str],
) -> None:
    """Let it happen. Raises what the services raise, and `NotFound` where there is nothing it could be about."""
    if act.name in RESULTS:
        _result(conn, context(SYSTEM), engine, act)
        return
    ctx = context(access.load_principal(conn, person(act.by), context(SYSTEM).now))
    if act.name == "completes":
        row = conn.execute(_TASK, (act.subject, f"%{act.source}%")).fetchone()
        if row is None:
            raise NotFound(f"no work about {act.subject} is open whose title holds '{act.source}'")
        complete_task(conn, ctx, engine, row[0], act.reason)
        return
    row = conn.execute(_CASE, (act.subject,)).fetchone()
    if row is None:
        raise NotFound(f"there is no case about {act.subject}")
    (ask if act.name == "asks" else answered)(conn, ctx, engine, UUID(str(row[0])))


def _result(conn: Connection[Any], ctx: Context, engine: Engine, act: Act) -> None:
    with conn.cursor(row_factory=dict_row) as cursor:
        sent = cursor.execute(_COMMAND, (act.subject, act.source or "%")).fetchone()
    if sent is None:
        which = f"no command {act.source}" if act.source else "no command"
        raise NotFound(f"{which} about {act.subject} waits for its result")
    data = {name: sent[name] for name in ("process", "step", "type", "target", "idempotency_key")}
    event = NewEvent(
        source="headgate/scenario",
        event_id=f"{RESULTS[act.name]}:{sent['idempotency_key']}",
        type=RESULTS[act.name],
        subject=sent["subject"],
        key=sent["key"],
        time=ctx.now,
        data={**data, "case": str(sent["case_id"]), "attempts": 1, "reason": act.reason},
        actor="system",
    )
    append_events(conn, ctx.now, [event], lanes=engine.lanes)
