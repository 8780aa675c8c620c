"""What the actions of deals take and give."""

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
    "what the partner may know",
    deal=text("its number"),
    partner=text("whose it is"),
    status=text("how it stands"),
    told=listing("reasons that the partner reads"),
    protected_until=maybe(instant("when its protection ends")),
)
_TOLD = maybe(text("what the partner reads of it"))
_UNTIL = maybe(instant("when the protection ends"))
_EXTENSION = Asking(
    tells={
        "why": text("why it is asked", "activity", "request"),
        "days_left": number("days of protection left"),
        "days_asked": number("days asked for beyond the present end"),
        "days_in_all": number("days of protection in all so far"),
        "longest_days": number("most days in all"),
    },
    reads={"outcome": text("", "grant", "ask", "nothing"), "days": number()},
)
_STAKE = number("the deal's amount in the tenant's currency")

SIGNATURES: Mapping[str, Signature] = {
    "deal.register": Signature(
        "takes the content of a draft, a submission or an amendment",
        gives={
            "draft": truth("whether it is not submitted yet"),
            "partner": text("who registers"),
            "stake": _STAKE,
            "currency": text("the tenant's currency"),
        },
    ),
    "deal.assess": Signature(
        "weighs the deal against every claim by the policy deal_rules",
        gives={
            "outcome": text("what has to happen", "approve", "review", "ask", "return", "reject"),
            "partner": text("who registers"),
            "stake": _STAKE,
            "currency": text("the tenant's currency"),
            "exceptions": listing("what an approval is asked about"),
            "decision": text("the id of the decision"),
            **{name: maybe(slot) for name, slot in REQUEST.items()},
        },
        asks={
            "deal_rules": Asking(
                tells={
                    "deal_score": number("likeness to the gravest deal of another partner"),
                    "deal_state": text("how that deal stands", "none", "open", "protected"),
                    "pipeline_score": number("likeness to the direct pipeline"),
                    "customer_score": number("likeness to an existing customer"),
                    "territory": text("whose the customer's place is", "ours", "exclusive", "foreign", "open"),
                    "partner_active": truth("whether the partner is active"),
                    "programme": text(
                        "how it fits its programme",
                        *("none", "fits", "unknown", "ended", "products", "country", "amount"),
                    ),
                    "days_to_close": number("days until the expected close"),
                    "amount": _STAKE,
                },
                reads={
                    "list": listing(
                        outcome=text("", "review", "ask", "return", "reject"), exception=text(), told=text()
                    )
                },
            )
        },
    ),
    "deal.mark": Signature(
        "takes a status; a protection that was running ends",
        takes={"status": text("the status it takes"), "told": _TOLD},
        gives={"notice": _NOTICE},
    ),
    "deal.protect": Signature(
        "begins the protection, for as long as the policy deal_protection says",
        gives={
            "command": record(
                "what the CRM is told",
                deal=text(),
                partner=text(),
                customer=text(),
                amount=number(),
                currency=text(),
                protected_until=instant(),
            ),
            "notice": _NOTICE,
            "days": number("for how many days"),
        },
        asks={
            "deal_protection": Asking(
                tells={"amount": _STAKE, "tier": text("the partner's tier")},
                reads={"days": number(), "warn_days": number(), "longest_days": number()},
            )
        },
    ),
    "deal.clock": Signature(
        "says when the protection ends, and when the partner is reminded",
        gives={
            "until": _UNTIL,
            "warn_at": maybe(instant("when the partner is reminded; nothing once that is past")),
            "over": truth("whether it has ended"),
        },
    ),
    "deal.remind": Signature("notes that the partner was reminded", takes={"told": _TOLD}, gives={"notice": _NOTICE}),
    "deal.activity": Signature(
        "takes what the partner did; near the end it prolongs the protection by the policy deal_extension",
        gives={
            "extended": truth("whether it is protected for longer"),
            "days": number("by how many days"),
            "until": _UNTIL,
        },
        asks={"deal_extension": _EXTENSION},
    ),
    "deal.ask_extension": Signature(
        "makes an approval request of the wish for more time",
        gives={**REQUEST, "days": number("how many more are asked for"), "stake": _STAKE},
        asks={"deal_extension": _EXTENSION},
    ),
    "deal.extend": Signature("adds the approved days", gives={"until": _UNTIL}),
    "deal.appeal": Signature(
        "makes an approval request of an appeal, for somebody who has not decided before",
        gives={**REQUEST, "stake": _STAKE},
    ),
    "deal.convert": Signature(
        "notes that the deal was won",
        gives={
            "command": record(
                "what the CRM is told",
                deal=text(),
                partner=text(),
                opportunity=maybe(text()),
                order=maybe(text()),
                amount=number(),
                currency=text(),
            )
        },
    ),
}
