"""Guests: people of a provider who hold roles in a client for a time, because the client's administrators let them.

The provider asks, the client grants or refuses, either ends it; both audit chains tell each step. A guest is an account
of the client's with roles of the client's, so row security, duties and audit hold for them as for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import Connection

from headgate.access.core.checks import text
from headgate.access.core.roles import OPERATOR_ROLES, PARTNER_ROLES, ROLES, require
from headgate.access.core.security import rules_of
from headgate.access.principals import get_account
from headgate.access.recording import record
from headgate.access.repo import people as access_repo
from headgate.access.roles import grant_role
from headgate.access.sessions import NewSession, start_session
from headgate.access.shutting import shut_out
from headgate.access.tenancy import repo
from headgate.access.tenancy.below import acting_on, visitor
from headgate.access.tenancy.lifecycle import OPERATE
from headgate.access.tenants import get_tenant
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict, Forbidden, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.store import Database
from headgate.store.stewarding import reporting, stewarding

LONGEST: Final = timedelta(days=90)
# A visit lasts at most so long; then the guest comes again through the provider, where their account may have ended.
VISIT: Final = timedelta(hours=1)
GUEST_ROLES: Final = tuple(sorted(ROLES.keys() - {*PARTNER_ROLES, *OPERATOR_ROLES, "integration", "provisioning"}))
_SECOND_FACTORS: Final = frozenset({"totp", "passkey", "recovery"})
State = Literal["asked", "refused", "in_force", "over", "ended"]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody of a provider who may work in the client. `person` is their id at the provider, `principal` the one in
    the client; `decision` is granted or refused, empty while nobody decided."""

    id: UUID
    provider: UUID
    provider_slug: str
    provider_name: str
    person: str
    person_name: str
    roles: tuple[str, ...]
    reason: str
    asked_by: str
    asked_at: datetime
    valid_until: datetime
    decision: str
    decided_by: str | None
    decided_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None

    @property
    def principal(self) -> str:
        """The guest's account in the client."""
        return f"guest:{self.provider_slug}/{self.person.removeprefix('user:')}"

    def state(self, now: datetime) -> State:
        """Where it stands: asked, refused, in force, over by time, or ended by somebody."""
        if self.ended_at is not None:
            return "ended"
        if self.decision == "refused":
            return "refused"
        if now >= self.valid_until:
            return "over"
        return "in_force" if self.decision == "granted" else "asked"


def list_guests(conn: Connection[Any]) -> list[Guest]:
    """Every guest of the transaction's tenant, newest first."""
    return [_guest(row) for row in conn.execute(repo.GUESTS)]


def ask_guest(
    conn: Connection[Any],
    ctx: Context,
    slug: str,
    *,
    person: str,
    roles: Sequence[str],
    reason: str,
    valid_until: datetime,
) -> UUID:
    """Ask a client below to let one of one's people in, for a time. Nothing changes before its administrators grant it.

    Raises `Invalid`, `NotFound` for a person or client that there is not, `Conflict` when it was asked already.
    """
    require(ctx.principal, OPERATE)
    wanted = sorted(set(roles))
    if not wanted:
        raise invalid("roles", "", "is empty", phrase("Use some of %(names)s.", names=", ".join(GUEST_ROLES)))
    for role in wanted:
        if role not in GUEST_ROLES:
            raise invalid(
                "roles", role, "is not for guests", phrase("Use some of %(names)s.", names=", ".join(GUEST_ROLES))
            )
    if not ctx.now < valid_until <= ctx.now + LONGEST:
        raise invalid("valid_until", valid_until, phrase("is not within the next %(days)s days", days=LONGEST.days))
    why, found = text("reason", reason, 300), get_account(conn, person, ctx.now)
    if found.kind != "person" or found.partner is not None or found.status != "active":
        raise invalid("person", person, "is not an active person of your own")
    home, id = get_tenant(conn), new_id(ctx.now)
    values = {
        "id": id,
        "provider": home.id,
        "provider_slug": home.slug,
        "provider_name": home.name,
        "person": found.principal,
        "person_name": found.name,
        "roles": wanted,
        "reason": why,
        "by": ctx.principal.id,
        "now": ctx.now,
        "until": valid_until,
    }
    told = {"person": found.principal, "roles": wanted, "until": valid_until, "reason": why}
    with acting_on(conn, ctx, slug, "client_tenant.guest_asked", **told) as inside:
        for each in list_guests(conn):
            if (each.provider, each.person) == (home.id, found.principal) and each.state(ctx.now) in (
                "asked",
                "in_force",
            ):
                raise Conflict(phrase("%(name)s was asked for already; end that first", name=found.name))
        conn.execute(repo.ADD_GUEST, values)
        record(conn, inside, "guest.asked", "guest", str(id), **told)
    return id


def decide_guest(conn: Connection[Any], ctx: Context, id: UUID, *, grant: bool) -> Guest:
    """Let a guest in, or not. They get an account of the client's with the roles until the day asked for.

    Raises `Conflict` when it was decided or is over, `DutyConflict` for roles that one person may not hold together.
    """
    require(ctx.principal, "admin")
    found = _locked(conn, id)
    if found.state(ctx.now) != "asked":
        raise Conflict(
            phrase("this is %(replace)s and cannot be decided", replace=found.state(ctx.now).replace("_", " "))
        )
    decision = "granted" if grant else "refused"
    if grant:
        values = {
            "principal": found.principal,
            "kind": "person",
            "name": f"{found.person_name} ({found.provider_name})",
        }
        blank = {"email": None, "password_hash": None, "partner": None, "now": ctx.now}
        conn.execute(access_repo.ADD_PRINCIPAL, values | blank)
        conn.execute(access_repo.SET_STATUS, {"principal": found.principal, "status": "active"})
        for role in found.roles:
            grant_role(conn, ctx, found.principal, role, valid_until=found.valid_until)
    conn.execute(repo.DECIDE_GUEST, {"id": id, "decision": decision, "by": ctx.principal.id, "now": ctx.now})
    _told(conn, ctx, found, decision)
    return _locked(conn, id)


