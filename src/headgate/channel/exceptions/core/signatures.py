"""What the actions of price exceptions take and give."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.process.core.signature import Signature, listing, number, record, request, text, truth

SIGNATURES: Mapping[str, Signature] = {
    "price_exception.assess": Signature(
        "compares with the price in force, and says what the concession could cost",
        gives={
            "needed": truth("whether the asked price is below the one in force"),
            "partner": text("for whom"),
            "stake": number("what it could cost, in the tenant's currency"),
            "currency": text("the tenant's currency"),
            "exceptions": listing("price_exception where it is needed"),
            **request(
                deviation_pct=number("how far below the price in force, in %"),
                margin_pct=number("margin, in % of the price"),
                tier=text("the partner's tier"),
                risk=text("high where the concession has no bound", "low", "high"),
            ),
        },
    ),
    "price_exception.edit": Signature("applies an approver's counter-offer"),
    "price_exception.send_back": Signature(
        "sends the request back to the partner with the approver's reason",
        takes={"most": number("how often it may be sent back; once more ends it")},
        gives={
            "again": truth("whether the partner may still ask otherwise"),
            "rounds": number("how often it was sent back"),
            "notice": record(
                "what the partner and its systems may know",
                request=text("its number"),
                partner=text("whose it is"),
                reason=text("why it was sent back"),
            ),
        },
    ),
    "price_exception.amend": Signature("takes what the partner asks for now, of the same product and currency"),
    "price_exception.attach": Signature("takes more evidence while it is decided about"),
    "price_exception.grant": Signature(
        "makes a time-boxed agreement of the request", gives={"command": record("what was granted")}
    ),
    "price_exception.close": Signature(
        "takes a status; nothing is granted", takes={"status": text("the status it takes")}
    ),
}
