"""Stretches of an axis as the cells that an author would write."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from headgate.policy.core.evaluation import plain_number
from headgate.policy.core.grid import Axis, Segment
from headgate.policy.core.model import Moment, Value
from headgate.policy.core.times import time_literal

MAX_LISTED = 6


def cells_for(region: Sequence[tuple[Axis, int, int]]) -> str:
    """The cells of a row that accepts just this region: `x "> 10", tier "'gold'"`."""
    texts: dict[str, list[str]] = {}
    for axis, low, high in region:
        if high - low < len(axis.segments):
            texts.setdefault(axis.column.name, []).append(cell_for(axis, low, high))
    return ", ".join(f'{name} "{" and ".join(cells)}"' for name, cells in texts.items()) or "anything"


def cell_for(axis: Axis, low: int, high: int) -> str:
    """The cell that accepts the segments from `low` to before `high`."""
    chosen = axis.segments[low:high]
    if axis.column.type == "list" and isinstance(chosen[0].sample, tuple):
        text = axis.segments[1].sample
        assert isinstance(text, tuple)
        return f"{'' if chosen[0].sample else 'not '}contains($, {literal(text[0])})"
    known = [s for s in chosen if s.sample is not None]
    pieces = [] if not known else [_span(axis, known, low)] if known[0].ends is not None else [_listed(axis, known)]
    if len(known) < len(chosen):
        pieces.append("null")
    return ", ".join(pieces)


def _span(axis: Axis, chosen: Sequence[Segment], low: int) -> str:
    first, last = chosen[0], chosen[-1]
    assert first.ends is not None
    assert last.ends is not None
    last_known = next(s for s in reversed(axis.segments) if s.sample is not None)
    start = None if low == 0 else first.ends[0]
    end = None if last is last_known else last.ends[1]
    start_in, end_in = first.ends[0] == first.ends[1], last.ends[0] == last.ends[1]
    if start is None and end is None:
        return "!= null" if axis.column.nullable else "-"
    if start is None:
        return f"{'<=' if end_in else '<'} {literal(end)}"
    if end is None:
        return f"{'>=' if start_in else '>'} {literal(start)}"
    if start == end:
        return literal(start)
    return f"{'[' if start_in else '('}{literal(start)}..{literal(end)}{']' if end_in else ')'}"


def _listed(axis: Axis, chosen: Sequence[Segment]) -> str:
    """The values, or all but the others where 'anything else' is among them."""
    stranger = axis.column.type == "string" and any(s is axis.segments[-1 - axis.column.nullable] for s in chosen)
    names = [s.sample for s in axis.segments if s.sample is not None and (s in chosen) != stranger]
    told = ", ".join(literal(name) for name in names[:MAX_LISTED]) + (", …" if len(names) > MAX_LISTED else "")
    if stranger:
        return f"not({told})" if names else "-"
    return told


def literal(value: Value) -> str:
    """A value as a cell writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, Moment):
        return time_literal(value)
    return "null" if value is None else f"'{value}'"
