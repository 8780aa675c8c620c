"""`headgate tenant …`: tenants, people, roles, sources, keys. For whoever operates the installation."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from headgate.access import (
    ROLES,
    create_api_key,
    create_person,
    create_service,
    create_source,
    create_tenant,
    get_account,
    get_tenant,
    grant_role,
    list_accounts,
    list_grants,
    list_sources,
    revoke_role,
    set_portal_host,
    set_rate,
    set_tenant,
)
from headgate.access.branding import draft_of, read_logo, save_brand
from headgate.channel.partners import get_partner
from headgate.cli.session import (
    By,
    Json,
    Tenant,
    acting,
    midnight,
    named,
    new_password,
    opened,
    operator,
    print_json,
    session,
    table,
    tell,
)
from headgate.connectors.mail import wants_mails
from headgate.kernel.context import Context
from headgate.kernel.errors import invalid
from headgate.packs import find_pack, install_pack, read_pack

app = typer.Typer(no_args_is_help=True)


@app.command("create")
def create(
    slug: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="The organisation's name.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    timezone: Annotated[str, typer.Option(help="IANA name.")] = "Europe/Berlin",
    pack: Annotated[list[str] | None, typer.Option(help="Solution pack to install; may be repeated.")] = None,
    json: Json = False,
) -> None:
    """Create a tenant and install solution packs (order_governance unless others are named)."""
    with opened() as a:
        tenant = uuid4()
        ctx = Context(tenant, operator(), a.clock.now())
        packs = [read_pack(find_pack(p)) for p in pack or ["order_governance"]]
        with a.database.transaction(tenant) as conn:
            made = create_tenant(conn, ctx, slug=slug, name=name, currency=currency, timezone=timezone)
            for one in packs:
                install_pack(conn, ctx, one, a.policies, a.actions)
    tell(
        asdict(made) | {"packs": [p.name for p in packs]},
        f"Created {slug} with {', '.join(p.title for p in packs)}.",
        json,
    )


@app.command("list")
def list_(json: Json = False) -> None:
    """List the tenants of this installation."""
    with opened() as a, a.database.scan() as conn:
        rows = [
            {"slug": slug, "tenant": t} for t, slug in conn.execute("select tenant_id, slug from headgate_tenants()")
        ]
    if json:
        print_json({"items": rows})
    else:
        table("Tenants", rows, {"slug": "Name", "tenant": "Id"}, "No tenants yet: headgate tenant create NAME --name …")


@app.command("add-person")
def add_person(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option()],
    role: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(sorted(ROLES))}.")] = None,
    partner: Annotated[
        str, typer.Option(help="For the portal: the partner's code; roles partner_admin, partner_user.")
    ] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Add a person with roles; a password is made and shown once. With --partner, somebody of a partner."""
    password = new_password()
    with session(tenant) as s, s.transaction() as (conn, ctx):
        if partner:
            get_partner(conn, partner)  # there is nobody of a partner that is not known
        account = create_person(conn, ctx, email=email, name=name, password=password, partner=partner or None)
        for one in role or []:
            grant_role(conn, ctx, account.principal, one)
    tell(
        {"principal": account.principal, "password": password}, f"Added {account.principal}; password: {password}", json
    )


