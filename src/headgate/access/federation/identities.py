"""Which account somebody is whom an identity provider tells of: by issuer and subject, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.roles import require
from headgate.access.core.tokens import parse_session_token
from headgate.access.federation import repo
from headgate.access.federation.core.id_token import Identity
from headgate.access.federation.groups import sync_roles
from headgate.access.federation.providers import Provider
from headgate.access.principals import get_account, load_principal
from headgate.access.recording import record
from headgate.access.repo import people as access_repo
from headgate.access.seal import Sealer
from headgate.access.shutting import shut_out
from headgate.access.signin import Denied
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound
from headgate.kernel.phrases import phrase

# As long as a session lasts at most.
_KEPT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Link:
    """An identity and the account that it is."""

    issuer: str
    subject: str
    principal: str
    linked_at: datetime
    linked_by: str
    last_used: datetime | None


def arrive(conn: Connection, ctx: Context, provider: Provider, identity: Identity) -> Principal | Denied:
    """The account of somebody who came back from a provider, with the roles of their groups.

    Somebody unknown gets an account only where the provider makes them (just in time), for a verified address in one of
    its domains that no account has: an address alone never opens an account that is there. The transaction must be of
    the tenant and may write; what is refused has changed nothing.
    """
    by = Context(ctx.tenant_id, Principal(provider.origin, "system", provider.name), ctx.now, ctx.trace)
    try:
        with conn.transaction():
            principal = _known(conn, ctx, identity) or _made(conn, by, provider, identity)
            if isinstance(principal, Denied):
                return principal
            account = get_account(conn, principal, ctx.now)
            if account.status != "active":
                return Denied(f"{principal} is suspended")
            if account.kind != "person" or account.partner is not None:
                return Denied(f"{principal} is nobody of the tenant's own people")
            sync_roles(conn, by, principal, provider.origin, identity.groups)
    except DutyConflict as error:
        return Denied(f"roles by groups of {provider.code} refused: {error.message}")
    except (Forbidden, NotFound) as error:
        return Denied(error.message)
    values = {"issuer": identity.issuer, "subject": identity.subject, "now": ctx.now}
    conn.execute(repo.USE_IDENTITY, values)
    return load_principal(conn, principal, ctx.now)


def note_refusal(conn: Connection, ctx: Context, provider: Provider, identity: Identity, denied: Denied) -> None:
    """Say in the audit trail whom a provider vouched for and why they did not come in."""
    by = Context(ctx.tenant_id, Principal(provider.origin, "system", provider.name), ctx.now, ctx.trace)
    told = {"whom": identity.subject, "reason": denied.reason}
    record(conn, by, "sign_in.refused", "identity_provider", provider.code, **told)


def link_identity(conn: Connection, ctx: Context, provider: Provider, subject: str, principal: str) -> None:
    """Say that a subject of a provider is this person. Raises `Conflict` when the subject is somebody already."""
    require(ctx.principal, "admin")
    named = checks.text("subject", subject, 255)
    account = get_account(conn, principal, ctx.now)
    if account.kind != "person" or account.partner is not None:
        raise Conflict(phrase("%(principal)s is nobody of the tenant's own people", principal=principal))
    _link(conn, ctx, provider.issuer, named, principal)


def unlink_identity(conn: Connection, ctx: Context, provider: Provider, subject: str) -> None:
    """Take a link away; sessions of the account end. Raises `NotFound`."""
    require(ctx.principal, "admin")
    row = conn.execute(repo.DROP_IDENTITY, {"issuer": provider.issuer, "subject": subject}).fetchone()
    if row is None:
        raise NotFound("there is no such link")
    shut_out(conn, ctx.tenant_id, row[0])
    record(conn, ctx, "identity.unlinked", "principal", row[0], issuer=provider.issuer, whom=subject)


def list_links(conn: Connection, providers: Sequence[Provider], limit: int = 500) -> list[Link]:
    """Links to people of these providers, by account."""
    values = {"issuers": [provider.issuer for provider in providers], "limit": limit}
    return [Link(*row) for row in conn.execute(repo.LIST_IDENTITIES, values)]


def keep_id_token(
    conn: Connection, ctx: Context, envelope: Sealer, provider: Provider, session_token: str, id_token: str
) -> None:
    """Keep, sealed, what ends the session at the provider, too."""
    _, hashed = parse_session_token(session_token)
    conn.execute(repo.DROP_OLD_HINTS, {"now": ctx.now})
    sealed = envelope.seal(id_token, _context(ctx.tenant_id, hashed))
    values = {"token_hash": hashed, "provider": provider.code, "id_token": sealed}
    conn.execute(repo.KEEP_HINT, {**values, "expires_at": ctx.now + _KEPT})


def logout_hint(conn: Connection, envelope: Sealer, session_token: str) -> tuple[str, str] | None:
    """The provider that a session came from and its ID token, which is forgotten; None for other sessions."""
    tenant_id, hashed = parse_session_token(session_token)
    row = conn.execute(repo.TAKE_HINT, {"token_hash": hashed}).fetchone()
    return None if row is None else (row[0], envelope.open(row[1], _context(tenant_id, hashed)))


def _known(conn: Connection, ctx: Context, identity: Identity) -> str | None:
    values = {"issuer": identity.issuer, "subject": identity.subject}
    row = conn.execute(repo.GET_IDENTITY, values).fetchone()
    return None if row is None else str(row[0])


def _made(conn: Connection, by: Context, provider: Provider, identity: Identity) -> str | Denied:
    who = f"subject {identity.subject} of {provider.code}"
    if not provider.just_in_time:
        return Denied(f"{who} is linked to no account")
    try:
        address = checks.email(identity.email)
    except Invalid:
        return Denied(f"{who} has no verified e-mail address")
    if address.rpartition("@")[2] not in provider.domains:
        return Denied(f"{who} has an address outside of the provider's domains")
    principal = f"user:{address}"
    taken = conn.execute(repo.EMAIL_TAKEN, {"email": address, "principal": principal}).fetchone()
    if taken is not None and taken[0]:
        return Denied(f"{who} has the address of an account that is there; an administrator must link them")
    name = identity.name.strip() or address
    values = {"principal": principal, "kind": "person", "name": name, "email": address, "password_hash": None}
    conn.execute(access_repo.ADD_PRINCIPAL, {**values, "partner": None, "now": by.now})
    record(conn, by, "principal.created", "principal", principal, kind="person", name=name, partner=None)
    _link(conn, by, identity.issuer, identity.subject, principal)
    return principal


def _link(conn: Connection, ctx: Context, issuer: str, subject: str, principal: str) -> None:
    values = {"issuer": issuer, "subject": subject, "principal": principal, "now": ctx.now, "by": ctx.principal.id}
    if conn.execute(repo.ADD_IDENTITY, values).rowcount != 1:
        raise Conflict("this subject is linked to an account already")
    record(conn, ctx, "identity.linked", "principal", principal, issuer=issuer, whom=subject)


def _context(tenant_id: UUID, hashed: bytes) -> str:
    return f"{tenant_id}/federated_session/{hashed.hex()}"
