"""Price exceptions: ask for one, and see what became of it. They take the same way as everybody's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from headgate.channel.exceptions import get_exception, list_exceptions
from headgate.channel.orders import get_order
from headgate.channel.products import names_of_products
from headgate.kernel.errors import Invalid, NotFound
from headgate.kernel.ids import new_id
from headgate.kernel.money import Money
from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.list_views import PricesView
from headgate.portal.lists import PAGE, filters_of, further, period, sought_in
from headgate.portal.pages.reading import amount, by_field, currencies, plain_number, products, unknown_products
from headgate.portal.pages.sending import PRICE, kept_form, send_form, unsettled
from headgate.portal.pages.threads import thread_of
from headgate.portal.price_views import PriceFormView, PriceRow, PriceView
from headgate.portal.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.ui.cookies import Notice
from headgate.ui.words import STATES

FIELDS = ("product", "unit_price", "currency", "max_quantity", "valid_from", "valid_until", "justification", "order")
NAMES = {name: name for name in FIELDS}
_NUMBER = re.compile(r"PX-[0-9A-F]{12}")
TABS = (
    ("", phrase("All")),
    ("deciding", phrase("Being decided")),
    ("granted", phrase("Granted")),
    ("declined", phrase("Not granted")),
)
INSTANT = timedelta(microseconds=1)  # what is before the end of the last day is that day
EXPLAINS = {
    "deciding": phrase("Somebody is deciding about it. You will see the decision here."),
    "granted": phrase("Order at this price until it ends or the quantity is used up."),
    "not_needed": phrase("Your contract already gives you this price or a better one."),
    "declined": phrase("It was not granted."),
    "lapsed": phrase("Nobody decided in time. Ask again, or write to us."),
    "withdrawn": phrase("It was withdrawn."),
}

# Where it is for an order that is there already.
FOR_ORDER = {
    "deciding": phrase("Somebody is deciding about it. Your order waits; you will see the decision here."),
    "granted": phrase("Your order is checked again with this price. You need not order anew."),
}


def show_all(visit: Visit) -> Answer:
    """The requests, last changed first."""
    sought = sought_in(visit, urls.PRICES, STATES["price_exception"])
    since, until = period(visit, sought)
    page = list_exceptions(
        visit.conn,
        status=sought.status,
        text=sought.text,
        since=since,
        until=until,
        cursor=visit.cursor(),
        limit=PAGE,
    )
    names = names_of_products(visit.conn, {row["product"] for row in page.items})
    rows = tuple(_row(row, names) for row in page.items)
    waiting = () if sought.status or visit.cursor() else unsettled(visit, PRICE)
    return PricesView(filters_of(visit, sought, TABS), rows, further(sought, page.next_cursor or ""), waiting)


def show(visit: Visit) -> Answer:
    """One request."""
    row = get_exception(visit.conn, visit.code("request"))
    usual, order, status = row["contract_price"], row["order_no"] or "", row["status"]
    return PriceView(
        request=row["request"],
        product=row["product"],
        name=names_of_products(visit.conn, [row["product"]]).get(row["product"], ""),
        status=status,
        explains=FOR_ORDER.get(status, EXPLAINS.get(status, "")) if order else EXPLAINS.get(status, ""),
        price=Money(row["unit_price"], row["currency"]),
        usual=None if usual is None else Money(amount(usual), row["currency"]),
        quantity=row["max_quantity"],
        since=row["valid_from"],
        until=row["valid_until"] - INSTANT,
        reason=str(row["content"].get("justification") or ""),
        order=order,
        changed=row["updated_at"],
        thread=thread_of(visit, "price_exception", row["request"], row["case_id"]),
    )


def begin(visit: Visit) -> Answer:
    """The form, with what an order's page knows already."""
    given = {name: visit.text(name) for name in ("product", "order") if visit.text(name)}
    known = _of_order(visit, given) if "order" in given else {}
    fields = {"currency": visit.tenant.currency, "valid_from": visit.today().isoformat(), **given, **known}
    return _view(visit, _new_number(visit), fields, {})


