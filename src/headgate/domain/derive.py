"""Price agreements out of past sales, as a draft with its evidence for a person to review.

List price of a product: among its sales to everyone in the trailing window, the price that most sale lines carry (the
mode). It is taken when at least `mode_share` of the lines carry it; otherwise the lower median, which is a price that
was really charged. Of prices with equally many lines the one sold last is taken, then the higher. The window ends at
`until`; a product that was not sold in it is looked at in a window of the same length that ends with its last sale.

Net price of a partner for a product: when it bought the product at `min_purchases` different times within the window,
its prices are steady (highest - lowest is at most `spread_pct` of its usual price), and the usual price differs from
the list price by more than `tolerance_pct`. The usual price is found as for list prices, from the partner's own lines
in the window before `until`.

Lines that are not sales (quantity or price not above zero), and sales at or after `until`, are counted and passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from headgate.kernel.canonical import decimal_text, instant_text
from headgate.kernel.errors import Invalid

_HUNDRED = Decimal(100)
_FOUR = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of a past sale. An empty partner counts for list prices only."""

    partner: str
    product: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    at: datetime
    currency: str


@dataclass(frozen=True, slots=True)
class DeriveRules:
    """How past sales become agreements; percentages are of the list price (tolerance) and of the usual price
    (spread)."""

    until: datetime
    window: timedelta = timedelta(days=90)
    mode_share: Decimal = Decimal("0.25")
    min_purchases: int = 3
    spread_pct: Decimal = Decimal(2)
    tolerance_pct: Decimal = Decimal(2)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sales a derived price rests on: how many, when, between which prices, and how many carry the derived price
    itself."""

    n: int
    first: datetime
    last: datetime
    lowest: Decimal
    highest: Decimal
    carrying: int
    rule: str  # mode | median
    list_price: Decimal | None = None
    difference_pct: Decimal | None = None  # (list - net) / list x 100, 4 decimals half up

    def as_json(self) -> dict[str, object]:
        """The evidence with amounts and times as text."""
        return {
            "n": self.n,
            "first": instant_text(self.first),
            "last": instant_text(self.last),
            "min": decimal_text(self.lowest),
            "max": decimal_text(self.highest),
            "carrying": self.carrying,
            "rule": self.rule,
            "list_price": None if self.list_price is None else decimal_text(self.list_price),
            "difference_pct": None if self.difference_pct is None else decimal_text(self.difference_pct),
        }


@dataclass(frozen=True, slots=True)
class DraftTerm:
    """A proposed price for a product, with its evidence."""

    term: int
    product: str
    description: str
    value: Decimal
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class DraftAgreement:
    """A proposed agreement: `kind` list (partner None) or net, valid from `valid_from` on."""

    code: str
    title: str
    kind: str
    partner: str | None
    currency: str
    valid_from: datetime
    terms: tuple[DraftTerm, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """One list agreement per currency and one net agreement per partner and currency, and how many lines were (not)
    used."""

    lists: tuple[DraftAgreement, ...]
    nets: tuple[DraftAgreement, ...]
    used: int
    passed_over: int

    @property
    def agreements(self) -> tuple[DraftAgreement, ...]:
        """Lists first, then nets, each sorted by currency and partner."""
        return self.lists + self.nets


_Sale = tuple[datetime, Decimal, str]  # instant, unit price, description
_ProductKey = tuple[str, str]  # currency, product


def derive_agreements(lines: Iterable[SaleLine], rules: DeriveRules) -> Derived:
    """Draft agreements from past sales. The order of the lines does not matter. Raises `Invalid` for impossible
    rules."""
    if rules.window <= timedelta(0) or rules.min_purchases < 1 or rules.spread_pct < 0 or rules.tolerance_pct < 0:
        raise Invalid("window and min_purchases must be above zero, spread and tolerance not negative")
    sales: dict[_ProductKey, list[_Sale]] = {}
    bought: dict[tuple[str, str], dict[str, list[_Sale]]] = {}
    used = passed_over = 0
    for line in lines:
        if line.quantity <= 0 or line.unit_price <= 0 or line.at >= rules.until:
            passed_over += 1
            continue
        used += 1
        sale = (line.at, line.unit_price, line.description)
        sales.setdefault((line.currency, line.product), []).append(sale)
        if line.partner:
            bought.setdefault((line.currency, line.partner), {}).setdefault(line.product, []).append(sale)
    found = {key: _list_price(group, rules) for key, group in sales.items()}
    lists = tuple(_list_agreement(currency, found, rules) for currency in sorted({key[0] for key in sales}))
    nets = []
    for currency, partner in sorted(bought):
        terms = _net_terms(bought[currency, partner], currency, found, rules)
        if terms:
            title = f"Net prices of {partner} ({currency}), from past sales"
            code = f"NET-{partner}-{currency}"
            nets.append(DraftAgreement(code, title, "net", partner, currency, rules.until, terms))
    return Derived(lists, tuple(nets), used, passed_over)


def usual_price(sales: Sequence[_Sale], mode_share: Decimal) -> tuple[Decimal, int, str]:
    """The usual price, how many lines carry it, and the rule that chose it (mode or median)."""
    counts: dict[Decimal, tuple[int, datetime]] = {}
    for at, price, _ in sales:
        count, last = counts.get(price, (0, at))
        counts[price] = (count + 1, max(at, last))
    mode = max(counts, key=lambda price: (*counts[price], price))
    if counts[mode][0] >= mode_share * len(sales):
        return mode, counts[mode][0], "mode"
    ranked = sorted(price for _, price, _ in sales)
    median = ranked[(len(ranked) - 1) // 2]
    return median, counts[median][0], "median"


def _list_price(sales: list[_Sale], rules: DeriveRules) -> DraftTerm:
    window = _window(sales, rules.until, rules.window)
    if not window:
        last = max(at for at, _, _ in sales)
        window = [sale for sale in sales if sale[0] > last - rules.window]
    price, carrying, rule = usual_price(window, rules.mode_share)
    return DraftTerm(0, "", _description(window), price, _evidence(window, carrying, rule))


def _list_agreement(currency: str, found: dict[_ProductKey, DraftTerm], rules: DeriveRules) -> DraftAgreement:
    products = sorted(product for where, product in found if where == currency)
    terms = []
    for number, product in enumerate(products, 1):
        term = found[currency, product]
        terms.append(DraftTerm(number, product, term.description, term.value, term.evidence))
    title = f"List prices ({currency}), from past sales"
    return DraftAgreement(f"LIST-{currency}", title, "list", None, currency, rules.until, tuple(terms))


def _net_terms(
    products: dict[str, list[_Sale]], currency: str, found: dict[_ProductKey, DraftTerm], rules: DeriveRules
) -> tuple[DraftTerm, ...]:
    terms: list[DraftTerm] = []
    for product in sorted(products):
        window = _window(products[product], rules.until, rules.window)
        if len({at for at, _, _ in window}) < rules.min_purchases:
            continue
        listed = found[currency, product]
        price, carrying, rule = usual_price(window, rules.mode_share)
        prices = [sale[1] for sale in window]
        if (max(prices) - min(prices)) * _HUNDRED > rules.spread_pct * price:
            continue
        difference = (listed.value - price) * _HUNDRED / listed.value
        if abs(difference) <= rules.tolerance_pct:
            continue
        evidence = _evidence(window, carrying, rule, listed.value, difference.quantize(_FOUR, ROUND_HALF_UP))
        terms.append(DraftTerm(len(terms) + 1, product, listed.description, price, evidence))
    return tuple(terms)


def _window(sales: list[_Sale], until: datetime, length: timedelta) -> list[_Sale]:
    since = until - length
    return [sale for sale in sales if sale[0] >= since]


def _description(sales: list[_Sale]) -> str:
    """The last description that is not empty; of several at one instant the first by alphabet."""
    described = [(at, text) for at, _, text in sales if text]
    if not described:
        return ""
    last = max(at for at, _ in described)
    return min(text for at, text in described if at == last)


def _evidence(
    sales: list[_Sale],
    carrying: int,
    rule: str,
    list_price: Decimal | None = None,
    difference_pct: Decimal | None = None,
) -> Evidence:
    prices = [sale[1] for sale in sales]
    times = [sale[0] for sale in sales]
    return Evidence(
        len(sales), min(times), max(times), min(prices), max(prices), carrying, rule, list_price, difference_pct
    )
