"""Users of provisioning: each is an account of the tenant's own people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.roles import require
from headgate.access.federation import get_rules, group_roles, sync_roles
from headgate.access.recording import record
from headgate.access.repo import people as access_repo
from headgate.access.scim import repo
from headgate.access.shutting import shut_out
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.kernel.ids import new_id

ORIGIN = "scim"
MOST_USERS = 50_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Person:
    """What of a user decides about the account: names, address, whether it may come in. `document` is all of it."""

    user_name: str
    name: str
    email: str
    active: bool
    external_id: str | None
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user as kept. `version` counts its changes."""

    id: UUID
    principal: str
    user_name: str
    external_id: str | None
    document: Mapping[str, Any]
    version: int
    created_at: datetime
    changed_at: datetime


def get_user(conn: Connection, user: UUID, *, lock: bool = False) -> UserRecord:
    """One user. Raises `NotFound`."""
    row = conn.execute(repo.LOCK_USER if lock else repo.GET_USER, {"id": user}).fetchone()
    if row is None:
        raise NotFound("there is no such user")
    return UserRecord(*row)


def list_users(conn: Connection, *, user_name: str | None = None, external_id: str | None = None) -> list[UserRecord]:
    """Users in the order in which they came; of one name or id of the provider's, or all."""
    lowered = None if user_name is None else user_name.lower()
    values = {"user_name": lowered, "external_id": external_id, "limit": MOST_USERS}
    return [UserRecord(*row) for row in conn.execute(repo.LIST_USERS, values)]


def groups_of(conn: Connection, users: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """The groups of each of these users, by name."""
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for user, group, name in conn.execute(repo.GROUPS_OF, {"users": list(users)}):
        found.setdefault(user, []).append((group, name))
    return found


def add_user(conn: Connection, ctx: Context, person: Person) -> UserRecord:
    """Create a user, and the account unless one of the tenant's own people with this address has one already.

    Raises `Conflict` when the user name is taken or the account is none that provisioning may have.
    """
    require(ctx.principal, "scim")
    if _taken(conn, person.user_name, None):
        raise Conflict(f"there is a user {person.user_name} already")
    made = new_id(ctx.now)
    by = _by(ctx)
    principal = _account(conn, by, person, made)
    values = {
        "id": made,
        "principal": principal,
        "user_name": person.user_name.lower(),
        "external_id": person.external_id,
        "document": canonical_text(dict(person.document)),
        "now": ctx.now,
    }
    if conn.execute(repo.ADD_USER, values).rowcount != 1:
        raise Conflict(f"there is a user {person.user_name} already")
    _set_active(conn, by, principal, person.active)
    record(conn, by, "scim.user_created", "principal", principal, user_name=person.user_name, active=person.active)
    return get_user(conn, made)


def change_user(conn: Connection, ctx: Context, before: UserRecord, person: Person, *, was_active: bool) -> UserRecord:
    """Make a user what the provider says now. Who is not active any more is out at once: sessions and keys end."""
    require(ctx.principal, "scim")
    if _taken(conn, person.user_name, before.id):
        raise Conflict(f"there is a user {person.user_name} already")
    by = _by(ctx)
    values = {"user_name": person.user_name.lower(), "external_id": person.external_id, "now": ctx.now}
    conn.execute(repo.SET_USER, {**values, "id": before.id, "document": canonical_text(dict(person.document))})
    conn.execute(repo.RENAME, {"principal": before.principal, "name": _shown(person)})
    if person.active != was_active:
        _set_active(conn, by, before.principal, person.active)
    told = {"user_name": person.user_name, "active": person.active}
    record(conn, by, "scim.user_changed", "principal", before.principal, **told)
    return get_user(conn, before.id)


def drop_user(conn: Connection, ctx: Context, user: UserRecord) -> None:
    """Forget a user. The account stays for the audit trail, suspended and without what its groups gave."""
    require(ctx.principal, "scim")
    by = _by(ctx)
    _not_break_glass(conn, user.principal)
    conn.execute(repo.DROP_MEMBERSHIPS, {"id": user.id})
    sync_roles(conn, by, user.principal, ORIGIN, ())
    conn.execute(repo.DROP_USER, {"id": user.id})
    _set_active(conn, by, user.principal, active=False)
    record(conn, by, "scim.user_deleted", "principal", user.principal, user_name=user.user_name)


def give_roles(conn: Connection, ctx: Context, users: Mapping[UUID, str]) -> None:
    """Make the roles of these users (id to principal) those of their groups now. Raises `DutyConflict`."""
    if not users or not group_roles(conn, ORIGIN):
        return
    by, now_in = _by(ctx), groups_of(conn, list(users))
    for user, principal in users.items():
        sync_roles(conn, by, principal, ORIGIN, [name for _, name in now_in.get(user, [])])


def _account(conn: Connection, by: Context, person: Person, made: UUID) -> str:
    """The account for a new user: somebody's of the tenant's own people, or a new one."""
    address = _address(person)
    principal = f"user:{address}" if address else f"user:{made}"
    row = conn.execute(repo.FIND_PRINCIPAL, {"principal": principal, "email": address}).fetchone()
    if row is None:
        values = {"principal": principal, "name": _shown(person), "email": address, "now": by.now}
        conn.execute(repo.ADD_PRINCIPAL, values)
        record(conn, by, "principal.created", "principal", principal, kind="person", name=_shown(person), partner=None)
        return principal
    found, kind, partner, _, provisioned = row
    if kind != "person" or partner is not None or provisioned:
        raise Conflict(f"the address {address} is in use already")
    _not_break_glass(conn, found)
    record(conn, by, "principal.adopted", "principal", found, user_name=person.user_name)
    return str(found)


def _address(person: Person) -> str | None:
    """The e-mail address of the account: the user name where it is one, else the primary address."""
    for text in (person.user_name, person.email):
        try:
            return checks.email(text)
        except Invalid:
            continue
    return None


def _shown(person: Person) -> str:
    shown = "".join(c for c in (person.name or person.user_name) if c.isprintable()).strip()
    return shown[:_LONGEST_NAME] or person.user_name[:_LONGEST_NAME]


def _set_active(conn: Connection, by: Context, principal: str, active: bool) -> None:
    if not active:
        _not_break_glass(conn, principal)
    status = "active" if active else "suspended"
    if conn.execute(access_repo.SET_STATUS, {"principal": principal, "status": status}).rowcount == 0:
        return
    if not active:
        shut_out(conn, by.tenant_id, principal)
    record(conn, by, f"principal.{status}", "principal", principal)


def _not_break_glass(conn: Connection, principal: str) -> None:
    if principal in get_rules(conn).break_glass:
        raise Conflict(f"{principal} is a break-glass account and not the identity provider's")


def _taken(conn: Connection, user_name: str, but: UUID | None) -> bool:
    row = conn.execute(repo.USER_NAME_TAKEN, {"user_name": user_name.lower(), "id": but}).fetchone()
    return row is not None and bool(row[0])


def _by(ctx: Context) -> Context:
    """Who provisions, acting within what a tenant's administrator set up: the table and the scope."""
    return replace(ctx, principal=replace(ctx.principal, kind="system"))
