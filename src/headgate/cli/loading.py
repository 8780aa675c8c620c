"""Load the demo's tenant: made once, taken up again where it was stopped.

What is loaded follows from a plan that is kept in the tenant's settings until all of it is there: seed, first day,
weeks and the moment of the first start. The same plan gives the same events with the same ids, and the log takes each
once, so going on is playing the same story again from the last moment that the log knows.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from headgate.access import DEMO_SLUG as SLUG
from headgate.access import create_person, create_tenant, find_tenant, grant_role, load_principal, set_tenant
from headgate.channel import agreements, deals
from headgate.cli.playing import Player
from headgate.cli.session import err, new_password
from headgate.cli.todays_order import submit_todays_order
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Busy, Misconfigured, NotFound
from headgate.ledger import append_events
from headgate.packs import find_pack, install_pack, read_pack
from headgate.packs.simulator import TENANT, Simulation, simulate, with_deals
from headgate.packs.simulator.deals import number_of
from headgate.process.messages import About, messages_of, send_message
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
# Who signs in to the portal: name, role, and which of the active partners they belong to.
PARTNER_PEOPLE = (
    ("petra", "Petra Sund", "partner_admin", 0),
    ("pavel", "Pavel Novak", "partner_user", 0),
    ("bianca", "Bianca Conti", "partner_admin", 1),
)
PARTNER_MAIL = "partner.example"
# Who of a partner registers its deals in the portal.
_SPEAKERS = {place: f"user:{name}@{PARTNER_MAIL}" for name, _, _, place in reversed(PARTNER_PEOPLE)}
_STATE = "select settings ->> 'demo', settings -> 'demo_plan' from tenants"
_REACHED = "select max(received_at), exists (select from agreements) from events"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo's data follows from."""

    seed: int
    first_day: date
    weeks: int
    until: datetime

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "first_day": self.first_day.isoformat(),
            "weeks": self.weeks,
            "until": self.until.isoformat(),
        }


def load(app: App, clock: FixedClock, weeks: int, *, quiet: bool) -> UUID:
    """The demo's tenant, loaded first where it is not there yet, or not all of it. Moves the clock and sets it back.

    Weeks of orders that end today, up to this moment: nothing comes from the future. Raises `Busy` while another
    process loads it, `Misconfigured` when the tenant was made by somebody else or by a release that kept no plan.
    """
    with _alone(app.settings.home):
        tenant, plan = _known(app)
        if tenant is not None and plan is None:
            return tenant
        now = clock.now()
        if plan is None:
            tomorrow = now.astimezone(ZoneInfo(TENANT.timezone)).date() + timedelta(days=1)
            plan = Plan(SEED, tomorrow - timedelta(weeks=weeks), weeks, now)
        try:
            return _play(app, clock, plan, tenant, quiet=quiet)
        except KeyboardInterrupt:
            if not quiet:
                err.print("\nThe next start goes on from here.")
            raise
        finally:
            clock.set(now)


def logins(home: Path) -> list[tuple[str, str, str]]:
    """(e-mail, password, role) of the demo's people; empty when the file is gone."""
    path = _logins_file(home)
    if not path.is_file():
        return []
    passwords = json.loads(path.read_text())
    staff = [(f"{name}@{MAIL}", passwords[name], role) for name, _, role in STAFF if name in passwords]
    partners = [(f"{n}@{PARTNER_MAIL}", passwords[n], role) for n, _, role, _ in PARTNER_PEOPLE if n in passwords]
    return staff + partners


def _known(app: App) -> tuple[UUID | None, Plan | None]:
    """The tenant, if there is one, and the plan, if it is not all there yet."""
    try:
        tenant = find_tenant(app.database, SLUG)
    except NotFound:
        return None, None
    with app.database.transaction(tenant, read_only=True) as conn:
        state, plan = conn.execute(_STATE).fetchone() or (None, None)
    if state == "loaded":
        return tenant, None
    if state is None:
        raise Misconfigured(f"the tenant {SLUG} is there and is not the demo's; {_way_out(app)}")
    if plan is None:
        raise Misconfigured(f"an earlier demo was interrupted while it loaded; {_way_out(app)}, then start again")
    first_day, until = date.fromisoformat(plan["first_day"]), datetime.fromisoformat(plan["until"])
    return tenant, Plan(plan["seed"], first_day, plan["weeks"], until)


def _way_out(app: App) -> str:
    if app.settings.database_url:
        return "empty the database or choose another one with HEADGATE_DATABASE_URL"
    return f"remove {app.settings.home} or choose another folder with HEADGATE_HOME"


