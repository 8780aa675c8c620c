"""The life of a tenant, run by whoever runs the installation: suspend, resume, place, limit, delete.

Each act is a transaction of the tenant it is about, so its audit chain tells it; who acts comes from outside and is
named with where they come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access.allowance import QUOTAS
from headgate.access.core.checks import text
from headgate.access.core.roles import require
from headgate.access.recording import record
from headgate.access.tenancy import repo
from headgate.access.tenants import Tenant, get_tenant
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.store import Database

OPERATE = "tenants.operate"
_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class TenantLine:
    """A tenant as the installation's operator sees it."""

    id: UUID
    slug: str
    name: str
    kind: str
    status: str
    status_reason: str
    status_at: datetime | None
    parent: UUID | None
    residency: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a tenant that was deleted: `entries` and `head` are where its audit chain ended, `rows` how many
    were deleted by table, `parent` whose client it was."""

    id: UUID
    slug: str
    deleted_at: datetime
    asked_by: str
    confirmed_by: str
    reason: str
    parent: UUID | None
    entries: int
    head: bytes | None
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deletion that was asked for. It can be carried out from `not_before` on, once somebody else confirmed it."""

    id: UUID
    reason: str
    asked_by: str
    asked_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    not_before: datetime | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None


def list_tenants(database: Database) -> list[TenantLine]:
    """Every tenant of the installation, by short name. The caller has checked that they may know."""
    with database.scan() as conn:
        return [TenantLine(*row) for row in conn.execute(repo.TENANTS)]


def list_tombstones(database: Database) -> list[Tombstone]:
    """Tenants that were deleted, newest first."""
    with database.scan() as conn:
        return [Tombstone(*row) for row in conn.execute(repo.TOMBSTONES)]


def suspend_tenant(conn: Connection[Any], ctx: Context, reason: str) -> Tenant:
    """Shut a tenant: nobody signs in but its administrators, who look and change nothing; events are refused, those
    that wait are kept. Raises `Conflict` when it is shut already."""
    require(ctx.principal, OPERATE)
    why = text("reason", reason, 300)
    _expect_status(conn, "active")
    return _set_status(conn, ctx, "suspended", why, "tenant.suspended")


def resume_tenant(conn: Connection[Any], ctx: Context) -> Tenant:
    """Open a suspended tenant again; what waited is applied. One whose deletion is under way is withdrawn first."""
    require(ctx.principal, OPERATE)
    _expect_status(conn, "suspended")
    return _set_status(conn, ctx, "active", "", "tenant.resumed")


def set_residency(conn: Connection[Any], ctx: Context, label: str, *, here: str = "") -> Tenant:
    """Say where the tenant's data may be; '' is anywhere. `here` is the label of this installation's storage.

    Raises `Invalid` for a label that this storage does not have: data does not move by a word.
    """
    require(ctx.principal, OPERATE)
    wanted = check_residency(label, here)
    before = get_tenant(conn)
    conn.execute(repo.SET_PLACE, {"residency": wanted})
    record(conn, ctx, "tenant.placed", "tenant", before.slug, before=before.residency, after=wanted)
    return get_tenant(conn)


def check_residency(label: str, here: str) -> str:
    """A label that data stored here may have. Raises `Invalid`."""
    wanted = label.strip()
    if wanted and not _LABEL.fullmatch(wanted):
        raise invalid("residency", label, "is not a label", "Use lower-case letters, digits and hyphens, such as eu.")
    if here and wanted and wanted != here:
        raise invalid(
            "residency",
            label,
            phrase("is not where this installation stores, which is %(here)s", here=here),
            _ELSEWHERE,
        )
    return wanted


_ELSEWHERE = phrase("Create the tenant in the installation of that place.")


