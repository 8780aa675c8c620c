"""Exchange rates: which one converts an amount, and the record of it.

A rate says how many units of `quote` one unit of `base` buys. Rates come as a mapping from (base, quote), already
chosen for the day by the caller, so that a replay converts with the same rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from headgate.kernel.canonical import decimal_text
from headgate.kernel.errors import refused
from headgate.kernel.money import to_minor
from headgate.kernel.phrases import phrase

ONE = Decimal(1)
_TWELVE = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class FxRate:
    """One unit of `base` is `rate` units of `quote`; `on` is the day it holds for, None where nothing was converted."""

    base: str
    quote: str
    rate: Decimal
    on: date | None = None

    def as_json(self) -> dict[str, str]:
        """The rate as text fields."""
        return {
            "base": self.base,
            "quote": self.quote,
            "rate": decimal_text(self.rate),
            "on": self.on.isoformat() if self.on else "",
        }


Rates = Mapping[tuple[str, str], FxRate]


def find_rate(rates: Rates, base: str, quote: str) -> FxRate | None:
    """The rate from `base` to `quote`: given, or the inverse of the given one, or crossed through a third currency.

    Inverses and crosses are rounded to 12 decimals, half up. Of several third currencies the first by code is taken,
    and the earlier of the two days is recorded. None when the rates do not reach.
    """
    if base == quote:
        return _unconverted(base)
    found = _direct(rates, base, quote)
    if found is not None:
        return found
    pivots = {pair[0] for pair in rates} | {pair[1] for pair in rates}
    for pivot in sorted(pivots - {base, quote}):
        first = _direct(rates, base, pivot)
        second = _direct(rates, pivot, quote)
        if first is not None and second is not None:
            days = [rate.on for rate in (first, second) if rate.on is not None]
            crossed = (first.rate * second.rate).quantize(_TWELVE, ROUND_HALF_UP)
            return FxRate(base, quote, crossed, min(days) if days else None)
    return None


def need_rate(rates: Rates, base: str, quote: str) -> FxRate:
    """`find_rate`, or `Refused` naming the missing pair: the order waits in quarantine until the rate is recorded."""
    found = find_rate(rates, base, quote)
    if found is None:
        raise refused(
            "currency",
            base,
            phrase("has no exchange rate to %(quote)s", quote=quote),
            phrase("Record a %(base)s/%(quote)s rate, then replay.", base=base, quote=quote),
        )
    return found


def convert(amount: Decimal, rate: FxRate) -> Decimal:
    """Amount times rate, rounded half up to the minor unit of the target currency; unchanged where the currencies are
    the same."""
    return amount if rate.base == rate.quote else to_minor(amount * rate.rate, rate.quote)


@lru_cache(maxsize=256)  # the most common rate of all, asked several times for every order
def _unconverted(currency: str) -> FxRate:
    return FxRate(currency, currency, ONE)


def _direct(rates: Rates, base: str, quote: str) -> FxRate | None:
    found = rates.get((base, quote))
    if found is not None:
        return found
    inverse = rates.get((quote, base))
    if inverse is None or not inverse.rate:
        return None
    return FxRate(base, quote, (ONE / inverse.rate).quantize(_TWELVE, ROUND_HALF_UP), inverse.on)
