"""Webhook sources: who may send signed events, with which secrets, of which types."""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from psycopg import Connection

from headgate.access.allowance import expect_room
from headgate.access.core import checks
from headgate.access.core.roles import require
from headgate.access.core.webhooks import decode_secret, encode_secret, verify_webhook
from headgate.access.recording import record
from headgate.access.repo import keys as repo
from headgate.access.repo.tenants import SET_TENANT_LIMITS, TENANT_LIMITS
from headgate.access.seal import Sealer
from headgate.access.tenants import find_tenant
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, NotFound, Unauthenticated, invalid
from headgate.store import Database

MOST_SECRETS = 5
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*(\.\*)?")
_STRANGER = encode_secret(bytes(32))


@dataclass(frozen=True, slots=True)
class Source:
    """A sender of signed events. `types` limits what it may send (`order.*` covers a family); empty: anything.
    `rate` is in events per second, None is the installation's."""

    source: str
    name: str
    types: tuple[str, ...]
    status: Literal["active", "disabled"]
    created_at: datetime
    secrets: int
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class VerifiedSource:
    """A source that has proven itself with a signature over the request."""

    tenant_id: UUID
    source: str
    principal: Principal
    types: tuple[str, ...]
    message_id: str


def create_source(
    conn: Connection,
    ctx: Context,
    envelope: Sealer,
    *,
    source: str,
    name: str,
    types: Iterable[str] = (),
    secret: str | None = None,
) -> str:
    """Create a source; returns its secret `whsec_…`, shown this once. A sender that has one already may bring it.

    Raises `Invalid`, `Conflict` when there is a source of that name, `OverQuota` when there are as many as may be.
    """
    require(ctx.principal, "admin")
    code = checks.code("source", source)
    shown = checks.text("name", name, 200)
    allowed = _types(types)
    text = _secret(secret)
    values = {"source": code, "name": shown, "types": allowed, "now": ctx.now}
    expect_room(conn, ctx.now, "sources")
    sealed = [envelope.seal(text, sealed_for(ctx.tenant_id, code))]
    if conn.execute(repo.ADD_SOURCE, {**values, "secrets": sealed}).rowcount != 1:
        raise Conflict(f"there is a source {code} already")
    record(conn, ctx, "source.created", "source", code, name=shown, types=allowed)
    return text


def rotate_source_secret(
    conn: Connection, ctx: Context, envelope: Sealer, source: str, *, secret: str | None = None
) -> str:
    """Add a new secret and return it; the former ones stay valid until `retire_source_secrets`."""
    require(ctx.principal, "admin")
    sealed = _locked(conn, source)
    if len(sealed) >= MOST_SECRETS:
        raise Conflict(f"{source} has {MOST_SECRETS} secrets; retire the old ones first")
    text = _secret(secret)
    kept = [envelope.seal(text, sealed_for(ctx.tenant_id, source)), *sealed]
    conn.execute(repo.SET_SECRETS, {"source": source, "secrets": kept})
    record(conn, ctx, "source.secret_added", "source", source, secrets=len(kept))
    return text


def retire_source_secrets(conn: Connection, ctx: Context, source: str) -> int:
    """Drop every secret but the newest; returns how many were dropped."""
    require(ctx.principal, "admin")
    sealed = _locked(conn, source)
    if len(sealed) > 1:
        conn.execute(repo.SET_SECRETS, {"source": source, "secrets": sealed[:1]})
        record(conn, ctx, "source.secrets_retired", "source", source, secrets=len(sealed) - 1)
    return len(sealed) - 1


def set_source(
    conn: Connection,
    ctx: Context,
    source: str,
    *,
    status: Literal["active", "disabled"] | None = None,
    types: Iterable[str] | None = None,
) -> Source:
    """Enable, disable, or change which types a source may send. Raises `NotFound`."""
    require(ctx.principal, "admin")
    before = get_source(conn, source)
    if status == "active" and before.status != "active":
        expect_room(conn, ctx.now, "sources")
    after = {
        "status": status or before.status,
        "types": list(before.types) if types is None else _types(types),
        "rate": before.rate,
    }
    conn.execute(repo.SET_SOURCE, {"source": source, **after})
    record(conn, ctx, "source.changed", "source", source, **after)
    return get_source(conn, source)


