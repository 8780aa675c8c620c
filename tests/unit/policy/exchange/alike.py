"""Two tables compared by what they say, not by how they are written."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from headgate.policy import PolicyTable, Row
from headgate.policy.core.unary import BadCell, Compare, Not, NotUnary, parse_unary


def meaning(table: PolicyTable, **changed: Any) -> PolicyTable:
    """The table without lines, digest and file, its cells as tests, its numbers as Decimals."""
    found = replace(
        table,
        digest="",
        file="",
        inputs=tuple(replace(c, line=0) for c in table.inputs),
        outputs=tuple(replace(c, line=0) for c in table.outputs),
        rows=tuple(_row(r) for r in table.rows),
        default=_row(table.default) if table.default else None,
        tests=tuple(replace(t, line=0) for t in table.tests),
    )
    return replace(found, **changed)


def _row(row: Row) -> Row:
    when: dict[str, Any] = {name: _cell(text) for name, text in row.when.items() if text.strip() not in ("", "-")}
    return replace(row, line=0, lines={}, when=when, then={k: _value(v) for k, v in row.then.items() if v is not None})


def _cell(text: str) -> object:
    try:
        return tuple(
            Not((Compare("==", t.value),)) if t == Compare("!=", getattr(t, "value", None)) else t
            for t in parse_unary(text)
        )
    except (NotUnary, BadCell):
        return text.removeprefix("== ").replace(" ", "")


def _value(value: object) -> object:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
