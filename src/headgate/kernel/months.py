"""Durations of years and months: they count whole months, and no number of days stands for one of them."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

MOST: Final = 13 * 10**9  # months; beyond what nine digits of years and of months can say
_WRITTEN = re.compile(r"(?P<sign>-)?P(?=\d)(?:(?P<years>\d{1,9})Y)?(?:(?P<months>\d{1,9})M)?", re.ASCII)

Day = TypeVar("Day", bound=date)


@dataclass(frozen=True, slots=True, order=True)
class Months:
    """A duration of years and months (XML Schema's yearMonthDuration) as its number of months, also negative.

    Raises `OverflowError` beyond `MOST` months.
    """

    count: int

    def __post_init__(self) -> None:
        if abs(self.count) > MOST:
            raise OverflowError(f"{self.count} months are longer than a duration can be")


def read_months(text: str) -> Months | None:
    """`P1Y6M`, `P18M`, `P2Y`, `-P1M`; None for a text that is no such duration."""
    found = _WRITTEN.fullmatch(text)
    if found is None or (found["years"] is None and found["months"] is None):
        return None
    count = 12 * int(found["years"] or 0) + int(found["months"] or 0)
    return Months(-count if found["sign"] else count)


def months_text(value: Months) -> str:
    """ISO 8601 with at most eleven months beside the years, so equal durations have equal text: `P1Y6M`, `P0M`."""
    years, months = divmod(abs(value.count), 12)
    told = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
    return f"{'-' if value.count < 0 else ''}P{told}"


def months_words(value: Months) -> str:
    """In plain words: `1 year 6 months`, `0 months`, `minus 3 months`."""
    years, months = divmod(abs(value.count), 12)
    told = [f"{years} year{'s' if years != 1 else ''}"] if years else []
    if months or not years:
        told.append(f"{months} month{'s' if months != 1 else ''}")
    return f"{'minus ' if value.count < 0 else ''}{' '.join(told)}"


def after_months(day: Day, by: Months) -> Day:
    """A date or instant so many months on; where that month has no such day, its last one. A month after 31 January is
    28 February. Raises `OverflowError` outside the years 1 to 9999."""
    year, month = divmod(day.year * 12 + day.month - 1 + by.count, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("a date lies in the years 1 to 9999")
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last))
