"""Guests: a client lets people of its provider in, and puts them out; they enter from the provider's console."""

from __future__ import annotations

from uuid import UUID

from headgate.access.tenancy import (
    ask_guest,
    decide_guest,
    end_guest,
    list_guests,
    note_visit,
    revoke_guest,
    start_visit,
)
from headgate.console import urls
from headgate.console.pages.tenants import client_refused
from headgate.console.present.guests import guests_page
from headgate.console.present.people import typed_people
from headgate.console.views.common import Notice
from headgate.console.visit import Answer, Door, Go, Later, Shown, Visit
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, NotFound
from headgate.kernel.phrases import phrase, sentence

CLIENT, RUNS = ("admin",), ("tenants.operate",)
_REFUSED = (Conflict, DutyConflict, Invalid)


def show(visit: Visit) -> Answer:
    """Who of the provider may work here, and who asked to."""
    return guests_page(list_guests(visit.conn), visit.now)


def grant(visit: Visit) -> Answer:
    """Let somebody in."""
    return _decided(visit, "grant", phrase("They may come in until the day that was asked for."))


def refuse(visit: Visit) -> Answer:
    """Do not."""
    return _decided(visit, "refuse", phrase("Refused. The provider reads so."))


def revoke(visit: Visit) -> Answer:
    """Put somebody out at once."""
    return _decided(visit, "revoke", phrase("They are out: their sessions ended, and their roles are taken away."))


def ask(visit: Visit) -> Answer:
    """The provider asks a client to let one of its people in."""
    slug, form = visit.code("tenant"), visit.form
    days = form.get("days", "").strip()
    roles = [name.removeprefix("role:") for name in form if name.startswith("role:")]
    count = int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0
    try:
        with visit.conn.transaction():
            ask_guest(
                visit.conn,
                visit.ctx,
                slug,
                person=(*typed_people(form.get("person", "")), "")[0],
                roles=roles,
                reason=form.get("reason", ""),
                valid_until=visit.days_ago(-count - 1) if count else visit.now,
            )
    except (*_REFUSED, NotFound) as error:
        return client_refused(visit, slug, sentence(error.message))
    return Go(urls.tenant(slug), Notice("done", phrase("Asked. The client’s administrators grant or refuse it.")))


def end(visit: Visit) -> Answer:
    """The provider gives a guest's access up."""
    slug = visit.code("tenant")
    try:
        with visit.conn.transaction():
            end_guest(visit.conn, visit.ctx, slug, visit.uuid("guest"))
    except _REFUSED as error:
        return client_refused(visit, slug, sentence(error.message))
    return Go(urls.tenant(slug), Notice("done", phrase("Ended. Nobody enters any more.")))


def enter(visit: Visit) -> Answer:
    """Go into a client that granted it, as a guest; the session here is left for one there."""
    client, guest = note_visit(visit.conn, visit.ctx, visit.code("tenant"))
    proofs = visit.live.session.proofs if visit.live else ()
    made: list[str] = []

    def run() -> None:
        agent = visit.request.headers.get("user-agent", "")
        address = visit.request.client.host if visit.request.client else ""
        session = start_visit(visit.app.database, client, guest, visit.now, proofs=proofs, agent=agent, address=address)
        made.append(session.token)

    def tell(_: Visit) -> Answer:
        return Go(urls.HOME, Notice("done", phrase("You are a guest here, for an hour at most.")), session=made[0])

    return Later(run, tell)


def _decided(visit: Visit, what: str, said: str) -> Answer:
    guest: UUID = visit.uuid("guest")
    try:
        with visit.conn.transaction():
            if what == "revoke":
                revoke_guest(visit.conn, visit.ctx, guest)
            else:
                decide_guest(visit.conn, visit.ctx, guest, grant=what == "grant")
    except _REFUSED as error:
        return Shown(guests_page(list_guests(visit.conn), visit.now, sentence(error.message)), 422)
    return Go(urls.GUESTS, Notice("done", said))


DOORS = (
    Door("GET", urls.GUESTS, CLIENT, show),
    Door("POST", urls.guest_act("{guest}", "grant"), CLIENT, grant, fresh=True),
    Door("POST", urls.guest_act("{guest}", "refuse"), CLIENT, refuse),
    Door("POST", urls.guest_act("{guest}", "revoke"), CLIENT, revoke),
    Door("POST", urls.tenant_act("{tenant}", "guests"), RUNS, ask, fresh=True),
    Door("POST", urls.tenant_guest_end("{tenant}", "{guest}"), RUNS, end),
    Door("POST", urls.tenant_act("{tenant}", "enter"), RUNS, enter, fresh=True),
)
