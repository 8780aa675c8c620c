"""Reading the items of a master event: every problem is noted with its path, none stops the reading of the rest.

An item is the whole record: a field that is left out takes its default, so that the same snapshot always gives the
same row. Unknown fields are problems, for a misspelt `credit_limt` that is silently ignored costs money.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from headgate.channel.masters.core.places import COUNTRIES
from headgate.channel.masters.core.units import UNITS
from headgate.domain.periods import effective_from, effective_until
from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.kernel.money import CURRENCIES, MAX_AMOUNT, PRICE_DECIMALS, parse_decimal

CODE_LENGTH = 64
TEXT_LENGTH = 300
LIST_LENGTH = 100
_ZERO = Decimal(0)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_ABSENT = object()
T = TypeVar("T")


class ItemReader:
    """Reads the fields of one item. Each method returns the value, or the default after noting a problem."""

    __slots__ = ("_item", "_known", "path", "problems")

    def __init__(self, item: Mapping[str, object], path: str, problems: list[Problem]) -> None:
        self._item = item
        self._known: set[str] = set()
        self.path = path
        self.problems = problems

    def note(self, name: str, value: object, message: str, fix: str = "") -> None:
        """Record a problem of the field `name` of this item."""
        field = f"{self.path}.{name}" if self.path else name
        self.problems.append(Problem(field, "" if value is _ABSENT else shorten(value), message, fix))

    def code(self, name: str, *, required: bool = True) -> str:
        """A code of at most 64 printable characters without outer blanks; empty when optional and left out."""
        value = self._take(name)
        if value is _ABSENT or value is None or value == "":
            if required:
                self.note(name, _ABSENT, "is missing")
            return ""
        if not isinstance(value, str):
            self.note(name, value, "is not text", "Send codes as JSON strings.")
        elif len(value) > CODE_LENGTH:
            self.note(name, value, f"is longer than {CODE_LENGTH} characters")
        elif value != value.strip() or _UNPRINTABLE.search(value):
            self.note(name, value, "has outer blanks or control characters", "Trim it.")
        else:
            return value
        return ""

    def text(self, name: str, *, default: str = "", limit: int = TEXT_LENGTH) -> str:
        """Free text of one line; the default when left out."""
        value = self._take(name)
        if value is _ABSENT or value is None:
            return default
        if not isinstance(value, str):
            self.note(name, value, "is not text")
        elif len(value) > limit:
            self.note(name, value, f"is longer than {limit} characters")
        elif _UNPRINTABLE.search(value):
            self.note(name, value, "has control characters")
        else:
            return value.strip()
        return default

    def codes(self, name: str) -> list[str]:
        """A list of codes without repetitions, in the order given."""
        value = self._take(name)
        if value is _ABSENT or value is None:
            return []
        if not isinstance(value, list) or len(value) > LIST_LENGTH:
            self.note(name, value, f"is not a list of at most {LIST_LENGTH} codes")
            return []
        found: dict[str, None] = {}
        for index, entry in enumerate(value):
            if not isinstance(entry, str) or not 0 < len(entry.strip()) <= CODE_LENGTH or _UNPRINTABLE.search(entry):
                self.note(f"{name}[{index}]", entry, f"is not a code of 1 to {CODE_LENGTH} characters")
            else:
                found[entry.strip()] = None
        return list(found)

    def choice(self, name: str, allowed: Collection[str], *, default: str | None = None) -> str:
        """One of the allowed words; required when there is no default."""
        value = self._take(name)
        if value is _ABSENT or value is None:
            if default is None:
                self.note(name, _ABSENT, "is missing", f"Use one of {', '.join(allowed)}.")
            return default or ""
        if not isinstance(value, str) or value not in allowed:
            self.note(name, value, "is not allowed here", f"Use one of {', '.join(allowed)}.")
            return default or ""
        return value

    def currency(self, name: str, *, required: bool = True) -> str:
        """An ISO 4217 code; empty when optional and left out."""
        value = self._take(name)
        if value is _ABSENT or value is None or value == "":
            if required:
                self.note(name, _ABSENT, "is missing", "Use an ISO 4217 code such as EUR.")
            return ""
        if not isinstance(value, str) or value not in CURRENCIES:
            self.note(name, value, "is not an ISO 4217 code", "Use three capitals such as EUR.")
            return ""
        return value

    def country(self, name: str) -> str:
        """An ISO 3166-1 alpha-2 code; empty when left out."""
        value = self._take(name)
        if value is _ABSENT or value is None or value == "":
            return ""
        if not isinstance(value, str) or value not in COUNTRIES:
            self.note(name, value, "is not an ISO 3166 country code", "Use two capitals such as DE.")
            return ""
        return value

    def unit(self, name: str, *, default: str = "each") -> str:
        """A unit of measure that Headgate knows, in lower case unless it is a UN/ECE code."""
        value = self._take(name)
        if value is _ABSENT or value is None or value == "":
            return default
        if isinstance(value, str):
            for form in (value, value.lower()):
                if form in UNITS:
                    return form
        self.note(
            name, value, "is not a known unit", "Use for example each, box, kg, or a UN/ECE Rec 20 code such as C62."
        )
        return default

    def number(
        self,
        name: str,
        *,
        default: Decimal | None = None,
        minimum: Decimal | None = _ZERO,
        decimals: int = PRICE_DECIMALS,
    ) -> Decimal:
        """An exact number, not below the minimum; required when there is no default."""
        found = self.maybe_number(name, minimum=minimum, decimals=decimals)
        if found is not None:
            return found
        if default is None and self._item.get(name) is None:
            self.note(name, _ABSENT, "is missing", 'Write it like "12.50".')
        return _ZERO if default is None else default

    def maybe_number(
        self, name: str, *, minimum: Decimal | None = _ZERO, decimals: int = PRICE_DECIMALS
    ) -> Decimal | None:
        """An exact number, not below the minimum; None when left out."""
        value = self._take(name)
        if value is _ABSENT or value is None:
            return None
        try:
            number = parse_decimal(name, value, decimals=decimals)
        except Invalid as error:
            self._adopt(error)
            return None
        if minimum is not None and number < minimum:
            self.note(name, value, "is negative" if minimum == 0 else f"is below {minimum}", f"Use {minimum} or more.")
            return None
        if abs(number) > MAX_AMOUNT:
            self.note(name, value, "is out of range")
            return None
        return number

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._take(name)
        if value is _ABSENT or value is None:
            return default
        if not isinstance(value, bool):
            self.note(name, value, "is not true or false")
            return default
        return value

    def starts(self, name: str, tz: ZoneInfo) -> datetime | None:
        """The start of a period: an instant, or a day read as its first moment in `tz`; None when left out."""
        return self._bound(name, tz, effective_from)

    def ends(self, name: str, tz: ZoneInfo, start: datetime | None) -> datetime | None:
        """The exclusive end of a period: an instant, or a day read as included in `tz`; None when left out.

        The year 9999, with which many systems write 'no end', is no end either.
        """
        value = self._take(name)
        if isinstance(value, str) and value.startswith("9999-"):
            return None
        end = self._bound(name, tz, effective_until)
        if end is not None and start is not None and end <= start:
            self.note(
                name, self._item.get(name), "is not after the start", "An instant is exclusive, a day is included."
            )
            return None
        return end

    def day(self, name: str, *, required: bool = False) -> date | None:
        """A calendar day such as 2026-03-01; None when left out."""
        value = self._take(name)
        if value is _ABSENT or value is None or value == "":
            if required:
                self.note(name, _ABSENT, "is missing", "Use a day such as 2026-03-01.")
            return None
        if isinstance(value, str) and len(value) == 10:
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.note(name, value, "is not a calendar day", "Use a day such as 2026-03-01.")
        return None

    def objects(self, name: str, *, most: int, required: bool = True) -> list[tuple[int, str, Mapping[str, object]]]:
        """The objects of a list as (number from 1, path, object); at least one when required."""
        value = self._take(name)
        if value is _ABSENT or value is None or value == []:
            if required:
                self.note(name, _ABSENT, "is missing", "Give at least one.")
            return []
        if not isinstance(value, list) or len(value) > most:
            self.note(name, value, f"is not a list of at most {most} objects")
            return []
        found: list[tuple[int, str, Mapping[str, object]]] = []
        for index, entry in enumerate(value):
            if isinstance(entry, Mapping):
                path = f"{name}[{index}]"
                found.append((index + 1, f"{self.path}.{path}" if self.path else path, entry))
            else:
                self.note(f"{name}[{index}]", entry, "is not an object")
        return found

    def finish(self) -> None:
        """Note every field of the item that nobody asked for."""
        known = ", ".join(sorted(self._known))
        for name in self._item:
            if name not in self._known:
                self.note(shorten(name, 40), _ABSENT, "is not a field of this record", f"Known fields: {known}.")

    def _take(self, name: str) -> object:
        self._known.add(name)
        return self._item.get(name, _ABSENT)

    def _bound(self, name: str, tz: ZoneInfo, read: Callable[[str, object, ZoneInfo], datetime]) -> datetime | None:
        value = self._take(name)
        if value is _ABSENT or value is None or value == "":
            return None
        try:
            return read(name, value, tz)
        except Invalid as error:
            self._adopt(error)
        except OverflowError:
            self.note(name, value, "is out of range")
        return None

    def _adopt(self, error: Invalid) -> None:
        for problem in error.problems:
            path = f"{self.path}.{problem.field}" if self.path else problem.field
            self.problems.append(Problem(path, problem.value, problem.message, problem.fix))


def read_items(data: object, read: Callable[[ItemReader], T]) -> tuple[list[T], list[Problem]]:
    """The records of `{"items": […]}` and every problem found. With any problem, nothing of the event may be used."""
    problems: list[Problem] = []
    items = data.get("items") if isinstance(data, Mapping) else None
    if not isinstance(items, list) or not items:
        fix = 'Send {"items": [{…}, …]}.'
        return [], [
            Problem("items", "" if items is None else shorten(items), "is not a list of at least one record", fix)
        ]
    assert isinstance(data, Mapping)
    problems.extend(
        Problem(shorten(name, 40), "", "is not a field of this event", "Known fields: items.")
        for name in data
        if name != "items"
    )
    records = []
    for index, item in enumerate(items):
        path = f"items[{index}]"
        if not isinstance(item, Mapping):
            problems.append(Problem(path, shorten(item), "is not an object"))
            continue
        reader = ItemReader(item, path, problems)
        records.append(read(reader))
        reader.finish()
    return records, problems
