"""One reader's way of writing values: the figures and times of this floor with locale, zone and 'now' filled in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from headgate.kernel.clock import Until
from headgate.kernel.money import PRICE_DECIMALS, Money
from headgate.kernel.phrases import OWN, Count, Figure, Phrase, swapped, worded
from headgate.ui import figures, times
from headgate.ui.countries import country
from headgate.ui.figures import SPACE, Percent, Quantity
from headgate.ui.times import Say, plain

NONE = "\u2014"  # em dash: not known, or does not apply


def plain_count(one: str, many: str, number: int) -> str:
    """The same for a phrase that tells one from many."""
    return one if number == 1 else many


@dataclass(frozen=True, slots=True)
class Formatter:
    """Figures and times with one reader's locale, zone and 'now' filled in; templates use it through filters.

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
        return (
            figures.money_exact(Money(text.value, text.currency), self.locale)
            if text.currency
            else self.number(text.value)
        )

    def within(self, text: str) -> str:
        """A text as it stands within a sentence: English begins it small, other languages keep their capitals."""
        told = self.tell(text)
        return told[:1].lower() + told[1:] if self.locale.startswith("en") else told

    def number(self, value: Decimal | int, most: int = PRICE_DECIMALS) -> str:
        return figures.number(value, self.locale, 0, most)

    def quantity(self, value: Decimal | int) -> str:
        return figures.quantity(value, self.locale)

    def percent(self, value: Decimal, decimals: int = 1, least: int = 0) -> str:
        return figures.percent(value, self.locale, decimals, least)

    def amount(self, value: Money) -> str:
        return figures.amount(value, self.locale)

    def price(self, value: Money) -> str:
        return figures.price(value, self.locale)

    def money(self, value: Money) -> str:
        return figures.money(value, self.locale)

    def money_whole(self, value: Money) -> str:
        return figures.money_whole(value, self.locale)

    def exact(self, at: datetime) -> str:
        return times.exact(at, self.zone, self.locale)

    def hover(self, at: datetime) -> str:
        """The exact time, for who asks an hour what it is. Where the clocks of reader and business differ then, both,
        each with its zone: `21 Nov 2025, 08:32:07 EST (America/New_York) · 21 Nov 2025, 14:32:07 CET (Europe/Berlin)`.
        """
        told = self.exact(at)
        if times.in_zone(at, self.zone).utcoffset() == times.in_zone(at, self.days).utcoffset():
            return told
        return f"{told} ({self.zone.key}) · {times.exact(at, self.days, self.locale)} ({self.days.key})"

    def minute(self, at: datetime) -> str:
        return times.minute(at, self.zone, self.locale)

    def country(self, code: str) -> str:
        return country(code, self.locale)

    def clock(self, at: datetime) -> str:
        return times.clock(at, self.zone)

    def day(self, value: date | datetime) -> str:
        return times.day(value, self.days, self.locale)

    def last_day(self, end: datetime) -> str:
        """The last day of a span whose end is not part of it: 21 Dec for one that ends as the 22nd begins."""
        return times.day(end - timedelta(microseconds=1), self.days, self.locale)

    def since(self, start: datetime) -> str:
        """From when something counts: the day where it begins with a day of business, else the minute."""
        return self.day(start) if times.in_zone(start, self.days).time() == time.min else self.minute(start)

    def until(self, end: datetime) -> str:
        """Until when something counts: the last day where it ends with a day of business, else the minute it ends."""
        return self.last_day(end) if times.in_zone(end, self.days).time() == time.min else self.minute(end)

    def weekday(self, value: date | datetime) -> str:
        return times.weekday(value, self.days, self.locale)

    def day_short(self, value: date) -> str:
        return times.day_short(value, self.locale)

    def weekday_short(self, value: date) -> str:
        return times.weekday_short(value, self.locale)

    def month(self, value: date) -> str:
        return times.month(value, self.locale)

    def month_of_year(self, value: date) -> str:
        return times.month_of_year(value, self.locale)

    def time_left(self, due: datetime) -> str:
        return times.time_left(due, self.now, self.say)

    def relative(self, at: datetime) -> str:
        return times.relative(at, self.now, self.zone, self.locale, self.say)

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
