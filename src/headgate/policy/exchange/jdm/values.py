"""What stands in nodes and cells of a GoRules model, as values of policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from headgate.kernel.months import Months, months_text
from headgate.policy.core.model import (
    NUMERIC,
    ORDERED,
    ColumnType,
    Default,
    Formula,
    InputColumn,
    Source,
)
from headgate.policy.core.times import BadTime, time_value
from headgate.policy.core.unary import BadCell, Compare, NotUnary, Range, parse_unary
from headgate.policy.exchange.jdm.cells import as_months


def content_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a node holds; nothing where it holds no object."""
    found = node.get("content")
    return found if isinstance(found, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list, if it is one."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def name_of(node: Mapping[str, Any]) -> str:
    """What a person calls a node."""
    return str(node.get("name") or node.get("id"))[:60]


def cell_text(text: str, column: InputColumn) -> str:
    """A condition as our cells have it."""
    text = text.strip()
    if text in ("", "-"):
        return ""
    if column.type == "months":
        return as_months(text)
    return re.sub(r"\bd\((\$|[a-z][a-z0-9_]*)\)", r"\1", text) if column.type == "date" else text


def result_of(text: str, kind: str) -> object:
    """A result as our cells have it: a plain value, or a formula."""
    text = text.strip()
    if text in ("", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", text):
        number = Decimal(text)
        if kind == "months" and number == number.to_integral_value():
            return months_text(Months(int(number)))
        return int(number) if kind == "integer" and number == number.to_integral_value() else number
    if re.fullmatch(r"'[^']*'|\"[^\"]*\"", text) and not text[1:].startswith("="):
        return text[1:-1]
    if kind == "list" and re.fullmatch(r"\[\s*(('[^']*'|\"[^\"]*\")\s*(,\s*|(?=\])))*\]", text):
        return [a or b for a, b in re.findall(r"'([^']*)'|\"([^\"]*)\"", text)]
    return Formula(re.sub(r"\bd\(([a-z][a-z0-9_]*)\)", r"\1", text))


def kind_of(value: object) -> ColumnType:
    """The type of a plain value."""
    return "string" if isinstance(value, str) else "bool" if isinstance(value, bool) else "number"


def guessed(cells: list[str]) -> str:
    """The type that cells agree on, '' where they do not tell one."""
    kinds: set[str] = set()
    for cell in cells:
        try:
            tests = parse_unary(cell)
        except (NotUnary, BadCell):
            continue
        for test in tests:
            value = test.low if isinstance(test, Range) else test.value if isinstance(test, Compare) else None
            if value is not None:
                kinds.add(type(value).__name__)
    named = {"Decimal": "number", "str": "string", "bool": "bool", "date": "date"}
    return named.get(kinds.pop(), "") if len(kinds) == 1 else ""


def values_of(about: Mapping[str, Any], kind: str) -> tuple[Any, ...]:
    """The values that a column allows, as our own export wrote them."""
    found = about.get("values")
    texts = [str(v) for v in found] if isinstance(found, list) else []
    if kind in NUMERIC:
        return tuple(Decimal(t) for t in texts if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", t))
    return tuple(texts)


def bound(about: Mapping[str, Any], key: str, kind: str) -> Any:
    """A limit of a column, as our own export wrote it."""
    text = about.get(key)
    if not isinstance(text, str) or kind not in ORDERED:
        return None
    if kind in NUMERIC:
        return Decimal(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", text) else None
    try:
        return time_value(kind, text)
    except BadTime:
        return None


def default_of(about: Mapping[str, Any], kind: str) -> Default | None:
    """The default of a column as our own export wrote it; what else stands there is none."""
    if "default" not in about:
        return None
    value = about["default"]
    if isinstance(value, dict):
        text = value.get("formula")
        return Default(Formula(text)) if isinstance(text, str) and text.strip() else None
    if isinstance(value, list):
        return Default([each for each in value if isinstance(each, str)])
    if kind in NUMERIC and isinstance(value, str):
        return Default(Decimal(value)) if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", value) else None
    return Default(value) if value is None or isinstance(value, (bool, str)) else None


def source_of(about: Mapping[str, Any]) -> Source | None:
    """The policy and output that feed a column, as our own export wrote them."""
    match = re.fullmatch(r"([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)", str(about.get("from") or ""))
    return Source(match[1], match[2]) if match else None
