"""`headgate tenant …`: the life of a tenant, for whoever runs the installation."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from headgate.access import get_tenant
from headgate.access.tenancy import (
    QUOTAS,
    ask_deletion,
    certify,
    check_export,
    confirm_deletion,
    delete_tenant,
    expect_childless,
    export_tenant,
    list_tenants,
    list_tombstones,
    pending_deletion,
    place_in_tree,
    resume_tenant,
    set_quotas,
    set_residency,
    suspend_tenant,
    sweep,
    umbrella,
    usage,
    withdraw_deletion,
)
from headgate.cli.domains import app as domains_app
from headgate.cli.session import Json, Tenant, opened, print_json, session, table, tell
from headgate.cli.tenants import app
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, invalid
from headgate.kernel.settings import load_settings
from headgate.ledger import checkpoint_now
from headgate.store.opening import owner_connection
from headgate.wiring import load_tables

app.add_typer(domains_app, name="domain")
As = Annotated[str, typer.Option("--as", help="Your name, for the record; two names are needed for a deletion.")]
Because = Annotated[str, typer.Option("--because", help="The reason; it is kept, and people of the tenant read it.")]
Slug = Annotated[str, typer.Argument(help="The tenant's short name.")]
Act = Callable[[Connection[Any], Context], Any]
COLUMNS = {"slug": "Name", "name": "Organisation", "kind": "Kind", "status": "Status", "residency": "Where", "id": "Id"}


@app.command("all")
def show_all(json: Json = False) -> None:
    """List every tenant with its standing, and what is left of those that were deleted."""
    with opened() as a:
        rows = [asdict(line) for line in list_tenants(a.database)]
        gone = [asdict(stone) for stone in list_tombstones(a.database)]
    if json:
        print_json({"items": rows, "deleted": gone})
        return
    table("Tenants", rows, COLUMNS, "No tenants yet: headgate tenant create NAME --name …")
    if gone:
        table("Deleted", gone, {"slug": "Name", "deleted_at": "When (UTC)", "reason": "Why", "id": "Id"}, "")


@app.command("suspend")
def suspend(slug: Slug, because: Because, by: As = "", json: Json = False) -> None:
    """Shut a tenant: its administrators look on, nobody else gets in, events are refused, those that wait are kept."""
    _act(slug, by, lambda conn, ctx: suspend_tenant(conn, ctx, because), f"{slug} is suspended.", json)


@app.command("resume")
def resume(slug: Slug, by: As = "", json: Json = False) -> None:
    """Open a suspended tenant again; what waited is applied."""
    _act(slug, by, resume_tenant, f"{slug} is open again.", json)


@app.command("place")
def place(
    slug: Slug,
    residency: Annotated[str, typer.Option(help="Label of where its data may be, such as eu; '' for anywhere.")],
    by: As = "",
    json: Json = False,
) -> None:
    """Say where a tenant's data may be stored and worked on: workers with another label pass it over."""
    here = load_settings().residency
    said = f"{slug} is for {residency}." if residency else f"{slug} may be anywhere."
    _act(slug, by, lambda conn, ctx: set_residency(conn, ctx, residency, here=here), said, json)


@app.command("quota")
def quota(
    slug: Slug,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", help=f"NAME=NUMBER or NAME=none; names: {', '.join(QUOTAS)}.")
    ] = None,
    by: As = "",
    json: Json = False,
) -> None:
    """Limit what a tenant may use, or lift a limit. Without --limit, show what holds."""
    wanted: dict[str, int | None] = {}
    for each in limit or []:
        name, _, number = each.partition("=")
        if number != "none" and not (number.isascii() and number.isdigit()):
            raise invalid("--limit", each, "is not NAME=NUMBER", "Write it like people=50, or people=none.")
        wanted[name.strip()] = None if number == "none" else int(number)
    with session(slug) as s, s.transaction(read_only=not wanted) as (conn, ctx):
        found = set_quotas(conn, _named(ctx, by), wanted) if wanted else get_tenant(conn)
    told = [f"{number:,} {QUOTAS[name]}" for name, number in found.quotas.items() if name in QUOTAS]
    tell({"tenant": slug, "quotas": found.quotas}, f"{slug} may have {', '.join(told) or 'as much as it likes'}.", json)


@app.command("usage")
def show_usage(slug: Slug, json: Json = False) -> None:
    """Show what a tenant uses of what it may; near means that 80 per cent are gone."""
    with session(slug) as s, s.transaction(read_only=True) as (conn, ctx):
        rows = [asdict(each) | {"percent": each.percent, "state": each.state} for each in usage(conn, ctx.now)]
    if json:
        print_json({"items": rows})
        return
    columns = {"words": "What", "used": "Used", "limit": "May have", "state": "State"}
    table(f"What {slug} uses", rows, columns, "")


@app.command("tree")
def tree(
    slug: Slug,
    kind: Annotated[str, typer.Option(help="operator, provider or client.")],
    parent: Annotated[str, typer.Option(help="Short name of the tenant above; '' for none.")] = "",
    by: As = "",
    json: Json = False,
) -> None:
    """Say what a tenant is, and whose client."""
    with session(slug) as s, s.transaction() as (conn, ctx):
        found = place_in_tree(s.app.database, conn, _named(ctx, by), kind=kind, parent=parent)
    tell(asdict(found), f"{slug} is a {kind}{f' below {parent}' if parent else ''}.", json)


