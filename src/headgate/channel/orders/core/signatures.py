"""What the actions of orders take and give."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.process.core.signature import (
    REQUEST,
    Signature,
    listing,
    maybe,
    number,
    record,
    text,
    truth,
)

_ORDER = {"order": text("its number"), "revision": number("how often its content changed")}
_COMMAND = record("what the ERP is told")
_REVISION = {"revision": number("how often the order's content changed")}

SIGNATURES: Mapping[str, Signature] = {
    "order.check": Signature(
        "prices the order and weighs every check; the verdict is one decision",
        gives={
            "outcome": text("the verdict", "release", "flag", "hold", "reject"),
            "partner": text("who ordered"),
            "stake": number("what is at stake, in the tenant's currency"),
            "currency": text("the tenant's currency"),
            "exceptions": listing("types of exceptions"),
            "content": text("SHA-256 (hex) of the order's content"),
            "decision": text("the id of the decision"),
            "was_released": truth("whether it had been released before"),
            **{name: maybe(slot) for name, slot in REQUEST.items()},
            "found": maybe(listing("the exceptions that hold it, with their lines")),
            "ceilings": maybe(record("by account, up to which exposure an approval counts")),
            "command": maybe(
                record("what the ERP is told of an order that it had released", **_ORDER, decision=text())
            ),
            "picks": maybe(listing("what is taken from which warehouse")),
            "uses": maybe(listing("what is used up of price exceptions with a quantity")),
        },
    ),
    "order.waive": Signature(
        "sets the exceptions aside that an approval was asked about, for exactly this content",
        gives={
            "content": text("SHA-256 (hex) of the content it counts for"),
            "exceptions": listing("which exceptions, with their lines"),
            "ceilings": record("by account, up to which exposure"),
        },
    ),
    "order.forget_waiver": Signature("forgets what was approved once, after a change, return or cancellation"),
    "order.amend": Signature(
        "replaces the order's content as a whole",
        gives={**_REVISION, "hands": listing("who asked for and sent the revisions before")},
    ),
    "order.edit": Signature("applies an approver's counter-offer", gives=_REVISION),
    "order.release": Signature("takes stock and credit", gives={"command": _COMMAND}),
    "order.suspend": Signature(
        "gives stock and credit back, and takes a status",
        takes={"status": text("the status it takes", "returned", "rejected", "cancelled")},
        gives={"command": record("what the ERP is told", **_ORDER, status=text("its new status"))},
    ),
    "order.ship": Signature(
        "books what left: reservations shrink, stock falls, open orders become shipped",
        gives={"complete": truth("whether everything has left")},
    ),
    "order.hold_rest": Signature(
        "reserves again what a partly shipped order has still to ship",
        gives={
            "short": truth("whether stock is missing"),
            "missing": listing("lines and quantities that are"),
            "command": _COMMAND,
        },
    ),
}

__all__ = ["SIGNATURES"]
