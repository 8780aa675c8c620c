"""From event payloads to values. Each parser takes `data` of a CloudEvent and raises `Invalid` with all its problems.

Fields that are not known are passed over: storefronts send more than Headgate reads, and the event keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from headgate.domain import fields
from headgate.domain.fields import Data, Problems, Validator, note, validator_of, whole
from headgate.domain.orders.model import (
    Order,
    OrderLine,
    OrderNote,
    PriceExceptionRequest,
    ReturnRecord,
    Shipment,
    Shipped,
    ShipTo,
)
from headgate.kernel.errors import Problem
from headgate.kernel.money import MAX_AMOUNT

MAX_LINES = 2000
MAX_EVIDENCE = 20
PRINCIPAL_LENGTH = 200
NOTE_LENGTH = 2000
_UTC = ZoneInfo("UTC")
_ZERO = Decimal(0)


def parse_order(data: object) -> Order:
    """`order.submitted` or `order.amended`. Raises `Invalid` with all problems.

    1 to 2000 lines; quantity above zero and price not negative, with at most 6 decimals; codes of at most 64
    characters; every line amount and their sum below 10^15.
    """
    return whole(_order, data)


def parse_order_note(data: object) -> OrderNote:
    """`order.cancelled` or `order.reopened`. Raises `Invalid` with all problems."""
    return whole(_order_note, data)


def parse_shipment(data: object) -> Shipment:
    """`shipment.confirmed`. Raises `Invalid` with all problems."""
    return whole(_shipment, data)


def parse_price_exception(data: object, tz: ZoneInfo = _UTC) -> PriceExceptionRequest:
    """`price_exception.requested` or `price_exception.amended`. Plain dates as bounds are whole days in `tz`. Raises
    `Invalid` with all problems."""
    return whole(lambda body, problems: _price_exception(body, problems, tz), data)


def parse_return(data: object) -> ReturnRecord:
    """`return.recorded`. Raises `Invalid` with all problems."""
    return whole(_return, data)


def clock_problems(field: str, at: datetime, received_at: datetime, ahead: timedelta = timedelta(hours=24)) -> Problems:
    """A problem when a time lies more than `ahead` after its event was received: the sender's clock is wrong."""
    if at <= received_at + ahead:
        return []
    return [Problem(field, at.isoformat(), "lies in the future", "Check the sender's clock and time zone.")]


def _order(data: Data, problems: Problems) -> Order:
    get = fields.code
    return Order(
        order=get(data, "order", problems),
        partner=get(data, "partner", problems),
        storefront=get(data, "storefront", problems),
        placed_at=fields.instant(data, "placed_at", problems),
        currency=fields.currency(data, problems),
        ship_to=_ship_to(data, problems),
        lines=_lines(data, problems),
        customer_reference=get(data, "customer_reference", problems, required=False),
        terms=get(data, "terms", problems, required=False),
        requested_by=fields.text(data, "requested_by", problems, limit=PRINCIPAL_LENGTH),
        priority=_priority(data, problems),
        reason=fields.text(data, "reason", problems, limit=NOTE_LENGTH),
    )


def _lines(data: Data, problems: Problems) -> tuple[OrderLine, ...]:
    lines: list[OrderLine] = []
    seen: set[str] = set()
    total = _ZERO
    for index, raw in enumerate(fields.items(data, "lines", problems, most=MAX_LINES)):
        if not isinstance(raw, dict):
            note(problems, index, "", raw, "is not an object", "Send a JSON object.")
            continue
        line = fields.line_code(raw, problems, index)
        if line in seen:
            note(problems, index, "line", line, "is used by an earlier line", "Number each line once.")
        elif line:
            seen.add(line)
        product = fields.code(raw, "product", problems, index)
        quantity = fields.positive(raw, "quantity", problems, index)
        unit_price = fields.number(raw, "unit_price", problems, index)
        unit = fields.code(raw, "unit", problems, index, required=False)
        description = fields.text(raw, "description", problems, index)
        amount = quantity * unit_price
        total += amount
        if amount >= MAX_AMOUNT:
            note(problems, index, "unit_price", raw.get("unit_price"), "makes a line amount of 10^15 or more")
        lines.append(OrderLine(line, product, quantity, unit_price, unit, description))
    if total >= MAX_AMOUNT:
        note(problems, None, "lines", format(total, "f"), "add up to 10^15 or more", "Split the order.")
    return tuple(lines)


