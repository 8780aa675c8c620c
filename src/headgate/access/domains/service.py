"""A tenant's domains: claimed, listed, trusted by whoever runs the installation, given up; and its portal's host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection

from headgate.access.core.checks import text
from headgate.access.core.roles import require
from headgate.access.domains import repo
from headgate.access.domains.core.names import NO_RULES, HostRules, domain_of, plain_domain, plain_host, under
from headgate.access.domains.core.standing import (
    SOON,
    STANDING,
    Found,
    Spf,
    Standing,
    new_token,
    record_name,
    record_value,
)
from headgate.access.recording import record
from headgate.access.tenants import Tenant, get_tenant
from headgate.kernel.context import Context
from headgate.kernel.errors import Busy, Conflict, Forbidden, Invalid, NotFound, invalid, shorten
from headgate.kernel.phrases import phrase
from headgate.store import Database

MOST: Final = 50
ASK_AGAIN: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain that a tenant says is its own. `found`, `seen` and `spf` are what the last check came to."""

    name: str
    standing: Standing
    token: str
    reason: str
    found: Found
    seen: str
    spf: Spf
    claimed_by: str
    checked_at: datetime | None
    asked_at: datetime | None

    @property
    def stands(self) -> bool:
        """Whether its hosts are served and mails come from it."""
        return self.standing.status in STANDING

    @property
    def record_name(self) -> str:
        """Where its record has to stand."""
        return record_name(self.name)

    @property
    def record_value(self) -> str:
        """What its record has to say."""
        return record_value(self.token)


def list_domains(conn: Connection[Any]) -> list[Domain]:
    """The tenant's domains by name."""
    return [domain_from(row) for row in conn.execute(repo.LIST)]


