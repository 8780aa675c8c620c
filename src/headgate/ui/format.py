"""How numbers, money and time are written for people. Pure: locale, zone and 'now' are arguments.

Rounding for display is commercial (half up). A negative value has a true minus sign before the currency sign; zero has
none; a value too small to show is written `<0.01`, never mistaken for zero. Spaces inside a value do not break.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

from headgate.kernel.clock import Until
from headgate.kernel.money import PRICE_DECIMALS, Money, exponent
from headgate.kernel.phrases import OWN, Count, Figure, Phrase, swapped, worded
from headgate.ui.countries import country

Say: TypeAlias = Callable[[str], str]

MINUS = "\u2212"
SPACE = "\u00a0"  # no-break
NONE = "\u2014"  # em dash: not known, or does not apply

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_RELATIVE_DAYS = 14  # after this a date says more than a count of days


@dataclass(frozen=True, slots=True)
class Percent:
    """A share in percent: `Percent(Decimal("12.4"))` is 12.4 %."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A count or measure with its unit as the tenant writes it; an empty unit shows the number alone."""

    value: Decimal
    unit: str = ""


def plain(text: str) -> str:
    """The translator that leaves every phrase in English."""
    return text


def plain_count(one: str, many: str, number: int) -> str:
    """The same for a phrase that tells one from many."""
    return one if number == 1 else many


@dataclass(frozen=True, slots=True)
class _Symbols:
    """How a locale writes numbers: its separators, and the sizes of the first and of the further groups of digits."""

    group: str
    decimal: str
    first: int
    further: int


@lru_cache(maxsize=64)
def _symbols(locale: str) -> _Symbols:
    first, further = Locale.parse(locale).decimal_formats[None].grouping
    return _Symbols(get_group_symbol(locale), get_decimal_symbol(locale), first, further)


def _grouped(digits: str, symbols: _Symbols) -> str:
    parts = []
    size = symbols.first
    while len(digits) > size:
        parts.append(digits[-size:])
        digits = digits[:-size]
        size = symbols.further
    return symbols.group.join([digits, *reversed(parts)])


def _figures(magnitude: Decimal, locale: str, least: int) -> str:
    """A number that is not negative, in the locale's figures, without needless zeros after `least` decimals.

    Written here because a page holds hundreds of numbers, and Babel's general formatter took about a third of the
    time to render one.
    """
    symbols = _symbols(locale)
    whole, _, decimals = format(magnitude, "f").partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    text = _grouped(whole, symbols)
    return f"{text}{symbols.decimal}{decimals}" if decimals else text


def _signed(value: Decimal, text_of_magnitude: str) -> str:
    return MINUS + text_of_magnitude if value < 0 else text_of_magnitude


def number(value: Decimal | int, locale: str, least: int = 0, most: int = PRICE_DECIMALS) -> str:
    """A number with `least` to `most` decimals; too small to show becomes `<0.01` (or `>−0.01`)."""
    exact = Decimal(value)
    step = Decimal(1).scaleb(-most)
    rounded = exact.quantize(step, rounding=ROUND_HALF_UP)
    if exact and not rounded:
        sign = ">" if exact < 0 else "<"
        return sign + _signed(exact, _figures(step, locale, least))
    return _signed(rounded, _figures(abs(rounded), locale, least))


def quantity(value: Decimal | int, locale: str) -> str:
    """A quantity: no trailing zeros, at most six decimals."""
    return number(value, locale)


def percent(value: Decimal, locale: str, decimals: int = 1, least: int = 0) -> str:
    """A percentage such as `12.4 %`, to at most `decimals` places and at least `least`, in a column as many as that."""
    return number(value, locale, least, decimals) + SPACE + "%"


def amount(money: Money, locale: str) -> str:
    """The number alone, at the currency's minor unit, for a column whose cells carry the code beside it."""
    digits = exponent(money.currency)
    return number(money.amount, locale, digits, digits)


def price(money: Money, locale: str) -> str:
    """A unit price: at least the minor unit, at most six decimals, without its currency."""
    return number(money.amount, locale, exponent(money.currency), PRICE_DECIMALS)


def money(value: Money, locale: str) -> str:
    """An amount in running text, with the currency's sign: `€1,234.50`, `−£80.00`."""
    return _with_sign(value, locale, exponent(value.currency))


def money_exact(value: Money, locale: str) -> str:
    """An amount as it was recorded, with its sign: nothing is rounded away, for it may be a unit price."""
    return _with_sign(value, locale, exponent(value.currency), PRICE_DECIMALS)


def money_whole(value: Money, locale: str) -> str:
    """An amount in running text rounded to whole units, for headlines: `€1,235`."""
    return _with_sign(value, locale, 0)