def _play(app: App, clock: FixedClock, plan: Plan, tenant: UUID | None, *, quiet: bool) -> UUID:
    simulation = with_deals(simulate(plan.seed, plan.first_day, plan.weeks), plan.until, _SPEAKERS)
    # The tenant has been there for longer than the weeks that are played: a protection takes months to run out.
    before = min(event.time for event in simulation.masters)
    clock.set(before)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=quiet) as bar:
        total = sum(event.time < plan.until for event in simulation.stream)
        task = bar.add_task("Governing orders", total=total)
        if tenant is None:
            tenant = _found(app, simulation, plan, before)
        with app.database.transaction(tenant, read_only=True) as conn:
            reached, agreed = conn.execute(_REACHED).fetchone() or (None, False)
        people: dict[str, list[str]] = {}
        for name, _, role in STAFF:
            people.setdefault(role, []).append(f"user:{name}@{MAIL}")
        player = Player(app, tenant, clock, simulation, plan.until, people, lambda done: bar.advance(task, done))
        player.send(simulation.masters)
        app.runner("demo").drain(tenant)
        if not agreed:
            _activate(app, tenant, simulation, before)
        app.runner("demo").drain(tenant)
        player.play(reached or before)
        bar.update(task, description="Governed orders")
    clock.set(datetime.now(UTC))
    _begin_a_form(app, tenant)
    submit_todays_order(app, tenant, f"user:petra@{PARTNER_MAIL}", plan.until)
    with app.database.transaction(tenant) as conn:
        ctx = Context(tenant, SYSTEM, app.clock.now())
        set_tenant(conn, ctx, settings={**simulation.tenant.settings, "demo": "loaded"})
    return tenant


def _found(app: App, simulation: Simulation, plan: Plan, now: datetime) -> UUID:
    """The tenant with its people and the order pack; their passwords go to the data folder."""
    profile = simulation.tenant
    tenant = uuid4()
    ctx = Context(tenant, SYSTEM, now)
    passwords = {name: new_password() for name, *_ in (*STAFF, *PARTNER_PEOPLE)}
    partners = [p.code for p in simulation.partners if p.status == "active"]
    with app.database.transaction(tenant) as conn:
        create_tenant(
            conn,
            ctx,
            slug=SLUG,
            name=profile.name,
            currency=profile.currency,
            timezone=profile.timezone,
            settings={**profile.settings, "demo": "loading", "demo_plan": plan.as_json()},
        )
        for pack in ("order_governance", "channel_revenue"):
            install_pack(conn, ctx, read_pack(find_pack(pack)), app.policies, app.actions)
        for name, full, role in STAFF:
            create_person(conn, ctx, email=f"{name}@{MAIL}", name=full, password=passwords[name])
            grant_role(conn, ctx, f"user:{name}@{MAIL}", role)
        for name, full, role, place in PARTNER_PEOPLE:
            email = f"{name}@{PARTNER_MAIL}"
            create_person(conn, ctx, email=email, name=full, password=passwords[name], partner=partners[place])
            grant_role(conn, ctx, f"user:{email}", role)
        # Before the commit: people whose passwords nobody kept could not sign in.
        _keep(_logins_file(app.settings.home), json.dumps(passwords))
    return tenant


def _begin_a_form(app: App, tenant: UUID) -> None:
    """A deal that somebody has begun and not sent, and a question that waits for the partner."""
    with app.database.transaction(tenant) as conn:
        now = app.clock.now()
        pavel = Context(tenant, load_principal(conn, f"user:pavel@{PARTNER_MAIL}", now), now)
        fields = {"customer_name": "Bergmann Optik", "customer_country": "DE", "currency": "EUR"}
        deals.save_draft(conn, pavel, "DR-00000000A001", fields)
        ana = Context(tenant, load_principal(conn, f"user:ana@{MAIL}", now), now)
        row = deals.get_deal(conn, number_of(6))
        if not messages_of(conn, row["case_id"]):
            about = About(row["case_id"], "deal", row["deal"], row["partner"])
            send_message(conn, ana, about, "Who decides at the customer, and when is the tender published?")


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


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


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process loads at a time; the system lets go when it dies. Raises `Busy`."""
    home.mkdir(parents=True, exist_ok=True)
    held = os.open(home / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise Busy("the demo is being loaded by another process; wait for it and start again", retry_after=60) from None
    try:
        yield
    finally:
        os.close(held)


def _logins_file(home: Path) -> Path:
    return home / "secrets" / "demo-logins.json"
