"""Whether a tenant is open: a suspended one takes nothing from anybody, and only its administrators still look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import Connection

from headgate.access.repo import tenants as repo
from headgate.kernel.context import Principal
from headgate.kernel.errors import Suspended
from headgate.kernel.phrases import phrase

if TYPE_CHECKING:
    from headgate.access.tenants import Tenant

ADVICE = "ask whoever runs this installation"
LEAVE = "tenant.export"  # what is left to whoever has it in a tenant that is shut


def expect_open(conn: Connection, principal: Principal, *, writes: bool, leaves: bool = False) -> None:
    """Raise `Suspended` where the transaction's tenant is shut for this act of this principal. `leaves`: it is about
    taking one's data away, which whoever may does also then. One query."""
    row = conn.execute(repo.TENANT_STANDING).fetchone()
    if row is not None and not (leaves and LEAVE in principal.permissions):
        _expect(row[0], row[1], row[2], principal, writes=writes)


def expect_standing(tenant: Tenant, principal: Principal, *, writes: bool, leaves: bool = False) -> None:
    """The same for a tenant that was read already."""
    if leaves and LEAVE in principal.permissions:
        return
    _expect(tenant.name, tenant.status, tenant.status_reason, principal, writes=writes)


def _expect(name: str, status: str, reason: str, principal: Principal, *, writes: bool) -> None:
    if status == "active" or principal.kind == "system":
        return
    looks_on = not writes and "admin" in principal.permissions
    if looks_on:
        return
    word = "is being deleted" if status == "deleting" else "is suspended"
    why = f" ({reason})" if reason else ""
    still = "nothing can be changed" if "admin" in principal.permissions else "nobody but its administrators gets in"
    raise Suspended(
        phrase(
            "%(name)s %(word)s%(why)s: %(still)s; %(advice)s", name=name, word=word, why=why, still=still, advice=ADVICE
        )
    )