def resume(visit: Visit) -> Answer:
    """A request that was sent and could not be taken in, as it was filled in."""
    number = visit.code("request")
    if _known(visit, number):
        return Go(urls.price(number))
    kept = kept_form(visit, PRICE, number, lambda _: NAMES)
    if kept is None:
        raise NotFound("there is no such form")
    return _view(visit, number, kept.fields, kept.errors, waits=not kept.errors)


def _new_number(visit: Visit) -> str:
    """Made when the form is opened, so that sending it twice makes one request."""
    return f"PX-{new_id(visit.now).hex[-12:].upper()}"


def _known(visit: Visit, number: str) -> bool:
    try:
        get_exception(visit.conn, number)
    except NotFound:
        return False
    return True


def _of_order(visit: Visit, given: Mapping[str, str]) -> dict[str, str]:
    """What an order asks for: its currency and, of the product named or the only line below contract, price and
    quantity. Nothing for an order that is not the reader's."""
    with suppress(NotFound):
        row = get_order(visit.conn, given["order"], costs=False)
        lines = [each for each in row["lines"] if given.get("product", each["product"]) == each["product"]]
        low = [each for each in lines if each["contract_price"] and each["unit_price"] < each["contract_price"]]
        found = {"currency": str(row["currency"])}
        if len(low) == 1:
            (line,) = low
            found |= {"product": str(line["product"]), "unit_price": _plain(line["unit_price"])}
            found["max_quantity"] = _plain(line["quantity"])
        return found
    return {}


def _plain(value: Decimal) -> str:
    """A number as somebody would type it: `203.11`, `10`."""
    return f"{value.normalize():f}"


def ask(visit: Visit) -> Answer:
    """Send the request."""
    given = visit.field("request")
    number = given if _NUMBER.fullmatch(given) else _new_number(visit)
    if _known(visit, number):
        return Go(urls.price(number), Notice("quiet", phrase("This request was sent before.")))
    fields = {name: visit.field(name) for name in FIELDS if visit.field(name)}
    data: dict[str, Any] = dict(fields)
    for name in ("unit_price", "max_quantity"):
        if name in data:
            data[name] = plain_number(data[name])
    if not data.get("max_quantity"):
        return Shown(
            _view(visit, number, fields, {"max_quantity": phrase("Say for how many you need this price.")}), 400
        )
    errors = unknown_products(visit, {"product": fields["product"]} if "product" in fields else {})
    if errors:
        return Shown(_view(visit, number, fields, errors), 400)
    data |= {"request": number, "requested_by": visit.me.id}
    try:
        seq = send_form(visit, PRICE, number, "price_exception.requested", data, fields)
    except Invalid as error:
        return Shown(_view(visit, number, fields, by_field(error.problems, NAMES)), 400)

    def tell(after: Visit, settled: bool) -> Answer:
        refused = after.refusal(seq) if settled else None
        if refused is not None:
            return Shown(_view(after, number, fields, by_field(refused.problems, NAMES)), 409)
        if not settled:
            return Go(urls.PRICES, Notice("waiting", phrase("Your request was sent and is being looked at.")))
        return Go(urls.price(number), Notice("done", phrase("Your request was sent.")))

    return Settle(seq, tell)


def _view(
    visit: Visit, number: str, fields: Mapping[str, str], errors: Mapping[str, str], *, waits: bool = False
) -> PriceFormView:
    return PriceFormView(number, fields, errors, currencies(visit), products(visit), visit.today(), waits)


def _row(row: Mapping[str, Any], names: Mapping[str, str]) -> PriceRow:
    return PriceRow(
        request=row["request"],
        product=row["product"],
        name=names.get(row["product"], ""),
        status=row["status"],
        price=Money(row["unit_price"], row["currency"]),
        until=row["valid_until"] - INSTANT,
        changed=row["updated_at"],
    )


DOORS = (
    Door("GET", urls.PRICES, "prices.request", show_all),
    Door("GET", urls.PRICE_NEW, "prices.request", begin),
    Door("POST", urls.PRICE_NEW, "prices.request", ask),
    Door("GET", urls.price("{request}"), "prices.request", show, notes=True),
    Door("GET", urls.price_form("{request}"), "prices.request", resume),
)
