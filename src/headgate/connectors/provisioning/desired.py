"""Who should have an account in an outside system, read from the people and roles of the tenant."""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

from headgate.access import Account, accounts_in_roles, accounts_of, list_accounts
from headgate.access.scim import list_groups, members_known
from headgate.connectors.provisioning.core.model import Desired, Person, Team
from headgate.connectors.provisioning.model import ProvisioningTarget, Scope
from headgate.kernel.canonical import digest
from headgate.kernel.context import Context
from headgate.kernel.errors import Refused
from headgate.kernel.phrases import phrase

MOST_PEOPLE: Final = 5_000
_USER: Final = "user:"


def desired_of(conn: Connection[Any], ctx: Context, target: ProvisioningTarget) -> Desired:
    """People and groups as they should be there now. Raises `Refused` for more people than a run takes."""
    accounts = sorted(_in_scope(conn, ctx, target.scope), key=lambda account: account.principal)
    if len(accounts) > MOST_PEOPLE:
        raise Refused(
            phrase("more than %(most)s people are in scope; narrow it by roles or groups", most=f"{MOST_PEOPLE:,}")
        )
    people = tuple(_person(account) for account in accounts)
    teams = tuple(
        Team(role, name, frozenset(a.principal for a in accounts if role in a.roles))
        for role, name in sorted(target.groups.items())
    )
    return Desired(people, teams)


def fingerprint_of(target: ProvisioningTarget, desired: Desired) -> str:
    """What stands for the desired state: another one means that something changed."""
    people = [[p.local, p.user_name, p.name, p.email, p.kind] for p in desired.people]
    teams = [[t.local, t.name, sorted(t.members)] for t in desired.teams]
    return digest([target.version, people, teams]).hex()


def _in_scope(conn: Connection[Any], ctx: Context, scope: Scope) -> list[Account]:
    if scope.people == "groups":
        wanted = {name.casefold() for name in scope.groups}
        found = [group for group in list_groups(conn) if group.display_name.casefold() in wanted]
        users = {user for group in found for user, _ in group.members}
        principals = sorted(set(members_known(conn, list(users)).values()))
        accounts = list(accounts_of(conn, principals, ctx.now).values())
    elif scope.people == "staff" and scope.roles:
        accounts = accounts_in_roles(conn, scope.roles, ctx.now)
    else:
        accounts = list_accounts(conn, ctx.now, kind="person", limit=MOST_PEOPLE * 4)
    return [account for account in accounts if _belongs(account, scope)]


def _belongs(account: Account, scope: Scope) -> bool:
    if account.kind != "person" or account.status != "active":
        return False
    if scope.people == "partners":
        ours = account.partner == scope.partner if scope.partner else account.partner is not None
        return ours and (not scope.roles or not set(scope.roles).isdisjoint(account.roles))
    return account.partner is None


def _person(account: Account) -> Person:
    email = account.email or ""
    name = email or account.principal.removeprefix(_USER)
    return Person(account.principal, name, account.name, email, "partner" if account.partner else "employee")


__all__ = ["MOST_PEOPLE", "desired_of", "fingerprint_of"]
