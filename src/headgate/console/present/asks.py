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
from headgate.ui.format import Formatter
from headgate.ui.words import humanise

ORDER = "order"
PRICE_EXCEPTION = "price_exception"
DEAL = "deal"
RMA = "rma"
# Where nothing more can be said than what it is: as a thing, and as an act.
_PLAIN = {
    "credit_hold": ("the credit account is on hold", "Release while the credit account is on hold"),
    "duplicate_order": ("may be a duplicate", "Confirm that this is not a duplicate"),
    "export_restricted": ("goods under export control", "Release goods under export control"),
    "tax_undetermined": ("no tax rate for the place of delivery", "Release without a known tax rate"),
    "partner_blocked": ("the partner is blocked", "Release for a blocked partner"),
    "order_release": ("the release policy asks", "Release what the release policy holds"),
    "below_minimum": ("below the minimum quantity", "Accept less than the minimum quantity"),
    "split_order": ("may be one order split in parts", "Accept several small orders"),
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
        return _return(exceptions, summary)
    found = _by_type(summary)
    if not found:
        words = ", ".join(humanise(e).lower() for e in exceptions) or "an exception"
        return Ask(words[:1].upper() + words[1:], f"Approve {words}", "Approve")
    kinds = sorted(found, key=lambda kind: (_graver(found[kind]), sum(_stakes(found[kind]))), reverse=True)
    phrases = [_phrases(kind, found[kind], summary, fmt) for kind in kinds]
    shorts = [short for short, _ in phrases]
    first = shorts[0][:1].upper() + shorts[0][1:]
    if len(shorts) == 1:
        return Ask(first, phrases[0][1], _verb(kinds[0], shorts[0]))
    more = shorts[1] if len(shorts) == 2 else f"{shorts[1]} and {len(shorts) - 2} more"
    return Ask(
        f"{first}; {more}",
        f"{phrases[0][1]}; also {more}",
        f"Approve {'both' if len(shorts) == 2 else f'all {len(shorts)}'} exceptions",
    )


def _verb(kind: str, short: str) -> str:
    """The button: what it does in a few words; the line it is about stands beside it."""
    if kind == "duplicate_order":
        return "Confirm: not a duplicate"
    if kind in _PLAIN:
        return "Approve as an exception"
    return f"Approve {short.partition(' on ')[0].partition(' for ')[0]}"


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
        far = most if min(percents) == max(percents) else f"up to {most}"
        side = "below" if max(percents) >= 0 else "above"
        return f"{far} {side} contract on {where}", f"Sell {where} {far} {side} contract"
    if kind == "no_contract_price" and mine:
        return f"no contract price for {where}", f"Sell {where} without a contract price"
    if kind == "margin_floor":
        return _margin(mine, where, fmt)
    if kind == "out_of_stock" and mine:
        return f"not enough stock for {where}", f"Release although {where} must wait for stock"
    if kind == "credit_limit":
        return f"{stake} over the credit limit", f"Release {stake} over the credit limit"
    if kind == "credit_overdue":
        return f"{stake} overdue", f"Release although {stake} is overdue"
    short, act = _PLAIN.get(kind, (humanise(kind).lower(), f"Approve {humanise(kind).lower()}"))
    return short, act


def _margin(mine: Sequence[Mapping[str, Any]], where: str, fmt: Formatter) -> tuple[str, str]:
    known = [number(line["margin_pct"]) for line in mine if line.get("margin_pct") is not None]
    if not known:
        return "margin of the order below its floor", "Accept the margin of the whole order"
    least = fmt.percent(min(known))
    if min(known) < 0:
        return (
            f"a loss of {fmt.percent(-min(known))} on {where}",
            f"Sell {where} at a loss of {fmt.percent(-min(known))}",
        )
    return f"margin {least} on {where}", f"Accept a margin of {least} on {where}"


def _where(mine: Sequence[Mapping[str, Any]]) -> str:
    if len(mine) == 1:
        return str(mine[0].get("name") or mine[0].get("product"))
    return f"{len(mine)} lines"


def _special_price(summary: Mapping[str, Any], fmt: Formatter) -> Ask:
    price = fmt.price(Money(number(summary.get("unit_price")), str(summary.get("currency") or "EUR")))
    product = str(summary.get("product_name") or summary.get("product") or "")
    until = instant(summary.get("valid_until"))
    ends = f" until {fmt.last_day(until)}" if until is not None else ""
    currency = summary.get("currency", "")
    return Ask(
        f"Special price {price} {currency} for {product}{ends}",
        f"Sell {product} at {price} {currency}{ends}",
        f"Approve {price} {currency}",
    )


def _return(exceptions: Sequence[str], summary: Mapping[str, Any]) -> Ask:
    partner = str(summary.get("partner_name") or summary.get("partner") or "the partner")
    words = "; ".join(humanise(each) for each in exceptions) or "Return"
    if "outcomes" in summary:
        return Ask(f"{words}: {partner}", f"Settle return {summary.get('rma')} of {partner}", "Approve the settlement")
    order = summary.get("order")
    return Ask(f"{words}: {partner}", f"Take goods of order {order} back from {partner}", "Authorise the return")


# What holds a deal, as a noun phrase for lists.
DEALS = {
    "possible_conflict": "Possible conflict",
    "deal_conflict": "Conflict with another partner",
    "direct_pipeline": "Conflict with our own sales",
    "existing_customer": "Existing customer",
    "territory": "Outside the territory",
    "large_deal": "Large deal",
}


def _deal(exceptions: Sequence[str], summary: Mapping[str, Any], fmt: Formatter) -> Ask:
    customer: Any = summary.get("customer") or {}
    name = str(customer.get("name") if isinstance(customer, Mapping) else "") or "the customer"
    partner = str(summary.get("partner_name") or summary.get("partner") or "the partner")
    if "extension" in summary:
        until = instant(summary["extension"].get("until"))
        ends = f" until {fmt.day(until)}" if until is not None else ""
        return Ask(f"Longer protection of {name}", f"Protect {name} for {partner}{ends}", "Extend the protection")
    if "appeal" in summary:
        return Ask(f"Appeal: {name}", f"Protect {name} for {partner} after all", "Allow the appeal")
    words = "; ".join(fmt.say(DEALS[each]) if each in DEALS else humanise(each) for each in exceptions)
    words = words or fmt.say("A deal")
    return Ask(f"{words}: {name}", f"Protect {name} for {partner}", fmt.say("Protect the deal"))
