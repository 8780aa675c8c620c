"""Hold what came against what is expected: partial, with a few clear matchers, and differences that name their line.

A mapping names the keys that matter. A plain value is compared as text and numbers are; a plain list must be the same.
`{$contains: …}`, `{$matches: …}`, `{$above: …}`, `{$below: …}`, `{$one_of: […]}`, `{$has: […]}`, `{$any: true}`,
`{$none: true}` compare otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from headgate.kernel.errors import shorten
from headgate.packs.scenarios.core.model import Mismatch
from headgate.policy.core.source import Node

_LONGEST_PATTERN: Final = 200


def match_rows(expected: Node, rows: Sequence[Mapping[str, object]], where: str) -> list[Mismatch]:
    """Each expected row stands for one that came, no two for the same. An empty list, or `$exactly`, allows no others.

    Where none fits, the difference is told from the nearest.
    """
    exactly = isinstance(expected.value, dict)
    wanted = expected.value["$exactly"] if isinstance(expected.value, dict) else expected
    items = wanted.value if isinstance(wanted.value, list) else []
    left = list(rows)
    found: list[Mismatch] = []
    for place, item in enumerate(items):
        path = f"{where}[{place}]"
        tried = [(match(item, row, path), row) for row in left]
        best = min(tried, key=lambda each: len(each[0]), default=None)
        about = _about(item)
        if best is None:
            found.append(Mismatch(item.line, path, shown(item.plain()), "nothing", about))
            continue
        if best[0] and len(tried) > 1 and not _same_subject(item, best[1]):
            others = "; ".join(_brief(row) for row in left[:5])
            found.append(Mismatch(item.line, path, shown(item.plain()), f"none like it among: {others}", about))
            continue
        found += [Mismatch(m.line, m.where, m.expected, m.got, about) for m in best[0]]
        left.remove(best[1])
    if left and (exactly or not items):
        what = "; ".join(_brief(row) for row in left[:5])
        found.append(Mismatch(expected.line, where, "no others" if items else "none", what, _subject(left[0])))
    return found


def match(expected: Node, actual: object, where: str) -> list[Mismatch]:
    """What differs from an expectation, each difference at its line."""
    value = expected.value
    if isinstance(value, dict):
        if len(value) == 1 and (name := next(iter(value))).startswith("$"):
            return _by_matcher(name, value[name], actual, where)
        if not isinstance(actual, Mapping):
            return [Mismatch(expected.line, where, shown(expected.plain()), shown(actual))]
        return [m for key, part in value.items() for m in match(part, _part(actual, key), f"{where}.{key}")]
    if isinstance(value, list):
        return _list(expected, value, actual, where)
    return [] if same(value, actual) else [Mismatch(expected.line, where, shown(value), shown(actual))]


def _list(expected: Node, items: list[Node], actual: object, where: str) -> list[Mismatch]:
    if not isinstance(actual, Sequence) or isinstance(actual, str) or len(actual) != len(items):
        return [Mismatch(expected.line, where, shown(expected.plain()), shown(actual))]
    return [
        m for n, (each, came) in enumerate(zip(items, actual, strict=True)) for m in match(each, came, f"{where}[{n}]")
    ]


def _part(actual: Mapping[str, object], key: str) -> object:
    """A key, or a dotted path into what came."""
    if key in actual or "." not in key:
        return actual.get(key)
    head, _, rest = key.partition(".")
    inner = actual.get(head)
    return _part(inner, rest) if isinstance(inner, Mapping) else None


def same(expected: object, actual: object) -> bool:
    """Whether a plain value is the one expected: numbers by value, instants and everything else by their text."""
    if isinstance(expected, bool) or isinstance(actual, bool) or expected is None or actual is None:
        return expected is actual or (expected == "" and actual is None)
    one, other = _decimal(expected), _decimal(actual)
    if one is not None and other is not None:
        return one == other
    return shown(expected) == shown(actual)


def _decimal(value: object) -> Decimal | None:
    if not isinstance(value, (int, Decimal, str)):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _compare(holds: Callable[[Decimal, Decimal], bool]) -> Callable[[Node, object], bool]:
    def check(wanted: Node, actual: object) -> bool:
        one, other = _decimal(actual), _decimal(wanted.plain())
        return one is not None and other is not None and holds(one, other)

    return check


def _contains(wanted: Node, actual: object) -> bool:
    return actual is not None and str(wanted.value).casefold() in shown(actual).casefold()


def _fits(wanted: Node, actual: object) -> bool:
    pattern = str(wanted.value)
    try:
        return len(pattern) <= _LONGEST_PATTERN and re.search(pattern, shown(actual)) is not None
    except re.error:
        return False


def _one_of(wanted: Node, actual: object) -> bool:
    return isinstance(wanted.value, list) and any(not match(each, actual, "") for each in wanted.value)


def _has(wanted: Node, actual: object) -> bool:
    items = wanted.value if isinstance(wanted.value, list) else [wanted]
    came = actual if isinstance(actual, Sequence) and not isinstance(actual, str) else [actual]
    return all(any(not match(each, one, "") for one in came) for each in items)


MATCHERS: Final[Mapping[str, Callable[[Node, object], bool]]] = {
    "$contains": _contains,
    "$matches": _fits,
    "$above": _compare(lambda a, b: a > b),
    "$below": _compare(lambda a, b: a < b),
    "$at_least": _compare(lambda a, b: a >= b),
    "$at_most": _compare(lambda a, b: a <= b),
    "$one_of": _one_of,
    "$has": _has,
    "$any": lambda wanted, actual: (actual not in (None, "", [], ())) is bool(wanted.value),
    "$none": lambda wanted, actual: (actual in (None, "", [], ())) is bool(wanted.value),
}


def _by_matcher(name: str, wanted: Node, actual: object, where: str) -> list[Mismatch]:
    check = MATCHERS.get(name)
    if check is None:
        known = ", ".join(MATCHERS)
        return [Mismatch(wanted.line, where, f"{name} is no matcher; use one of {known}", shown(actual))]
    if check(wanted, actual):
        return []
    return [Mismatch(wanted.line, where, f"{name.removeprefix('$')} {shown(wanted.plain())}", shown(actual))]


def shown(value: object) -> str:
    """A value in a line of a report."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping):
        return shorten(", ".join(f"{key} {shown(part)}" for key, part in value.items()), 300)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return shorten(f"[{', '.join(shown(each) for each in value)}]", 300)
    return shorten(str(value), 300)


def _about(item: Node) -> str:
    found = item.value.get("subject") if isinstance(item.value, dict) else None
    return str(found.value) if found is not None and isinstance(found.value, (str, int)) else ""


def _subject(row: Mapping[str, object]) -> str:
    return str(row.get("subject") or "")


def _same_subject(item: Node, row: Mapping[str, object]) -> bool:
    return not _about(item) or _about(item) == _subject(row)


def _brief(row: Mapping[str, object]) -> str:
    words = [shown(value) for value in row.values() if isinstance(value, (str, int)) and value not in ("", None)]
    return shorten(" ".join(words[:6]), 120)
