"""The tests of a policy as a sheet of their own: `name`, `rows`, then `given x` and `expect y` columns, one test a row.

A value that is a list or a mapping stands as JSON; so does a text that would otherwise read as something else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal

from headgate.kernel.phrases import phrase
from headgate.policy.core.model import PolicyTest
from headgate.policy.core.parse import MAX_TESTS
from headgate.policy.exchange.notice import Refusals, refusal
from headgate.policy.exchange.sheet.cells import Scalar, SheetCell

_JSON = ("[", "{", '"')


def read_tests(rows: Iterable[list[SheetCell]], wrong: Refusals) -> tuple[PolicyTest, ...]:
    """The tests of a sheet. What cannot be read is refused with its cell."""
    heads: dict[int, tuple[str, str]] | None = None
    found: list[PolicyTest] = []
    for cells in rows:
        if all(c.empty for c in cells):
            continue
        if heads is None:
            heads = _heads(cells, wrong)
            continue
        if len(found) >= MAX_TESTS:
            raise refusal(wrong.file, cells[0].at, phrase("is a test beyond the limit of %(most)s", most=MAX_TESTS))
        found.append(_test(cells, heads, wrong))
    return tuple(found)


def _heads(cells: list[SheetCell], wrong: Refusals) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for place, cell in enumerate(cells):
        kind, _, name = cell.text.partition(" ")
        if kind in ("given", "expect") and name.strip():
            found[place] = (kind, name.strip())
        elif cell.text in ("name", "rows"):
            found[place] = (cell.text, "")
        elif not cell.empty:
            fix = phrase("Write name, rows, 'given x' or 'expect y'.")
            wrong.refuse(cell.at, phrase("the header %(cell)s is not known", cell=repr(cell.text[:60])), fix)
    return found


def _test(cells: list[SheetCell], heads: dict[int, tuple[str, str]], wrong: Refusals) -> PolicyTest:
    given: dict[str, object] = {}
    expect: dict[str, object] = {}
    name, rows = "", None
    for place, cell in enumerate(cells):
        if cell.empty or place not in heads:
            continue
        kind, column = heads[place]
        if kind == "name":
            name = cell.text
        elif kind == "rows":
            rows = tuple(part.strip() for part in cell.text.split(",") if part.strip() and part.strip() != "none")
        else:
            (given if kind == "given" else expect)[column] = _value(cell, wrong)
    return PolicyTest(given, expect, rows, name)


def _value(cell: SheetCell, wrong: Refusals) -> object:
    value = cell.value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, bool):
        return value
    text = cell.text
    if text == "null":
        return None
    if text.startswith(_JSON):
        try:
            return json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError):
            wrong.refuse(
                cell.at, phrase("%(text)s is not JSON", text=repr(text[:40])), phrase('Write a list as ["a", "b"].')
            )
            return None
    return text


def tests_rows(tests: Sequence[PolicyTest]) -> list[list[Scalar]]:
    """The sheet that `read_tests` reads back to these tests."""
    given = list(dict.fromkeys(name for test in tests for name in test.given))
    expect = list(dict.fromkeys(name for test in tests for name in test.expect))
    header: list[Scalar] = ["name", *(f"given {n}" for n in given), *(f"expect {n}" for n in expect), "rows"]
    return [
        header,
        *(
            [
                test.name,
                *(_shown(test.given, name) for name in given),
                *(_shown(test.expect, name) for name in expect),
                None if test.rows is None else ", ".join(test.rows) or "none",
            ]
            for test in tests
        ),
    ]


def _shown(values: object, name: str) -> Scalar:
    assert isinstance(values, dict)
    if name not in values:
        return None
    value = values[name]
    if value is None:
        return "null"
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, Decimal)):
        number = Decimal(value)
        return number if len(number.as_tuple().digits) <= 15 else str(value)
    if isinstance(value, str):
        plain = value.strip() == value and value not in ("", "null") and not value.startswith(_JSON)
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, default=str)
