"""The values of the events of a return (RMA): the request, the parcel, what arrived, what the inspection found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

# Why goods come back. Faults of ours or of the goods first, a change of mind last.
REASONS = ("defective", "damaged_in_transit", "wrong_item", "not_as_described", "no_longer_needed")
# What the partner would like to have for them.
WANTED = ("credit", "replace")
# In which state an inspection finds them.
CONDITIONS = ("unopened", "opened", "damaged", "defective", "no_fault", "incomplete", "other_goods")


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A quantity of an order's line that is to come back, and why."""

    line: str
    quantity: Decimal
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """A partner asks to send goods of one order back. `pictures` name files with the SHA-256 of their bytes."""

    rma: str
    partner: str
    order: str
    wanted: str
    lines: tuple[ReturnLine, ...]
    note: str = ""
    pictures: tuple[str, ...] = ()
    requested_by: str = ""


@dataclass(frozen=True, slots=True)
class ReturnNote:
    """A return that is given up, with the reason."""

    rma: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The goods are on their way: with whom, and the number to follow them by."""

    rma: str
    carrier: str
    tracking: str


@dataclass(frozen=True, slots=True)
class Received:
    """A quantity of a line that arrived."""

    line: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a warehouse took in of a return, in one delivery."""

    rma: str
    receipt: str
    received_at: datetime
    lines: tuple[Received, ...]
    warehouse: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A quantity of a line that an inspection found in one condition; a line may have several."""

    line: str
    quantity: Decimal
    condition: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an inspection found."""

    rma: str
    findings: tuple[Finding, ...]


def request_json(request: ReturnRequest) -> dict[str, Any]:
    """The request as canonical content: what is stored, shown and approved."""
    return {
        "rma": request.rma,
        "partner": request.partner,
        "order": request.order,
        "wanted": request.wanted,
        "lines": [{"line": x.line, "quantity": x.quantity, "reason": x.reason, "note": x.note} for x in request.lines],
        "note": request.note,
        "pictures": list(request.pictures),
        "requested_by": request.requested_by,
    }