def set_quotas(conn: Connection[Any], ctx: Context, quotas: Mapping[str, int | None]) -> Tenant:
    """Limit what a tenant may use; None lifts a limit, what is not named stays. What is used already is kept."""
    require(ctx.principal, OPERATE)
    before = get_tenant(conn)
    after: dict[str, int] = dict(before.quotas)
    for name, most in quotas.items():
        if name not in QUOTAS:
            raise invalid("quota", name, "is not a quota", phrase("Use one of %(names)s.", names=", ".join(QUOTAS)))
        if most is None:
            after.pop(name, None)
        elif not 0 <= most <= _MOST:
            raise invalid(name, most, "is not a limit", "Use a whole number of zero or more.")
        else:
            after[name] = most
    conn.execute(repo.SET_QUOTAS, {"quotas": canonical_text(after)})
    record(conn, ctx, "tenant.quotas_set", "tenant", before.slug, before=before.quotas, after=after)
    return get_tenant(conn)


def pending_deletion(conn: Connection[Any]) -> Deletion | None:
    """The deletion of the transaction's tenant that was asked for and not withdrawn."""
    row = conn.execute(repo.DELETION).fetchone()
    return None if row is None else Deletion(*row)


def ask_deletion(conn: Connection[Any], ctx: Context, reason: str) -> Deletion:
    """Ask for a tenant's deletion; nothing happens before somebody else confirms it."""
    require(ctx.principal, OPERATE)
    why = text("reason", reason, 300)
    tenant = _lock(conn)
    if pending_deletion(conn) is not None:
        raise Conflict(phrase("the deletion of %(slug)s was asked for already", slug=tenant.slug))
    values = {"id": new_id(ctx.now), "reason": why, "by": ctx.principal.id, "now": ctx.now}
    conn.execute(repo.ADD_DELETION, values)
    record(conn, ctx, "tenant.deletion_asked", "tenant", tenant.slug, reason=why)
    return _deletion(conn)


def confirm_deletion(conn: Connection[Any], ctx: Context, *, wait: timedelta) -> Deletion:
    """Confirm it, by another than who asked. The tenant is shut at once; after `wait` it can be carried out."""
    require(ctx.principal, OPERATE)
    tenant = _lock(conn)
    found = _deletion(conn)
    if found.confirmed_at is not None:
        raise Conflict(phrase("the deletion of %(slug)s is confirmed already", slug=tenant.slug))
    if found.asked_by == ctx.principal.id:
        raise DutyConflict("whoever asked for a deletion cannot confirm it; someone else must")
    not_before = ctx.now + wait
    values = {"id": found.id, "by": ctx.principal.id, "now": ctx.now, "not_before": not_before}
    conn.execute(repo.CONFIRM_DELETION, values)
    _set_status(conn, ctx, "deleting", found.reason, "tenant.deletion_confirmed", not_before=not_before)
    return _deletion(conn)


def withdraw_deletion(conn: Connection[Any], ctx: Context) -> Tenant:
    """Take a deletion back. A tenant that was shut for it stays suspended until it is resumed."""
    require(ctx.principal, OPERATE)
    tenant = _lock(conn)
    found = _deletion(conn)
    conn.execute(repo.WITHDRAW_DELETION, {"id": found.id, "by": ctx.principal.id, "now": ctx.now})
    if tenant.status == "deleting":
        return _set_status(conn, ctx, "suspended", "its deletion was withdrawn", "tenant.deletion_withdrawn")
    record(conn, ctx, "tenant.deletion_withdrawn", "tenant", tenant.slug)
    return get_tenant(conn)


def _deletion(conn: Connection[Any]) -> Deletion:
    found = pending_deletion(conn)
    if found is None:
        raise NotFound("no deletion of this tenant was asked for")
    return found


def _lock(conn: Connection[Any]) -> Tenant:
    conn.execute(repo.LOCK)
    return get_tenant(conn)


def _expect_status(conn: Connection[Any], wanted: str) -> None:
    tenant = _lock(conn)
    if tenant.status != wanted:
        raise Conflict(
            phrase("%(slug)s is %(status)s, not %(wanted)s", slug=tenant.slug, status=tenant.status, wanted=wanted)
        )


def _set_status(conn: Connection[Any], ctx: Context, status: str, reason: str, action: str, **more: object) -> Tenant:
    conn.execute(repo.SET_STATUS, {"status": status, "reason": reason, "now": ctx.now})
    tenant = get_tenant(conn)
    record(conn, ctx, action, "tenant", tenant.slug, reason=reason, **more)
    return tenant