@app.command("umbrella")
def show_umbrella(
    days: Annotated[int, typer.Option(min=1, max=3660, help="Orders of how many days.")] = 30,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """What goes on in the tenants below this one, in sums; nothing of theirs can be changed from here."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        rows = [asdict(row) for row in umbrella(conn, ctx, ctx.now - timedelta(days=days))]
    if json:
        print_json({"items": rows})
        return
    columns = {"slug": "Client", "status": "Status", "orders": "Orders", "order_value": "Value", "currency": ""}
    more = {"held": "Held", "cases_late": "Cases late", "approvals_waiting": "Approvals", "events_waiting": "Events"}
    table("Below", rows, columns | more, "No tenant is below this one.")


@app.command("export")
def export(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="The new file, for example nordwind.zip.", dir_okay=False)],
    json: Json = False,
) -> None:
    """Write all that a tenant has to a ZIP of JSON lines with digests and the proof of its audit chain.

    Hashes of passwords, secrets, tokens and keys are left out. The file holds personal data and prices in the clear.
    """
    if file.exists():
        raise invalid("FILE", str(file), "is there already", "Name a new file.")
    with session(slug) as s:
        with s.transaction() as (conn, ctx):
            checkpoint_now(conn, ctx, s.app.envelope, lanes=s.app.settings.lanes)
        part = file.with_name(file.name + ".part")
        try:
            with part.open("xb") as out, s.app.database.snapshot(s.tenant_id) as conn:
                os.chmod(part, 0o600)
                made = export_tenant(conn, s.context(), load_tables(), out)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    rows = sum(made.rows.values())
    told = {"file": str(file), "rows": rows, "entries": made.entries, "digest": made.digest}
    tell(told, f"{rows:,} rows and {made.entries:,} audit entries to {file}; digest {made.digest}.", json)


@app.command("check-export")
def check(
    file: Annotated[Path, typer.Argument(help="An export of a tenant.", exists=True, dir_okay=False)],
    json: Json = False,
) -> None:
    """Look at every digest and count of an export again."""
    with file.open("rb") as opened_file:
        manifest = check_export(opened_file)
    said = f"{file.name} is as it was written: {manifest['slug']}, {len(manifest['files'])} files, {manifest['at']}."
    tell(manifest, said, json)


@app.command("delete")
def delete(
    slug: Slug,
    because: Because = "",
    confirm: Annotated[bool, typer.Option("--confirm", help="Confirm what somebody else asked for.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it back.")] = False,
    carry_out: Annotated[bool, typer.Option("--carry-out", help="Do it, when the waiting period is over.")] = False,
    by: As = "",
    json: Json = False,
) -> None:
    """Delete a tenant: one asks (--because), another confirms (--confirm), and after the waiting period it is carried
    out (--carry-out). Nothing is left of it but a tombstone; backups are yours to deal with."""
    if confirm + withdraw + carry_out + bool(because) != 1:
        raise invalid(
            "--because", "", "or one of --confirm, --withdraw, --carry-out is needed", "Say which step it is."
        )
    if carry_out:
        _carry_out(slug, json=json)
        return
    wait = timedelta(days=load_settings().deletion_days)
    if because:
        _act(slug, by, lambda c, x: ask_deletion(c, x, because), "Asked. Somebody else confirms it: --confirm", json)
    elif withdraw:
        _act(slug, by, withdraw_deletion, f"The deletion of {slug} is taken back.", json)
    else:
        said = f"{slug} is shut, and can be deleted in {wait.days} days: --carry-out"
        _act(slug, by, lambda conn, ctx: confirm_deletion(conn, ctx, wait=wait), said, json)


@app.command("sweep")
def sweep_due(json: Json = False) -> None:
    """Carry out every deletion whose waiting period is over, and put its certificate into the provider's audit chain.

    Workers that have the owner's address do it by themselves; elsewhere let a timer run this.
    """
    with opened() as a:
        done = sweep(a.database, lambda: owner_connection(a.settings), load_tables, a.clock.now())
    if json:
        print_json({"items": [asdict(each) for each in done]})
    else:
        table(
            "Deleted",
            [asdict(each) for each in done],
            {"slug": "Name", "rows": "Rows", "tables": "Tables"},
            "Nothing is due.",
        )


def _carry_out(slug: str, *, json: bool) -> None:
    with session(slug) as s:
        with s.transaction(read_only=True) as (conn, _):
            if pending_deletion(conn) is None:
                raise Conflict(f"no deletion of {slug} was asked for")
        expect_childless(s.app.database, s.tenant_id)
        with owner_connection(s.app.settings) as owner, owner.transaction():
            gone = delete_tenant(owner, load_tables(), s.tenant_id, s.app.clock.now())
        certify(s.app.database, s.app.clock.now())
    tell({"tenant": slug, "rows": gone}, f"{slug} is deleted: {sum(gone.values()):,} rows of {len(gone)} tables.", json)


def _act(slug: str, by: str, act: Act, said: str, json: bool) -> None:
    with session(slug) as s, s.transaction() as (conn, ctx):
        made = act(conn, _named(ctx, by))
    tell(asdict(made), said, json)


def _named(ctx: Context, by: str) -> Context:
    """Whoever sits at this machine's shell, under the name they give: the shell knows one account, a team has more."""
    if not by:
        return ctx
    name = by.strip()
    if not name.isprintable() or len(name) > 100:
        raise invalid("--as", by, "is not a name")
    principal = Principal(f"operator:{name}", "system", name, ctx.principal.roles)
    return Context(ctx.tenant_id, principal, ctx.now)
