"""Clients of a provider: how they fare, and setting each of them up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from psycopg import Connection

from headgate.access import get_tenant
from headgate.access.tenancy import (
    QUOTAS,
    acting_on,
    ask_deletion,
    confirm_deletion,
    list_below,
    list_guests,
    looking_at,
    move_below,
    pending_deletion,
    resume_tenant,
    set_quotas,
    suspend_tenant,
    umbrella,
    visitor,
    withdraw_deletion,
)
from headgate.console import urls
from headgate.console.pages.loading import people_to_pick
from headgate.console.present.guests import guest_row
from headgate.console.present.tenants import PERIODS, client_page, clients_page
from headgate.console.views.common import Notice
from headgate.console.views.tenants import ClientsView, ClientView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.identity.founding import NewClient, found_client
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, NotFound, invalid
from headgate.kernel.phrases import phrase, sentence

SEES, RUNS = ("tenants.operate", "audit.read", "admin"), ("tenants.operate",)
_REFUSED = (Conflict, DutyConflict, Invalid)
Act = Callable[[Connection[Any], Context], object]


def show_all(visit: Visit) -> Answer:
    """Every tenant below, in sums, and the form to make one."""
    return _all(visit)


def make(visit: Visit) -> Answer:
    """Make a tenant right below one's own."""
    form = visit.form
    email = form.get("email", "").strip()
    wanted = NewClient(
        slug=form.get("slug", "").strip(),
        name=form.get("name", ""),
        currency=form.get("currency", "").strip().upper(),
        timezone=form.get("timezone", "").strip(),
        kind=form.get("kind", "client"),
        residency=form.get("residency", ""),
        packs=tuple(name.removeprefix("pack:") for name in form if name.startswith("pack:")),
        administrator=(email, form.get("administrator", "")) if email else None,
    )
    try:
        with visit.conn.transaction():
            made = found_client(visit.conn, visit.ctx, visit.app, wanted)
    except _REFUSED as error:
        return Shown(_all(visit, sentence(error.message)), 422)
    said = (
        phrase("%(made)s is there. %(email)s gets a link by mail.", made=made.name, email=email)
        if email
        else phrase("%(made)s is there.", made=made.name)
    )
    return Go(urls.tenant(made.slug), Notice("done", said))


def show(visit: Visit) -> Answer:
    """One of them, as set up."""
    return _one(visit, visit.code("tenant"))


def suspend(visit: Visit) -> Answer:
    """Shut it."""
    why = visit.form.get("reason", "")
    return _act(
        visit, "client_tenant.suspended", lambda c, x: suspend_tenant(c, x, why), phrase("It is shut."), reason=why
    )


def resume(visit: Visit) -> Answer:
    """Open it again."""
    return _act(visit, "client_tenant.resumed", resume_tenant, phrase("It is open again; what waited is applied."))


def limit(visit: Visit) -> Answer:
    """Limit what it may use."""

    def act(conn: Connection[Any], inside: Context) -> None:
        set_quotas(conn, inside, {name: _number(name, visit.form.get(name, "")) for name in QUOTAS})

    return _act(visit, "client_tenant.quotas_set", act, phrase("The limits hold from now on."))


def place(visit: Visit) -> Answer:
    """Place it elsewhere in one's tree."""
    slug, form = visit.code("tenant"), visit.form
    try:
        with visit.conn.transaction():
            move_below(
                visit.app.database,
                visit.conn,
                visit.ctx,
                slug,
                kind=form.get("kind", ""),
                parent=form.get("parent", ""),
            )
    except (*_REFUSED, NotFound) as error:
        return Shown(_one(visit, slug, sentence(error.message)), 422)
    return Go(urls.tenant(slug), Notice("done", phrase("It is placed.")))


def ask(visit: Visit) -> Answer:
    """Ask for its deletion."""
    why = visit.form.get("reason", "")
    said = phrase("Asked. Nothing happens before somebody else confirms it.")
    return _act(visit, "client_tenant.deletion_asked", lambda c, x: ask_deletion(c, x, why), said, reason=why)


