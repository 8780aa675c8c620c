"""What an approval request asks: its lines, what they come to, and what another request asks otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.channel.evidence import file_name
from headgate.console import urls
from headgate.console.present.asks import DEAL, ORDER, PRICE_EXCEPTION, asked_lines, number, tidy
from headgate.console.present.evidence import named_in
from headgate.console.present.money import credit_sums
from headgate.console.present.order import OrderFacts
from headgate.console.views.approval import AskLine, NotTaken
from headgate.console.views.common import Change, Fact, FactValue, FormError
from headgate.console.views.order import CreditSum
from headgate.kernel.clock import Until, parse_instant
from headgate.kernel.money import Money
from headgate.kernel.phrases import phrase
from headgate.process import Approval
from headgate.ui.figures import Percent
from headgate.ui.typed import shown_number

HUNDRED = Decimal(100)
SHOWN = Decimal("0.01")  # the smallest difference between two percentages that can be seen
ZERO = Decimal(0)
# The one line of a price exception, which has none of its own.
ONLY_LINE = "1"


@dataclass(frozen=True, slots=True)
class Entered:
    """What the reader has typed: kept when it could not be taken.

    `prices`, `quantities`, and what is wrong with them are by line; `wrong` holds lines, each with price or quantity.
    """

    editing: bool = False
    justification: str = ""
    prices: Mapping[str, str] = field(default_factory=dict)
    quantities: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FormError, ...] = ()
    line_errors: Mapping[str, str] = field(default_factory=dict)
    wrong: frozenset[tuple[str, str]] = frozenset()
    not_taken: NotTaken | None = None


def ask_lines(approval: Approval, entered: Entered, locale: str = "en") -> tuple[AskLine, ...]:
    """What is asked, line by line; a price exception is one line. Numbers to change are in the way of `locale`."""
    summary = approval.summary
    currency = str(summary.get("currency") or approval.currency)
    rows: Sequence[Mapping[str, Any]] = ()
    if approval.subject_type == PRICE_EXCEPTION:
        rows = [_special_line(summary)]
    elif approval.subject_type == ORDER:
        rows = asked_lines(summary)
    return tuple(_ask_line(approval, row, currency, entered, locale) for row in rows)


def _special_line(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "line": ONLY_LINE,
        "product": summary.get("product"),
        "name": summary.get("product_name"),
        "quantity": summary.get("max_quantity"),
        "asked": summary.get("unit_price"),
        "contract": summary.get("contract"),
        "deviation_pct": summary.get("deviation_pct"),
        "margin_pct": summary.get("margin_pct"),
        "reasons": ["price_exception"],
    }


def _ask_line(approval: Approval, row: Mapping[str, Any], currency: str, entered: Entered, locale: str) -> AskLine:
    line, asked = str(row["line"]), number(row["asked"])
    contract = None if row.get("contract") is None else number(row["contract"])
    quantity = None if row.get("quantity") is None else number(row["quantity"])
    gap = max((contract or asked) - asked, ZERO) * (quantity if quantity is not None else Decimal(1))
    ordered = approval.subject_type != PRICE_EXCEPTION
    return AskLine(
        line=line,
        product=str(row.get("product") or ""),
        description=str(row.get("name") or row.get("product") or ""),
        quantity=quantity,
        unit="",
        asked=Money(asked, currency),
        contract=None if contract is None else Money(contract, currency),
        deviation=None if contract is None else tidy(-number(row.get("deviation_pct"))),
        margin=None if row.get("margin_pct") is None else number(row["margin_pct"]),
        given_up=Money(gap, currency).rounded(),
        exception=bool(row.get("reasons")),
        price_href=urls.explain_price(approval.subject, line) if ordered else "",
        margin_href=urls.explain_margin(approval.subject, line) if ordered else "",
        price_input=entered.prices.get(line, shown_number(asked, locale)),
        quantity_input=entered.quantities.get(line, "" if quantity is None else shown_number(quantity, locale)),
        error=entered.line_errors.get(line, ""),
        wrong=frozenset(what for whose, what in entered.wrong if whose == line),
    )


def figures(approval: Approval, lines: Sequence[AskLine]) -> tuple[Fact, ...]:
    """What the ask comes to, over the lines it is about."""
    given = sum((line.given_up.amount for line in lines), ZERO)
    found = (
        [Fact(phrase("Given up against contract"), Money(given, lines[0].given_up.currency))] if lines and given else []
    )
    known = [line for line in lines if line.margin is not None and line.asked.amount]
    amount = sum((line.asked.amount * _times(line) for line in known), ZERO)
    if known and amount:
        costs = {line.line: line.asked.amount * (1 - (line.margin or ZERO) / HUNDRED) for line in known}
        cost = sum((costs[line.line] * _times(line) for line in known), ZERO)
        margin = (amount - cost) * HUNDRED / amount
        found.append(Fact(phrase("Margin at this price"), Percent(margin)))
        full = sum(((line.contract or line.asked).amount * _times(line) for line in known), ZERO)
        at_contract = (full - cost) * HUNDRED / full
        if abs(at_contract - margin) >= SHOWN:
            found.append(Fact(phrase("Margin at contract"), Percent(at_contract)))
    if approval.subject_type == PRICE_EXCEPTION and approval.summary.get("max_quantity") is None:
        found.append(Fact(phrase("Quantity"), phrase("no limit")))
    if approval.subject_type == DEAL:
        against: Any = approval.summary.get("conflicts") or ()
        found += [Fact(phrase("Claims against it"), len(against))]
        found += (
            [Fact(phrase("Highest score"), phrase("%(score)s of 100", score=f"{number(against[0].get('score')):f}"))]
            if against
            else []
        )
    in_order = approval.summary.get("lines_in_order")
    if number(in_order) > len(lines):
        found.append(Fact(phrase("Lines concerned"), phrase("%(lines)s of %(all)s", lines=len(lines), all=in_order)))
    return tuple(found)


def credit_of(approval: Approval, facts: OrderFacts | None) -> CreditSum | None:
    """The exposure that led here, as it was decided on; None where credit is not what is asked about."""
    if facts is None or not any(each.startswith("credit_") for each in approval.exceptions):
        return None
    return next(iter(credit_sums(facts.recorded, facts.partner.name, facts.decided_at)), None)


def _times(line: AskLine) -> Decimal:
    return line.quantity if line.quantity is not None else Decimal(1)


def changes_between(before: Approval, after: Approval) -> tuple[Change, ...]:
    """What the newer request asks otherwise: total, prices, quantities, lines."""
    found: list[Change] = []
    totals = [each.summary.get("total") for each in (before, after)]
    if None not in totals and totals[0] != totals[1]:
        currencies = [str(each.summary.get("currency")) for each in (before, after)]
        old, new = (Money(number(t), c) for t, c in zip(totals, currencies, strict=True))
        found.append(Change(phrase("Total"), old, new))
    lines = [{line.line: line for line in ask_lines(each, Entered())} for each in (before, after)]
    for line, old_line in lines[0].items():
        new_line = lines[1].get(line)
        if new_line is None:
            found.append(Change(old_line.description, "asked", phrase("no longer asked")))
            continue
        if old_line.quantity != new_line.quantity:
            found.append(
                Change(
                    phrase("Quantity of %(description)s", description=old_line.description),
                    old_line.quantity,
                    new_line.quantity,
                )
            )
        if old_line.asked != new_line.asked:
            found.append(
                Change(
                    phrase("Price of %(description)s", description=old_line.description), old_line.asked, new_line.asked
                )
            )
    return (*found, *_of_request(before.summary, after.summary))


def _of_request(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    """What a special price that came back is asked for otherwise: since when, until when, and why."""
    for key, label in (
        ("valid_from", phrase("From")),
        ("valid_until", phrase("Until")),
        ("justification", phrase("Why")),
    ):
        old, new = (_of_time(key, each.get(key)) for each in (before, after))
        if old != new:
            yield Change(label, old, new)
    files = [", ".join(file_name(ref) for ref in named_in(each)) or None for each in (before, after)]
    if named_in(before) != named_in(after):
        yield Change(phrase("Evidence"), *files)


def _of_time(key: str, value: object) -> FactValue:
    if value is None or key == "justification":
        return None if value is None else str(value)
    at = value if isinstance(value, datetime) else parse_instant(key, str(value))
    return Until(at) if key == "valid_until" else at
