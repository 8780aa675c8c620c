"""A tenant below one's own: made, furnished with solution packs, and its first administrator invited by mail.

The link goes to the administrator alone; whoever makes the tenant never has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from psycopg import Connection

from headgate.access import get_tenant, invite_person
from headgate.access.core.tokens import secret_hash
from headgate.access.inheritance import take_offers
from headgate.access.tenancy import TenantBelow, founding_below, set_residency, tenant_below
from headgate.connectors.mail import Mailroom, invitation_letter
from headgate.identity.where import Where
from headgate.kernel.context import Context
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase
from headgate.packs import find_pack, install_pack, read_pack
from headgate.packs.inherited import takers
from headgate.wiring import App

PACKS: Final = ("order_governance", "channel_revenue")


@dataclass(frozen=True, slots=True)
class NewClient:
    """What a tenant below shall be. `administrator` is e-mail address and name of who runs it first; None: somebody is
    invited later from the command line."""

    slug: str
    name: str
    currency: str
    timezone: str
    kind: str = "client"
    residency: str = ""
    packs: tuple[str, ...] = ("order_governance",)
    administrator: tuple[str, str] | None = None


def found_client(conn: Connection[Any], ctx: Context, app: App, wanted: NewClient) -> TenantBelow:
    """Make a tenant right below the transaction's, all or nothing.

    Raises `Invalid` for a bad field, `Conflict` when the short name is taken, `Forbidden`.
    """
    for pack in wanted.packs:
        if pack not in PACKS:
            raise invalid("packs", pack, "is not a solution pack", phrase("Use %(names)s.", names=" or ".join(PACKS)))
    if wanted.administrator and not app.settings.public_url:
        raise invalid(
            "administrator",
            wanted.administrator[0],
            "cannot be invited: this installation does not know its own address",
            "Set HEADGATE_PUBLIC_URL, or make the tenant without an administrator and add one from the command line.",
        )
    tenant_id = uuid4()
    named = {"slug": wanted.slug, "name": wanted.name, "currency": wanted.currency, "timezone": wanted.timezone}
    with founding_below(conn, ctx, tenant_id, **named, kind=wanted.kind) as inside:
        if wanted.residency or app.settings.residency:
            place = wanted.residency or app.settings.residency
            set_residency(conn, inside, place, here=app.settings.residency)
        for pack in wanted.packs:
            install_pack(conn, inside, read_pack(find_pack(pack)), app.policies, app.actions)
        take_offers(conn, inside, takers(app.policies, app.actions))
        if wanted.administrator:
            _invite(conn, inside, app.mailroom, wanted.administrator)
    return tenant_below(conn, ctx, wanted.slug)


def _invite(conn: Connection[Any], ctx: Context, mailroom: Mailroom, who: tuple[str, str]) -> None:
    email, name = who
    made = invite_person(conn, ctx, email=email, name=name, roles=["tenant_admin"])
    address = made.principal.removeprefix("user:")
    days = round((made.expires_at - ctx.now) / timedelta(days=1))
    link = f"{mailroom.base}{Where('').reset(made.token)}"
    letter = invitation_letter(address, name, ctx.principal.name, link, days)
    key = f"invitation:{secret_hash(made.token).hex()}"
    mailroom.send(conn, ctx, get_tenant(conn), letter, about=made.principal, key=key, newcomer=True)