@app.command("portal")
def portal(
    host: Annotated[
        str | None,
        typer.Option(help="Host of its own below a proven domain, for example partners.example.com; '' for none."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What partners read as its name; '' for the tenant's.")] = None,
    accent: Annotated[
        str | None, typer.Option(help="Accent colour, for example #0b6e4f; '' for the common one.")
    ] = None,
    logo: Annotated[
        Path | None, typer.Option(help="A PNG or JPEG of at most 100 kB.", exists=True, dir_okay=False)
    ] = None,
    sender: Annotated[str | None, typer.Option(help="Whose name mails come in; '' for the name above.")] = None,
    from_address: Annotated[
        str | None, typer.Option(help="Address that mails come from, below a proven domain; '' for the installation's.")
    ] = None,
    reply_to: Annotated[str | None, typer.Option(help="Where answers to mails go; '' for nowhere.")] = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show or change under which host and with which look partners find the portal."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        found = get_tenant(conn)
        draft = draft_of(found.settings.get("brand") or {})
        draft = replace(
            draft,
            name=draft.name if name is None else name,
            accent=draft.accent if accent is None else accent,
            sender=draft.sender if sender is None else sender,
            reply_to=draft.reply_to if reply_to is None else reply_to,
            from_address=draft.from_address if from_address is None else from_address,
        )
        if host is not None:
            set_portal_host(conn, ctx, host, s.app.prover.rules)
        if any(value is not None for value in (name, accent, sender, from_address, reply_to, logo)):
            save_brand(conn, ctx, draft, "keep" if logo is None else read_logo(logo.read_bytes()))
        found = get_tenant(conn)
    brand = found.settings.get("brand") or {}
    kept = {key: brand.get(key) for key in ("name", "accent", "sender", "from_address", "reply_to", "version")}
    shown = {"host": found.portal_host, **kept, "logo": bool(brand.get("logo"))}
    where = f"https://{found.portal_host}/portal/" if found.portal_host else "/portal/ of the console's address"
    tell({"tenant": tenant, **shown}, f"Partners of {tenant} find the portal at {where}.", json)


@app.command("mails")
def mails(
    approvals: Annotated[
        bool | None,
        typer.Option("--approvals/--no-approvals", help="Whether people are written to who have to decide."),
    ] = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show or change which mails a tenant's people get."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        settings = get_tenant(conn).settings
        if approvals is not None:
            settings = {**settings, "mail": {**(settings.get("mail") or {}), "approvals": approvals}}
            set_tenant(conn, ctx, settings=settings)
        wanted = wants_mails(settings)
    told = "are" if wanted else "are not"
    tell(
        {"tenant": tenant, "approvals": wanted}, f"People of {tenant} {told} written to when they have to decide.", json
    )


@app.command("people")
def people(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List people and service accounts with their roles."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        rows = [asdict(a) for a in list_accounts(conn, ctx.now, limit=500)]
    if json:
        print_json({"items": rows})
    else:
        table("People", rows, {"principal": "Id", "name": "Name", "roles": "Roles", "status": "Status"}, "Nobody yet.")


@app.command("grants")
def grants(
    person: Annotated[str, typer.Argument(help="A principal id or an e-mail address.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """List the roles granted to somebody, past and future ones too."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        who = get_account(conn, named(person), ctx.now).principal
        rows = [asdict(g) for g in list_grants(conn, [who])]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "role": "Role",
        "valid_from": "From (UTC)",
        "valid_until": "Until (UTC)",
        "granted_by": "Granted by",
        "granted_at": "Granted (UTC)",
    }
    table(f"Roles of {who}", rows, columns, f"{who} has no role: headgate tenant grant {person} ROLE")


@app.command("grant")
def grant(
    person: Annotated[str, typer.Argument(help="A principal id or an e-mail address.")],
    role: Annotated[str, typer.Argument(help=f"One of {', '.join(sorted(ROLES))}.")],
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; without it, from now on.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day, through its end; without it, for good.")
    ] = None,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Grant a role, or change the dates of one. Duties that must stay apart are refused."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = grant_role(
            conn,
            acting(conn, ctx, by) if by else ctx,
            named(person),
            role,
            valid_from=midnight(conn, since) if since else None,
            valid_until=midnight(conn, until + timedelta(days=1)) if until else None,
        )
    tell(asdict(made), f"{made.principal} has the role {made.role}", json)


@app.command("revoke")
def revoke(
    person: Annotated[str, typer.Argument(help="A principal id or an e-mail address.")],
    role: Annotated[str, typer.Argument(help="The role to take away.")],
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Take a role away."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        revoke_role(conn, acting(conn, ctx, by) if by else ctx, named(person), role)
    tell({"principal": named(person), "role": role}, f"{named(person)} does not have the role {role} any more", json)


@app.command("add-source")
def add_source(
    source: Annotated[str, typer.Argument(help="The system's code, for example webshop.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Event type it may send; may be repeated; default: all.")
    ] = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Add a source of signed webhooks; its signing secret is shown once."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        secret = create_source(conn, ctx, s.app.envelope, source=source, name=name or source, types=types or [])
    tell({"source": f"{tenant}/{source}", "secret": secret}, f"Source {tenant}/{source}; secret: {secret}", json)


@app.command("sources")
def sources(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List the sources of signed webhooks."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [asdict(x) for x in list_sources(conn)]
    if json:
        print_json({"items": rows})
    else:
        table(
            "Sources",
            rows,
            {"source": "Source", "name": "Name", "types": "May send", "rate": "Events/s", "status": "Status"},
            "No sources.",
        )


@app.command("limit")
def limit(
    source: Annotated[str, typer.Argument(help="A source of the tenant; without one, the tenant itself.")] = "",
    rate: Annotated[
        int | None, typer.Option(help="Events per second; without it, the installation's own limit holds again.")
    ] = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Limit how fast a tenant, or one of its sources, may send events."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        settings = s.app.settings
        set_rate(conn, ctx, rate, most=settings.tenant_rate_most, source=source)
    own = settings.source_rate if source else settings.tenant_rate
    said = f"{rate} events per second" if rate else f"the installation's limit of {own} events per second"
    tell({"tenant": tenant, "source": source, "rate": rate}, f"{source or tenant} may send {said}.", json)


@app.command("add-key")
def add_key(
    code: Annotated[str, typer.Argument(help="The service's code, for example erp-bridge.")],
    scope: Annotated[list[str], typer.Option(help="Permission, for example events.write; may be repeated.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Add a service account with an API key; the key is shown once."""
    if not scope:
        raise invalid("--scope", "", "is missing", "Name what the key may do, for example events.write.")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        account = create_service(conn, ctx, code=code, name=code)
        grant_role(conn, ctx, account.principal, "integration")
        key = create_api_key(conn, ctx, account.principal, name=code, scopes=scope)
    tell({"principal": account.principal, "key": key}, f"Key of {account.principal}: {key}", json)
