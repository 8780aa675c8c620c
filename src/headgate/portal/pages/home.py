"""What is needed from the partner, and what happened."""

from __future__ import annotations

from datetime import timedelta

from headgate.channel.deals import latest_milestones, list_deals, list_drafts
from headgate.channel.exceptions import list_exceptions
from headgate.channel.orders import list_orders
from headgate.channel.partners import get_partner
from headgate.channel.products import names_of_products
from headgate.channel.returns import list_returns
from headgate.kernel.errors import NotFound
from headgate.kernel.money import Money
from headgate.kernel.phrases import joined, phrase
from headgate.portal import urls
from headgate.portal.pages import sending
from headgate.portal.pages.deals import headline
from headgate.portal.pages.orders import need_of
from headgate.portal.pages.prices import lapses
from headgate.portal.views import HomeView, Need
from headgate.portal.visit import SIGNED_IN, Answer, Door, Visit
from headgate.process.messages import unseen_by_partner
from headgate.ui.recorded import recorded

SOON = timedelta(days=21)
MOST = 8
# How a price that was asked for came out, after the product's name and a colon.
DECIDED = {
    "granted": phrase("price granted"),
    "not_needed": phrase("your contract gives this price"),
    "declined": phrase("price not granted"),
    "lapsed": phrase("nobody decided about the price in time"),
}


def show(visit: Visit) -> Answer:
    """The first page."""
    return HomeView(company_of(visit), tuple(_needs(visit)), tuple(_happened(visit)), visit.may("prices.request"))


def company_of(visit: Visit) -> str:
    """The name of the reader's company."""
    try:
        return get_partner(visit.conn, visit.partner).partner.name
    except NotFound:
        return visit.partner


def _needs(visit: Visit) -> list[Need]:
    found = [
        Need(
            phrase("Answer the message about %(subject)s", subject=m.subject),
            urls.subject(m.subject_type, m.subject),
            m.text[:140],
            m.at,
            icon="message",
        )
        for m in unseen_by_partner(visit.conn, MOST)
    ]
    found += sending.needs(visit)
    if visit.may("deals.read"):
        found += _deal_needs(visit)
    if visit.may("orders.read"):
        page, _ = list_orders(visit.conn, status="held", limit=MOST)
        found += [
            Need(
                phrase("Order %(order_no)s is held", order_no=row["order_no"]),
                urls.order(row["order_no"]),
                need_of(row["exceptions"]),
                row["updated_at"],
            )
            for row in page.items
        ]
    if visit.may("prices.request"):
        found += _price_needs(visit)
    if visit.may("returns.request"):
        found += _return_needs(visit)
    return found


def _price_needs(visit: Visit) -> list[Need]:
    rows = list_exceptions(visit.conn, status="returned", limit=MOST).items
    names = names_of_products(visit.conn, {row["product"] for row in rows})
    until = lapses(visit, rows)
    return [
        Need(
            phrase("The price of %(product)s came back to you", product=names.get(row["product"], row["product"])),
            urls.price(row["request"]),
            phrase("Change what you ask for, and send it again."),
            row["updated_at"],
            due=until.get(row["case_id"]),
            icon="arrow-back-up",
        )
        for row in rows
    ]


def _return_needs(visit: Visit) -> list[Need]:
    say = visit.fmt.say
    waiting = [
        Need(
            say("Return %(rma)s needs something from you") % {"rma": row["rma"]},
            urls.rma(row["rma"]),
            joined(" ", map(recorded, row["told"])),
            row["updated_at"],
            icon="arrow-back-up",
        )
        for row in list_returns(visit.conn, status="returned", limit=MOST).items
    ]
    return waiting + [
        Need(
            say("Send the goods of return %(rma)s") % {"rma": row["rma"]},
            urls.rma(row["rma"]),
            due=row["send_by"],
            icon="truck",
        )
        for row in list_returns(visit.conn, status="authorised", limit=MOST).items
    ]


def _deal_needs(visit: Visit) -> list[Need]:
    found = [
        Need(
            phrase("Mend the registration for %(customer)s", customer=row["customer"]),
            urls.deal(row["deal"]),
            phrase("It came back to you."),
            row["updated_at"],
            icon="arrow-back-up",
        )
        for row in list_deals(visit.conn, status="returned", limit=MOST).items
    ]
    ending = [
        row
        for row in list_deals(visit.conn, status="approved", limit=100).items
        if row["protected_until"] is not None and row["protected_until"] - visit.now <= SOON
    ]
    found += [
        Need(
            phrase("Protection of %(customer)s ends soon", customer=row["customer"]),
            urls.deal(row["deal"]),
            phrase("Report activity, or ask for more time."),
            due=row["protected_until"],
            icon="clock",
            tone="risk",
        )
        for row in sorted(ending, key=lambda row: row["protected_until"])[:MOST]
    ]
    found += [
        Need(
            phrase(
                "Finish the registration for %(customer_name)s",
                customer_name=draft.fields.get("customer_name") or phrase("a customer"),
            ),
            urls.deal_form(draft.deal),
            phrase("It was not sent yet."),
            draft.updated_at,
            icon="pencil",
            tone="quiet",
        )
        for draft in list_drafts(visit.conn, visit.ctx)[:MOST]
    ]
    return found


def _happened(visit: Visit) -> list[Need]:
    """What happened to deals and to prices that were asked for, newest first."""
    found = _milestones(visit) if visit.may("deals.read") else []
    found += _prices_decided(visit) if visit.may("prices.request") else []
    return sorted(found, key=lambda each: each.at or visit.now, reverse=True)[:MOST]


def _prices_decided(visit: Visit) -> list[Need]:
    rows = [row for row in list_exceptions(visit.conn, limit=MOST).items if row["status"] in DECIDED]
    names = names_of_products(visit.conn, {row["product"] for row in rows})
    return [
        Need(
            joined(": ", (names.get(row["product"], row["product"]), DECIDED[row["status"]])),
            urls.price(row["request"]),
            f"{visit.fmt.price(Money(row['unit_price'], row['currency']))} {row['currency']}",
            row["updated_at"],
            icon="circle-dot",
            tone="quiet",
        )
        for row in rows
    ]


def _milestones(visit: Visit) -> list[Need]:
    return [
        Need(
            joined(": ", (m.customer, headline(m.kind, m.status).lower())),
            urls.deal(m.deal),
            joined(" ", map(recorded, m.told)),
            m.at,
            icon="circle-dot",
            tone="quiet",
        )
        for m in latest_milestones(visit.conn, MOST)
    ]


DOORS = (Door("GET", urls.HOME, SIGNED_IN, show),)
