"""What the actions of returns take and give."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.process.core.signature import (
    REQUEST,
    Asking,
    Signature,
    instant,
    listing,
    maybe,
    number,
    record,
    text,
    truth,
)

_NOTICE = record(
    "what the partner and its systems may know",
    rma=text("its number"),
    partner=text("whose it is"),
    order=text("of which order"),
    status=text("how it stands"),
    told=listing("reasons that the partner reads"),
    send_by=maybe(instant("until when the goods may be sent")),
)
_HEAD = {"rma": text(), "order": text(), "partner": text()}
_STAKE = number("what is asked back, in the tenant's currency")
_SETTLED = Signature(
    "settles: what is to be credited, sent anew and sent back",
    gives={
        "credits": truth("whether anything is credited"),
        "replaces": truth("whether anything is sent anew"),
        "credit": record("what is credited", **_HEAD, currency=text(), amount=number(), lines=listing()),
        "replacement": record("what is sent anew", **_HEAD, lines=listing()),
        "send_back": record("what goes back to the partner", **_HEAD, lines=listing()),
        "notice": _NOTICE,
    },
)

SIGNATURES: Mapping[str, Signature] = {
    "return.record": Signature(
        "writes a return of a known partner as it came",
        gives={
            "partner": text("who returned"),
            "total": number("what was returned"),
            "currency": text("the return's currency"),
        },
    ),
    "rma.request": Signature(
        "takes the content of a request or of its change, if so much was delivered and is not back yet",
        gives={"partner": text("who asks"), "stake": _STAKE, "currency": text("the tenant's currency")},
    ),
    "rma.assess": Signature(
        "asks the policy return_rules about every line; the gravest answer decides",
        gives={
            "outcome": text("the gravest answer", "reject", "return", "ask", "authorise"),
            "stake": _STAKE,
            "exceptions": listing("what an approval is asked about"),
            "decision": text("the id of the decision"),
            **REQUEST,
        },
        asks={
            "return_rules": Asking(
                tells={
                    "reason": text("why it comes back"),
                    "days": number("days since the goods were delivered"),
                    "amount": _STAKE,
                    "pictures": truth("whether pictures came with it"),
                    "partner_active": truth("whether the partner is active"),
                    "product_active": truth("whether the product is still sold"),
                    "export_controlled": truth("whether the product is under export control"),
                },
                reads={
                    "outcome": text("", "authorise", "ask", "return", "reject"),
                    "exception": maybe(text()),
                    "fee_pct": number(),
                    "send_days": number(),
                    "told": text(),
                },
            )
        },
    ),
    "rma.mark": Signature("takes a status", takes={"status": text("the status it takes")}, gives={"notice": _NOTICE}),
    "rma.authorise": Signature(
        "lets the partner send, until the end of a day",
        gives={
            "send_by": instant("until when"),
            "command": record("what the warehouse expects", **_HEAD, send_by=instant(), lines=listing()),
            "notice": _NOTICE,
        },
    ),
    "rma.sent": Signature("notes that the goods are on their way"),
    "rma.receive": Signature("books goods in, never more than was authorised, and each receipt once"),
    "rma.inspect": Signature(
        "takes what was found", gives={"complete": truth("whether all that arrived was looked at")}
    ),
    "rma.inspect_again": Signature("sets aside what was found"),
    "rma.dispose": Signature(
        "asks the policy return_disposition what becomes of every quantity",
        gives={
            "credit": number("what would be credited, in the tenant's currency"),
            "unclear": truth("whether somebody has to look"),
            "outcomes": listing("what becomes of which quantity"),
        },
        asks={
            "return_disposition": Asking(
                tells={
                    "reason": text("why it came back"),
                    "condition": text("what was found"),
                    "wanted": text("what the partner wants", "credit", "replace"),
                    "replaceable": truth("whether the product is still sold"),
                    "tier": text("the partner's tier"),
                    "told_fee": number("the restocking fee that was told, in %"),
                },
                reads={
                    "outcome": text("", "credit", "replace", "reject"),
                    "fee_pct": number(),
                    "goods": text(),
                    "ask": truth(),
                    "told": text(),
                },
            )
        },
    ),
    "rma.ask": Signature(
        "makes an approval request of the settlement; who inspected does not decide",
        takes={"exception": maybe(text("what is asked about; nothing where no approval is needed"))},
        gives={"exceptions": listing("what an approval is asked about"), **REQUEST},
    ),
    "rma.settle": _SETTLED,
    "rma.refuse": Signature("accepts nothing: all that arrived goes back to the partner", gives=_SETTLED.gives),
}
