"""The form of a price exception: asked for, and asked for otherwise after it was sent back.

Its number is made when the form is opened, so that sending it twice makes one request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from headgate.channel.exceptions import get_exception
from headgate.channel.orders import get_order, list_orders
from headgate.channel.products import names_of_products
from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.pages.evidence import OF_PRICES, PLACES
from headgate.portal.pages.reading import by_field, currencies, plain_number, products, unknown_products
from headgate.portal.pages.sending import PRICE, kept_form, send_form
from headgate.portal.price_views import PriceFormView
from headgate.portal.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.ui.cookies import Notice

FIELDS = ("product", "unit_price", "currency", "max_quantity", "valid_from", "valid_until", "justification", "order")
FIXED = ("product", "currency", "order")  # what a request is about
NAMES = {name: name for name in FIELDS} | PLACES
_NUMBER = re.compile(r"PX-[0-9A-F]{12}")


def begin(visit: Visit) -> Answer:
    """The form, with what an order's page knows already."""
    given = {name: visit.text(name) for name in ("product", "order") if visit.text(name)}
    known = _of_order(visit, given) if "order" in given else {}
    fields = {"currency": _usual_currency(visit), "valid_from": visit.today().isoformat(), **given, **known}
    return _view(visit, _new_number(visit), fields, {})


def _usual_currency(visit: Visit) -> str:
    """What the partner last ordered in; the tenant's own before its first order."""
    page, _ = list_orders(visit.conn, limit=1)
    return str(page.items[0]["currency"]) if page.items else visit.tenant.currency


def resume(visit: Visit) -> Answer:
    """A request that was sent back, to be changed; or one that was sent and could not be taken in, as it was filled
    in."""
    number = visit.code("request")
    row = _stored(visit, number)
    if row is not None and row["status"] != "returned":
        return Go(urls.price(number))
    kept = kept_form(visit, PRICE, number, lambda _: NAMES)
    if kept is not None:
        return _view(visit, number, kept.fields, kept.errors, row=row, waits=not kept.errors)
    if row is None:
        raise NotFound("there is no such form")
    return _view(visit, number, fields_of(visit, row), {}, row=row)


def _new_number(visit: Visit) -> str:
    """Made when the form is opened, so that sending it twice makes one request."""
    return f"PX-{new_id(visit.now).hex[-12:].upper()}"


def _stored(visit: Visit, number: str) -> Mapping[str, Any] | None:
    try:
        return get_exception(visit.conn, number)
    except NotFound:
        return None


def fields_of(visit: Visit, row: Mapping[str, Any]) -> dict[str, str]:
    """A request as the form has it."""
    last = row["valid_until"] - timedelta(microseconds=1)  # what is before the end of the last day is that day
    found = {
        "product": row["product"],
        "unit_price": _plain(row["unit_price"]),
        "currency": row["currency"],
        "max_quantity": "" if row["max_quantity"] is None else _plain(row["max_quantity"]),
        "valid_from": row["valid_from"].astimezone(visit.zone).date().isoformat(),
        "valid_until": last.astimezone(visit.zone).date().isoformat(),
        "justification": str(row["content"].get("justification") or ""),
        "order": row["order_no"] or "",
    }
    return {name: value for name, value in found.items() if value}


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
    if _stored(visit, number) is not None:
        return Go(urls.price(number), Notice("quiet", phrase("This request was sent before.")))
    return _send(visit, number, _entered(visit), None)


def change(visit: Visit) -> Answer:
    """Send a request again that came back, otherwise than before; what it is about stays as it was."""
    number = visit.code("request")
    row = get_exception(visit.conn, number)
    if row["status"] != "returned":
        return Go(urls.price(number), Notice("risk", phrase("This request is not with you any more.")))
    return _send(visit, number, _changed(visit, row), row)


