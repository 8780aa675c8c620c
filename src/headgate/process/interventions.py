"""Stepping into a case: asked for by one person, confirmed by a second where an approval is passed over, and then an
event of the log like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, NotFound, Stale
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, NewEvent, append_audit, append_events
from headgate.process import repo
from headgate.process.core.definition import Definition
from headgate.process.core.intervening import EVENT, Intervention, check, check_duties, needs_second
from headgate.process.core.state import Case
from headgate.process.engine import Engine

ASK = """
insert into interventions (intervention, case_id, kind, at, reason, take_back, status, asked_by, asked_at, seen)
values (%s, %s, %s, %s, %s, %s, 'waiting', %s, %s, %s)
"""
_COLUMNS = (
    "intervention, case_id, kind, at, reason, take_back, status, asked_by, asked_at, seen, decided_by, decided_at"
)
LOAD = f"select {_COLUMNS} from interventions where intervention = %s for update"
OF_CASE = f"select {_COLUMNS} from interventions where case_id = %s order by asked_at desc, intervention limit 50"
SETTLE = "update interventions set status = %s, decided_by = %s, decided_at = %s where intervention = %s"
KEY_OF = "select process, key from cases where case_id = %s"


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of asking: the event's position in the log (`seq`), or None while a second person has to confirm."""

    intervention: UUID
    seq: int | None


def step_in(
    conn: Connection[Any], ctx: Context, engine: Engine, case_id: UUID, wanted: Intervention, request_id: str = ""
) -> Entered:
    """Ask for an intervention; it is entered at once unless it would pass over an approval.

    Raises NotFound, Invalid, Refused (what the case does not allow) and DutyConflict (who asked for what is to be
    approved may not step in).
    """
    case, definition = _case(conn, engine, case_id)
    check(definition, case, wanted)
    second = needs_second(definition, case, wanted)
    if second:
        check_duties(repo.approvals_of_case(conn, case_id), [ctx.principal.id])
    intervention = new_id(ctx.now)
    if not second:
        return Entered(intervention, _enter(conn, ctx, engine, case, wanted, request_id or str(intervention)))
    row = (
        intervention,
        case_id,
        wanted.kind,
        wanted.at,
        wanted.reason.strip(),
        wanted.take_back,
        ctx.principal.id,
        ctx.now,
        case.updated_at,
    )
    conn.execute(ASK, row)
    _note(conn, ctx, case, "case.intervention_asked", _told(wanted))
    return Entered(intervention, None)


def confirm(conn: Connection[Any], ctx: Context, engine: Engine, intervention: UUID) -> int:
    """Confirm what another person asked for; the event's position in the log.

    Raises NotFound, Conflict (it is settled already), Stale (the case has moved since it was asked for) and
    DutyConflict.
    """
    row = _waiting(conn, intervention)
    if row["asked_by"] == ctx.principal.id:
        raise DutyConflict("you asked for this yourself, so another person has to confirm it")
    case, definition = _case(conn, engine, row["case_id"])
    if case.updated_at != row["seen"]:
        raise Stale("the case has moved since this was asked for; look at it and ask anew")
    wanted = Intervention(row["kind"], row["at"], row["reason"], row["take_back"])
    check(definition, case, wanted)
    check_duties(repo.approvals_of_case(conn, case.case_id), [ctx.principal.id, row["asked_by"]])
    conn.execute(SETTLE, ("confirmed", ctx.principal.id, ctx.now, intervention))
    return _enter(conn, ctx, engine, case, wanted, str(intervention), row["asked_by"])


def turn_down(conn: Connection[Any], ctx: Context, intervention: UUID) -> UUID:
    """Turn down, or take back, what was asked for; the case it was about. Raises NotFound, Conflict."""
    row = _waiting(conn, intervention)
    mine = row["asked_by"] == ctx.principal.id
    conn.execute(SETTLE, ("withdrawn" if mine else "turned_down", ctx.principal.id, ctx.now, intervention))
    case = repo.get_case(conn, row["case_id"])
    wanted = Intervention(row["kind"], row["at"], row["reason"], row["take_back"])
    _note(conn, ctx, case, "case.intervention_turned_down", _told(wanted) | {"asked_by": row["asked_by"]})
    return case.case_id


def interventions_of(conn: Connection[Any], case_id: UUID) -> list[dict[str, Any]]:
    """What was asked for and had to be confirmed, newest first. What was entered at once stands in the timeline."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(OF_CASE, (case_id,)).fetchall()


def open_places(engine: Engine, conn: Connection[Any], case_id: UUID) -> tuple[Case, Definition]:
    """A case with its definition, for showing where one may step in. Raises NotFound."""
    return _case(conn, engine, case_id)


def _waiting(conn: Connection[Any], intervention: UUID) -> dict[str, Any]:
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(LOAD, (intervention,)).fetchone()
    if row is None:
        raise NotFound(phrase("intervention %(intervention)s does not exist", intervention=intervention))
    if row["status"] != "waiting":
        raise Conflict(phrase("this intervention is %(replace)s already", replace=row["status"].replace("_", " ")))
    return row


def _case(conn: Connection[Any], engine: Engine, case_id: UUID) -> tuple[Case, Definition]:
    case = repo.get_case(conn, case_id)
    pair = (case.process, case.version)
    definition = engine.definitions.versions(conn, [pair]).get(pair)
    if definition is None:
        raise NotFound(
            phrase("process %(process)s@%(version)s is not installed", process=case.process, version=case.version)
        )
    return case, definition


def _enter(
    conn: Connection[Any],
    ctx: Context,
    engine: Engine,
    case: Case,
    wanted: Intervention,
    event_id: str,
    asked_by: str = "",
) -> int:
    data: dict[str, Any] = {"process": case.process, "case": str(case.case_id), **_told(wanted)}
    if asked_by:
        data["asked_by"] = asked_by
    event = NewEvent(
        source="headgate/people",
        event_id=event_id,
        type=EVENT,
        subject=case.subject,
        key=case.key,
        time=ctx.now,
        data=data,
        actor=ctx.principal.id,
    )
    (appended,) = append_events(conn, ctx.now, [event], lanes=engine.lanes)
    if appended.status == "conflict":
        raise Conflict("this request was used before for another intervention; send it under a new idempotency key")
    return appended.seq


def _told(wanted: Intervention) -> dict[str, Any]:
    return {
        "kind": wanted.kind,
        "at": wanted.at,
        "reason": wanted.reason.strip(),
        "take_back": wanted.take_back,
    }


def _note(conn: Connection[Any], ctx: Context, case: Case, action: str, body: dict[str, Any]) -> None:
    draft = AuditDraft(
        action=action,
        subject_type=case.subject_type,
        subject=case.subject,
        actor=ctx.principal.id,
        body=body,
        case_id=case.case_id,
    )
    append_audit(conn, ctx.now, [draft])
