"""How items of `tax_rate.recorded`, `exemption.recorded` and `fx_rate.recorded` are read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from headgate.channel.masters.core.places import COUNTRIES
from headgate.channel.masters.core.reading import ItemReader
from headgate.domain.fx import FxRate
from headgate.domain.tax import Exemption, TaxRate

ZERO = Decimal(0)
MAX_RATE = Decimal(1000)
FX_DECIMALS = 12
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def read_tax_rate(item: ItemReader, tz: ZoneInfo) -> TaxRate:
    """The rate of one item, in percent; plain dates are days in `tz`. Problems are noted on the reader."""
    rate = item.number("rate")
    if rate > MAX_RATE:
        item.note("rate", str(rate), "is more than 1000 %", "Write 19 for 19 %.")
    start = _start(item, tz)
    return TaxRate(
        jurisdiction=_jurisdiction(item),
        tax_class=item.code("tax_class", required=False) or "standard",
        rate=rate,
        valid_from=start,
        valid_until=item.ends("valid_until", tz, start),
    )


def read_exemption(item: ItemReader, tz: ZoneInfo) -> Exemption:
    """The certificate of one item; plain dates are days in `tz`. Problems are noted on the reader."""
    start = _start(item, tz)
    return Exemption(
        partner=item.code("partner"),
        jurisdiction=_jurisdiction(item),
        certificate=item.code("certificate"),
        valid_from=start,
        valid_until=item.ends("valid_until", tz, start),
    )


def read_fx_rate(item: ItemReader) -> FxRate:
    """The rate of one item: one unit of `base` is `rate` units of `quote` from `valid_on` until a later one."""
    base, quote = item.currency("base"), item.currency("quote")
    if base and base == quote:
        item.note("quote", quote, "is the base itself", "A currency is worth itself; leave the rate out.")
    rate = item.number("rate", decimals=FX_DECIMALS)
    if not rate and not item.problems:
        item.note("rate", str(rate), "is zero", "One unit of base is worth more than nothing.")
    return FxRate(base, quote, rate, item.day("valid_on", required=True))


def fx_key(rate: FxRate) -> tuple[str, str, date | None]:
    """What names a rate: the pair and the day."""
    return rate.base, rate.quote, rate.on


def jurisdictions(country: str, region: str = "") -> tuple[str, ...]:
    """The jurisdictions of a place, the most specific first: US-CA, US."""
    return (f"{country}-{region}", country) if region else (country,)


def _start(item: ItemReader, tz: ZoneInfo) -> datetime:
    before = len(item.problems)
    start = item.starts("valid_from", tz)
    if start is None:
        if len(item.problems) == before:
            item.note("valid_from", "", "is missing", "Use a day such as 2026-01-01 or an instant with an offset.")
        return _NEVER
    return start


def _jurisdiction(item: ItemReader) -> str:
    code = item.code("jurisdiction")
    country, dash, region = code.partition("-")
    if code and (country not in COUNTRIES or (dash and not region)):
        item.note("jurisdiction", code, "is not a jurisdiction", "Use a country (DE) or country and region (US-CA).")
    return code
