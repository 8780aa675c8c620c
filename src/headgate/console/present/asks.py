"""What an approval asks for, in words: short for lists, as an act for titles and buttons.

The words come from the summary that the case kept, so they say what was asked even when the order has changed since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid
from headgate.kernel.money import Money
from headgate.kernel.phrases import Phrase, counted, phrase
from headgate.ui.format import Formatter
from headgate.ui.words import humanise

ORDER = "order"
PRICE_EXCEPTION = "price_exception"
DEAL = "deal"
RMA = "rma"
# Where nothing more can be said than what it is: as a thing, and as an act.
_PLAIN = {
    "credit_hold": (phrase("the credit account is on hold"), phrase("Release while the credit account is on hold")),
    "duplicate_order": (phrase("may be a duplicate"), phrase("Confirm that this is not a duplicate")),
    "export_restricted": (phrase("goods under export control"), phrase("Release goods under export control")),
    "tax_undetermined": (phrase("no tax rate for the place of delivery"), phrase("Release without a known tax rate")),
    "partner_blocked": (phrase("the partner is blocked"), phrase("Release for a blocked partner")),
    "order_release": (phrase("the release policy asks"), phrase("Release what the release policy holds")),
    "below_minimum": (phrase("below the minimum quantity"), phrase("Accept less than the minimum quantity")),
    "split_order": (phrase("may be one order split in parts"), phrase("Accept several small orders")),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """`short` is a noun phrase for lists ('12.4 % below contract on 3 lines'), `act` a title ('Sell 3 lines …'), `verb`
    the label of the button that approves."""

    short: str
    act: str
    verb: str


def ask_of(subject_type: str, exceptions: Sequence[str], summary: Mapping[str, Any], fmt: Formatter) -> Ask:
    """What is asked. Several exceptions: the one with the most money at stake leads, the others follow."""
    if subject_type == PRICE_EXCEPTION:
        return _special_price(summary, fmt)
    if subject_type == DEAL:
        return _deal(exceptions, summary, fmt)
    if subject_type == RMA:
        return _return(exceptions, summary, fmt)
    found = _by_type(summary)
    if not found:
        words = ", ".join(fmt.tell(humanise(e)) for e in exceptions).lower() or fmt.tell(phrase("an exception"))
        return Ask(words[:1].upper() + words[1:], phrase("Approve %(what)s", what=words), phrase("Approve"))
    kinds = sorted(found, key=lambda kind: (_graver(found[kind]), sum(_stakes(found[kind]))), reverse=True)
    phrases = [_phrases(kind, found[kind], summary, fmt) for kind in kinds]
    shorts = [short for short, _ in phrases]
    told = fmt.tell(shorts[0])
    first = told[:1].upper() + told[1:]
    if len(shorts) == 1:
        return Ask(first, phrases[0][1], _verb(kinds[0], shorts[0]))
    more = (
        shorts[1]
        if len(shorts) == 2
        else phrase("%(shorts)s and %(shorts_2)s more", shorts=shorts[1], shorts_2=len(shorts) - 2)
    )
    return Ask(
        f"{first}; {fmt.tell(more)}",
        phrase("%(phrases)s; also %(more)s", phrases=phrases[0][1], more=more),
        phrase("Approve both exceptions")
        if len(shorts) == 2
        else phrase("Approve all %(count)s exceptions", count=len(shorts)),
    )


def _verb(kind: str, short: str) -> str:
    """The button: what it does in a few words; the line it is about stands beside it."""
    if kind == "duplicate_order":
        return phrase("Confirm: not a duplicate")
    if kind in _PLAIN:
        return phrase("Approve as an exception")
    if not isinstance(short, Phrase):
        return phrase("Approve %(what)s", what=short)
    return phrase("Approve %(what)s", what=Phrase(short.text.partition(" on ")[0].partition(" for ")[0], short.values))


# What is left of an ask where the button says it.
_WITHOUT_PLACE = (
    phrase("%(far)s below contract", far=""),
    phrase("%(far)s above contract", far=""),
    phrase("a loss of %(loss)s", loss=""),
    phrase("margin %(least)s", least=""),
    phrase("no contract price"),
    phrase("not enough stock"),
)


def asked_lines(summary: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The lines an approval of an order is about."""
    lines = summary.get("lines")
    return lines if isinstance(lines, list) else ()


