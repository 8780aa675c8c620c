"""The types of a DMN model as column types of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from headgate.kernel.errors import Unread
from headgate.kernel.months import Months
from headgate.kernel.phrases import phrase
from headgate.policy.core.model import NUMERIC, Bound, ColumnType
from headgate.policy.exchange.dmn.model import ItemType
from headgate.policy.exchange.feel import BadFeel, parse_tests
from headgate.policy.exchange.feel.tree import Compare, Literal, Matches, Range, UnaryTest

# Item definitions of ours, which tell what DMN calls a number apart.
OURS: Mapping[str, ColumnType] = {"tMoney": "money", "tPercent": "percent", "tInteger": "integer", "tList": "list"}
BASES: Mapping[str, ColumnType] = {
    "number": "number",
    "string": "string",
    "boolean": "bool",
    "date": "date",
    "dateTime": "datetime",
    "dayTimeDuration": "duration",
    "yearMonthDuration": "months",
}
MAX_CHAIN = 10


@dataclass(frozen=True, slots=True)
class Kind:
    """A column's type with its bounds. `type` is empty where the model gives none; `remark` says what is not kept."""

    type: ColumnType | None = None
    values: tuple[str | Decimal, ...] = ()
    low: Bound | None = None
    high: Bound | None = None
    nullable: bool = False
    currency: str = ""
    components: tuple[ItemType, ...] = ()
    remark: str = ""


class BadType(Unread):
    """A policy has no column for this type; the message says why."""


def resolve(ref: str, types: Mapping[str, ItemType]) -> Kind:
    """What a type reference means. A collection means its members. Raises `BadType`."""
    allowed = ""
    for _ in range(MAX_CHAIN):
        if ref in ("", "Any"):
            return bounded(Kind(), allowed)
        known = OURS.get(ref.partition("_")[0])
        if known is not None and ref in types:
            return bounded(Kind(known, currency=ref.partition("_")[2]), allowed)
        if ref in BASES:
            return bounded(Kind(BASES[ref]), allowed)
        if ref not in types:
            raise BadType(phrase("%(ref)s has no type in policies", ref=ref[:60]))
        found = types[ref]
        if found.components:
            return Kind(components=found.components)
        allowed = allowed or found.allowed
        ref = found.base
    raise BadType(phrase("the item definitions refer to each other in a circle"))


def bounded(kind: Kind, allowed: str) -> Kind:
    """The type within allowed values: a list of texts makes an enum, a range gives ends. Raises `BadType`."""
    if not allowed.strip() or allowed.strip() == "-":
        return kind
    try:
        tests = parse_tests(allowed)
    except BadFeel as error:
        raise BadType(
            phrase(
                "the allowed values %(allowed)s cannot be read: %(error)s",
                allowed=repr(allowed[:60]),
                error=error.said,
            )
        ) from None
    if any(_literal(t) == (None,) for t in tests):
        kind = replace(kind, nullable=True)
        tests = tuple(t for t in tests if _literal(t) != (None,))
    texts = tuple(v[0] for t in tests if (v := _literal(t)) and isinstance(v[0], str))
    numbers = tuple(v[0] for t in tests if (v := _literal(t)) and type(v[0]) is Decimal)
    if texts and len(texts) == len(tests) and kind.type in (None, "string", "enum", "list"):
        return replace(kind, type="list" if kind.type == "list" else "enum", values=texts)
    if numbers and len(numbers) == len(tests) and (kind.type is None or kind.type in NUMERIC):
        return replace(kind, type=kind.type or "number", values=numbers)
    ends = _ends(tests)
    if ends is not None:
        return replace(kind, low=ends[0], high=ends[1])
    return replace(kind, remark=f"the allowed values {allowed[:60]} are not kept")


def _literal(test: UnaryTest) -> tuple[object, ...]:
    return (test.value.value,) if isinstance(test, Matches) and isinstance(test.value, Literal) else ()


def _ends(tests: tuple[UnaryTest, ...]) -> tuple[Bound | None, Bound | None] | None:
    if len(tests) != 1:
        return None
    test = tests[0]
    if isinstance(test, Matches) and isinstance(test.value, Range) and test.value.low_in and test.value.high_in:
        low, high = _bound(test.value.low), _bound(test.value.high)
        return None if low is None or high is None else (low, high)
    if isinstance(test, Compare):
        end = _bound(test.value)
        if end is not None and test.op in (">=", "<="):
            return (end, None) if test.op == ">=" else (None, end)
    return None


def _bound(expr: object) -> Bound | None:
    value = expr.value if isinstance(expr, Literal) else None
    if isinstance(value, datetime) and value.tzinfo is None:
        return None
    return value if isinstance(value, Bound) else None


def inferred(values: list[object]) -> ColumnType | None:
    """The type that literal values have in common; None where there is none."""
    kinds = {type(v) for v in values if v is not None}
    known: Mapping[type, ColumnType] = {
        Decimal: "number",
        str: "string",
        bool: "bool",
        date: "date",
        datetime: "datetime",
        timedelta: "duration",
        Months: "months",
        list: "list",
    }
    return known.get(kinds.pop()) if len(kinds) == 1 else None
