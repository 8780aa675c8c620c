"""The partner's orders: state, what holds them and what helps, and how far they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from headgate.channel.exceptions import list_exceptions
from headgate.channel.orders import get_order, list_orders
from headgate.channel.products import names_of_products
from headgate.channel.returns import list_returns
from headgate.kernel.money import Money
from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.list_views import OrdersView
from headgate.portal.lists import PAGE, filters_of, further, period, sought_in
from headgate.portal.pages.threads import thread_of
from headgate.portal.views import OrderRow, OrderView, Stage
from headgate.portal.visit import Answer, Door, Visit

TABS = (
    ("", phrase("All")),
    ("held", phrase("Held")),
    ("released", phrase("Released")),
    ("shipping", phrase("Shipping")),
    ("fulfilled", phrase("Fulfilled")),
)
STATUSES = frozenset(
    {"received", "held", "released", "flagged", "rejected", "cancelled", "shipping", "fulfilled", "returned"}
)
# What holds an order, in the partner's words: what it is, and what helps. What is ours alone is only "being checked".
NEEDS: Mapping[str, tuple[str, str]] = {
    "price_deviation": (
        phrase("A price is below your contract"),
        phrase("We are deciding about it. A price exception asked for in advance avoids this."),
    ),
    "credit_limit": (phrase("Your credit limit is used up"), phrase("Pay open invoices, or write to us.")),
    "credit_hold": (phrase("Your account is on hold"), phrase("Please talk to us about open invoices.")),
    "duplicate_order": (phrase("This looks like an order you sent before"), phrase("Tell us whether both are meant.")),
    "out_of_stock": (phrase("Not everything is in stock"), phrase("We are looking for a date or a replacement.")),
    "below_minimum": (phrase("Below the smallest quantity"), phrase("Raise the quantity, or tell us why.")),
    "tax_undetermined": (
        phrase("The tax could not be determined"),
        phrase("Send us your tax number or exemption certificate."),
    ),
    "export_restricted": (phrase("Export rules apply"), phrase("We are checking them; tell us the end user and use.")),
    "partner_blocked": (phrase("Your account is blocked"), phrase("Please talk to your partner manager.")),
}
# The help with a price below contract, once it was asked for and while it can be.
ASKED = phrase("You asked for it. Once it is granted, this order is checked again with it.")
CAN_ASK = phrase("Say why you need it: ask for this price. Once it is granted, this order is checked again with it.")
OPEN = ("deciding", "returned")  # a price that is still being asked for
CHECKING = (phrase("We are checking this order"), phrase("You need not do anything."))
_PATH = ("received", "checked", "released", "shipped", "delivered")


def need_of(exceptions: Iterable[str]) -> str:
    """The first thing that holds an order, in a few words."""
    found = needs_of(exceptions)
    return found[0][0] if found else ""


def needs_of(exceptions: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """What holds an order, each once."""
    return tuple(dict.fromkeys(NEEDS.get(e, CHECKING) for e in exceptions))


def show_all(visit: Visit) -> Answer:
    """Orders, newest first."""
    sought = sought_in(visit, urls.ORDERS, STATUSES)
    since, until = period(visit, sought)
    page, _ = list_orders(
        visit.conn,
        status=sought.status,
        text=sought.text,
        since=since,
        until=until,
        cursor=visit.cursor(),
        limit=PAGE,
    )
    return OrdersView(
        filters_of(visit, sought, TABS), tuple(map(_row, page.items)), further(sought, page.next_cursor or "")
    )


def show(visit: Visit) -> Answer:
    """One order."""
    row = get_order(visit.conn, visit.code("order"), costs=False)
    held = row["status"] == "held"
    may_ask, may_return = visit.may("prices.request"), visit.may("returns.request")
    asked = list_exceptions(visit.conn, order=row["order_no"], limit=20).items if may_ask else ()
    below = _below(row) if may_ask and held and "price_deviation" in row["exceptions"] else set()
    unasked = below - {each["product"] for each in asked if each["status"] in OPEN}
    names = names_of_products(visit.conn, {each["product"] for each in (*row["lines"], *asked)})
    back = list_returns(visit.conn, order=row["order_no"], limit=20).items if may_return else ()
    return OrderView(
        order=row["order_no"],
        reference=row["customer_reference"],
        status=row["status"],
        total=Money(row["total"], row["currency"]),
        tax=Money(row["tax"], row["currency"]),
        placed=row["placed_at"],
        changed=row["updated_at"],
        ship_to=_place(row["content"].get("ship_to") or {}, visit),
        stages=stages(row),
        needs=_helped(needs_of(row["exceptions"]), below, unasked) if held else (),
        lines=tuple(
            (
                str(line["product"]),
                names.get(line["product"], ""),
                str(line["unit"]),
                line["quantity"],
                Money(line["unit_price"], row["currency"]),
                Money(line["amount"], row["currency"]),
                line["shipped"],
            )
            for line in row["lines"]
        ),
        ask=_ask(row["order_no"], unasked),
        asked=tuple(
            (
                each["request"],
                names.get(each["product"], each["product"]),
                each["status"],
                Money(each["unit_price"], each["currency"]),
                each["updated_at"],
            )
            for each in asked
        ),
        thread=thread_of(visit, "order", row["order_no"], row["case_id"]) if row["case_id"] else None,
        can_return=may_return and any(line["shipped"] for line in row["lines"]),
        returns=tuple((each["rma"], each["status"], each["updated_at"]) for each in back),
    )


def _below(row: Mapping[str, Any]) -> set[str]:
    """The products that the order has below contract; all of its products where that cannot be told."""
    lines: Sequence[Mapping[str, Any]] = row["lines"]
    low = {each["product"] for each in lines if each["contract_price"] and each["unit_price"] < each["contract_price"]}
    return low or {each["product"] for each in lines}


def _ask(order: str, products: Collection[str]) -> str:
    """Where a price for these products of the order is asked for; '' when there are none."""
    product = next(iter(products)) if len(products) == 1 else ""
    return urls.query(urls.PRICE_NEW, order=order, product=product) if products else ""


def _helped(
    needs: Iterable[tuple[str, str]], below: Collection[str], unasked: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """What holds an order, and what helps whoever may ask for prices."""
    price, _ = NEEDS["price_deviation"]
    way = CAN_ASK if unasked else ASKED
    return tuple((what, way if below and what == price else other) for what, other in needs)


def stages(row: Mapping[str, Any]) -> tuple[Stage, ...]:
    """How far an order is: received, checked, released, shipped."""
    status = row["status"]
    if status in ("rejected", "cancelled"):
        return (
            Stage(phrase("Received"), "done", row["received_at"]),
            Stage(phrase("Rejected") if status == "rejected" else phrase("Cancelled"), "current", row["updated_at"]),
        )
    place = {"received": 1, "held": 1, "returned": 1, "released": 2, "flagged": 2, "shipping": 3, "fulfilled": 4}.get(
        status, 1
    )
    labels = (phrase("Received"), phrase("Checked"), phrase("Released"), phrase("Shipped"))
    moments = (
        row["received_at"],
        None,
        row["updated_at"] if place == 2 else None,
        row["updated_at"] if place == 4 else None,
    )
    found = []
    for n, (label, at) in enumerate(zip(labels, moments, strict=True)):
        state = "done" if n < place or place == 4 else "current" if n == place else "ahead"
        if n == 2 and place == 2:
            state = "done"
        if n == 3 and place == 2:
            state = "current"
        found.append(Stage(phrase("Being checked") if n == 1 and place == 1 else label, state, at))
    return tuple(found)


def _row(row: Mapping[str, Any]) -> OrderRow:
    return OrderRow(
        order=row["order_no"],
        reference=row["customer_reference"],
        status=row["status"],
        need=need_of(row["exceptions"]) if row["status"] == "held" else "",
        total=Money(Decimal(row["total"]), row["currency"]),
        placed=row["placed_at"],
    )


def _place(ship_to: Mapping[str, Any], visit: Visit) -> str:
    country = str(ship_to.get("country") or "")
    parts = (ship_to.get("name"), ship_to.get("street"), ship_to.get("postcode"), ship_to.get("city"))
    return ", ".join([*(str(p) for p in parts if p), *([visit.fmt.country(country)] if country else [])])


DOORS = (
    Door("GET", urls.ORDERS, "orders.read", show_all),
    Door("GET", urls.order("{order}"), "orders.read", show, notes=True),
)
