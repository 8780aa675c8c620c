"""People and service accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from headgate.access.allowance import expect_room
from headgate.access.core import checks
from headgate.access.core.authority import Delegation, chains
from headgate.access.core.passwords import check_password
from headgate.access.core.roles import permissions_of, require
from headgate.access.hashing import hash_password
from headgate.access.recording import record
from headgate.access.repo import people as repo
from headgate.access.rules import security_of
from headgate.access.shutting import shut_out
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, Forbidden, NotFound
from headgate.kernel.phrases import phrase


@dataclass(frozen=True, slots=True)
class Account:
    """A principal as administered. `roles` are those in force at the time of the question."""

    principal: str
    kind: str
    name: str
    email: str | None
    partner: str | None
    status: Literal["active", "suspended"]
    locked_until: datetime | None
    created_at: datetime
    roles: tuple[str, ...]
    # Permissions that roles of the tenant's own bring, beside those of shipped roles.
    extra: tuple[str, ...] = ()

    def as_principal(self) -> Principal:
        """The principal with the permissions of its roles."""
        roles = frozenset(self.roles)
        return Principal(
            self.principal, self.kind, self.name, roles, permissions_of(roles) | frozenset(self.extra), self.partner
        )


@dataclass(frozen=True, slots=True)
class DelegatedRoles:
    """What a delegation gives now: the delegated roles that the delegator holds, up to an amount in tenant currency.
    `via` are those who passed the right on, the delegator's own delegate first."""

    delegator: str
    roles: frozenset[str]
    max_amount: Decimal | None
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Voter:
    """An active person with their own roles and the delegations to them, all in force at the time of the question."""

    principal: str
    roles: frozenset[str]
    delegations: tuple[DelegatedRoles, ...]


def create_person(
    conn: Connection, ctx: Context, *, email: str, name: str, password: str | None = None, partner: str | None = None
) -> Account:
    """Create a person; their id is `user:<e-mail in lower case>`. Without a password they cannot sign in yet.

    `partner` makes them a portal user limited to that partner's rows. Raises `Invalid`, or `Conflict` when there is
    one.
    """
    require(ctx.principal, "admin")
    address = checks.email(email)
    shown = checks.text("name", name, 200)
    hashed = (
        None
        if password is None
        else hash_password(check_password(password, about=(address, shown), shortest=security_of(conn).password_length))
    )
    return _create(conn, ctx, f"user:{address}", "person", shown, address, hashed, partner)


def create_service(conn: Connection, ctx: Context, *, code: str, name: str) -> Account:
    """Create a service account `service:<code>`; it acts through API keys."""
    require(ctx.principal, "admin")
    return _create(
        conn, ctx, f"service:{checks.code('code', code)}", "service", checks.text("name", name, 200), None, None, None
    )