def get_domain(conn: Connection[Any], name: str) -> Domain:
    """One of them. Raises `NotFound`."""
    row = conn.execute(repo.GET, {"domain": spelt(name)}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no domain %(name)s", name=shorten(name)))
    return domain_from(row)


def claim_domain(conn: Connection[Any], ctx: Context, name: str, rules: HostRules = NO_RULES) -> Domain:
    """Say that a domain is the tenant's; nothing comes of it before the record is there. Raises `Invalid` for what
    nobody can prove, `Conflict` for one that is in the list already."""
    require(ctx.principal, "admin")
    domain = plain_domain("domain", name, rules)
    _expect_room(conn)
    values = {
        "domain": domain,
        "token": new_token(),
        "by": ctx.principal.id,
        "now": ctx.now,
        "next_at": ctx.now + SOON,
    }
    if conn.execute(repo.ADD, values).rowcount == 0:
        raise Conflict(phrase("%(domain)s is in the list already", domain=domain))
    record(conn, ctx, "domain.claimed", "domain", domain)
    return get_domain(conn, domain)


def remove_domain(conn: Connection[Any], ctx: Context, name: str, rules: HostRules = NO_RULES) -> None:
    """Give a domain up. Raises `Conflict` while the portal's host needs it."""
    require(ctx.principal, "admin")
    conn.execute(repo.TURN)
    domain, tenant = get_domain(conn, name), get_tenant(conn)
    host = tenant.portal_host or ""
    needs = domain.stands and host and under(host, domain.name) and not rules.gives(host, tenant.slug)
    if needs and not covered(conn, host, besides=domain.name):
        raise Conflict(
            phrase("the portal is served at %(host)s, which needs this domain; change its host first", host=host)
        )
    conn.execute(repo.DROP, {"domain": domain.name})
    record(conn, ctx, "domain.removed", "domain", domain.name, status=domain.standing.status)


def trust_domain(conn: Connection[Any], ctx: Context, name: str, reason: str, rules: HostRules = NO_RULES) -> Domain:
    """Mark a domain as proven without a record: for whoever runs the installation, who answers for it by a reason.

    Raises `Forbidden` for anybody else, `Conflict` where another tenant has proved one with hosts in common.
    """
    if ctx.principal.kind != "system":
        raise Forbidden("only whoever runs the installation can trust a domain without its record")
    domain, why = plain_domain("domain", name, rules), text("reason", reason, 300)
    conn.execute(repo.TURN)
    if any(row[1] for row in conn.execute(repo.RIVALS, {"domain": domain})):
        raise Conflict(
            phrase(
                "another tenant has proved %(domain)s, or one with hosts in common; let it be removed there first",
                domain=domain,
            )
        )
    _expect_room(conn)
    values = {"domain": domain, "token": new_token(), "reason": why, "by": ctx.principal.id, "now": ctx.now}
    conn.execute(repo.TRUST, values)
    record(conn, ctx, "domain.trusted", "domain", domain, reason=why)
    return get_domain(conn, domain)


def set_portal_host(conn: Connection[Any], ctx: Context, host: str, rules: HostRules = NO_RULES) -> Tenant:
    """Say under which host name partners find the tenant's portal; '' for none of its own.

    Raises `Invalid` for what is no host name or is not proved to be the tenant's, `Conflict` when another tenant has
    it. Whoever changes more in the same transaction calls this first: it waits for its turn before it locks anything.
    """
    require(ctx.principal, "admin")
    wanted = plain_host("host", host) if host.strip() else ""
    if wanted:
        conn.execute(repo.TURN)
    before = get_tenant(conn)
    if wanted:
        _expect_own(conn, before, wanted, rules)
    try:
        with conn.transaction():
            conn.execute(repo.SET_PORTAL_HOST, {"host": wanted or None})
    except psycopg.errors.UniqueViolation:
        raise Conflict(phrase("the host %(wanted)s is another portal's; choose another one", wanted=wanted)) from None
    record(conn, ctx, "tenant.portal_host_set", "tenant", before.slug, before=before.portal_host, after=wanted or None)
    return get_tenant(conn)


def portal_hosts(database: Database, rules: HostRules = NO_RULES) -> dict[str, UUID]:
    """Which tenant's portal is found under which host: those alone that are proved to be their tenant's."""
    values = {"suffixes": list(rules.suffixes), "local": rules.local}
    with database.scan() as conn:
        found = dict(conn.execute(repo.PORTAL_HOSTS, values).fetchall())
    return {host: tenant for host, tenant in found.items() if host not in rules.reserved}


def covered(conn: Connection[Any], host: str, *, besides: str = "") -> bool:
    """Whether a proven domain of the tenant covers a host, another one than `besides`."""
    row = conn.execute(repo.COVERED, {"host": host, "besides": besides}).fetchone()
    return row is not None and bool(row[0])


def sender_address(conn: Connection[Any], settings: Mapping[str, Any]) -> str:
    """The address that mails of the tenant come from: that of its brand while its domain is proven; '' for that of the
    installation."""
    brand = settings.get("brand")
    address = brand.get("from_address") if isinstance(brand, Mapping) else None
    if not isinstance(address, str) or not address:
        return ""
    return address if covered(conn, domain_of(address)) else ""


def domain_from(row: Any) -> Domain:
    """A domain as it is stored."""
    name, status, proof, token, reason, found, seen, spf, by, claimed, proven, last, checked, asked, since, next_at = (
        row
    )
    standing = Standing(status, proof, claimed, proven, last, since, next_at)
    return Domain(name, standing, token, reason, found, seen, spf, by, checked, asked)


def spelt(name: str) -> str:
    """A domain as it would be stored; what is none is found nowhere."""
    try:
        return plain_host("domain", name)
    except Invalid:
        return ""


def expect_pause(domain: Domain, now: datetime) -> None:
    """Raises `Busy` where somebody has asked for a check just now."""
    if domain.asked_at is not None and now - domain.asked_at < ASK_AGAIN:
        left = int((domain.asked_at + ASK_AGAIN - now).total_seconds()) + 1
        told = phrase("it was checked a moment ago; check again in %(seconds)s s", seconds=left)
        raise Busy(told, retry_after=left)


def _expect_own(conn: Connection[Any], tenant: Tenant, host: str, rules: HostRules) -> None:
    if host in rules.reserved:
        raise invalid("host", host, "is where the console of this installation is", "Choose another host.")
    if rules.gives(host, tenant.slug):
        return
    suffix = rules.own(host)
    if suffix:
        fix = phrase("Use %(host)s, which is yours.", host=f"{tenant.slug}.{suffix}")
        raise invalid("host", host, "belongs to this installation", fix)
    if not covered(conn, host):
        fix = phrase("Prove first that it is yours: add it, or the domain above it, under Domains.")
        raise invalid("host", host, "is not below a domain that is proven to be yours", fix)


def _expect_room(conn: Connection[Any]) -> None:
    row = conn.execute(repo.COUNT).fetchone()
    if row is not None and row[0] >= MOST:
        raise Conflict(phrase("there are %(most)s domains already; remove one first", most=MOST))
