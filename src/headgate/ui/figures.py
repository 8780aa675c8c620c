"""How numbers and amounts are written for people. Pure: the locale is an argument.

Rounding for display is commercial (half up). A negative value has a true minus sign before the currency sign; zero has
none; a value too small to show is written `<0.01`, never mistaken for zero. Spaces inside a value do not break.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

from headgate.kernel.money import PRICE_DECIMALS, Money, exponent

MINUS = "\u2212"
SPACE = "\u00a0"  # no-break


@dataclass(frozen=True, slots=True)
class Percent:
    """A share in percent: `Percent(Decimal("12.4"))` is 12.4 %."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A count or measure with its unit as the tenant writes it; an empty unit shows the number alone."""

    value: Decimal
    unit: str = ""


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