def confirm(visit: Visit) -> Answer:
    """Confirm it, as another; typing the short name keeps a slip from shutting a client."""
    slug, wait = visit.code("tenant"), timedelta(days=visit.app.settings.deletion_days)
    if visit.form.get("slug", "").strip() != slug:
        return Shown(_one(visit, slug, phrase("Type %(slug)s to confirm that it is this one.", slug=slug)), 422)
    said = phrase(
        "It is shut, and deleted after %(days)s days. Its administrators can still export everything.", days=wait.days
    )
    return _act(visit, "client_tenant.deletion_confirmed", lambda c, x: confirm_deletion(c, x, wait=wait), said)


def withdraw(visit: Visit) -> Answer:
    """Take it back."""
    return _act(visit, "client_tenant.deletion_withdrawn", withdraw_deletion, phrase("The deletion is taken back."))


def _act(visit: Visit, action: str, act: Act, said: str, **told: str) -> Answer:
    slug = visit.code("tenant")
    try:
        with visit.conn.transaction(), acting_on(visit.conn, visit.ctx, slug, action, **told) as inside:
            act(visit.conn, inside)
    except _REFUSED as error:
        return Shown(_one(visit, slug, sentence(error.message)), 422)
    return Go(urls.tenant(slug), Notice("done", said))


def _all(visit: Visit, error: str = "") -> ClientsView:
    days = int(visit.choice("days", PERIODS) or "30")
    found = umbrella(visit.conn, visit.ctx, visit.days_ago(days))
    operates = visit.may("tenants.operate")
    invites = bool(visit.app.settings.public_url)
    return clients_page(found, days, operates=operates, invites=invites, values=visit.form, error=error)


def _one(visit: Visit, slug: str, error: str = "") -> ClientView:
    others = list_below(visit.conn, visit.ctx)
    found = next((each for each in others if each.slug == slug), None)
    if found is None:
        raise NotFound("there is no such client below you")
    with looking_at(visit.conn, visit.ctx, slug):
        deletion = pending_deletion(visit.conn)
        guests = [each for each in list_guests(visit.conn) if each.provider == visit.ctx.tenant_id]
    view = client_page(
        found,
        get_tenant(visit.conn),
        others,
        deletion,
        visitor(visit.conn, visit.ctx, frozenset()).id,
        wait=visit.app.settings.deletion_days,
        error=error,
        guests=[guest_row(each, visit.now) for each in guests],
        may_enter=any(each.person == visit.me.id and each.state(visit.now) == "in_force" for each in guests),
    )
    return replace(view, people=people_to_pick(visit))


def client_refused(visit: Visit, slug: str, error: str) -> Answer:
    """A client's page with why something cannot be done."""
    return Shown(_one(visit, slug, error), 422)


def _number(name: str, text: str) -> int | None:
    plain = text.strip().replace(",", "")
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 12):
        raise invalid(name, text, "is not a limit", "Use a whole number, or leave it empty for no limit.")
    return int(plain)


DOORS = (
    Door("GET", urls.TENANTS, SEES, show_all),
    Door("POST", urls.TENANTS, RUNS, make, fresh=True),
    Door("GET", urls.tenant("{tenant}"), RUNS, show),
    Door("POST", urls.tenant_act("{tenant}", "suspend"), RUNS, suspend, fresh=True),
    Door("POST", urls.tenant_act("{tenant}", "resume"), RUNS, resume, fresh=True),
    Door("POST", urls.tenant_act("{tenant}", "limits"), RUNS, limit, fresh=True),
    Door("POST", urls.tenant_act("{tenant}", "place"), RUNS, place, fresh=True),
    Door("POST", urls.tenant_act("{tenant}", "deletion"), RUNS, ask, fresh=True),
    Door("POST", urls.tenant_act("{tenant}", "deletion-confirm"), RUNS, confirm, fresh=True),
    Door("POST", urls.tenant_act("{tenant}", "deletion-withdraw"), RUNS, withdraw, fresh=True),
)