def get_account(conn: Connection, principal: str, now: datetime) -> Account:
    """One account, with the roles in force now. Raises `NotFound`."""
    row = conn.execute(repo.GET_ACCOUNTS, {"principals": [principal], "now": now}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no %(principal)s", principal=principal))
    return as_account(row)


def list_accounts(
    conn: Connection, now: datetime, *, kind: str | None = None, after: str = "", limit: int = 50
) -> list[Account]:
    """Accounts by id, those above `after` (the cursor)."""
    rows = conn.execute(repo.LIST_ACCOUNTS, {"now": now, "kind": kind, "after": after, "limit": limit})
    return [as_account(row) for row in rows]


def accounts_in_roles(conn: Connection, roles: Sequence[str], now: datetime) -> list[Account]:
    """Active accounts that hold at least one of these roles now: whom a task of the role is for."""
    return [as_account(row) for row in conn.execute(repo.ACCOUNTS_IN_ROLES, {"roles": list(roles), "now": now})]


def principals_for(conn: Connection, roles: Sequence[str], now: datetime, limit: int = 500) -> list[str]:
    """People who hold one of these roles now, and those to whom somebody delegated one; at most `limit`."""
    rows = conn.execute(repo.PRINCIPALS_FOR, {"roles": list(roles), "now": now, "limit": limit})
    return [row[0] for row in rows]


def accounts_of(conn: Connection, principals: Sequence[str], now: datetime) -> dict[str, Account]:
    """Those of these accounts that exist, by id, in one query: whose names a page shows."""
    rows = conn.execute(repo.GET_ACCOUNTS, {"principals": list(principals), "now": now}) if principals else ()
    return {row[0]: as_account(row) for row in rows}


def find_people(conn: Connection, text: str, limit: int = 50) -> list[str]:
    """The ids of accounts in whose id or name a text stands."""
    return [row[0] for row in conn.execute(repo.FIND_PEOPLE, {"text": text, "limit": limit})] if text else []


def load_principal(conn: Connection, principal_id: str, now: datetime) -> Principal:
    """Who acts, with the roles and permissions in force now. Raises `NotFound`, or `Forbidden` when suspended."""
    account = get_account(conn, principal_id, now)
    if account.status != "active":
        raise Forbidden(phrase("%(principal_id)s is suspended", principal_id=principal_id))
    return account.as_principal()


def load_voters(conn: Connection, principals: Sequence[str], now: datetime) -> list[Voter]:
    """Those of these principals who are active people, with their roles and the delegations to them. Two queries."""
    accounts = [
        as_account(row) for row in conn.execute(repo.GET_ACCOUNTS, {"principals": list(principals), "now": now})
    ]
    people = [a for a in accounts if a.status == "active" and a.kind == "person"]
    links = [as_delegation(r) for r in conn.execute(repo.CHAINS_TO, {"principals": [*_ids(people)], "now": now})]
    given = {
        a.principal: [
            DelegatedRoles(c.delegator, c.roles, c.max_amount, c.via) for c in chains(links, a.principal, now)
        ]
        for a in people
    }
    return [Voter(a.principal, frozenset(a.roles), tuple(given[a.principal])) for a in people]


def _ids(accounts: Sequence[Account]) -> Iterator[str]:
    return (account.principal for account in accounts)


def delegations_to(conn: Connection, principals: Sequence[str], now: datetime) -> list[Delegation]:
    """The delegations in force now to any of these, for `may_decide`."""
    rows = conn.execute(repo.DELEGATIONS_TO, {"principals": list(principals), "now": now})
    return [as_delegation(row) for row in rows]


def as_delegation(row: tuple[Any, ...]) -> Delegation:
    """A row of the delegation queries."""
    id, delegator, delegate, roles, valid_from, valid_until, max_amount, reason, revoked_at, onward, active, held = row
    return Delegation(
        id,
        delegator,
        delegate,
        frozenset(roles),
        valid_from,
        valid_until,
        max_amount,
        reason,
        revoked_at,
        frozenset(held),
        onward,
        active,
    )


def suspend(conn: Connection, ctx: Context, principal: str) -> None:
    """Shut an account out: no sign-in, sessions ended, keys refused, no authority. Nobody suspends themselves."""
    require(ctx.principal, "admin")
    if principal == ctx.principal.id:
        raise Forbidden("nobody can suspend themselves; ask another administrator")
    _set_status(conn, ctx, principal, "suspended")


def reactivate(conn: Connection, ctx: Context, principal: str) -> None:
    """Let a suspended account in again."""
    require(ctx.principal, "admin")
    _set_status(conn, ctx, principal, "active")


def has_password(conn: Connection, principal: str) -> bool:
    """Whether somebody can sign in with a password."""
    row = conn.execute(repo.HAS_ONE, {"principal": principal}).fetchone()
    return bool(row and row[0])


def set_password(conn: Connection, ctx: Context, principal: str, password: str, *, here: UUID | None = None) -> None:
    """Set one's own password, or another's as an administrator; it ends every session of the account and any lock.

    The account's browsers are forgotten. `here` is the one in which somebody sets their own: it stays known.
    """
    own = principal == ctx.principal.id
    if not own:
        require(ctx.principal, "admin")
    account = get_account(conn, principal, ctx.now)
    if account.kind != "person":
        raise Conflict(phrase("%(principal)s is not a person and has no password", principal=principal))
    hashed = hash_password(
        check_password(password, about=(account.email or "", account.name), shortest=security_of(conn).password_length)
    )
    conn.execute(repo.SET_HASH, {"principal": principal, "password_hash": hashed})
    shut_out(conn, ctx.tenant_id, principal, here=here if own else None)
    record(conn, ctx, "password.changed", "principal", principal)


def _create(
    conn: Connection,
    ctx: Context,
    principal: str,
    kind: str,
    name: str,
    email: str | None,
    password_hash: str | None,
    partner: str | None,
) -> Account:
    if kind == "person" and partner is None:
        expect_room(conn, ctx.now, "people")
    values = {
        "principal": principal,
        "kind": kind,
        "name": name,
        "email": email,
        "password_hash": password_hash,
        "partner": partner if partner is None else checks.text("partner", partner, 64),
        "now": ctx.now,
    }
    if conn.execute(repo.ADD_PRINCIPAL, values).rowcount != 1:
        raise Conflict(phrase("%(principal)s exists already", principal=principal))
    record(conn, ctx, "principal.created", "principal", principal, kind=kind, name=name, partner=partner)
    return get_account(conn, principal, ctx.now)


def _set_status(conn: Connection, ctx: Context, principal: str, status: str) -> None:
    found = get_account(conn, principal, ctx.now)
    if status == "active" and found.status != "active" and (found.kind, found.partner) == ("person", None):
        expect_room(conn, ctx.now, "people")
    if conn.execute(repo.SET_STATUS, {"principal": principal, "status": status}).rowcount == 0:
        return
    if status == "suspended":
        shut_out(conn, ctx.tenant_id, principal)
    record(conn, ctx, f"principal.{status}", "principal", principal)


def as_account(row: tuple[Any, ...]) -> Account:
    """A row of the account queries."""
    principal, kind, name, email, partner, status, locked_until, created_at, roles, extra = row
    held, more = tuple(roles), tuple(extra)
    return Account(principal, kind, name, email, partner, status, locked_until, created_at, held, more)
