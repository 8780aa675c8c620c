"""Clashes that are allowed for a while because something else keeps watch: named, dated, agreed to by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core.checks import text
from headgate.access.core.duties import Rule
from headgate.access.core.roles import require
from headgate.access.duties import repo
from headgate.access.duties.matrix import APPROVES, matrix_in_force
from headgate.access.recording import record
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase

LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Mitigation:
    """What keeps watch while one person holds both halves of a rule, from `valid_from` on and before `valid_until`."""

    id: UUID
    principal: str
    first: str
    second: str
    control: str
    valid_from: datetime
    valid_until: datetime
    asked_by: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None

    def status(self, now: datetime) -> str:
        """proposed, in_force, over or ended."""
        if self.ended_at is not None:
            return "ended"
        if now >= self.valid_until:
            return "over"
        return "proposed" if self.approved_at is None else "in_force"

    def covers(self, rule: Rule, start: datetime | None, end: datetime | None) -> bool:
        """Whether it keeps watch over this rule through a whole period; one without an end is never covered."""
        if self.approved_at is None or self.ended_at is not None or rule.pair != {self.first, self.second}:
            return False
        return end is not None and end <= self.valid_until and (start is None or start >= self.valid_from)


def list_mitigations(conn: Connection[Any], principals: Sequence[str] | None = None) -> list[Mitigation]:
    """Mitigations of these people, or of all, newest first."""
    values = {"principals": None if principals is None else list(principals)}
    return [Mitigation(*row) for row in conn.execute(repo.MITIGATIONS, values)]


def ask_mitigation(
    conn: Connection[Any],
    ctx: Context,
    *,
    principal: str,
    first: str,
    second: str,
    control: str,
    valid_until: datetime,
) -> Mitigation:
    """Ask that somebody may hold both halves of a rule until a day, and name what keeps watch meanwhile."""
    require(ctx.principal, "admin")
    named = text("control", control, 500)
    if len(named) < 20:
        raise invalid("control", control, "is too short", "Say who looks at what, how often: 20 characters or more.")
    rule = matrix_in_force(conn).rule_of(first, second)
    if rule is None:
        raise invalid("second", f"{first} × {second}", "are not kept apart", "There is nothing to mitigate.")
    if valid_until.tzinfo is None or not ctx.now < valid_until <= ctx.now + LONGEST:
        raise invalid("valid_until", valid_until, "is not within the next year", "A mitigation ends by itself.")
    mitigation_id = new_id(ctx.now)
    terms = {"principal": principal, "first": rule.first, "second": rule.second, "control": named}
    dates = {"valid_from": ctx.now, "valid_until": valid_until}
    conn.execute(repo.ADD_MITIGATION, {"id": mitigation_id, **terms, **dates, "by": ctx.principal.id, "now": ctx.now})
    record(conn, ctx, "duties.mitigation_asked", "principal", principal, id=str(mitigation_id), **terms, **dates)
    return get_mitigation(conn, mitigation_id)


def approve_mitigation(conn: Connection[Any], ctx: Context, mitigation_id: UUID) -> Mitigation:
    """Agree to a mitigation: neither who asked nor who it is for."""
    _may_approve(ctx)
    found = get_mitigation(conn, mitigation_id, lock=True)
    if found.status(ctx.now) != "proposed":
        raise Conflict(
            phrase("this mitigation is %(replace)s already", replace=found.status(ctx.now).replace("_", " "))
        )
    if ctx.principal.id in (found.asked_by, found.principal):
        raise DutyConflict("neither who asked for a mitigation nor who it is for can approve it; someone else must")
    conn.execute(repo.APPROVE_MITIGATION, {"id": mitigation_id, "by": ctx.principal.id, "now": ctx.now})
    told = {"first": found.first, "second": found.second, "control": found.control, "asked_by": found.asked_by}
    record(conn, ctx, "duties.mitigation_approved", "principal", found.principal, id=str(mitigation_id), **told)
    return get_mitigation(conn, mitigation_id)


def end_mitigation(conn: Connection[Any], ctx: Context, mitigation_id: UUID) -> Mitigation:
    """End a mitigation, or turn it down. Roles that lean on it show as a conflict from then on."""
    _may_approve(ctx)
    found = get_mitigation(conn, mitigation_id, lock=True)
    if found.ended_at is None:
        conn.execute(repo.END_MITIGATION, {"id": mitigation_id, "by": ctx.principal.id, "now": ctx.now})
        record(conn, ctx, "duties.mitigation_ended", "principal", found.principal, id=str(mitigation_id))
    return get_mitigation(conn, mitigation_id)


def get_mitigation(conn: Connection[Any], mitigation_id: UUID, *, lock: bool = False) -> Mitigation:
    """One mitigation. Raises `NotFound`."""
    query = repo.LOCK_MITIGATION if lock else repo.LOCK_MITIGATION.removesuffix(" for update")
    row = conn.execute(query, {"id": mitigation_id}).fetchone()
    if row is None:
        raise NotFound("there is no such mitigation")
    return Mitigation(*row)


def _may_approve(ctx: Context) -> None:
    if ctx.principal.kind != "system" and APPROVES.isdisjoint(ctx.principal.permissions):
        raise Forbidden(
            phrase(
                "%(id)s may not decide about duties (permission %(names)s)",
                id=ctx.principal.id,
                names=" or ".join(sorted(APPROVES)),
            )
        )
