"""Waiting for somebody outside: a case is told that a partner was asked something, and that the answer has come.

What follows is said by its process: a clock that pauses on `case.asked` until `case.answered`, a branch that waits. A
process that listens to neither goes on as if nothing had been said. The words themselves are messages, not in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import NewEvent, append_events
from headgate.process import repo
from headgate.process.core.service_level import ANSWERED, ASKED
from headgate.process.core.state import Case
from headgate.process.engine import Engine
from headgate.process.messages import About, mark_seen, send_message
from headgate.process.notes import add_note

_MOST: Final = 1000
# A partner's transaction cannot see cases, so that its answer is found here. The index of open cases leads with due_at.
_ANSWERS: Final[LiteralString] = """
select c.case_id, c.process, c.key, c.subject, c.data->'service_level'->>'since' as since,
  (array_agg(m.author order by m.at, m.message))[1] as author
from cases c join case_messages m on m.tenant_id = c.tenant_id and m.case_id = c.case_id
where c.due_at is not null and c.sla_state = 'paused' and not m.from_staff
  and m.at > (c.data->'service_level'->>'since')::timestamptz
group by c.case_id, c.process, c.key, c.subject, since order by c.case_id limit %s
"""


def ask(conn: Connection[Any], ctx: Context, engine: Engine, case_id: UUID, message: str = "") -> int:
    """Tell a case that the partner was asked something and has the ball; the event's place in the log. A `message` is
    sent to the partner with it; without one they were asked in another way.

    Raises `NotFound`, `Invalid` for a message too long, and `Conflict` for a case that has ended or has no partner.
    """
    case = repo.get_case(conn, case_id)
    if case.partner is None:
        raise Conflict(
            phrase(
                "%(subject_type)s %(subject)s has no partner who could be waited for",
                subject_type=case.subject_type,
                subject=case.subject,
            )
        )
    if message.strip():
        send_message(conn, ctx, About(case_id, case.subject_type, case.subject, case.partner), message)
        mark_seen(conn, ctx, case_id)
    return _tell(conn, ctx, engine, case, ASKED)


def answered(conn: Connection[Any], ctx: Context, engine: Engine, case_id: UUID, note: str = "") -> int:
    """Tell a case that the answer has come in another way, by phone perhaps; the event's place in the log. A `note` is
    kept with the case.

    Raises `NotFound`, `Invalid` for a note too long, and `Conflict` where the case waits for nobody outside.
    """
    case = repo.get_case(conn, case_id)
    if case.sla_state != "paused":
        raise Conflict(
            phrase(
                "%(subject_type)s %(subject)s does not wait for anybody outside; its clock runs",
                subject_type=case.subject_type,
                subject=case.subject,
            )
        )
    if note.strip():
        add_note(conn, ctx, case_id, note)
    return _tell(conn, ctx, engine, case, ANSWERED)


def answers(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
    """What partners have written since their cases wait for them, as events; each pause is ended once."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows: Sequence[Mapping[str, Any]] = cursor.execute(_ANSWERS, (_MOST,)).fetchall()
    return [
        NewEvent(
            source="headgate/messages",
            event_id=f"{row['case_id']}-{row['since']}",
            type=ANSWERED,
            subject=row["subject"],
            key=row["key"],
            time=ctx.now,
            data={"process": row["process"], "case": str(row["case_id"]), "waited_since": row["since"]},
            actor=row["author"],
        )
        for row in rows
    ]


def _tell(conn: Connection[Any], ctx: Context, engine: Engine, case: Case, what: str) -> int:
    if case.status == "closed":
        raise Conflict(
            phrase(
                "%(subject_type)s %(subject)s has ended as %(outcome)s; nothing waits any more",
                subject_type=case.subject_type,
                subject=case.subject,
                outcome=case.outcome,
            )
        )
    event = NewEvent(
        source="headgate/people",
        event_id=str(new_id(ctx.now)),
        type=what,
        subject=case.subject,
        key=case.key,
        time=ctx.now,
        data={"process": case.process, "case": str(case.case_id)},
        actor=ctx.principal.id,
    )
    (appended,) = append_events(conn, ctx.now, [event], lanes=engine.lanes)
    return appended.seq
