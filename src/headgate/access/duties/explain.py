"""Why somebody may do something: which grant, from whom, since when; or what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.access.core.duties import Clash, clashes
from headgate.access.core.roles import PERMISSIONS, ROLES
from headgate.access.duties import repo
from headgate.access.duties.custom import list_custom_roles, permissions_by_role
from headgate.access.duties.matrix import matrix_in_force
from headgate.access.duties.mitigations import Mitigation, list_mitigations
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import NotFound, invalid
from headgate.kernel.phrases import phrase

MOST_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class Held:
    """A grant of somebody's. `status`: in force, to come or over."""

    role: str
    valid_from: datetime | None
    valid_until: datetime | None
    granted_by: str
    granted_at: datetime

    def status(self, now: datetime) -> str:
        """in_force, upcoming or over."""
        if self.valid_until is not None and self.valid_until <= now:
            return "over"
        return "upcoming" if self.valid_from is not None and self.valid_from > now else "in_force"


@dataclass(frozen=True, slots=True)
class Holder:
    """An account with everything that was granted to it. `last_seen` is of the sessions still known."""

    principal: str
    kind: str
    name: str
    email: str | None
    partner: str | None
    status: str
    last_seen: datetime | None
    grants: tuple[Held, ...]

    def roles(self, now: datetime) -> list[str]:
        """The roles in force."""
        return [held.role for held in self.grants if held.status(now) == "in_force"]


@dataclass(frozen=True, slots=True)
class Right:
    """The answer: whether, in one sentence, and what it follows from."""

    principal: str
    permission: str
    allowed: bool
    sentence: str
    lines: tuple[str, ...]


def list_holders(
    conn: Connection[Any], *, text: str = "", role: str = "", staff: bool = False, after: str = "", limit: int = 50
) -> list[Holder]:
    """Accounts by id with their grants, in one query. With `staff` only the tenant's own people and systems."""
    values = {"text": text, "role": role, "staff": staff, "after": after, "limit": limit}
    return [_holder(row) for row in conn.execute(repo.ACCOUNTS_WITH_GRANTS, values)]


def get_holder(conn: Connection[Any], principal: str) -> Holder:
    """One account with its grants. Raises `NotFound`."""
    row = conn.execute(repo.ACCOUNT_WITH_GRANTS, {"principal": principal}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no %(principal)s", principal=principal))
    return _holder(row)


def conflicts_of(
    conn: Connection[Any], holders: list[Holder], now: datetime
) -> dict[str, list[tuple[Clash, Mitigation | None]]]:
    """Where roles in force or to come break the matrix, by account, with the mitigation in force for it. Three queries
    at most, whatever the number."""
    names = sorted({held.role for holder in holders for held in holder.grants})
    allowed, matrix = permissions_by_role(conn, names), matrix_in_force(conn)
    found: dict[str, list[Clash]] = {}
    for holder in holders:
        current = {h.role: allowed[h.role] for h in holder.grants if h.role in allowed and h.status(now) != "over"}
        if broken := clashes(current, matrix):
            found[holder.principal] = broken
    known = list_mitigations(conn, sorted(found)) if found else []
    return {
        principal: [
            (
                clash,
                next(
                    (
                        m
                        for m in known
                        if m.principal == principal
                        and m.status(now) == "in_force"
                        and clash.rule.pair == {m.first, m.second}
                    ),
                    None,
                ),
            )
            for clash in broken
        ]
        for principal, broken in found.items()
    }


def explain_right(conn: Connection[Any], principal: str, permission: str, now: datetime) -> Right:
    """Why an account may, or may not, do something at this moment. Raises `NotFound`, `Invalid`."""
    if permission not in PERMISSIONS:
        raise invalid(
            "permission",
            permission,
            "is not a permission",
            phrase("Use one of %(names)s.", names=", ".join(PERMISSIONS)),
        )
    holder = get_holder(conn, principal)
    own = {role.role: role for role in list_custom_roles(conn)}
    allowed = {**ROLES, **{name: role.permissions for name, role in own.items() if role.status != "retired"}}
    words = PERMISSIONS[permission]
    lines: list[str] = []
    yes = False
    for held in holder.grants:
        if permission not in allowed.get(held.role, frozenset()):
            continue
        status = held.status(now)
        yes = yes or status == "in_force"
        lines.append(f"{_role_words(held.role, own)} {_when(held, status)}, granted by {held.granted_by}")
    if holder.status != "active":
        said = f"{holder.name} may not {words}: the account is suspended."
        return Right(principal, permission, False, said, tuple(lines))
    if yes:
        return Right(principal, permission, True, f"{holder.name} may {words}.", tuple(lines))
    bringing = sorted(role for role, brought in allowed.items() if permission in brought)
    lines.append(f"Roles that allow it: {', '.join(bringing) or 'none'}")
    said = f"{holder.name} may not {words}: no role in force allows it."
    return Right(principal, permission, False, said, tuple(lines))


def _role_words(role: str, own: dict[str, Any]) -> str:
    if role in own:
        return f"Role {role} (your own, revision {own[role].revision})"
    return f"Role {role} (shipped)"


def _when(held: Held, status: str) -> str:
    end = f" until {held.valid_until:%Y-%m-%d %H:%M} UTC" if held.valid_until else ""
    start = held.valid_from or held.granted_at
    if status == "over":
        return f"is over, it held{end}"
    return f"starts {start:%Y-%m-%d}{end}" if status == "upcoming" else f"in force since {start:%Y-%m-%d}{end}"


def _holder(row: tuple[Any, ...]) -> Holder:
    principal, kind, name, email, partner, status, last_seen, grants = row
    held = tuple(_held(each) for each in grants)
    return Holder(principal, kind, name, email, partner, status, last_seen, held)


def _held(given: list[Any]) -> Held:
    role, start, end, by, at = given
    return Held(role, _instant(start), _instant(end), by, parse_instant("granted_at", at))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant("valid", text)
