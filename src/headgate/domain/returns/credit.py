"""What is credited for goods that came back: exact to the minor unit, whatever the pieces they come back in."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from headgate.kernel.money import to_minor

HUNDRED = Decimal(100)


class Credit(NamedTuple):
    """An amount before tax, the restocking fee taken off it, and what is left; all in the order's currency."""

    gross: Decimal
    fee: Decimal
    net: Decimal


def credit_of(quantity: Decimal, unit_price: Decimal, fee_pct: Decimal, currency: str, before: Decimal) -> Credit:
    """The credit for `quantity` of a line of which `before` was credited already.

    Gross is the difference of two rounded sums (half up, to the minor unit), so that all the credits of a line add up
    to exactly what the whole quantity would give at once, and never to more than was charged. The fee is rounded on
    its own and is at most the gross.
    """
    gross = to_minor((before + quantity) * unit_price, currency) - to_minor(before * unit_price, currency)
    fee = min(to_minor(gross * fee_pct / HUNDRED, currency), gross)
    return Credit(gross, fee, gross - fee)
