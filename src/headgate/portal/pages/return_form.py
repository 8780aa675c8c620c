"""Ask to return goods: which order, which lines, how many, why, with pictures.

The return's number is made when the form is opened, so that pictures can be kept with it and sending it twice makes one
return.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from headgate.channel import returns
from headgate.channel.orders import list_orders
from headgate.channel.products import product_names
from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.kernel.ids import new_id
from headgate.kernel.money import Money
from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.pages.evidence import OF_RETURNS
from headgate.portal.pages.reading import by_field, plain_number
from headgate.portal.pages.returns import MOST_NAMES, NEEDS, REASONS
from headgate.portal.pages.sending import RETURN, kept_form, send_form
from headgate.portal.return_views import ReturnableOrder, ReturnField, ReturnFormView, ReturnOrdersView
from headgate.portal.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.ui.cookies import Notice

MOST_LINES = 100
WHY = frozenset(code for code, _ in REASONS)
MOST_ORDERS = 20
PARTS = ("quantity", "reason", "note")
_NUMBER = re.compile(r"RMA-[0-9A-F]{12}")


def begin(visit: Visit) -> Answer:
    """The form for an order; without one, the orders to choose from."""
    order = visit.text("order")
    if not order:
        return orders(visit)
    if not returns.returnable(visit.conn, order):
        return Shown(orders(visit, phrase("Nothing of this order was delivered yet, or it is not one of yours.")), 404)
    number = f"RMA-{new_id(visit.now).hex[-12:].upper()}"
    return _view(visit, number, order, {"wanted": "credit"}, {})


def orders(visit: Visit, error: str = "") -> ReturnOrdersView:
    """Orders of which something was delivered, newest first."""
    found: list[dict[str, Any]] = []
    for status in ("fulfilled", "shipping"):
        page, _ = list_orders(visit.conn, status=status, text=visit.text("q"), limit=MOST_ORDERS)
        found += page.items
    found.sort(key=lambda row: row["placed_at"], reverse=True)
    rows = tuple(
        ReturnableOrder(r["order_no"], r["customer_reference"], Money(r["total"], r["currency"]), r["placed_at"])
        for r in found[:MOST_ORDERS]
    )
    return ReturnOrdersView(rows, visit.text("q"), error)


def resume(visit: Visit) -> Answer:
    """A request that was sent and could not be taken in, as it was filled in."""
    number = visit.code("rma")
    if _known(visit, number):
        return Go(urls.rma(number))

    def names(fields: Mapping[str, str]) -> Mapping[str, str]:
        return _names(_lines(fields, returns.returnable(visit.conn, fields["order"]))[1])

    kept = kept_form(visit, RETURN, number, names)
    if kept is None:
        raise NotFound("there is no such form")
    return _view(visit, number, kept.fields["order"], kept.fields, kept.errors, waits=not kept.errors)


def send(visit: Visit) -> Answer:
    """Send the request, keeping what was uploaded whatever comes of it."""
    number, order = visit.field("rma"), visit.field("order")
    if not _NUMBER.fullmatch(number):
        raise NotFound("there is no such form")
    if _known(visit, number):
        return Go(urls.rma(number), Notice("quiet", visit.fmt.say("This return was sent before.")))
    lines = returns.returnable(visit.conn, order)
    if not lines:
        raise NotFound("there is no such order")
    fields = _entered(visit.form)
    problem = OF_RETURNS.take(visit, number).problem
    errors = {} if problem is None else by_field(problem.problems, {"evidence": "pictures", "pictures": "pictures"})
    data, places = _content(visit, number, order, fields, lines)
    unsaid = [place for place in places if fields.get(f"reason_{place}", "") not in WHY]
    errors |= {f"reason_{place}": phrase("Say why it comes back.") for place in unsaid}
    if not data["lines"]:
        errors = {**errors, "": phrase("Say of at least one line how many come back.")}
    if errors:
        return Shown(_view(visit, number, order, fields, errors), 400)
    try:
        seq = send_form(visit, RETURN, number, "rma.requested", data, {**fields, "order": order})
    except Invalid as error:
        return Shown(_view(visit, number, order, fields, by_field(error.problems, _names(places))), 400)

    def tell(after: Visit, settled: bool) -> Answer:
        refused = after.refusal(seq) if settled else None
        if refused is not None:
            errors = by_field(refused.problems, _names(places))
            return Shown(_view(after, number, order, fields, errors), 409)
        if not settled:
            return Go(urls.RETURNS, Notice("waiting", phrase("Your request was sent and is being looked at.")))
        return Go(urls.rma(number), Notice("done", phrase("Your request was sent.")))

    return Settle(seq, tell)


def _known(visit: Visit, number: str) -> bool:
    try:
        returns.get_return(visit.conn, number)
    except NotFound:
        return False
    return True


def _entered(form: Mapping[str, str]) -> dict[str, str]:
    """What was entered, of the fields there are."""
    known = {"wanted", "note", *(f"{part}_{n}" for n in range(1, MOST_LINES + 1) for part in PARTS)}
    return {
        name: value.replace("\r\n", "\n").strip() for name, value in form.items() if name in known and value.strip()
    }


def _content(
    visit: Visit, number: str, order: str, fields: Mapping[str, str], lines: list[returns.Returnable]
) -> tuple[dict[str, Any], list[int]]:
    """The form as the content of `rma.requested`, and which place of the form each line of it has."""
    found, places = _lines(fields, lines)
    data = {
        "rma": number,
        "order": order,
        "wanted": fields.get("wanted", ""),
        "lines": found,
        "note": fields.get("note", ""),
        "pictures": OF_RETURNS.references(visit, number),
        "requested_by": visit.me.id,
    }
    return data, places


def _lines(fields: Mapping[str, str], lines: list[returns.Returnable]) -> tuple[list[dict[str, str]], list[int]]:
    """What comes back of each line, and which place of the form it has."""
    found, places = [], []
    for place, line in enumerate(lines[:MOST_LINES], 1):
        quantity = plain_number(fields.get(f"quantity_{place}", ""))
        if not quantity or quantity == "0":
            continue
        each = {"line": line.line, "quantity": quantity, "reason": fields.get(f"reason_{place}", "")}
        if f"note_{place}" in fields:
            each["note"] = fields[f"note_{place}"]
        found.append(each)
        places.append(place)
    return found, places


def _names(places: list[int]) -> dict[str, str]:
    """Where each field of the sent content stands in the form."""
    names = {"wanted": "wanted", "note": "note", "pictures": "pictures"}
    for index, place in enumerate(places):
        names |= {f"lines[{index}].{part}": f"{part}_{place}" for part in PARTS}
    return names


def _view(
    visit: Visit,
    number: str,
    order: str,
    fields: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    waits: bool = False,
) -> ReturnFormView:
    lines = returns.returnable(visit.conn, order)
    if not lines:
        raise Conflict("nothing of this order was delivered")
    names = dict(product_names(visit.conn, MOST_NAMES))
    return ReturnFormView(
        rma=number,
        order=order,
        lines=tuple(
            ReturnField(
                place, x.line, x.product, names.get(x.product, x.product), x.unit,
                Money(x.unit_price, x.currency), x.delivered, x.left,
            )
            for place, x in enumerate(lines[:MOST_LINES], 1)
        ),
        reasons=REASONS,
        fields=fields,
        errors=errors,
        files=OF_RETURNS.rows(visit, number),
        waits=waits,
    )  # fmt: skip


DOORS = (
    Door("GET", urls.RETURN_NEW, NEEDS, begin),
    Door("POST", urls.RETURN_NEW, NEEDS, send),
    Door("GET", urls.return_form("{rma}"), NEEDS, resume),
)
