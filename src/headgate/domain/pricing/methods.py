"""What one term makes of a quantity: the arithmetic of list, net, discount and cost-plus, of slab and range.

Tiers count units: a tier that starts at n begins with the n-th unit, so a first tier at 1 begins with the first unit (0
means the same).

- `range`: the whole quantity has the value of the highest tier whose start it reaches (start <= quantity).
- `slab`: unit n has the value of the tier with start <= n < next start. Unit n is the stretch (n-1, n], so a fraction
  of a unit belongs to the unit it is part of: 9.5 kg with a tier at 10 is 9 kg in the first band and 0.5 kg in the
  second.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from headgate.domain.fx import ONE, FxRate, find_rate
from headgate.domain.pricing.model import ZERO, PriceQuery, Term, Tier
from headgate.kernel.money import to_minor

FOUR = Decimal("0.0001")
HUNDRED = Decimal(100)
_WRITTEN = {"list": "list price", "net": "net price"}

Band = tuple[Decimal, Decimal, Decimal]  # (first unit, quantity in the band, unit price)
UnitPrice = Callable[[Decimal], Decimal]


class Priced(NamedTuple):
    """A term's answer: unit price, rounded amount, the bands of a slab, and the rates that were used."""

    unit_price: Decimal
    amount: Decimal
    bands: tuple[Band, ...]
    rates: tuple[FxRate, ...]
    how: str


def apply_term(term: Term, query: PriceQuery, list_price: Priced | None) -> Priced | str:
    """The price a term gives for the query, or the reason in words why it gives none."""
    if term.tier_mode == "none" and term.currency == query.currency and term.method in _WRITTEN:
        price = term.value  # the common case, kept short
        return Priced(price, to_minor(price * query.quantity, query.currency), (), (), _WRITTEN[term.method])
    made = _formula(term, query, list_price)
    if isinstance(made, str):
        return made
    unit_price, rates, how = made
    quantity = query.quantity
    if term.tier_mode == "none":
        price = unit_price(term.value)
        return Priced(price, to_minor(price * quantity, query.currency), (), rates, how)
    if not term.tiers:
        return f"{term.name} has no tiers"
    if term.tier_mode == "range":
        reached = reached_tier(term.tiers, quantity)
        if reached is None:
            return f"its first tier starts at {_plain(term.tiers[0].start)} and the line has {_plain(quantity)}"
        price = unit_price(reached.value)
        how = f"{how}, tier from {_plain(reached.start)}"
        return Priced(price, to_minor(price * quantity, query.currency), (), rates, how)
    if term.tiers[0].start > 1:
        return f"its first slab starts at unit {_plain(term.tiers[0].start)}, so the first units have no price"
    bands = tuple((start, part, unit_price(value)) for start, part, value in slab_bands(term.tiers, quantity))
    total = sum((part * price for _, part, price in bands), ZERO)
    price = bands[0][2] if len(bands) == 1 else (total / quantity).quantize(FOUR, ROUND_HALF_UP)
    how = f"{how}, {len(bands)} slab{'s' if len(bands) > 1 else ''}"
    return Priced(price, to_minor(total, query.currency), bands, rates, how)


def reached_tier(tiers: tuple[Tier, ...], quantity: Decimal) -> Tier | None:
    """The highest tier whose start the quantity reaches; a first tier at 0 or 1 is reached by any quantity."""
    reached = tiers[0] if tiers[0].start <= 1 else None
    for tier in tiers:
        if tier.start > quantity:
            break
        reached = tier
    return reached


def slab_bands(tiers: tuple[Tier, ...], quantity: Decimal) -> list[tuple[Decimal, Decimal, Decimal]]:
    """The quantity cut at the tier boundaries: (start of the tier, quantity in it, its value), empty bands left out."""
    bands = []
    for index, tier in enumerate(tiers):
        low = max(tier.start - ONE, ZERO)
        high = max(tiers[index + 1].start - ONE, ZERO) if index + 1 < len(tiers) else quantity
        part = min(high, quantity) - low
        if part > 0:
            bands.append((tier.start, part, tier.value))
    return bands


def _formula(
    term: Term, query: PriceQuery, list_price: Priced | None
) -> tuple[UnitPrice, tuple[FxRate, ...], str] | str:
    """How a value of the term becomes a unit price in the query's currency."""
    if term.method == "discount":
        if list_price is None:
            return "there is no list price to take the discount from"
        base = list_price.unit_price
        how = f"discount off the list price {_plain(base)}"
        return lambda pct: (base * (HUNDRED - pct) / HUNDRED).quantize(FOUR, ROUND_HALF_UP), list_price.rates, how
    if term.method == "cost_plus":
        if query.cost is None:
            return "the product's cost is not known"
        rate = _rate(query, query.cost_currency or query.currency)
        if rate is None:
            return f"there is no exchange rate from {query.cost_currency} to {query.currency}"
        cost = query.cost * rate.rate
        how = f"markup on the cost {_plain(query.cost)} {rate.base}"
        return lambda pct: (cost * (HUNDRED + pct) / HUNDRED).quantize(FOUR, ROUND_HALF_UP), _used(rate), how
    if term.currency == query.currency:
        return _as_written, (), f"{term.method} price"
    rate = _rate(query, term.currency)
    if rate is None:
        return f"it is in {term.currency} and there is no exchange rate to {query.currency}"
    factor = rate.rate
    how = f"{term.method} price in {term.currency} at {_plain(factor)}"
    return lambda price: (price * factor).quantize(FOUR, ROUND_HALF_UP), _used(rate), how


def _as_written(price: Decimal) -> Decimal:
    return price


def _rate(query: PriceQuery, base: str) -> FxRate | None:
    if base == query.currency:
        return FxRate(base, base, ONE)
    return find_rate(query.fx, base, query.currency) if query.fx else None


def _used(rate: FxRate) -> tuple[FxRate, ...]:
    return () if rate.base == rate.quote else (rate,)


def _plain(value: Decimal) -> str:
    return format(value, "f")
