"""Stored versions: locked, picked, changed, and what the audit chain keeps of each change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection
from psycopg.errors import ExclusionViolation

from headgate.kernel.canonical import instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit
from headgate.policy import repo
from headgate.policy.core.lifecycle import PolicyVersion, Window, resumed

EDITORS = 11  # the column of `editors`


def locked(conn: Connection, policy: str) -> list[PolicyVersion]:
    """All versions of a policy, oldest first, locked until the transaction ends."""
    return [version_of(row) for row in conn.execute(repo.LOCK_VERSIONS, {"policy": policy})]


def take_turn(conn: Connection) -> None:
    """Wait until no other transaction of the tenant changes what decides when, or what reads decisions.

    Each such change is refused where it does not fit what is there, so it has to see what the one before it left: a
    version would otherwise end while another that reads it starts. Taken before anything of the change is locked, and
    kept until the transaction ends.
    """
    conn.execute(repo.TURN)


def locked_in_turn(conn: Connection, policy: str) -> list[PolicyVersion]:
    """`locked`, for a change of what decides when."""
    take_turn(conn)
    return locked(conn, policy)


def version_of(row: Sequence[Any]) -> PolicyVersion:
    """A row of the version queries."""
    values = [*row]
    values[EDITORS] = tuple(values[EDITORS])  # an array comes as a list
    return PolicyVersion(*values)


def pick(versions: Sequence[PolicyVersion], policy: str, version: int) -> PolicyVersion:
    """The version of that number. Raises `NotFound`."""
    found = next((v for v in versions if v.version == version), None)
    if found is None:
        raise unknown(policy, version)
    return found


def unknown(policy: str, version: int) -> NotFound:
    """What is said about a version that is not there."""
    return NotFound(phrase("there is no version %(version)s of policy %(policy)s", version=version, policy=policy))


def read(conn: Connection, policy: str, version: int) -> PolicyVersion:
    """One version as it is now. Raises `NotFound`."""
    row = conn.execute(repo.GET, {"policy": policy, "version": version}).fetchone()
    if row is None:
        raise unknown(policy, version)
    return version_of(row)


def set_status(conn: Connection, version: PolicyVersion, status: str, approver: str | None = None) -> PolicyVersion:
    """The version with another status, and with an approver where one is given."""
    wanted = {"policy": version.policy, "version": version.version, "status": status, "approver": approver}
    row = conn.execute(repo.SET_STATUS, wanted).fetchone()
    assert row is not None, "the row was locked"
    return version_of(row)


def set_windows(conn: Connection, policy: str, changed: Sequence[Window]) -> None:
    """Write windows, all in one statement, so that one may end where another starts. Raises `Conflict` where two
    versions would decide at the same time."""
    if not changed:
        return
    wanted = {
        "policy": policy,
        "version": [w.version for w in changed],
        "valid_from": [w.valid_from for w in changed],
        "valid_until": [w.valid_until for w in changed],
    }
    try:
        conn.execute(repo.SET_WINDOWS, wanted)
    except ExclusionViolation:
        told = ", ".join(f"version {w.version} from {_span(w)}" for w in changed)
        raise Conflict(
            phrase(
                "two versions of %(policy)s would decide at the same time (%(told)s); retire or "
                "withdraw one of them first",
                policy=policy,
                told=told,
            )
        ) from None


def origins_of(conn: Connection, versions: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Of those of these (policy, version) that were copied from a tenant above, where they come from; one query."""
    pairs = sorted(set(versions))
    if not pairs:
        return {}
    wanted = {"policy": [p for p, _ in pairs], "version": [v for _, v in pairs]}
    return {
        (p, v): f"inherited from {name}, version {there}" for p, v, name, there in conn.execute(repo.ORIGINS, wanted)
    }


def unschedule(conn: Connection, versions: Sequence[PolicyVersion], gone: PolicyVersion) -> list[PolicyVersion]:
    """Take a scheduled version's window away; what it would have ended goes on. The versions as they are then."""
    conn.execute(repo.CLEAR_WINDOW, {"policy": gone.policy, "version": gone.version})
    set_windows(conn, gone.policy, resumed(versions, gone))
    return locked(conn, gone.policy)


def _span(window: Window) -> str:
    until = "on" if window.valid_until is None else f"until {instant_text(window.valid_until)}"
    return f"{instant_text(window.valid_from)} {until}"


def audit(conn: Connection, ctx: Context, action: str, version: PolicyVersion, **details: Any) -> None:
    """Keep who did what to which text; details that are empty are left out."""
    append_audit(conn, ctx.now, [audit_entry(ctx.principal.id, action, version, **details)])


def audit_entry(actor: str, action: str, version: PolicyVersion, **details: Any) -> AuditDraft:
    """What the audit chain keeps of one change of a version."""
    body = {
        "policy": version.policy,
        "version": version.version,
        "title": version.title,
        "digest": version.digest,
        "status": version.status,
        "author": version.author,
        **details,
    }
    return AuditDraft(action, "policy", version.policy, actor, body)