def set_rate(conn: Connection, ctx: Context, rate: int | None, *, most: int, source: str = "") -> None:
    """Limit the tenant, or one of its sources, to so many events per second; None is the installation's own limit.

    `most` is the highest rate the installation gives; a source gets no more than its tenant has. Takes effect with the
    next event. Raises `Invalid`, or `NotFound` for an unknown source.
    """
    require(ctx.principal, "admin")
    row = conn.execute(TENANT_LIMITS).fetchone()
    limits = dict((row[0].get("limits") or {}) if row else {})
    quota = min(most, limits.get("events_per_second", most)) if source else most
    if rate is not None and not 1 <= rate <= quota:
        raise invalid("rate", rate, f"is not between 1 and {quota} events per second")
    if source:
        before = get_source(conn, source)
        values = {"source": source, "status": before.status, "types": list(before.types), "rate": rate}
        conn.execute(repo.SET_SOURCE, values)
        record(conn, ctx, "source.changed", "source", source, rate=rate)
        return
    limits = {name: value for name, value in limits.items() if name != "events_per_second"}
    limits |= {} if rate is None else {"events_per_second": rate}
    conn.execute(SET_TENANT_LIMITS, {"limits": canonical_text(limits)})
    record(conn, ctx, "tenant.changed", "tenant", str(ctx.tenant_id), limits=limits)


def get_source(conn: Connection, source: str) -> Source:
    """One source. Raises `NotFound`."""
    found = next((s for s in list_sources(conn) if s.source == source), None)
    if found is None:
        raise NotFound(f"there is no source {source}")
    return found


def list_sources(conn: Connection) -> list[Source]:
    """All sources by name; `secrets` is how many are valid, never what they are."""
    return [
        Source(source, name, tuple(types), status, created_at, len(sealed), rate)
        for source, name, types, status, created_at, sealed, rate in conn.execute(repo.LIST_SOURCES)
    ]


def check_webhook(
    conn: Connection,
    tenant_id: UUID,
    envelope: Sealer,
    source: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance: timedelta,
) -> VerifiedSource:
    """The source, when the request carries a fitting signature of it. Raises `Unauthenticated`.

    An unknown or disabled source is answered like a wrong signature.
    """
    # A name that no source can have need not be asked for, and the database would not take every text.
    row = conn.execute(repo.GET_SOURCE, {"source": source}).fetchone() if checks.is_code(source) else None
    known = row is not None and row[3] == "active"
    valid = [_STRANGER]
    if row is not None and known:
        valid = [envelope.open(text, sealed_for(tenant_id, source)) for text in row[5]]
    message_id = verify_webhook(body, headers, valid, now, tolerance)
    if row is None or not known:
        raise Unauthenticated("webhook-signature does not fit the body and a secret of this source")
    principal = Principal(f"source:{source}", "service", row[1], permissions=frozenset({"events.write"}))
    return VerifiedSource(tenant_id, source, principal, tuple(row[2]), message_id)


def authenticate_webhook(
    database: Database,
    envelope: Sealer,
    tenant: str,
    source: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance_seconds: int,
) -> VerifiedSource:
    """`check_webhook` for the tenant with slug `tenant`, in a transaction of its own. Raises `Unauthenticated`."""
    tolerance = timedelta(seconds=tolerance_seconds)
    try:
        tenant_id = find_tenant(database, tenant)
    except NotFound:
        verify_webhook(body, headers, [_STRANGER], now, tolerance)
        raise Unauthenticated("webhook-signature does not fit the body and a secret of this source") from None
    with database.transaction(tenant_id, read_only=True) as conn:
        return check_webhook(conn, tenant_id, envelope, source, headers, body, now=now, tolerance=tolerance)


def _locked(conn: Connection, source: str) -> list[str]:
    row = conn.execute(repo.LOCK_SOURCE, {"source": source}).fetchone()
    if row is None:
        raise NotFound(f"there is no source {source}")
    return list(row[5])


def _secret(given: str | None) -> str:
    if given is None:
        return encode_secret(random.token_bytes(32))
    decode_secret(given)
    return given


def _types(types: Iterable[str]) -> list[str]:
    wanted = sorted(set(types))
    for name in wanted:
        if not _TYPE.fullmatch(name) or len(name) > 200:
            raise invalid("types", name, "is not an event type", "Use names such as order.submitted or order.*.")
    return wanted


def sealed_for(tenant_id: UUID, source: str) -> str:
    """What a source's secrets are sealed for."""
    return f"webhook source {tenant_id} {source}"
