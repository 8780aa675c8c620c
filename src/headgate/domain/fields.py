"""Reading the fields of an event: each function returns the value, or notes a problem and returns a stand-in.

Valid input takes the first branch of each function and builds no text, for every order passes here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from headgate.domain.periods import effective_from, effective_until
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.kernel.money import CURRENCIES, parse_decimal
from headgate.kernel.phrases import phrase

CODE_LENGTH = 64
TEXT_LENGTH = 300
DECIMALS = 6
MAX_NUMBER = Decimal(10) ** 12
ZERO = Decimal(0)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAWN, _DUSK = EPOCH, datetime(2200, 1, 1, tzinfo=UTC)
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?").fullmatch
_COUNTRY = re.compile(r"[A-Z]{2}").fullmatch
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]"
)  # control characters but tab and line ends; half characters

Data = Mapping[str, object]
Problems = list[Problem]
Validator = Callable[[dict[str, Any]], list[Problem]]
T = TypeVar("T")


def whole(read: Callable[[Data, Problems], T], data: object) -> T:
    """What `read` makes of a payload. Raises `Invalid` with all the problems it notes."""
    problems: Problems = []
    if not isinstance(data, dict):
        problems.append(Problem("data", "", "is not an object", "Send the payload as a JSON object."))
        raise _invalid(problems)
    found = read(data, problems)
    if problems:
        raise _invalid(problems)
    return found


def _invalid(problems: Problems) -> Invalid:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Invalid(phrase("%(problems)s%(more)s", problems=problems[0], more=more), problems=problems)


def validator_of(parse: Callable[[object], object]) -> Validator:
    """A parser as a check that lists the problems of a payload instead of raising them."""

    def validate(data: dict[str, Any]) -> list[Problem]:
        try:
            parse(data)
        except Invalid as error:
            return list(error.problems)
        return []

    return validate


def note(problems: Problems, index: int | None, key: str, value: object, message: str, fix: str = "") -> None:
    """Record a problem of the field `key`, or of that field of line `index`."""
    field = key if index is None else f"lines[{index}].{key}" if key else f"lines[{index}]"
    shown = "" if value is None else shorten(value)
    if not shown.isprintable():
        shown = shown.encode("unicode_escape").decode()
    problems.append(Problem(field, shown, message, fix))


def code(data: Data, key: str, problems: Problems, index: int | None = None, *, required: bool = True) -> str:
    """A code: at most 64 printable characters without outer blanks. Optional ones may be left out, null or empty."""
    value = data.get(key)
    if type(value) is str and 0 < len(value) <= CODE_LENGTH and value.isprintable() and value.strip() == value:
        return value
    if value is None or value == "":
        if required:
            note(problems, index, key, None, "is missing", "Give a code of at most 64 characters.")
    elif not isinstance(value, str):
        note(problems, index, key, value, "is not text", "Send codes as JSON strings.")
    elif len(value) > CODE_LENGTH:
        note(problems, index, key, value, f"is longer than {CODE_LENGTH} characters", "Use the short code.")
    else:
        note(problems, index, key, value, "has outer blanks or characters that cannot be printed", "Clean it.")
    return ""


def line_code(data: Data, problems: Problems, index: int) -> str:
    """The code of a line; whole numbers are taken too, since many shops number their lines."""
    value = data.get("line")
    if type(value) is int and 0 <= value < 10**9:
        return str(value)
    return code(data, "line", problems, index)


def text(
    data: Data,
    key: str,
    problems: Problems,
    index: int | None = None,
    *,
    limit: int = TEXT_LENGTH,
    required: bool = False,
) -> str:
    """Free text without control characters; empty where it is left out."""
    value = data.get(key)
    if value is None or value == "":
        if required:
            note(problems, index, key, None, "is missing", "Say it in a few words.")
        return ""
    if not isinstance(value, str):
        note(problems, index, key, value, "is not text")
    elif len(value) > limit:
        note(problems, index, key, value, f"is longer than {limit} characters", "Shorten it.")
    elif not value.isprintable() and _UNFIT.search(value):
        note(problems, index, key, value, "has control characters", "Remove them.")
    elif required and not value.strip():
        note(problems, index, key, value, "is blank", "Say it in a few words.")
    else:
        return value
    return ""


def texts(data: Data, key: str, problems: Problems, most: int) -> tuple[str, ...]:
    """A list of at most so many texts; none where it is left out."""
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > most:
        note(problems, None, key, None, f"is not a list of at most {most} texts")
        return ()
    return tuple(text({key: entry}, key, problems, required=True) for entry in value)


def number(data: Data, key: str, problems: Problems, index: int | None = None) -> Decimal:
    """An exact number, not negative, below 10^12, with at most 6 decimals: a string, or a JSON number parsed
    exactly."""
    value = data.get(key)
    if type(value) is str and _PLAIN(value):
        return Decimal(value)
    if value is None:
        note(problems, index, key, None, "is missing", 'Send a number as a string such as "12.50".')
        return ZERO
    try:
        found = parse_decimal(key, value, decimals=DECIMALS)
    except Invalid as error:
        problem = error.problems[0]
        note(problems, index, key, problem.value, problem.message, problem.fix)
        return ZERO
    if found < 0:
        note(problems, index, key, value, "is negative", "Send returns and cancellations as their own events.")
    elif found >= MAX_NUMBER:
        note(problems, index, key, value, "is too large", "Use less than 1,000,000,000,000.")
    else:
        return found
    return ZERO


def positive(data: Data, key: str, problems: Problems, index: int | None = None) -> Decimal:
    """`number`, above zero. The stand-in after a problem is zero."""
    before = len(problems)
    found = number(data, key, problems, index)
    if not found and len(problems) == before:
        note(problems, index, key, data.get(key), "is not above zero", "Send a quantity above zero.")
    return found


def currency(data: Data, problems: Problems) -> str:
    """An ISO 4217 code."""
    value = data.get("currency")
    if isinstance(value, str) and value in CURRENCIES:
        return value
    message = "is missing" if value is None else phrase("is not an ISO 4217 code")
    note(problems, None, "currency", value, message, "Use three capitals such as EUR.")
    return ""


def country(data: Data, key: str, path: str, problems: Problems) -> str:
    """An ISO 3166-1 alpha-2 code by its form; whether anyone ships there is for the checks to say."""
    value = data.get(key)
    if isinstance(value, str) and _COUNTRY(value):
        return value
    message = "is missing" if value is None or value == "" else phrase("is not an ISO 3166 country code")
    note(problems, None, path, value or None, message, "Use two capitals such as DE.")
    return ""


def instant(data: Data, key: str, problems: Problems) -> datetime:
    """An RFC 3339 instant with an offset, from 1970 to 2199, as UTC."""
    value = data.get(key)
    if value is None:
        note(problems, None, key, None, "is missing", "Use RFC 3339, for example 2026-03-01T09:30:00Z.")
        return EPOCH
    try:
        return _in_range(key, value, parse_instant(key, value), problems)
    except Invalid as error:
        problems.extend(error.problems)
        return EPOCH


def bound(data: Data, key: str, tz: ZoneInfo, problems: Problems, *, until: bool) -> datetime:
    """A bound of an effective period: an instant, or a plain date read in `tz` (its start, or its end for `until`)."""
    value = data.get(key)
    if value is None:
        note(problems, None, key, None, "is missing", "Use RFC 3339, or a date such as 2026-03-31.")
        return EPOCH
    try:
        found = effective_until(key, value, tz) if until else effective_from(key, value, tz)
    except (Invalid, OverflowError) as error:
        found_problems = error.problems if isinstance(error, Invalid) else ()
        problems.extend(found_problems or [Problem(key, shorten(value), "is out of range")])
        return EPOCH
    return _in_range(key, value, found, problems)


def mapping(value: object, key: str, problems: Problems) -> Data:
    """A JSON object; an empty one after a problem."""
    if isinstance(value, dict):
        return value
    message = "is missing" if value is None else "is not an object"
    note(problems, None, key, value, message, "Send a JSON object.")
    return {}


def items(data: Data, key: str, problems: Problems, *, most: int) -> list[object]:
    """A list with at least one and at most `most` entries."""
    value = data.get(key)
    if not isinstance(value, list):
        message = "is missing" if value is None else "is not a list"
        note(problems, None, key, value, message, f"Send a list of 1 to {most} entries.")
        return []
    if not value or len(value) > most:
        message = "is empty" if not value else f"has {len(value)} entries, at most {most} are taken"
        note(problems, None, key, None, message, "Send at least one line." if not value else "Split the order.")
        return []
    return value


def _in_range(key: str, value: object, found: datetime, problems: Problems) -> datetime:
    if _DAWN <= found < _DUSK:
        return found
    note(problems, None, key, value, "is not between 1970 and 2199", "Check the year.")
    return EPOCH
