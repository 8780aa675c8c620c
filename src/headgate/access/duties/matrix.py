"""The matrix of duties in force, and new versions of it: one proposes, somebody else approves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.access.core.checks import text
from headgate.access.core.duties import SHIPPED, Matrix, Rule, matrix_change, parse_rules
from headgate.access.core.roles import require
from headgate.access.duties import repo
from headgate.access.recording import record
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, NotFound
from headgate.kernel.phrases import phrase

# Who may let a version of the matrix pass: administrators, and those who approve policies.
APPROVES = frozenset({"admin", "policies.approve"})


@dataclass(frozen=True, slots=True)
class MatrixVersion:
    """A version as proposed and decided."""

    version: int
    rules: tuple[Rule, ...]
    note: str
    status: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None


def matrix_in_force(conn: Connection[Any]) -> Matrix:
    """The version that counts now: the tenant's own, else the shipped one."""
    row = conn.execute(repo.MATRIX_IN_FORCE).fetchone()
    return SHIPPED if row is None else Matrix(row[0], tuple(Rule(**rule) for rule in row[1]))


def list_matrices(conn: Connection[Any]) -> list[MatrixVersion]:
    """The tenant's own versions, newest first."""
    return [
        MatrixVersion(row[0], tuple(Rule(**rule) for rule in row[1]), *row[2:]) for row in conn.execute(repo.MATRICES)
    ]


def propose_matrix(conn: Connection[Any], ctx: Context, rules: Iterable[Mapping[str, Any]], note: str) -> MatrixVersion:
    """Propose a new version; nothing changes before somebody else approves it.

    Raises `Invalid` for rules that are none, `Conflict` when nothing would change or another proposal waits.
    """
    require(ctx.principal, "admin")
    why, wanted = text("note", note, 500), parse_rules(rules)
    conn.execute(repo.LOCK_MATRICES)
    before = matrix_in_force(conn)
    known = list_matrices(conn)
    if any(each.status == "proposed" for each in known):
        raise Conflict("a version of the matrix waits for approval already; decide that one first")
    change = matrix_change(before.rules, wanted)
    if not (change.added or change.removed or change.reworded):
        raise Conflict(
            phrase(
                "this is version %(version)s, which is in force; there is nothing to propose", version=before.version
            )
        )
    version = max((each.version for each in known), default=0) + 1
    stored = [rule.as_dict() for rule in wanted]
    values = {"version": version, "rules": canonical_text(stored), "note": why, "by": ctx.principal.id, "now": ctx.now}
    conn.execute(repo.ADD_MATRIX, values)
    told = {"added": change.added, "removed": change.removed, "reworded": change.reworded}
    shown = {name: [rule.as_dict() for rule in rules_] for name, rules_ in told.items()}
    record(conn, ctx, "duties.proposed", "duty_matrix", str(version), based_on=before.version, note=why, **shown)
    return _version(conn, version)


def decide_matrix(conn: Connection[Any], ctx: Context, version: int, *, approve: bool, reason: str = "") -> None:
    """Approve a proposed version, which then counts at once, or turn it down. Never by who proposed it."""
    if ctx.principal.kind != "system" and APPROVES.isdisjoint(ctx.principal.permissions):
        raise Forbidden(
            phrase(
                "%(id)s may not decide about duties (permission %(names)s)",
                id=ctx.principal.id,
                names=" or ".join(sorted(APPROVES)),
            )
        )
    conn.execute(repo.LOCK_MATRICES)
    found = _version(conn, version)
    if found.status != "proposed":
        raise Conflict(
            phrase("version %(version)s of the matrix is %(status)s already", version=version, status=found.status)
        )
    if found.proposed_by == ctx.principal.id:
        raise DutyConflict("whoever proposed a version of the matrix cannot approve it; someone else must")
    if approve:
        conn.execute(repo.SUPERSEDE_MATRIX)
    status = "active" if approve else "rejected"
    conn.execute(repo.DECIDE_MATRIX, {"version": version, "status": status, "by": ctx.principal.id, "now": ctx.now})
    action = "duties.approved" if approve else "duties.rejected"
    record(conn, ctx, action, "duty_matrix", str(version), proposed_by=found.proposed_by, reason=reason.strip()[:500])


def _version(conn: Connection[Any], version: int) -> MatrixVersion:
    found = next((each for each in list_matrices(conn) if each.version == version), None)
    if found is None:
        raise NotFound(phrase("there is no version %(version)s of the matrix of duties", version=version))
    return found
