"""Inheritance: what comes from the organisations above, and what is offered to those below."""

from __future__ import annotations

from datetime import date, datetime, time

from headgate.access import list_custom_roles
from headgate.access.core.roles import OPERATING_KINDS
from headgate.access.inheritance import KINDS, go_back, list_inherited, list_offers, offer_fates, withdraw_offer
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present import inheritance as present
from headgate.console.views.common import Notice
from headgate.console.views.inheritance import InheritanceView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.identity.founding import PACKS
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound, invalid
from headgate.kernel.phrases import phrase, sentence
from headgate.packs import find_pack, read_pack
from headgate.packs.inherited import offer, takers

SEES, FOLLOWS, RUNS = ("policies.read", "admin", "tenants.operate"), ("admin", "policies.approve"), ("tenants.operate",)
_REFUSED = (Conflict, DutyConflict, Forbidden, Invalid, NotFound)


def show(visit: Visit) -> Answer:
    """Both sides."""
    return _page(visit)


def follow(visit: Visit) -> Answer:
    """Go back to what is inherited."""
    kind, name = visit.code("kind"), visit.code("thing")
    try:
        with visit.conn.transaction():
            go_back(visit.conn, visit.ctx, takers(visit.app.policies, visit.app.actions), kind, name)
    except (Conflict, DutyConflict, Invalid) as error:
        return Shown(_page(visit, sentence(error.message)), 422)
    return Go(urls.INHERITANCE, Notice("done", phrase("It is inherited again.")))


def add(visit: Visit) -> Answer:
    """Offer something to those below."""
    form = visit.form
    kind, _, name = form.get("what", "").partition(":")
    try:
        if kind not in KINDS or not name:
            raise invalid("what", form.get("what", ""), "is nothing that can be offered", "Choose from the list.")
        with visit.conn.transaction():
            offer(
                visit.app.policies,
                visit.conn,
                visit.ctx,
                kind,
                name,
                locked=kind != "pack" and form.get("locked") == "1",
                effective_at=_day(visit, form.get("from", "").strip()),
            )
    except _REFUSED as error:
        return Shown(_page(visit, sentence(error.message)), 422)
    return Go(urls.INHERITANCE, Notice("done", phrase("It is offered. Clients have it within a minute.")))


def withdraw(visit: Visit) -> Answer:
    """Offer something no more."""
    try:
        with visit.conn.transaction():
            withdraw_offer(visit.conn, visit.ctx, visit.uuid("offer"))
    except (Conflict, Invalid) as error:
        return Shown(_page(visit, sentence(error.message)), 422)
    return Go(urls.INHERITANCE, Notice("done", phrase("It is not offered any more. Clients keep what they have.")))


def _page(visit: Visit, error: str = "") -> InheritanceView:
    rows = present.inherited_rows(list_inherited(visit.conn), visit.lens)
    if not visit.may("tenants.operate") or visit.tenant.kind not in OPERATING_KINDS:
        return InheritanceView(rows, error=error)
    found, fates = list_offers(visit.conn), offer_fates(visit.conn, visit.ctx)
    names = names_of(visit, people={each.published_by for each in found})
    packs = [(name, read_pack(find_pack(name)).title) for name in PACKS]
    policies = visit.app.policies.list(visit.conn)
    return InheritanceView(
        rows,
        present.offer_rows(found, names, visit.now, fates),
        True,
        present.choices(policies, list_custom_roles(visit.conn), packs, visit.lens),
        visit.form,
        error,
        present.fate_rows(fates),
        fates.total,
    )


def _day(visit: Visit, text: str) -> datetime | None:
    """The first instant of a day in the tenant's zone; None for today and for nothing."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise invalid("from", text, "is not a day", "Write it like 2026-07-01, or leave it empty.") from None
    start = datetime.combine(day, time(), visit.zone)
    return None if day == visit.now.astimezone(visit.zone).date() else start


DOORS = (
    Door("GET", urls.INHERITANCE, SEES, show),
    Door("POST", urls.inherited_follow("{kind}", "{thing}"), FOLLOWS, follow, fresh=True),
    Door("POST", urls.OFFERS, RUNS, add, fresh=True),
    Door("POST", urls.offer_withdraw("{offer}"), RUNS, withdraw, fresh=True),
)