def _ship_to(data: Data, problems: Problems) -> ShipTo:
    before = len(problems)
    body = fields.mapping(data.get("ship_to"), "ship_to", problems)
    if len(problems) > before:
        return ShipTo("")
    country = fields.country(body, "country", "ship_to.country", problems)
    start = len(problems)
    region = fields.code(body, "region", problems, required=False)
    name = fields.text(body, "name", problems)
    postcode = fields.text(body, "postcode", problems, limit=64)
    city = fields.text(body, "city", problems)
    street = fields.text(body, "street", problems)
    for index in range(start, len(problems)):
        found = problems[index]
        problems[index] = Problem(f"ship_to.{found.field}", found.value, found.message, found.fix)
    return ShipTo(country, region.removeprefix(f"{country}-"), name, postcode, city, street)


def _priority(data: Data, problems: Problems) -> int:
    value = data.get("priority", 0)
    if type(value) is int and 0 <= value <= 9:
        return value
    if value is not None:
        note(problems, None, "priority", value, "is not a whole number from 0 to 9", "Leave it out for 0.")
    return 0


def _order_note(data: Data, problems: Problems) -> OrderNote:
    order = fields.code(data, "order", problems)
    return OrderNote(order, fields.text(data, "reason", problems, limit=NOTE_LENGTH, required=True))


def _shipment(data: Data, problems: Problems) -> Shipment:
    lines: list[Shipped] = []
    seen: set[str] = set()
    for index, raw in enumerate(fields.items(data, "lines", problems, most=MAX_LINES)):
        if not isinstance(raw, dict):
            note(problems, index, "", raw, "is not an object", "Send a JSON object.")
            continue
        line = fields.line_code(raw, problems, index)
        if line in seen:
            note(problems, index, "line", line, "is used by an earlier line", "Send one quantity per line.")
        elif line:
            seen.add(line)
        lines.append(Shipped(line, fields.positive(raw, "quantity", problems, index)))
    return Shipment(
        order=fields.code(data, "order", problems),
        shipment=fields.code(data, "shipment", problems),
        shipped_at=fields.instant(data, "shipped_at", problems),
        lines=tuple(lines),
        warehouse=fields.code(data, "warehouse", problems, required=False),
    )


def _price_exception(data: Data, problems: Problems, tz: ZoneInfo) -> PriceExceptionRequest:
    before = len(problems)
    start = fields.bound(data, "valid_from", tz, problems, until=False)
    end = fields.bound(data, "valid_until", tz, problems, until=True)
    if len(problems) == before and end <= start:
        shown = data.get("valid_until")
        note(problems, None, "valid_until", shown, "is not after valid_from", "The end is the first instant after it.")
    most = None if data.get("max_quantity") is None else fields.positive(data, "max_quantity", problems)
    return PriceExceptionRequest(
        request=fields.code(data, "request", problems),
        partner=fields.code(data, "partner", problems),
        product=fields.code(data, "product", problems),
        unit_price=fields.number(data, "unit_price", problems),
        currency=fields.currency(data, problems),
        valid_from=start,
        valid_until=end,
        justification=fields.text(data, "justification", problems, limit=NOTE_LENGTH, required=True),
        requested_by=fields.text(data, "requested_by", problems, limit=PRINCIPAL_LENGTH, required=True),
        max_quantity=most,
        order=fields.code(data, "order", problems, required=False),
        evidence=fields.texts(data, "evidence", problems, MAX_EVIDENCE),
    )


def _return(data: Data, problems: Problems) -> ReturnRecord:
    return ReturnRecord(
        number=fields.code(data, "return", problems),
        partner=fields.code(data, "partner", problems),
        recorded_at=fields.instant(data, "recorded_at", problems),
        currency=fields.currency(data, problems),
        lines=_lines(data, problems),
        order=fields.code(data, "order", problems, required=False),
        reason=fields.text(data, "reason", problems, limit=NOTE_LENGTH),
    )


validators: Mapping[str, Validator] = {
    "order.submitted": validator_of(parse_order),
    "order.amended": validator_of(parse_order),
    "order.cancelled": validator_of(parse_order_note),
    "order.reopened": validator_of(parse_order_note),
    "shipment.confirmed": validator_of(parse_shipment),
    "price_exception.requested": validator_of(parse_price_exception),
    "price_exception.amended": validator_of(parse_price_exception),
    "return.recorded": validator_of(parse_return),
}
