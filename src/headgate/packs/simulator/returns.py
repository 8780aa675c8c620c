"""Goods that come back in the weeks: most for a fault that an inspection confirms, a few where it finds otherwise, and
some at each stage when the weeks end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from headgate.packs.simulator.model import Event, Product
from headgate.packs.simulator.world import ERP

# One of so many shipments comes back in part; what is dearer would ask for a decision of its own.
ONE_IN = 40
MOST_AMOUNT = Decimal(1500)
_NOTES = ("does not start", "fan is loud", "two ports are dead", "screen flickers", "stops after an hour")
# What an inspection finds otherwise, by how many were looked at before: goods of somebody else, and no fault at all.
_FOUND: Mapping[int, tuple[str, str]] = {
    1: ("other_goods", "serial numbers are not of this order"),
    4: ("no_fault", "ran for a day without a fault"),
}
_TOO_MANY = ("ordered one too many", "the customer changed its mind")


def made_returns(
    rng: Random, stream: Sequence[Event], products: Mapping[str, Product], besides: Collection[str], end: datetime
) -> list[Event]:
    """Returns of delivered goods up to the end of the weeks, in order of time. Orders in `besides` are left alone."""
    orders = {e.subject: e for e in stream if e.type == "order.submitted" and e.subject not in besides}
    changed = {e.subject for e in stream if e.type in ("order.amended", "order.cancelled")}
    found: list[Event] = []
    looked_at = 0
    for event in stream:
        order = orders.get(event.subject)
        if event.type != "shipment.confirmed" or order is None or event.subject in changed or rng.randrange(ONE_IN):
            continue
        sold = {str(line["line"]): line for line in order.data["lines"]}
        sent = rng.choice(event.data["lines"])
        line = sold[str(sent["line"])]
        quantity = min(Decimal(sent["quantity"]), Decimal(rng.randint(1, 3)))
        product = products.get(line["product"])
        amount = quantity * Decimal(line["unit_price"])
        if product is not None and not product.export_controlled and amount < MOST_AMOUNT:
            number = f"RMA-{1001 + len({e.subject for e in found})}"
            story = _story(rng, number, event, order, sent["line"], quantity, _FOUND.get(looked_at))
            looked_at += any(e.type == "rma.inspected" and e.time < end for e in story)
            found += story
    return sorted((e for e in found if e.time < end), key=lambda e: e.time)


def _story(
    rng: Random,
    rma: str,
    shipped: Event,
    order: Event,
    line: str,
    quantity: Decimal,
    otherwise: tuple[str, str] | None,
) -> list[Event]:
    """One return: asked for some days after the delivery; a fault is taken in and looked at a few days later, and is
    confirmed, or found `otherwise`."""
    fault = rng.random() < 0.75
    asked = shipped.time + timedelta(days=rng.randint(2, 9), hours=rng.randint(0, 4))
    text = format(quantity, "f")
    note = rng.choice(_NOTES if fault else _TOO_MANY)
    reason = "defective" if fault else "no_longer_needed"
    request = {
        "rma": rma,
        "partner": order.data["partner"],
        "order": shipped.subject,
        "wanted": rng.choice(("credit", "replace")) if fault else "credit",
        "lines": [{"line": line, "quantity": text, "reason": reason, "note": note}],
        "requested_by": order.data.get("requested_by", ""),
    }
    events = [Event(order.source, f"rma:{rma}", "rma.requested", rma, asked, request)]
    if not fault:
        return events
    came = asked + timedelta(days=rng.randint(2, 6))
    looked = came + timedelta(hours=rng.randint(3, 30))
    when = came.isoformat(timespec="seconds")
    receipt = {"rma": rma, "receipt": f"GR-{rma}", "received_at": when, "lines": [{"line": line, "quantity": text}]}
    condition, said = otherwise or ("defective", note)
    finding = {"line": line, "quantity": text, "condition": condition, "note": said}
    return [
        *events,
        Event(ERP, f"rma:{rma}:received", "rma.received", rma, came, receipt),
        Event(ERP, f"rma:{rma}:inspected", "rma.inspected", rma, looked, {"rma": rma, "lines": [finding]}),
    ]
