"""Whether people sign in with passwords, and who may where that is switched off (break glass)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.federation import repo
from headgate.access.principals import accounts_of
from headgate.access.recording import record
from headgate.access.rules import security_of
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, invalid
from headgate.kernel.phrases import phrase

MOST_BREAK_GLASS = 5


@dataclass(frozen=True, slots=True)
class SignInRules:
    """`passwords`: everybody of the tenant's own people may use one; otherwise only those in `break_glass`."""

    passwords: bool = True
    break_glass: tuple[str, ...] = ()


def get_rules(conn: Connection) -> SignInRules:
    """The tenant's rules; passwords are allowed until somebody switches them off."""
    row = conn.execute(repo.GET_RULES).fetchone()
    return SignInRules() if row is None else SignInRules(row[0], tuple(row[1]))


def may_use_password(conn: Connection, principal: str) -> bool:
    """Whether this person of the tenant's own may sign in with a password."""
    rules = get_rules(conn)
    return rules.passwords or principal in rules.break_glass


def use_password(conn: Connection, ctx: Context, principal: str) -> bool:
    """`may_use_password`, for somebody who just did: the use of a break-glass account is put into the audit trail."""
    rules = get_rules(conn)
    if rules.passwords:
        return True
    if principal not in rules.break_glass:
        return False
    record(conn, ctx, "sign_in.break_glass_used", "principal", principal)
    return True


def set_rules(conn: Connection, ctx: Context, *, passwords: bool, break_glass: Sequence[str]) -> SignInRules:
    """Switch passwords on or off.

    Off needs a tested, active identity provider and somebody who gets in when it is down: an active administrator with
    a password. Raises `Invalid`, `Conflict`.
    """
    require(ctx.principal, "admin")
    wanted = tuple(dict.fromkeys(break_glass))
    if len(wanted) > MOST_BREAK_GLASS:
        raise invalid(
            "break_glass",
            len(wanted),
            phrase("are more than %(most_break_glass)s people", most_break_glass=MOST_BREAK_GLASS),
            "Name one or two.",
        )
    known = accounts_of(conn, wanted, ctx.now)
    for principal in wanted:
        account = known.get(principal)
        if account is None or account.kind != "person" or account.partner is not None:
            raise invalid("break_glass", principal, "is nobody of the tenant's own people")
    if not passwords:
        _can_do_without(conn, wanted, [p for p in wanted if "admin" in known[p].as_principal().permissions])
    before = get_rules(conn)
    conn.execute(repo.SET_RULES, {"passwords": passwords, "break_glass": list(wanted)})
    told = {"passwords": passwords, "break_glass": list(wanted)}
    before_told = {"passwords": before.passwords, "break_glass": list(before.break_glass)}
    record(conn, ctx, "sign_in.rules_set", "tenant", "sign_in", before=before_told, after=told)
    return SignInRules(passwords, wanted)


def _can_do_without(conn: Connection, named: Sequence[str], admins: Sequence[str]) -> None:
    if not security_of(conn).sign_on:
        raise Conflict("passwords can be switched off once sign-on by an identity provider is allowed; see Security")
    rows = conn.execute(repo.LIST_PROVIDERS).fetchall()
    if not any(row[8] == "active" and row[9] is not None for row in rows):
        raise Conflict("passwords can be switched off once an identity provider is active and its test succeeded")
    if not named:
        raise invalid("break_glass", "", "is empty", "Name an administrator who gets in when the provider is down.")
    if not conn.execute(repo.WITH_ONE, {"principals": list(admins)}).fetchone():
        raise Conflict("one of the break-glass accounts must be an administrator with a password")