def deepest(summary: Mapping[str, Any]) -> Decimal | None:
    """How far below contract the ask goes, in percent and negative; None when it is not about a price."""
    if "unit_price" in summary:
        return -number(summary.get("deviation_pct"))
    priced = [number(x.get("deviation_pct")) for x in asked_lines(summary) if "price_deviation" in x.get("reasons", ())]
    return -max(priced) if priced else None


def number(value: object) -> Decimal:
    """A number of a kept summary, which holds them as text."""
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def tidy(deviation: Decimal) -> Decimal:
    """A deviation in percent, nothing where it rounds to nothing: contract prices have four decimals, orders two."""
    return deviation if abs(deviation) >= Decimal("0.05") else Decimal(0)


def instant(value: object) -> datetime | None:
    """An instant of a kept summary; None where there is none."""
    try:
        return parse_instant("at", value)
    except Invalid:
        return None


def _by_type(summary: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for item in summary.get("exceptions") or ():
        found.setdefault(str(item.get("type", "")), []).append(item)
    holding = {kind: items for kind, items in found.items() if any(i.get("outcome") != "flag" for i in items)}
    return holding or found


def _graver(items: Sequence[Mapping[str, Any]]) -> int:
    return sum(1 for item in items if item.get("outcome") == "hold")


def _stakes(items: Sequence[Mapping[str, Any]]) -> list[Decimal]:
    return [number(item.get("stake")) for item in items]


def _phrases(
    kind: str, items: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], fmt: Formatter
) -> tuple[str, str]:
    lines = {str(line["line"]): line for line in asked_lines(summary)}
    mine = [lines[str(item["line"])] for item in items if str(item.get("line")) in lines]
    where = _where(mine)
    stake = fmt.money(Money(max(_stakes(items)), str(summary.get("tenant_currency") or summary["currency"])))
    if kind == "price_deviation" and mine:
        percents = [number(line["deviation_pct"]) for line in mine]
        most = fmt.percent(max(percents)) if max(percents) >= 0 else fmt.percent(-min(percents))
        far = most if min(percents) == max(percents) else phrase("up to %(most)s", most=most)
        if max(percents) >= 0:
            return (
                phrase("%(far)s below contract on %(where)s", far=far, where=where),
                phrase("Sell %(where)s %(far)s below contract", where=where, far=far),
            )
        return (
            phrase("%(far)s above contract on %(where)s", far=far, where=where),
            phrase("Sell %(where)s %(far)s above contract", where=where, far=far),
        )
    if kind == "no_contract_price" and mine:
        return phrase("no contract price for %(where)s", where=where), phrase(
            "Sell %(where)s without a contract price", where=where
        )
    if kind == "margin_floor":
        return _margin(mine, where, fmt)
    if kind == "out_of_stock" and mine:
        return phrase("not enough stock for %(where)s", where=where), phrase(
            "Release although %(where)s must wait for stock", where=where
        )
    if kind == "credit_limit":
        return phrase("%(stake)s over the credit limit", stake=stake), phrase(
            "Release %(stake)s over the credit limit", stake=stake
        )
    if kind == "credit_overdue":
        return phrase("%(stake)s overdue", stake=stake), phrase("Release although %(stake)s is overdue", stake=stake)
    if kind in _PLAIN:
        return _PLAIN[kind]
    words = fmt.tell(humanise(kind)).lower()
    return words, phrase("Approve %(what)s", what=words)


def _margin(mine: Sequence[Mapping[str, Any]], where: str, fmt: Formatter) -> tuple[str, str]:
    known = [number(line["margin_pct"]) for line in mine if line.get("margin_pct") is not None]
    if not known:
        return phrase("margin of the order below its floor"), phrase("Accept the margin of the whole order")
    least = fmt.percent(min(known))
    if min(known) < 0:
        return (
            phrase("a loss of %(loss)s on %(where)s", loss=fmt.percent(-min(known)), where=where),
            phrase("Sell %(where)s at a loss of %(loss)s", where=where, loss=fmt.percent(-min(known))),
        )
    return phrase("margin %(least)s on %(where)s", least=least, where=where), phrase(
        "Accept a margin of %(least)s on %(where)s", least=least, where=where
    )