def revoke_guest(conn: Connection[Any], ctx: Context, id: UUID) -> Guest:
    """Put a guest out at once: sessions end, roles are taken away. By the client's administrators."""
    require(ctx.principal, "admin")
    found = _locked(conn, id)
    if found.state(ctx.now) not in ("asked", "in_force"):
        raise Conflict(phrase("this is %(state)s already", state=found.state(ctx.now)))
    conn.execute(repo.END_GUEST, {"id": id, "by": ctx.principal.id, "now": ctx.now})
    _put_out(conn, ctx.tenant_id, found)
    _told(conn, ctx, found, "revoked")
    return _locked(conn, id)


def end_guest(conn: Connection[Any], ctx: Context, slug: str, id: UUID) -> None:
    """The provider gives a guest's access up. Nobody enters from here on; who is inside is put out within a minute."""
    with acting_on(conn, ctx, slug, "client_tenant.guest_ended", guest=str(id)) as inside:
        found = _locked(conn, id)
        if found.state(ctx.now) not in ("asked", "in_force"):
            raise Conflict(phrase("this is %(state)s already", state=found.state(ctx.now)))
        conn.execute(repo.END_GUEST, {"id": id, "by": inside.principal.id, "now": ctx.now})
        record(conn, inside, "guest.ended", "guest", str(id), person=found.person)


def note_visit(conn: Connection[Any], ctx: Context, slug: str) -> tuple[UUID, Guest]:
    """Note in both chains that the caller is about to enter a client; which, and as which guest.

    Raises `Forbidden` where nothing that the client granted is in force for them.
    """
    me = ctx.principal.id
    client = next((row[0] for row in conn.execute(repo.BELOW) if row[1] == slug), None)
    if client is None or ctx.principal.partner is not None:
        raise NotFound("there is no such tenant below this one")
    inside_ctx = Context(client, visitor(conn, ctx, frozenset()), ctx.now, ctx.trace)
    home = ctx.tenant_id
    with stewarding(conn, client):
        found = next(
            (e for e in list_guests(conn) if (e.provider, e.person) == (home, me) and e.state(ctx.now) == "in_force"),
            None,
        )
        if found is None:
            raise Forbidden("the client has not let you in, or no more; ask for it first")
        record(conn, inside_ctx, "guest.entered", "guest", str(found.id), person=me)
    record(conn, ctx, "client_tenant.entered", "client_tenant", slug, guest=str(found.id))
    return client, found


def start_visit(
    database: Database, client: UUID, guest: Guest, now: datetime, *, proofs: Sequence[str], agent: str, address: str
) -> NewSession:
    """A session of the guest's account in the client, for an hour at most.

    Raises `Forbidden` where the client asks for a second factor that the guest has not shown at home.
    """
    with database.transaction(client) as conn:
        tenant = get_tenant(conn)
        rules = rules_of(tenant.settings.get("security"))
        if rules.needs_second_factor(guest.roles) and _SECOND_FACTORS.isdisjoint(proofs):
            raise Forbidden(
                phrase("%(name)s asks for a second factor; sign in at home with one, then enter", name=tenant.name)
            )
        ctx = Context(client, SYSTEM, now)
        return start_session(
            conn, ctx, guest.principal, user_agent=agent, address=address, proofs=[*proofs, "provider"], lasts=VISIT
        )


def put_out_guests(conn: Connection[Any], ctx: Context) -> Sequence[Any]:
    """The job of a client: put out whoever's time is over or whom the provider has withdrawn. No events."""
    gone = [each for each in list_guests(conn) if each.decision == "granted" and each.state(ctx.now) != "in_force"]
    still = {each.principal for each in list_guests(conn) if each.state(ctx.now) == "in_force"}
    for each in {guest.principal: guest for guest in gone}.values():
        if each.principal not in still and _put_out(conn, ctx.tenant_id, each):
            record(conn, ctx, "guest.put_out", "guest", str(each.id), person=each.person)
    return ()


def _put_out(conn: Connection[Any], tenant: UUID, found: Guest) -> bool:
    for role in found.roles:
        conn.execute(access_repo.DROP_GRANT, {"principal": found.principal, "role": role})
    shut_out(conn, tenant, found.principal)
    values = {"principal": found.principal, "status": "suspended"}
    return conn.execute(access_repo.SET_STATUS, values).rowcount > 0


def _told(conn: Connection[Any], ctx: Context, found: Guest, what: str) -> None:
    """Record a step of the client's in its own chain and in the provider's, if that is still above it."""
    record(conn, ctx, f"guest.{what}", "guest", str(found.id), person=found.person, roles=list(found.roles))
    slug = get_tenant(conn).slug
    above = Context(found.provider, SYSTEM, ctx.now, ctx.trace)
    with suppress(NotFound), reporting(conn, found.provider):
        record(
            conn, above, f"client_tenant.guest_{what}", "client_tenant", slug, guest=str(found.id), by=ctx.principal.id
        )


def _locked(conn: Connection[Any], id: UUID) -> Guest:
    row = conn.execute(repo.LOCK_GUEST, {"id": id}).fetchone()
    if row is None:
        raise NotFound("there is no such guest")
    return _guest(row)


def _guest(row: tuple[Any, ...]) -> Guest:
    values = [*row]
    values[6] = tuple(values[6])
    return Guest(*values)
