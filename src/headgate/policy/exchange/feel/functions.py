"""The built-in functions that level 2 models use (DMN 1.5, 10.3.4); outside its domain a function gives null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from typing import Any

from headgate.kernel.months import Months
from headgate.policy.exchange.feel.dates import BadDate, date_and_time_of, date_of, duration_of, time_of
from headgate.policy.exchange.feel.tree import Value

_WIDE = Context(prec=80)


class Wrong(Exception):
    """The arguments are outside the function's domain; FEEL answers null."""


def _number(value: Any) -> Decimal:
    if type(value) is not Decimal:
        raise Wrong
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong
    return value


def _rounded(mode: str) -> Callable[..., Value]:
    def function(value: Any, places: Any = Decimal(0)) -> Value:
        scale = int(_number(places))
        if not -6111 <= scale <= 6176:
            raise Wrong
        return _number(value).quantize(Decimal(1).scaleb(-scale), mode, Context(prec=6200))

    return function


def _items(arguments: tuple[Any, ...]) -> list[Any]:
    found = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else list(arguments)
    if not found or len({type(v) for v in found}) > 1:
        raise Wrong
    return found


def _sum(*arguments: Any) -> Value:
    total = Decimal(0)
    for item in _items(arguments):
        total = _WIDE.add(total, _number(item))
    return total


def _mean(*arguments: Any) -> Value:
    items = _items(arguments)
    return Context(prec=34).divide(_number(_sum(items)), Decimal(len(items)))


def _count(found: Any) -> Value:
    return Decimal(len(found)) if isinstance(found, list) else Decimal(0 if found is None else 1)


def _modulo(dividend: Any, divisor: Any) -> Value:
    number, by = _number(dividend), _number(divisor)
    if not by:
        raise Wrong
    return number - by * (number / by).to_integral_value(ROUND_FLOOR)


def _substring(text: Any, start: Any, length: Any = None) -> Value:
    found, at = _text(text), int(_number(start))
    if at == 0 or abs(at) > len(found):
        raise Wrong
    begin = at - 1 if at > 0 else len(found) + at
    return found[begin:] if length is None else found[begin : begin + int(_number(length))]


def _string(value: Any) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if -40 < value.adjusted() < 40 else str(value)
    if value is None:
        raise Wrong
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _read(reader: Callable[[str], Value]) -> Callable[..., Value]:
    def function(text: Any) -> Value:
        try:
            return reader(_text(text))
        except BadDate:
            raise Wrong from None

    return function


def _date(first: Any, month: Any = None, day: Any = None) -> Value:
    if isinstance(first, datetime):
        return first.date()
    if isinstance(first, date):
        return first
    if month is None:
        return _read(date_of)(first)
    try:
        return date(int(_number(first)), int(_number(month)), int(_number(day)))
    except ValueError:
        raise Wrong from None


def _date_and_time(first: Any, clock: Any = None) -> Value:
    if clock is None:
        return _read(date_and_time_of)(first)
    if not isinstance(first, date) or not isinstance(clock, time):
        raise Wrong
    return datetime.combine(first.date() if isinstance(first, datetime) else first, clock)


def _months_between(start: Any, end: Any) -> Value:
    if not isinstance(start, date) or not isinstance(end, date):
        raise Wrong
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    if months < 0 and end.day > start.day:
        months += 1
    return Months(months)


def _of(value: Any) -> Decimal:
    number = _number(value)
    if number < 0:
        raise Wrong
    return number


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "abs": lambda n: abs(_number(n)),
    "floor": _rounded(ROUND_FLOOR),
    "ceiling": _rounded(ROUND_CEILING),
    "decimal": _rounded(ROUND_HALF_EVEN),
    "round up": _rounded(ROUND_UP),
    "round down": _rounded(ROUND_DOWN),
    "round half up": _rounded(ROUND_HALF_UP),
    "round half down": _rounded(ROUND_HALF_DOWN),
    "modulo": _modulo,
    "sqrt": lambda n: Context(prec=34).sqrt(_of(n)),
    "min": lambda *items: min(_items(items)),
    "max": lambda *items: max(_items(items)),
    "sum": _sum,
    "mean": _mean,
    "count": _count,
    "contains": lambda text, part: _text(part) in _text(text),
    "starts with": lambda text, part: _text(text).startswith(_text(part)),
    "ends with": lambda text, part: _text(text).endswith(_text(part)),
    "string length": lambda text: Decimal(len(_text(text))),
    "upper case": lambda text: _text(text).upper(),
    "lower case": lambda text: _text(text).lower(),
    "substring": _substring,
    "string": _string,
    "number": lambda text: Decimal(_text(text)),
    "list contains": lambda found, item: item in found if isinstance(found, list) else None,
    "date": _date,
    "time": _read(time_of),
    "date and time": _date_and_time,
    "duration": _read(duration_of),
    "years and months duration": _months_between,
}
