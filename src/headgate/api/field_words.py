"""What is wrong with a field of a request, in plain words and with how to mend it; pydantic gives the kind of fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headgate.kernel.errors import shorten

Told = tuple[str, str]  # what is wrong, how to mend it

_OBJECT: Final = ("is not an object", 'Send names with their values in braces, such as {{"code": "P-1"}}.')
_LIST: Final = ("is not a list", 'Send it in brackets, such as ["P-1", "P-2"].')
_TEXT: Final = ("is not text", 'Send it in quotes, such as "P-1".')
_WHOLE: Final = ("is not a whole number", "Send digits only, such as 5.")
_NUMBER: Final = ("is not a number", "Send it with a point and without a thousands separator, such as 1250.50.")
_INSTANT: Final = ("is not a date and time with its zone", "Write it 2026-01-31T10:00:00Z.")

_PLAIN: Final[Mapping[str, Told]] = {
    "missing": ("is missing", "Send it."),
    "extra_forbidden": ("is not a field of this request", "Remove it."),
    "string_pattern_mismatch": ("is not written as it has to be", "It has to match {pattern}."),
    "string_unicode": ("is not text in UTF-8", "Send it as UTF-8."),
    "date_from_datetime_inexact": ("is a date with a time", "Send the date alone, such as 2026-01-31."),
    "finite_number": ("is not a finite number", _NUMBER[1]),
    "literal_error": ("is not one of what may be sent", "Send {expected}."),
    "enum": ("is not one of what may be sent", "Send {expected}."),
    "string_too_short": ("is shorter than {min_length} characters", "Send at least {min_length}."),
    "string_too_long": ("is longer than {max_length} characters", "Send at most {max_length}."),
    "too_short": ("has fewer than {min_length} entries", "Send at least {min_length}."),
    "too_long": ("has more than {max_length} entries", "Send at most {max_length}."),
    "greater_than": ("is not above {gt}", "Send a larger value."),
    "greater_than_equal": ("is below {ge}", "Send {ge} or more."),
    "less_than": ("is not below {lt}", "Send a smaller value."),
    "less_than_equal": ("is above {le}", "Send {le} or less."),
    "decimal_max_digits": ("has more than {max_digits} digits", "Send a shorter number."),
    "decimal_max_places": ("has more than {decimal_places} digits after the point", "Round it."),
    "decimal_whole_digits": ("has more than {whole_digits} digits before the point", "Send a smaller number."),
}
# The kinds of one family say the same.
_FAMILIES: Final[tuple[tuple[str, Told], ...]] = (
    *((each, _OBJECT) for each in ("model_", "dict_", "mapping_", "dataclass_")),
    *((each, _LIST) for each in ("list_", "tuple_", "set_", "frozen_set_")),
    *((each, _TEXT) for each in ("string_", "bytes_")),
    *((each, _WHOLE) for each in ("int_",)),
    *((each, _NUMBER) for each in ("decimal_", "float_")),
    *((each, _INSTANT) for each in ("datetime_", "timezone_")),
    ("bool_", ("is neither true nor false", "Send true or false.")),
    ("date_", ("is not a date", "Write it 2026-01-31.")),
    ("time_delta_", ("is not a duration", "Write it P2D or PT4H30M.")),
    ("uuid_", ("is not an id", "Send all 36 characters of it, as they were given.")),
)


def field_words(kind: str, limits: Mapping[str, Any], said: str) -> Told:
    """The words for a kind of fault; `said` is what a check of ours said itself, where it was one."""
    known = _PLAIN.get(kind) or next((told for start, told in _FAMILIES if kind.startswith(start)), None)
    if known is None:
        text = said.removeprefix("Value error, ") or "is not valid"
        return text[:1].lower() + text[1:], ""
    if known[0].endswith("{min_length} characters") and limits.get("min_length") == 1:
        return "is empty", "Write something."
    shown = {name: shorten(str(value), 300) for name, value in limits.items()}
    return known[0].format_map(shown), known[1].format_map(shown)
