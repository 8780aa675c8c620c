"""`headgate demo`: a distributor with three storefronts, made up from a seed, governed, and served."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from headgate.access import create_person, create_tenant, find_tenant, grant_role, load_principal, set_tenant
from headgate.channel import agreements
from headgate.channel.orders import order_summary
from headgate.cli.launching import launcher
from headgate.cli.playing import Player
from headgate.cli.session import err, money, new_password, opened, out, print_json, say, table
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Misconfigured, NotFound
from headgate.kernel.settings import load_settings
from headgate.ledger import append_events, quarantine_counts
from headgate.packs import find_pack, install_pack, read_pack
from headgate.packs.simulator import TENANT, Simulation, simulate
from headgate.wiring import App

SEED = 20260302
AUTHOR = Principal("system:simulator", "system", "Simulator")
# Who works at the distributor: name and role. Everybody's password is made at random and kept in the data folder.
STAFF = (
    ("ana", "Ana Brandt", "channel_manager"),
    ("carl", "Carl Winter", "channel_manager"),
    ("mara", "Mara Okafor", "order_desk"),
    ("fay", "Fay Lindqvist", "finance"),
    ("finn", "Finn Aalto", "finance"),
    ("fiona", "Fiona Reyes", "finance_director"),
    ("tom", "Tom Ahlers", "tenant_admin"),
    ("ada", "Ada Moreau", "auditor"),
)
MAIL = "nordwind.example"
SLUG = "nordwind"


app = typer.Typer()


@app.command()
def demo(
    context: typer.Context,
    serve: Annotated[bool, typer.Option(help="Serve the console afterwards.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
    weeks: Annotated[int, typer.Option(min=1, max=52, help="Weeks of orders.")] = 12,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the console; 0 takes a free one.")] = 8400,
) -> None:
    """Load a demo channel, govern it, print what happened and serve the console. A second start keeps the data."""
    clock = FixedClock(datetime.now(UTC))
    with opened(clock) as app:
        known = _known(app)
        if known is None:
            known = _load(app, clock, weeks, quiet=json)
        facts = facts_of(app, known)
    logins = _logins(load_settings().home)
    if json:
        print_json(
            facts | {"logins": [{"email": email, "password": word, "role": role} for email, word, role in logins]}
        )
    else:
        _print(facts)
    if serve:
        with opened() as app:
            launcher(context).serve(app, host, port, lambda address: _announce(address, logins), True, 1)


def _known(app: App) -> UUID | None:
    try:
        tenant = find_tenant(app.database, SLUG)
    except NotFound:
        return None
    with app.database.transaction(tenant) as conn:
        row = conn.execute("select settings ->> 'demo' from tenants").fetchone()
    if row is None or row[0] != "loaded":
        raise Misconfigured(f"an earlier demo was interrupted while it loaded; {_way_out(app)}, then start again")
    return tenant


def _way_out(app: App) -> str:
    if app.settings.database_url:
        return "empty the database or choose another one with HEADGATE_DATABASE_URL"
    return f"remove {app.settings.home} or choose another folder with HEADGATE_HOME"


def _load(app: App, clock: FixedClock, weeks: int, *, quiet: bool) -> UUID:
    """Weeks of orders that end today, up to this moment: nothing comes from the future."""
    now = clock.now()
    tomorrow = now.astimezone(ZoneInfo(TENANT.timezone)).date() + timedelta(days=1)
    simulation = simulate(SEED, tomorrow - timedelta(weeks=weeks), weeks)
    before = simulation.start - timedelta(days=1)
    clock.set(before)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet) as bar:
        total = sum(event.time < now for event in simulation.stream)
        task = bar.add_task("Governing orders", total=total)
        tenant = _found(app, simulation, before)
        people: dict[str, list[str]] = {}
        for name, _, role in STAFF:
            people.setdefault(role, []).append(f"user:{name}@{MAIL}")
        player = Player(app, tenant, clock, simulation, now, people, lambda done: bar.advance(task, done))
        player.send(simulation.masters)
        app.runner("demo").drain(tenant)
        _activate(app, tenant, simulation, before)
        player.play()
        bar.update(task, description="Governed orders")
    clock.set(datetime.now(UTC))
    with app.database.transaction(tenant) as conn:
        set_tenant(
            conn, Context(tenant, SYSTEM, app.clock.now()), settings={**simulation.tenant.settings, "demo": "loaded"}
        )
    return tenant


def _found(app: App, simulation: Simulation, now: datetime) -> UUID:
    """The tenant with its people and the order pack; their passwords go to the data folder."""
    profile = simulation.tenant
    tenant = uuid4()
    ctx = Context(tenant, SYSTEM, now)
    passwords = {name: new_password() for name, _, _ in STAFF}
    with app.database.transaction(tenant) as conn:
        create_tenant(
            conn,
            ctx,
            slug=SLUG,
            name=profile.name,
            currency=profile.currency,
            timezone=profile.timezone,
            settings={**profile.settings, "demo": "loading"},
        )
        install_pack(conn, ctx, read_pack(find_pack("order_governance")), app.policies)
        for name, full, role in STAFF:
            create_person(conn, ctx, email=f"{name}@{MAIL}", name=full, password=passwords[name])
            grant_role(conn, ctx, f"user:{name}@{MAIL}", role)
    path = _logins_file(app.settings.home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json_module.dumps(passwords))
    return tenant


def _activate(app: App, tenant: UUID, simulation: Simulation, now: datetime) -> None:
    """Bring the simulated agreements into force: drafted by one, approved by another."""
    with app.database.transaction(tenant) as conn:
        author = Context(tenant, AUTHOR, now)
        approver = Context(tenant, load_principal(conn, f"user:ana@{MAIL}", now), now)
        drafted = agreements.draft_many(conn, author, simulation.agreements, source="simulator")
        ids = [d.agreement for d in drafted]
        agreements.submit(conn, author, ids)
        agreements.approve(conn, approver, ids, justification="prices of the season, as negotiated")
        done = agreements.activate_many(conn, approver, ids, acknowledged="made by the simulator")
        append_events(conn, now, agreements.activation_events(done, approver), lanes=app.settings.lanes)
    app.runner("demo").drain(tenant)


def facts_of(app: App, tenant: UUID) -> dict[str, Any]:
    """What governing the demo came to."""
    with app.database.transaction(tenant, read_only=True) as conn:
        facts = order_summary(conn, app.clock.now())
        quarantined = [asdict(c) for c in quarantine_counts(conn)]
        (entries,) = conn.execute("select coalesce(max(seq), 0) from audit_entries").fetchone() or (0,)
        (events,) = conn.execute("select count(*) from events").fetchone() or (0,)
    return {"tenant": SLUG, **facts, "quarantine": quarantined, "events": events, "audit_entries": entries}


def _print(facts: dict[str, Any]) -> None:
    currency = facts["currency"]
    out.print()
    say(
        (f"{facts['orders']:,} orders", "bold"),
        f" worth {facts['amount']:,.0f} {currency}; ",
        (f"{facts['straight_through_pct']} %", "bold green"),
        " went straight through, nobody touched them.",
    )
    columns = {"orders": "Asked", "type": "Exception", "stake": f"At stake {currency}", "waiting": "Waiting now"}
    table("Off the straight path", facts["exceptions"], columns, "Nothing left the straight path.")
    waiting = facts["approvals_waiting"]
    quarantined = sum(c["count"] for c in facts["quarantine"])
    say(
        (f"{waiting['approvals']} approvals wait", "bold"),
        f" with {money(waiting['stake'])} {currency} at stake, {waiting['late']} of them late. "
        f"{quarantined} events are in quarantine. {facts['audit_entries']:,} audit entries prove {facts['events']:,}"
        " events.",
    )


def _announce(address: str, logins: Sequence[tuple[str, str, str]]) -> None:
    """Where the console is and who can sign in."""
    out.print(
        f"\n[bold]Console:[/] [link={address}]{address}[/link]   (Ctrl-C stops it, the data stays)", soft_wrap=True
    )
    for email, password, role in logins:
        say(f"  {email:<26} {password}   {role.replace('_', ' ')}", wrap=False)


def _logins_file(home: Path) -> Path:
    return home / "secrets" / "demo-logins.json"


def _logins(home: Path) -> list[tuple[str, str, str]]:
    """(e-mail, password, role) of the demo's people; empty when the file is gone."""
    path = _logins_file(home)
    if not path.is_file():
        return []
    passwords = json_module.loads(path.read_text())
    return [(f"{name}@{MAIL}", passwords[name], role) for name, _, role in STAFF if name in passwords]
