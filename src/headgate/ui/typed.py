"""Numbers as people type them: with the separators of their own locale, and never guessed at.

`1.234,50` and `12,5` are German, `1,234.50` is English. What fits neither the reader's way nor a plain number is
refused: with its comma taken away, twelve and a half would be a hundred and twenty-five.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import get_decimal_symbol, get_group_symbol

_BLANKS = re.compile(r"[\s\u00a0\u202f'’]")


@lru_cache(maxsize=64)
def _ways(locale: str) -> tuple[re.Pattern[str], re.Pattern[str], str, str]:
    group, decimal = get_group_symbol(locale), get_decimal_symbol(locale)
    grouped = re.compile(
        rf"-?\d{{1,3}}(?:{re.escape(group)}\d{{2,3}})*{re.escape(group)}\d{{3}}(?:{re.escape(decimal)}\d+)?"
    )
    plain = re.compile(rf"-?\d+(?:(?:\.|{re.escape(decimal)})\d+)?")
    return grouped, plain, group, decimal


def typed_number(text: str, locale: str) -> Decimal:
    """The number that somebody typed. Raises ArithmeticError for what is none, or could be two."""
    grouped, plain, group, decimal = _ways(locale)
    told = _BLANKS.sub("", text)
    if grouped.fullmatch(told):
        told = told.replace(group, "")
    elif not plain.fullmatch(told):
        raise InvalidOperation(f"{text!r} is no number in {locale}")
    return Decimal(told.replace(decimal, "."))


def read_number(text: str, locale: str) -> Decimal | None:
    """The number that somebody typed; None for what is none, or could be two."""
    try:
        return typed_number(text, locale)
    except ArithmeticError:
        return None


def shown_number(value: Decimal, locale: str) -> str:
    """A number as its reader types it: their decimal sign, every figure, nothing between thousands."""
    return f"{value:f}".replace(".", get_decimal_symbol(locale))


def with_point(text: str, locale: str) -> str:
    """A number with the reader's decimal sign as one with a point; any other text as it is."""
    decimal = get_decimal_symbol(locale)
    return text.replace(decimal, ".") if re.fullmatch(rf"-?\d+{re.escape(decimal)}\d+", text) else text