def _changed(visit: Visit, row: Mapping[str, Any]) -> dict[str, str]:
    """What was entered, with what the request is about as it was."""
    fixed = {name: value for name, value in fields_of(visit, row).items() if name in FIXED}
    return {name: value for name, value in _entered(visit).items() if name not in FIXED} | fixed


def remove(visit: Visit) -> Answer:
    """Take a file away that was not sent yet; what was sent stays as it is decided about. The button is one of the
    form's, so the form comes back as it was filled in."""
    number, file = visit.code("request"), visit.uuid("paper")
    row = _stored(visit, number)
    found, _ = OF_PRICES.shelf.get(visit.conn, number, file)
    if row is not None and (row["status"] != "returned" or found.reference in row["content"].get("evidence", ())):
        raise Conflict("what was sent with a request stays with it")
    OF_PRICES.shelf.drop(visit.conn, visit.ctx, number, file)
    problem = OF_PRICES.take(visit, number).problem
    errors = {} if problem is None else by_field(problem.problems, PLACES)
    if row is None:
        return Shown(_view(visit, number, _entered(visit), errors))
    return Shown(_view(visit, number, _changed(visit, row), errors, row=row))


def _entered(visit: Visit) -> dict[str, str]:
    return {name: visit.field(name) for name in FIELDS if visit.field(name)}


def _send(visit: Visit, number: str, fields: Mapping[str, str], row: Mapping[str, Any] | None) -> Answer:
    data: dict[str, Any] = dict(fields)
    problem = OF_PRICES.take(visit, number).problem
    errors = {} if problem is None else by_field(problem.problems, PLACES)
    for name in ("unit_price", "max_quantity"):
        if name in data:
            data[name] = plain_number(data[name])
    if not data.get("max_quantity"):
        errors["max_quantity"] = phrase("Say for how many you need this price.")
    errors |= unknown_products(visit, {"product": fields["product"]} if "product" in fields else {})
    if errors:
        return Shown(_view(visit, number, fields, errors, row=row), 400)
    data |= {"request": number, "requested_by": visit.me.id if row is None else row["requested_by"]}
    data["evidence"] = OF_PRICES.references(visit, number)
    kind = "price_exception.requested" if row is None else "price_exception.amended"
    try:
        seq = send_form(visit, PRICE, number, kind, data, fields)
    except Invalid as error:
        return Shown(_view(visit, number, fields, by_field(error.problems, NAMES), row=row), 400)

    def tell(after: Visit, settled: bool) -> Answer:
        refused = after.refusal(seq) if settled else None
        if refused is not None:
            return Shown(_view(after, number, fields, by_field(refused.problems, NAMES), row=row), 409)
        if not settled:
            return Go(urls.PRICES, Notice("waiting", phrase("Your request was sent and is being looked at.")))
        return Go(urls.price(number), Notice("done", phrase("Your request was sent.")))

    return Settle(seq, tell)


def _view(
    visit: Visit,
    number: str,
    fields: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    row: Mapping[str, Any] | None = None,
    waits: bool = False,
) -> PriceFormView:
    rounds = [] if row is None else row["content"].get("rounds") or []
    return PriceFormView(
        request=number,
        fields=fields,
        errors=errors,
        currencies=currencies(visit),
        products=products(visit),
        today=visit.today(),
        waits=waits,
        sent=row is not None,
        name="" if row is None else names_of_products(visit.conn, [row["product"]]).get(row["product"], row["product"]),
        told=str(rounds[-1]["reason"]) if rounds else "",
        files=OF_PRICES.rows(visit, number, stay=() if row is None else row["content"].get("evidence", ())),
    )


DOORS = (
    Door("GET", urls.PRICE_NEW, "prices.request", begin),
    Door("POST", urls.PRICE_NEW, "prices.request", ask),
    Door("GET", urls.price_form("{request}"), "prices.request", resume),
    Door("POST", urls.price_form("{request}"), "prices.request", change),
    Door("POST", urls.price_file_drop("{request}", "{paper}"), "prices.request", remove),
)
