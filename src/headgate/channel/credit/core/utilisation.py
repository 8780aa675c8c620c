"""How much of a credit limit is used."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from headgate.domain.credit import NO_LIMIT_PCT

_PERCENT = Decimal("0.01")


def utilisation_pct(exposure: Decimal, credit_limit: Decimal) -> Decimal:
    """Exposure / limit x 100, two decimals half up; 999999 for any exposure on a limit of zero, as in credit checks."""
    if credit_limit > 0:
        return (exposure / credit_limit * 100).quantize(_PERCENT, ROUND_HALF_UP)
    return NO_LIMIT_PCT if exposure > 0 else Decimal(0)
