"""What the actions of orders take and give."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.process.core.signature import (
    Asking,
    Signature,
    Slot,
    listing,
    maybe,
    number,
    record,
    request,
    text,
    truth,
)

_ORDER = {"order": text("its number"), "revision": number("how often its content changed")}
_COMMAND = record("what the ERP is told")
_REVISION = {"revision": number("how often the order's content changed")}

# What a table of its own says of one check, and of the order as a whole.
_LINE = {"outcome": text("", "pass", "flag", "hold", "reject"), "exception": maybe(text())}
_AMOUNT = number("amount in the tenant's currency")
_TIER = text("the partner's tier")
_FOUND: Mapping[str, Slot] = {
    "order_amount": _AMOUNT,
    "stake": number("money at stake in the tenant's currency"),
    "exceptions": listing("the types that checks found"),
    "holds": number("checks that hold"),
    "flags": number("checks that point something out"),
    "rejects": number("checks that reject"),
    "partner_status": text("the partner's status; unknown where nobody knows it"),
    "new_partner": truth("whether it is the partner's first order"),
    "duplicate": truth("whether a like order came before"),
    "shortage": truth("whether stock is missing"),
    "embargoed": truth("whether the country of delivery is under embargo"),
    "export_controlled": truth("whether controlled goods would leave the country"),
    "below_minimum": truth("whether a quantity breaks a minimum or multiple"),
    "tax_known": truth("whether tax can be determined"),
}
_CHECKS = {
    "price_deviation": Asking(
        tells={
            "deviation_pct": number("price below contract, in %"),
            "has_contract": truth("whether an agreement gives a price"),
            "line_amount": _AMOUNT,
            "tier": _TIER,
        },
        reads=_LINE,
    ),
    "margin_floor": Asking(
        tells={
            "margin_pct": number("margin, in % of the price"),
            "family": text("product family; empty for the order as a whole"),
            "has_cost": truth("whether the cost is known"),
            "line_amount": _AMOUNT,
        },
        reads={**_LINE, "floor_pct": maybe(number())},
    ),
    "credit_release": Asking(
        tells={
            "utilisation_pct": number("limit used with this order, in %"),
            "over_limit": number("above the limit, in the tenant's currency"),
            "overdue_days": number("days the oldest payment is late"),
            "on_hold": truth("whether the account is on hold"),
            "has_account": truth("whether the partner has a credit account"),
            "terms": text("payment terms"),
        },
        reads=_LINE,
    ),
    "order_release": Asking(tells=_FOUND, reads={"outcome": text("", "release", "pass", "flag", "hold", "reject")}),
    "order_exceptions": Asking(
        tells=_FOUND,
        reads={
            "list": listing(
                exception=text(),
                severity=maybe(text("", "release", "pass", "flag", "hold", "reject")),
                owner_role=maybe(text()),
            )
        },
        optional=True,
    ),
}

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
            **{
                name: maybe(slot)
                for name, slot in request(
                    deviation_pct=number("the widest deviation, in %"),
                    margin_pct=number("the thinnest margin, in %"),
                    tier=_TIER,
                    risk=text("credit risk", "low", "medium", "high"),
                ).items()
            },
            "found": maybe(listing("the exceptions that hold it, with their lines")),
            "ceilings": maybe(record("by account, up to which exposure an approval counts")),
            "command": maybe(
                record("what the ERP is told of an order that it had released", **_ORDER, decision=text())
            ),
            "picks": maybe(listing("what is taken from which warehouse")),
            "uses": maybe(listing("what is used up of price exceptions with a quantity")),
        },
        asks=_CHECKS,
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
