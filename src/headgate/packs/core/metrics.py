"""Metric files of a pack. They are read and checked, and not computed yet: nothing here touches data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from headgate.kernel.errors import Invalid, Problem, shorten
from headgate.policy.core.source import Node, read_yaml

GRAINS: Final = ("hour", "day", "week", "month", "quarter", "year")
UNITS: Final = ("count", "percent", "hours", "money", "ratio")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,59}")
_KEYS: Final = {"metric", "version", "title", "description", "owner", "unit", "formula", "over", "grain", "dimensions"}
_FORMULA: Final = re.compile(r"[A-Za-z0-9_ .,+\-*/()<>=!'\"]{1,500}")


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure as defined: its formula over a noun of the business, how it is cut, and who answers for it.

    `unit` says in what it is told (percent 0 to 100, hours of working time, money in the tenant's currency).
    """

    metric: str
    version: int
    title: str
    owner: str
    unit: str
    formula: str
    over: str
    grain: str
    dimensions: tuple[str, ...] = ()
    description: str = ""


def parse_metric(text: str, file: str) -> Metric:
    """Read a metric file. Raises `Invalid` with file and line."""
    root = read_yaml(text, file)
    if not isinstance(root.value, dict):
        raise _wrong(file, root, "should be a mapping")
    parts = root.value
    unknown = sorted(set(parts) - _KEYS)
    if unknown:
        raise _wrong(
            file, parts[unknown[0]], f"'{unknown[0]}' is not a known key", f"Known: {', '.join(sorted(_KEYS))}."
        )
    version = parts.get("version")
    if version is None or isinstance(version.value, bool) or not isinstance(version.value, int) or version.value < 1:
        raise _wrong(file, version or root, "'version' should be a whole number from 1")
    name = _text(file, parts, "metric", root)
    if not _NAME.fullmatch(name):
        raise _wrong(file, parts["metric"], "is not a metric's name", "Use lower-case letters, digits and _.")
    formula = _text(file, parts, "formula", root)
    if not _FORMULA.fullmatch(formula) or formula.count("(") != formula.count(")"):
        raise _wrong(file, parts["formula"], "is not a formula", "Use names, numbers, + - * / and balanced brackets.")
    return Metric(
        metric=name,
        version=version.value,
        title=_text(file, parts, "title", root),
        owner=_text(file, parts, "owner", root),
        unit=_one_of(file, parts, "unit", root, UNITS),
        formula=formula,
        over=_text(file, parts, "over", root),
        grain=_one_of(file, parts, "grain", root, GRAINS),
        dimensions=_texts(file, parts.get("dimensions")),
        description=_text(file, parts, "description", root, ""),
    )


def _text(file: str, parts: dict[str, Node], name: str, at: Node, default: str | None = None) -> str:
    node = parts.get(name)
    if node is None:
        if default is None:
            raise _wrong(file, at, f"'{name}' is missing")
        return default
    if not isinstance(node.value, str) or not node.value.strip():
        raise _wrong(file, node, f"'{name}' should be text")
    return node.value.strip()


def _one_of(file: str, parts: dict[str, Node], name: str, at: Node, known: tuple[str, ...]) -> str:
    text = _text(file, parts, name, at)
    if text not in known:
        raise _wrong(file, parts[name], f"'{name}' is none that is known", f"Use one of {', '.join(known)}.")
    return text


def _texts(file: str, node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    if not isinstance(node.value, list) or not all(isinstance(each.value, str) for each in node.value):
        raise _wrong(file, node, "'dimensions' should be a list of names")
    return tuple(str(each.value) for each in node.value)


def _wrong(file: str, node: Node, message: str, fix: str = "") -> Invalid:
    value = shorten(node.value) if isinstance(node.value, (str, int)) else ""
    problem = Problem(f"{file}:{node.line}", value, message, fix)
    return Invalid(str(problem), problems=(problem,))