@lru_cache(maxsize=512)
def _around(currency: str, locale: str) -> tuple[str, str]:
    """What the locale writes before and after an amount in this currency."""
    pattern = Locale.parse(locale).currency_formats["standard"].pattern.split(";")[0]
    before, after = pattern[: pattern.index("#")], pattern[pattern.rindex("0") + 1 :]
    sign = get_currency_symbol(currency, locale)
    # CLDR: a sign that ends in a letter, such as CHF, stands apart from the figures.
    apart = SPACE if before.endswith("¤") and sign[-1].isalpha() else ""
    return before.replace("¤", sign + apart), after.replace("¤", sign)


def _with_sign(value: Money, locale: str, least: int, most: int | None = None) -> str:
    figures = number(abs(value.amount), locale, least, least if most is None else most)
    small = figures.startswith("<")
    before, after = _around(value.currency, locale)
    text = _signed(value.amount, before + figures.removeprefix("<") + after)
    return (">" if value.amount < 0 else "<") + text if small else text


@lru_cache(maxsize=4096)
def _medium(value: date, locale: str) -> str:
    return format_date(value, "medium", locale)


def in_zone(at: datetime, zone: ZoneInfo) -> datetime:
    """The instant on the zone's clock. Raises ValueError for a datetime without a time zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be shown")
    return at.astimezone(zone)


def exact(at: datetime, zone: ZoneInfo, locale: str) -> str:
    """Date, time to the second and zone: `21 Nov 2025, 14:32:07 CET`."""
    local = in_zone(at, zone)
    return f"{_medium(local.date(), locale)}, {local:%H:%M:%S} {_zone_name(local)}"


def minute(at: datetime, zone: ZoneInfo, locale: str) -> str:
    """Date and time to the minute with the zone: `21 Nov 2025, 14:32 CET`."""
    local = in_zone(at, zone)
    return f"{_medium(local.date(), locale)}, {local:%H:%M} {_zone_name(local)}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """The time of day: `14:32`."""
    return f"{in_zone(at, zone):%H:%M}"


def day(value: date | datetime, zone: ZoneInfo, locale: str) -> str:
    """A date: `21 Nov 2025`. An instant is shown as its date in the zone."""
    return _medium(in_zone(value, zone).date() if isinstance(value, datetime) else value, locale)


def weekday(value: date | datetime, zone: ZoneInfo, locale: str) -> str:
    """A date with its weekday: `Friday, 21 November 2025`."""
    local = in_zone(value, zone) if isinstance(value, datetime) else value
    return format_date(local, "full", locale)


def day_short(value: date, locale: str) -> str:
    """A day under a chart, where its neighbours tell the year: `21 Nov`."""
    return format_skeleton("MMMd", value, locale=locale)


def weekday_short(value: date, locale: str) -> str:
    """A date with its weekday in a list, where the year stands above: `Fri 21 Nov`."""
    return format_skeleton("MMMEd", value, locale=locale)


def month(value: date, locale: str) -> str:
    """A month by its name: `November`."""
    return format_date(value, "LLLL", locale)


def _zone_name(local: datetime) -> str:
    name = local.tzname() or ""
    if name and name[0] not in "+-":
        return name
    offset = f"{local:%z}"
    return f"UTC{offset[:3]}:{offset[3:]}"


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `2 h 10 min`, `3 d 4 h`, `12 min`, `<1 min`."""
    seconds = int(abs(length).total_seconds())
    if seconds < _MINUTE:
        return f"<1{SPACE}min"
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    if days:
        parts = [(days, "d"), (hours, "h")]
    elif hours:
        parts = [(hours, "h"), (minutes, "min")]
    else:
        parts = [(minutes, "min")]
    return SPACE.join(f"{count}{SPACE}{unit}" for count, unit in parts if count)


def time_left(due: datetime, now: datetime, say: Say = plain) -> str:
    """How a clock stands: `2 h 10 min left`, `overdue by 3 h`."""
    if due >= now:
        return say("%(span)s left") % {"span": span(due - now)}
    return say("overdue by %(span)s") % {"span": span(now - due)}


def relative(at: datetime, now: datetime, zone: ZoneInfo, locale: str, say: Say = plain) -> str:
    """How long ago, in one unit: `just now`, `5 min ago`, `3 h ago`, `2 d ago`; after two weeks, or ahead: the date."""
    seconds = (now - at).total_seconds()
    if seconds < 0 or seconds >= (_RELATIVE_DAYS + 1) * _DAY:
        return day(at, zone, locale)
    if seconds < _MINUTE:
        return say("just now")
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return say("%(span)s ago") % {"span": f"{int(seconds // size)}{SPACE}{unit}"}
    raise AssertionError("every age from a minute on has a unit")


