"""Letters that tell what has become of something: of a return, a deal or a price that was asked for to people of its
partner, of late work to staff.

What a partner reads here stands in their portal in the same words: nothing of others, and no amount but their own
credit and the price that they asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from headgate.connectors.mail.core.letters import Entry, Letter, one_line, word_of
from headgate.kernel.clock import Until
from headgate.kernel.money import Money
from headgate.kernel.phrases import Phrase, phrase

Facts = tuple[tuple[str, object], ...]
# What happened, and what it means. Other changes are the partner's own, or nothing that anybody waits for.
RETURNS: Final[Mapping[str, tuple[Phrase, Phrase]]] = MappingProxyType(
    {
        "authorised": (
            phrase("Authorised"),
            phrase("Send the goods, with the number of the return on the parcel."),
        ),
        "returned": (
            phrase("More is needed from you"),
            phrase("We need something more from you before we can decide."),
        ),
        "declined": (phrase("Declined"), phrase("We cannot take these goods back.")),
        "refused": (phrase("Not accepted"), phrase("The goods were not accepted, and come back to you.")),
        "credited": (
            phrase("Credited"),
            phrase("We credit the amount below. Tax comes on top of it, as it was charged."),
        ),
        "replaced": (phrase("Replacement sent"), phrase("A replacement is on its way to you.")),
        "lapsed": (
            phrase("Lapsed"),
            phrase("It ended, because nothing came in time. Ask again, if you still have the goods."),
        ),
    }
)
DEALS: Final[Mapping[str, tuple[Phrase, Phrase]]] = MappingProxyType(
    {
        "approved": (phrase("Protected"), phrase("This business is yours until the protection ends.")),
        "returned": (
            phrase("Returned to you"),
            phrase("Something has to be changed. Mend it and send it again."),
        ),
        "rejected": (phrase("Rejected"), phrase("It was not accepted.")),
        "expired": (phrase("Protection ended"), phrase("The protection has ended.")),
        "extended": (phrase("Protection prolonged"), phrase("This business is yours until the protection ends.")),
        "ending": (
            phrase("The protection ends soon"),
            phrase("Report what has happened since, or ask for more time, before it ends."),
        ),
    }
)
# Each time a request is sent back, and its decision, makes one letter.
PRICES: Final[Mapping[str, tuple[Phrase, Phrase]]] = MappingProxyType(
    {
        "granted": (
            phrase("Granted"),
            phrase("Order at this price until it ends or the quantity is used up."),
        ),
        "not_needed": (
            phrase("Not needed"),
            phrase("Your contract already gives you this price or a better one."),
        ),
        "returned": (
            phrase("Sent back"),
            phrase("Something has to be different. Change it and send it again within ten working days."),
        ),
        "declined": (phrase("Not granted"), phrase("It was not granted.")),
        "lapsed": (phrase("Lapsed"), phrase("Nobody decided in time. Ask again, or write to us.")),
    }
)
# What was sent back ends soon: another letter about the same.
PRICE_LAPSING: Final = (
    phrase("It lapses soon"),
    phrase("It was sent back to you. Change it and send it again before it lapses, or withdraw it."),
)
# Of what has become of a return, deal or price, what waits for its partner.
WAITING: Final = frozenset({"authorised", "returned", "ending"})
# Where a granted price is for an order that is there already.
GRANTED_FOR_ORDER: Final = phrase("Your order is checked again with this price. You need not order anew.")


def return_letter(
    to: str,
    name: str,
    *,
    number: str,
    status: str,
    order: str,
    reasons: Sequence[str],
    credit: Money | None,
    send_by: datetime | None,
    link: str,
) -> Letter:
    """Something has become of a return; `status` is one of `RETURNS`."""
    what, means = RETURNS[status]
    facts: Facts = ((phrase("Return"), one_line(number)), (phrase("Order"), one_line(order)))
    if credit is not None:
        facts += ((phrase("Credit note"), credit),)
    if send_by is not None:
        facts += ((phrase("Send by"), send_by),)
    return Letter(
        to,
        name,
        phrase("Return %(number)s: %(what)s", number=one_line(number), what=what),
        (means,),
        phrase("Open it in the portal"),
        link,
        facts=(*facts, *_reasons(reasons)),
        kind="returns",
        entry=Entry(f"return:{number}:{status}", link, needs=status in WAITING, due_at=send_by),
    )


def deal_letter(
    to: str,
    name: str,
    *,
    number: str,
    what: str,
    customer: str,
    until: datetime | None,
    reasons: Sequence[str],
    link: str,
) -> Letter:
    """Something has become of a deal registration; `what` is one of `DEALS`."""
    happened, means = DEALS[what]
    facts: Facts = ((phrase("Deal"), one_line(number)), (phrase("Customer"), one_line(customer)))
    if until is not None:
        facts += ((phrase("Protected until"), Until(until)),)
    return Letter(
        to,
        name,
        phrase("Deal %(number)s: %(what)s", number=one_line(number), what=happened),
        (means,),
        phrase("Open it in the portal"),
        link,
        facts=(*facts, *_reasons(reasons)),
        kind="deals",
        entry=Entry(f"deal:{number}:{what}", link, needs=what in WAITING, due_at=until if what == "ending" else None),
    )


def price_letter(
    to: str,
    name: str,
    *,
    number: str,
    status: str,
    product: str,
    price: Money,
    quantity: Decimal | None,
    until: date,
    order: str,
    link: str,
    reason: str = "",
    due_at: datetime | None = None,
) -> Letter:
    """A price that was asked for is decided or comes back; `status` is one of `PRICES` or `lapsing`, `until` the last
    day it is for, `reason` why it comes back, `due_at` when it lapses then."""
    what, means = PRICE_LAPSING if status == "lapsing" else PRICES[status]
    granted = status == "granted"
    facts: Facts = (
        (phrase("Product"), one_line(product)),
        (phrase("Price") if granted else phrase("Wanted price"), _unit_price(price)),
    )
    if quantity is not None:
        facts += ((phrase("For at most"), quantity),)
    if granted:
        facts += ((phrase("Until"), until),)
    if order:
        facts += ((phrase("Order"), one_line(order)),)
    if due_at is not None:
        facts += ((phrase("Send again by"), due_at),)
    # That it lapses is said of the same thing: a digest tells it once, with the reminder's words.
    standing = "returned" if status == "lapsing" else status
    return Letter(
        to,
        name,
        phrase("Price exception %(number)s: %(what)s", number=one_line(number), what=what),
        (GRANTED_FOR_ORDER if granted and order else means,),
        phrase("Open it in the portal"),
        link,
        facts=(*facts, *_reasons([reason] if reason else [])),
        kind="prices",
        entry=Entry(f"price:{number}:{standing}", link, needs=standing in WAITING, due_at=due_at),
    )


def late_letter(
    to: str,
    name: str,
    *,
    kind: str,
    subject: str,
    due_at: datetime | None,
    link: str,
    escalated: bool,
    ref: str = "",
) -> Letter:
    """Work on a case is late: it has come to somebody by escalation, or is past its time in their hands."""
    about = phrase("%(kind)s %(subject)s", kind=word_of(kind), subject=one_line(subject))
    facts: Facts = ((phrase("About"), about),)
    if due_at is not None:
        facts += ((phrase("Was due"), due_at),)
    return Letter(
        to,
        name,
        phrase("Escalated: %(what)s", what=about) if escalated else phrase("Late: %(what)s", what=about),
        (
            phrase("It was not done in time, and has been escalated to you.")
            if escalated
            else phrase("You have taken this, and its time is over."),
        ),
        phrase("Open the case"),
        link,
        facts=facts,
        kind="escalations",
        entry=Entry(ref, link, needs=True, due_at=due_at) if ref else None,
    )


def _unit_price(price: Money) -> object:
    """A unit price may be finer than the currency's minor unit, to which amounts are written."""
    if price == price.rounded():
        return price
    return phrase("%(price)s %(currency)s", price=price.amount.normalize(), currency=price.currency)


def _reasons(reasons: Sequence[str]) -> Facts:
    return tuple((phrase("Reason"), one_line(text)) for text in reasons if text.strip())
