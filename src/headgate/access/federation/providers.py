"""Identity providers of a tenant: register, list, switch on and off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.roles import require
from headgate.access.federation import repo
from headgate.access.recording import record
from headgate.access.seal import Sealer
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.phrases import phrase

_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC 6749 3.3
MOST_DOMAINS = 20
MOST_SCOPES = 20


@dataclass(frozen=True, slots=True)
class ProviderDraft:
    """An identity provider as entered. `scopes` are asked for beside `openid`; `domains` are those whose people may be
    let in without an account, when `just_in_time`."""

    code: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: tuple[str, ...] = ("profile", "email")
    groups_claim: str = "groups"
    domains: tuple[str, ...] = ()
    just_in_time: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider of the tenant. `issuer` is pinned: nothing another issuer says counts."""

    code: str
    name: str
    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    groups_claim: str
    domains: tuple[str, ...]
    just_in_time: bool
    status: Literal["active", "disabled"]
    tested_at: datetime | None
    created_at: datetime
    sealed_secret: str | None

    @property
    def origin(self) -> str:
        """Under which name its groups are mapped to roles."""
        return f"oidc:{self.code}"


def create_provider(conn: Connection, ctx: Context, envelope: Sealer, draft: ProviderDraft) -> Provider:
    """Register an identity provider, switched off until somebody has tested it. Its secret is sealed.

    The caller has checked that the issuer's address may be reached. Raises `Invalid`, `Conflict`.
    """
    require(ctx.principal, "admin")
    code = checks.code("code", draft.code)
    if draft.just_in_time and not draft.domains:
        raise invalid("domains", "", "is empty", "Accounts are made for people of named e-mail domains only.")
    values = {
        "provider": code,
        "name": checks.text("name", draft.name, 100),
        "issuer": _issuer(draft.issuer),
        "client_id": checks.text("client_id", draft.client_id, 255),
        "scopes": _scopes(draft.scopes),
        "groups_claim": checks.text("groups_claim", draft.groups_claim, 200) if draft.groups_claim else "",
        "domains": _domains(draft.domains),
        "just_in_time": draft.just_in_time,
        "now": ctx.now,
    }
    if len(draft.client_secret) > 1000 or not draft.client_secret.isprintable():
        raise invalid("client_secret", "", "is no secret of an identity provider")
    secret = draft.client_secret.strip()
    sealed = envelope.seal(secret, _context(ctx.tenant_id, code)) if secret else None
    if conn.execute(repo.ADD_PROVIDER, {**values, "client_secret": sealed}).rowcount != 1:
        raise Conflict(phrase("there is a provider %(code)s already, or one with this issuer and client id", code=code))
    told = {name: values[name] for name in ("name", "issuer", "client_id", "domains", "just_in_time")}
    record(conn, ctx, "identity_provider.created", "identity_provider", code, **told)
    return get_provider(conn, code)


def get_provider(conn: Connection, code: str) -> Provider:
    """One provider. Raises `NotFound`."""
    row = conn.execute(repo.GET_PROVIDER, {"provider": code}).fetchone()
    if row is None:
        raise NotFound("there is no such identity provider")
    return _provider(row)


def list_providers(conn: Connection) -> list[Provider]:
    """All of the tenant, by name."""
    return [_provider(row) for row in conn.execute(repo.LIST_PROVIDERS)]


def set_provider_status(conn: Connection, ctx: Context, code: str, status: Literal["active", "disabled"]) -> None:
    """Offer a provider on the sign-in page, or take it away. Raises `NotFound`, `Conflict` for an untested one."""
    require(ctx.principal, "admin")
    found = get_provider(conn, code)
    if status == "active" and found.tested_at is None:
        raise Conflict(phrase("%(name)s was not tested yet; test the sign-in first", name=found.name))
    if status == "disabled" and not _passwords(conn):
        others = [p for p in list_providers(conn) if p.code != code and p.status == "active"]
        if not others:
            raise Conflict("passwords are switched off and this is the only provider; allow passwords first")
    if conn.execute(repo.SET_PROVIDER, {"provider": code, "status": status}).rowcount:
        record(conn, ctx, f"identity_provider.{status}", "identity_provider", code)


def note_test(conn: Connection, ctx: Context, code: str) -> None:
    """A sign-in by this provider went through all its steps."""
    require(ctx.principal, "admin")
    conn.execute(repo.NOTE_TEST, {"provider": code, "now": ctx.now})
    record(conn, ctx, "identity_provider.tested", "identity_provider", code)


def secret_of(provider: Provider, envelope: Sealer, tenant_id: UUID) -> str:
    """The client's secret; empty for a public client."""
    if provider.sealed_secret is None:
        return ""
    return envelope.open(provider.sealed_secret, _context(tenant_id, provider.code))


def _passwords(conn: Connection) -> bool:
    row = conn.execute(repo.GET_RULES).fetchone()
    return row is None or bool(row[0])


def _context(tenant_id: UUID, code: str) -> str:
    return f"{tenant_id}/identity_provider/{code}"


def _provider(row: tuple[Any, ...]) -> Provider:
    code, name, issuer, client_id, scopes, claim, domains, jit, status, tested, created, secret = row
    return Provider(
        code, name, issuer, client_id, tuple(scopes), claim, tuple(domains), jit, status, tested, created, secret
    )


def _issuer(text: str) -> str:
    found = checks.text("issuer", text, 500)
    if "?" in found or "#" in found:
        raise invalid("issuer", text, "has a query or a fragment", "Copy it as the provider shows it.")
    return found


def _scopes(scopes: tuple[str, ...]) -> list[str]:
    found = list(dict.fromkeys(s for s in scopes if s and s != "openid"))
    for scope in found:
        if not _SCOPE.fullmatch(scope):
            raise invalid("scopes", scope, "is not a scope")
    if len(found) > MOST_SCOPES:
        raise invalid("scopes", len(found), phrase("are more than %(most_scopes)s", most_scopes=MOST_SCOPES))
    return found


def _domains(domains: tuple[str, ...]) -> list[str]:
    found = list(dict.fromkeys(d.strip().lower().removeprefix("@") for d in domains if d.strip()))
    for domain in found:
        if not _DOMAIN.fullmatch(domain):
            raise invalid("domains", domain, "is not a domain", "Write it like nordwind.example.")
    if len(found) > MOST_DOMAINS:
        raise invalid("domains", len(found), phrase("are more than %(most_domains)s", most_domains=MOST_DOMAINS))
    return found
