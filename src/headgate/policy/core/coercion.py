"""Facts as they come from outside, made into values of an input's declared type, or refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import TypeAlias

from headgate.kernel.errors import Invalid, invalid
from headgate.kernel.money import Money, parse_decimal
from headgate.kernel.phrases import phrase
from headgate.policy.core.evaluation import shown
from headgate.policy.core.model import NUMERIC, TIMES, InputColumn, Value
from headgate.policy.core.times import BadTime, time_value

Coerce: TypeAlias = Callable[[object], object]

AS_IT_IS: Mapping[str, type] = {"string": str, "bool": bool}  # values of these types are what they are

_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
_ZERO = Decimal(0)


def coercion(policy: str, column: InputColumn) -> Coerce:
    """The function from a fact to a value of the column. It raises `Invalid` naming policy, input, value and remedy.

    Null is a value only of a nullable column; elsewhere the column's default stands in for it.
    """
    return _or_default(policy, column, _coercion(policy, column))


def _or_default(policy: str, column: InputColumn, coerce: Coerce) -> Coerce:
    if column.default is None or column.nullable:
        return coerce
    given = column.default.value
    default = coerce(tuple(given) if isinstance(given, list) else given)
    return lambda value: default if value is None else coerce(value)


def _coercion(policy: str, column: InputColumn) -> Coerce:
    if column.type in NUMERIC:
        return _number_coercion(policy, column)
    if column.type in TIMES:
        return _time_coercion(policy, column)
    if column.type == "list":
        return _list_coercion(policy, column)
    name, kind, nullable = column.name, column.type, column.nullable
    words = {
        "string": phrase("a text"),
        "enum": phrase("one of %(values)s", values=listed(column.values)),
        "bool": phrase("true or false"),
    }[kind]
    type_ = bool if kind == "bool" else str
    allowed = frozenset(column.values) if kind == "enum" else None

    def coerce(value: object) -> object:
        if type(value) is type_ and (allowed is None or value in allowed):
            return value
        if value is None and nullable:
            return None
        raise _unfit(policy, name, value, words, _nearest(value, column.values))

    return coerce


_TIMES: Mapping[str, tuple[str, str]] = {
    "date": (phrase("a date"), phrase("Write it 2026-01-31.")),
    "datetime": (phrase("a date and time with its zone"), phrase("Write it 2026-01-31T10:00:00Z.")),
    "duration": (phrase("a duration"), phrase("Write it P2D or PT4H30M.")),
    "months": (phrase("a duration of years and months"), phrase("Write it P1Y6M or P18M.")),
}


def _time_coercion(policy: str, column: InputColumn) -> Coerce:
    name, kind, nullable, low, high = column.name, column.type, column.nullable, column.minimum, column.maximum
    words, fix = _TIMES[kind]

    def coerce(value: object) -> object:
        if value is None and nullable:
            return None
        # An instant is no date: which day it falls on depends on a zone that only the asker knows.
        if isinstance(value, str) or not (kind == "date" and isinstance(value, datetime)):
            try:
                found = time_value(kind, value)
            except BadTime:
                raise _unfit(policy, name, value, words, fix) from None
            if (low is not None and found < low) or (high is not None and found > high):  # type: ignore[operator]
                raise _unfit(policy, name, value, phrase("between %(ends)s", ends=_ends(column)))
            return found
        raise _unfit(policy, name, value, words, fix)

    return coerce


def _list_coercion(policy: str, column: InputColumn) -> Coerce:
    name, nullable, allowed = column.name, column.nullable, frozenset(column.values)

    def coerce(value: object) -> object:
        if value is None and nullable:
            return None
        if type(value) is not tuple or not all(isinstance(v, str) for v in value):
            raise _unfit(policy, name, value, phrase("a list of texts"))
        stranger = next((v for v in value if v not in allowed), None) if allowed else None
        if stranger is not None:
            words = phrase("one of %(values)s", values=listed(column.values))
            raise _unfit(policy, name, stranger, words, _nearest(stranger, column.values))
        return value

    return coerce


def _number_coercion(policy: str, column: InputColumn) -> Coerce:
    name, low, high, whole = column.name, column.minimum, column.maximum, column.type == "integer"
    normalize = _EXACT.normalize
    allowed = frozenset(column.values)
    bounded = low is not None or high is not None or whole or bool(allowed)

    def coerce(value: object) -> object:
        if type(value) is not Decimal:
            if value is None and column.nullable:
                return None
            if type(value) is Money:
                value = _amount(policy, column, value)
            elif type(value) is int:
                value = Decimal(value)
            else:
                value = parse_decimal(f"{policy}.{name}", value, decimals=12)
        if not value.is_finite():
            raise _unfit(policy, name, value, phrase("a finite number"))
        try:
            value = normalize(value) if value else _ZERO
        except DecimalException:
            raise _unfit(policy, name, value, phrase("a number of at most 60 digits")) from None
        if bounded:
            if whole and value != value.to_integral_value():
                raise _unfit(policy, name, value, phrase("a whole number"))
            if (low is not None and value < low) or (high is not None and value > high):  # type: ignore[operator]
                raise _unfit(policy, name, value, phrase("between %(ends)s", ends=_ends(column)))
            if allowed and value not in allowed:
                raise _unfit(policy, name, value, phrase("one of %(values)s", values=listed(column.values)))
        return value

    return coerce


def _amount(policy: str, column: InputColumn, money: Money) -> Decimal:
    if column.currency == money.currency:
        return money.amount
    given = f"{money.amount} {money.currency}"
    if column.currency:
        fix = phrase("Convert it to %(currency)s first.", currency=column.currency)
        raise _unfit(policy, column.name, given, phrase("an amount in %(currency)s", currency=column.currency), fix)
    if column.type == "money":
        fix = phrase("Declare the column's currency, or give the amount alone.")
        raise _unfit(policy, column.name, given, phrase("an amount alone, and the policy declares no currency"), fix)
    raise _unfit(
        policy, column.name, given, phrase("a plain %(type)s", type=column.type), phrase("Give the number alone.")
    )


def listed(values: tuple[Value, ...]) -> str:
    """Allowed values as a sentence lists them."""
    return ", ".join(map(shown, values))


def _ends(column: InputColumn) -> str:
    low, high = column.minimum, column.maximum
    return f"{'-∞' if low is None else shown(low)} and {'∞' if high is None else shown(high)}"


def _nearest(value: object, values: tuple[Value, ...]) -> str:
    """The allowed value that differs only in case or outer spaces, as a fix."""
    if not isinstance(value, str):
        return ""
    same = next((v for v in values if isinstance(v, str) and v.casefold() == value.strip().casefold()), None)
    return f"Write it {same}." if same is not None else ""


def _unfit(policy: str, name: str, value: object, wanted: str, fix: str = "") -> Invalid:
    return invalid(f"{policy}.{name}", value, phrase("is not %(wanted)s", wanted=wanted), fix)