def iso(at: datetime) -> str:
    """The instant for `<time datetime>`: RFC 3339 in UTC to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Formatter:
    """The functions above with one reader's locale, zone and 'now' filled in; templates use it through filters.

    Times of day are those of the reader's zone. An instant that stands for a day (a price begins, a right ends) is a
    day of business: it is shown as the day it is in the zone `business`, whoever reads it; None is the reader's.
    `currency` is the tenant's own; where it is not known, amounts in it are written without.
    """

    locale: str
    zone: ZoneInfo
    now: datetime
    say: Say = plain
    count: Count = plain_count
    business: ZoneInfo | None = None
    currency: str = ""

    @property
    def days(self) -> ZoneInfo:
        """The zone of days of business."""
        return self.business or self.zone

    def tell(self, text: str) -> str:
        """A phrase in the reader's words; other text passes through the catalogue as it is."""
        return swapped(worded(text), self.figured).said(self.say, self.count)

    def figured(self, text: str) -> str:
        """A value of a phrase: a figure as this reader writes it, anything else as it is."""
        if not isinstance(text, Figure):
            return text
        if text.currency == OWN:
            return self.money(Money(text.value, self.currency)) if self.currency else self.number(text.value)
        return money_exact(Money(text.value, text.currency), self.locale) if text.currency else self.number(text.value)

    def within(self, text: str) -> str:
        """A text as it stands within a sentence: English begins it small, other languages keep their capitals."""
        told = self.tell(text)
        return told[:1].lower() + told[1:] if self.locale.startswith("en") else told

    def number(self, value: Decimal | int, most: int = PRICE_DECIMALS) -> str:
        return number(value, self.locale, 0, most)

    def quantity(self, value: Decimal | int) -> str:
        return quantity(value, self.locale)

    def percent(self, value: Decimal, decimals: int = 1, least: int = 0) -> str:
        return percent(value, self.locale, decimals, least)

    def amount(self, value: Money) -> str:
        return amount(value, self.locale)

    def price(self, value: Money) -> str:
        return price(value, self.locale)

    def money(self, value: Money) -> str:
        return money(value, self.locale)

    def money_whole(self, value: Money) -> str:
        return money_whole(value, self.locale)

    def exact(self, at: datetime) -> str:
        return exact(at, self.zone, self.locale)

    def hover(self, at: datetime) -> str:
        """The exact time, for who asks an hour what it is. Where the clocks of reader and business differ then, both,
        each with its zone: `21 Nov 2025, 08:32:07 EST (America/New_York) · 21 Nov 2025, 14:32:07 CET (Europe/Berlin)`.
        """
        told = self.exact(at)
        if in_zone(at, self.zone).utcoffset() == in_zone(at, self.days).utcoffset():
            return told
        return f"{told} ({self.zone.key}) · {exact(at, self.days, self.locale)} ({self.days.key})"

    def minute(self, at: datetime) -> str:
        return minute(at, self.zone, self.locale)

    def country(self, code: str) -> str:
        return country(code, self.locale)

    def clock(self, at: datetime) -> str:
        return clock(at, self.zone)

    def day(self, value: date | datetime) -> str:
        return day(value, self.days, self.locale)

    def last_day(self, end: datetime) -> str:
        """The last day of a span whose end is not part of it: 21 Dec for one that ends as the 22nd begins."""
        return day(end - timedelta(microseconds=1), self.days, self.locale)

    def since(self, start: datetime) -> str:
        """From when something counts: the day where it begins with a day of business, else the minute."""
        return self.day(start) if in_zone(start, self.days).time() == time.min else self.minute(start)

    def until(self, end: datetime) -> str:
        """Until when something counts: the last day where it ends with a day of business, else the minute it ends."""
        return self.last_day(end) if in_zone(end, self.days).time() == time.min else self.minute(end)

    def weekday(self, value: date | datetime) -> str:
        return weekday(value, self.days, self.locale)

    def day_short(self, value: date) -> str:
        return day_short(value, self.locale)

    def weekday_short(self, value: date) -> str:
        return weekday_short(value, self.locale)

    def month(self, value: date) -> str:
        return month(value, self.locale)

    def time_left(self, due: datetime) -> str:
        return time_left(due, self.now, self.say)

    def relative(self, at: datetime) -> str:
        return relative(at, self.now, self.zone, self.locale, self.say)

    def show(self, value: object) -> str:
        """Any fact, by its type; None is an em dash."""
        match value:
            case None:
                return NONE
            case bool():
                return self.say("yes") if value else self.say("no")
            case Money():
                return self.money(value)
            case Percent():
                return self.percent(value.value, 2)
            case Quantity():
                return f"{self.quantity(value.value)}{SPACE}{value.unit}" if value.unit else self.quantity(value.value)
            case Decimal() | int():
                return self.number(value)
            case Until():
                return self.until(value.end)
            case datetime():
                return self.minute(value)
            case date():
                return self.day(value)
            case tuple() | list() | frozenset() | set():
                return ", ".join(self.show(item) for item in value) or NONE
            case Phrase():
                return self.tell(value)
            case _:
                return str(value)