def _where(mine: Sequence[Mapping[str, Any]]) -> str:
    if len(mine) == 1:
        return str(mine[0].get("name") or mine[0].get("product"))
    return counted("%(count)s line", "%(count)s lines", len(mine))


def _special_price(summary: Mapping[str, Any], fmt: Formatter) -> Ask:
    price = fmt.price(Money(number(summary.get("unit_price")), str(summary.get("currency") or "EUR")))
    product = str(summary.get("product_name") or summary.get("product") or "")
    until = instant(summary.get("valid_until"))
    price = f"{price} {summary.get('currency', '')}"
    verb = phrase("Approve %(what)s", what=price)
    if until is None:
        return Ask(
            phrase("Special price %(price)s for %(product)s", price=price, product=product),
            phrase("Sell %(product)s at %(price)s", product=product, price=price),
            verb,
        )
    ends = fmt.last_day(until)
    return Ask(
        phrase("Special price %(price)s for %(product)s until %(ends)s", price=price, product=product, ends=ends),
        phrase("Sell %(product)s at %(price)s until %(ends)s", product=product, price=price, ends=ends),
        verb,
    )


def _return(exceptions: Sequence[str], summary: Mapping[str, Any], fmt: Formatter) -> Ask:
    partner = str(summary.get("partner_name") or summary.get("partner") or fmt.tell(phrase("the partner")))
    words = "; ".join(fmt.tell(humanise(each)) for each in exceptions) or fmt.tell(phrase("Return"))
    if "outcomes" in summary:
        return Ask(
            f"{words}: {partner}",
            phrase("Settle return %(rma)s of %(partner)s", rma=summary.get("rma"), partner=partner),
            phrase("Approve the settlement"),
        )
    order = summary.get("order")
    return Ask(
        f"{words}: {partner}",
        phrase("Take goods of order %(order)s back from %(partner)s", order=order, partner=partner),
        phrase("Authorise the return"),
    )


# What holds a deal, as a noun phrase for lists.
DEALS = {
    "possible_conflict": phrase("Possible conflict"),
    "deal_conflict": phrase("Conflict with another partner"),
    "direct_pipeline": phrase("Conflict with our own sales"),
    "existing_customer": phrase("Existing customer"),
    "territory": phrase("Outside the territory"),
    "large_deal": phrase("Large deal"),
}


def _deal(exceptions: Sequence[str], summary: Mapping[str, Any], fmt: Formatter) -> Ask:
    customer: Any = summary.get("customer") or {}
    name = str(customer.get("name") if isinstance(customer, Mapping) else "") or fmt.tell(phrase("the customer"))
    partner = str(summary.get("partner_name") or summary.get("partner") or fmt.tell(phrase("the partner")))
    if "extension" in summary:
        until = instant(summary["extension"].get("until"))
        act = (
            phrase("Protect %(customer)s for %(partner)s", customer=name, partner=partner)
            if until is None
            else phrase(
                "Protect %(customer)s for %(partner)s until %(ends)s",
                customer=name,
                partner=partner,
                ends=fmt.last_day(until),
            )
        )
        return Ask(phrase("Longer protection of %(customer)s", customer=name), act, phrase("Extend the protection"))
    if "appeal" in summary:
        return Ask(
            phrase("Appeal: %(customer)s", customer=name),
            phrase("Protect %(customer)s for %(partner)s after all", customer=name, partner=partner),
            phrase("Allow the appeal"),
        )
    words = "; ".join(fmt.say(DEALS[each]) if each in DEALS else fmt.tell(humanise(each)) for each in exceptions)
    words = words or fmt.say("A deal")
    return Ask(
        f"{words}: {name}",
        phrase("Protect %(customer)s for %(partner)s", customer=name, partner=partner),
        fmt.say("Protect the deal"),
    )
