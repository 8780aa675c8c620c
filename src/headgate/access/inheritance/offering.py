"""A provider offers what was approved at home to the tenants below its own. It reads and writes nothing of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from headgate.access.core.roles import OPERATING_KINDS, require
from headgate.access.inheritance import repo
from headgate.access.recording import record
from headgate.access.tenants import get_tenant
from headgate.kernel.canonical import instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase

KINDS: Final = ("policy", "role", "pack")
OPERATE: Final = "tenants.operate"
LARGEST: Final = 1_000_000  # characters of a text


@dataclass(frozen=True, slots=True)
class NewOffer:
    """What is to be offered: `body` is the text that those below copy, `digest` its SHA-256. With `locked` they cannot
    put anything of their own in its place. `effective_at` None: at once."""

    kind: str
    name: str
    version: int
    title: str
    digest: bytes
    body: str
    author: str
    approver: str
    locked: bool = False
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """A publication. It is open until it is withdrawn or a newer one of the same thing takes its place."""

    id: UUID
    kind: str
    name: str
    version: int
    title: str
    digest: str
    locked: bool
    effective_at: datetime
    author: str
    approver: str
    published_by: str
    published_at: datetime
    ended_by: str | None
    ended_at: datetime | None


def list_offers(conn: Connection[Any]) -> list[Offered]:
    """What the transaction's tenant offers, open ones first."""
    return [Offered(*row) for row in conn.execute(repo.OFFERS)]


def expect_offering(conn: Connection[Any], ctx: Context) -> None:
    """Raise `Forbidden` for who does not operate tenants, `Conflict` for a tenant that has none below it."""
    require(ctx.principal, OPERATE)
    found = get_tenant(conn)
    if found.kind not in OPERATING_KINDS:
        raise Conflict(
            phrase("%(slug)s is a client and has no tenants below it that could inherit anything", slug=found.slug)
        )


def put_offer(conn: Connection[Any], ctx: Context, wanted: NewOffer) -> Offered:
    """Offer something; an offer of the same thing that was open ends. The caller has seen that it was approved.

    Raises `Forbidden`, `Conflict` for a tenant without tenants below it, `Invalid` for a date in the past.
    """
    expect_offering(conn, ctx)
    start = wanted.effective_at or ctx.now
    if start.tzinfo is None or start < ctx.now:
        raise invalid(
            "effective_at",
            start,
            "lies in the past",
            phrase("Use %(instant_text)s or later.", instant_text=instant_text(ctx.now)),
        )
    if len(wanted.body) > LARGEST:
        raise invalid(wanted.kind, wanted.name, phrase("is longer than %(largest)s characters", largest=f"{LARGEST:,}"))
    conn.execute(repo.LOCK_TENANT)
    id = new_id(ctx.now)
    values = {
        "id": id,
        "kind": wanted.kind,
        "name": wanted.name,
        "version": wanted.version,
        "title": wanted.title,
        "digest": wanted.digest,
        "body": wanted.body,
        "locked": wanted.locked,
        "effective_at": start,
        "author": wanted.author,
        "approver": wanted.approver,
        "by": ctx.principal.id,
        "now": ctx.now,
    }
    conn.execute(repo.END_OFFER, {key: values[key] for key in ("kind", "name", "by", "now")})
    conn.execute(repo.ADD_OFFER, values)
    record(
        conn,
        ctx,
        "offer.published",
        wanted.kind,
        wanted.name,
        offer=str(id),
        version=wanted.version,
        digest=wanted.digest.hex(),
        locked=wanted.locked,
        effective_at=start,
    )
    return _locked(conn, id)


def withdraw_offer(conn: Connection[Any], ctx: Context, id: UUID) -> Offered:
    """Offer something no more. Who has taken it keeps it as their own, without a lock; what has not started yet at
    theirs does not start. Raises `NotFound`, `Conflict` when it has ended."""
    require(ctx.principal, OPERATE)
    found = _locked(conn, id)
    if found.ended_at is not None:
        raise Conflict(
            phrase(
                "the offer of %(name)s version %(version)s has ended already", name=found.name, version=found.version
            )
        )
    conn.execute(repo.END_OFFER, {"kind": found.kind, "name": found.name, "by": ctx.principal.id, "now": ctx.now})
    record(conn, ctx, "offer.withdrawn", found.kind, found.name, offer=str(id), version=found.version)
    return _locked(conn, id)


def _locked(conn: Connection[Any], id: UUID) -> Offered:
    row = conn.execute(repo.LOCK_OFFER, {"id": id}).fetchone()
    if row is None:
        raise NotFound("there is no such offer")
    return Offered(*row)
