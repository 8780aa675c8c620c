"""A table's cells, cut along every value they mention.

Between two neighbouring mentioned values no simple test changes its answer, so each input has finitely many
*segments*: points, stretches between them, and 'anything else'. Each knows, as bits of one integer, which rows accept
it (bit i is row i). Evaluation looks up one segment per input and joins the bits; the lints walk the segments and so
reason about every input there is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from itertools import count
from typing import Any, TypeAlias, TypeVar

from headgate.kernel.months import Months
from headgate.policy.core.model import NUMERIC, Bound, InputColumn, Value
from headgate.policy.core.unary import ANYTHING, Literal, Not, Range, Test, constants, holds

Cells: TypeAlias = Sequence[tuple[Test, ...]]
Lookup: TypeAlias = Callable[[object], int]
Point = TypeVar("Point", Decimal, date, datetime, timedelta, Months)

_WIDE = Context(prec=90)


@dataclass(frozen=True, slots=True)
class Segment:
    """One class of values that all rows treat alike: an example of it, and the rows that accept it."""

    sample: Value
    mask: int
    ends: tuple[Bound | None, Bound | None] | None = None  # of a point twice itself, of a stretch what it lies between


@dataclass(frozen=True, slots=True)
class Axis:
    """One input's segments (those its declaration allows) and the function from a value to its rows."""

    column: InputColumn
    segments: tuple[Segment, ...]
    lookup: Lookup
    parts: tuple[Axis, ...] = ()


def build_axis(column: InputColumn, cells: Cells) -> Axis:
    """The axis of a column whose row i accepts `cells[i]`. A rich cell comes as `ANYTHING`; its row is tested later."""
    mentioned = [c for tests in cells for c in constants(tests)]
    null = _mask(cells, None)
    if column.type in NUMERIC:
        points = _points(Decimal, mentioned, column)
        axis = _ordered_axis(column, cells, points, _whole if column.type == "integer" else _middle, null)
    elif column.type == "date":
        axis = _ordered_axis(column, cells, _points(date, mentioned, column), _day, null)
    elif column.type == "datetime":
        axis = _ordered_axis(column, cells, _points(datetime, mentioned, column), _instant, null)
    elif column.type == "duration":
        axis = _ordered_axis(column, cells, _points(timedelta, mentioned, column), _length, null)
    elif column.type == "months":
        axis = _ordered_axis(column, cells, _points(Months, mentioned, column), _months, null)
    else:
        axis = _listed_axis(column, cells, mentioned, null)
    return Axis(column, (*axis.segments, Segment(None, null)), axis.lookup) if column.nullable else axis


def _points(kind: type[Point], mentioned: Sequence[Literal], column: InputColumn) -> list[Point]:
    """Where answers may change: what cells mention, the column's ends and its allowed values."""
    known = (*mentioned, *column.values, column.minimum, column.maximum)
    return sorted({v for v in known if type(v) is kind})


def _mask(cells: Cells, value: Literal) -> int:
    mask = 0
    answers: dict[int, bool] = {id(ANYTHING): True}  # rows repeat their cells
    for index, tests in enumerate(cells):
        answer = answers.get(id(tests))
        if answer is None:
            answer = answers[id(tests)] = holds(tests, value)
        if answer:
            mask |= 1 << index
    return mask


def _accepted(tests: tuple[Test, ...], places: Mapping[Literal, int], size: int) -> int:
    """The segments (bits) that tests accept; `places` says at which segment a mentioned value stands alone, and the
    segments before and after it are what is less and greater."""
    every = (1 << size) - 1
    found = 0
    for test in tests:
        if isinstance(test, Not):
            found |= every & ~_accepted(test.tests, places, size)
        elif isinstance(test, Range):
            low = places[test.low] + (not test.low_in)
            high = places[test.high] + test.high_in
            found |= ((1 << high) - 1) & ~((1 << low) - 1) if low < high else 0
        elif test.value is None:
            found |= every if test.op == "!=" else 0
        else:
            found |= _compared(test.op, places[test.value], every)
    return found


def _compared(op: str, place: int, every: int) -> int:
    here, below = 1 << place, (1 << place) - 1
    if op in ("==", "!="):
        return here if op == "==" else every & ~here
    if op in ("<", "<="):
        return below if op == "<" else below | here
    return every & ~below if op == ">=" else every & ~below & ~here


def _masks(cells: Cells, places: Mapping[Literal, int], size: int) -> list[int]:
    """For each segment the rows that accept it: where runs of a row's segments start and end, its bit is turned."""
    rows: dict[int, int] = {}
    tests_of: dict[int, tuple[Test, ...]] = {}
    for index, tests in enumerate(cells):
        rows[id(tests)] = rows.get(id(tests), 0) | 1 << index
        tests_of[id(tests)] = tests
    turns = [0] * (size + 1)
    for key, tests in tests_of.items():
        accepted = _accepted(tests, places, size)
        edges = accepted ^ accepted << 1
        while edges:
            edge = edges & -edges
            turns[edge.bit_length() - 1] ^= rows[key]
            edges ^= edge
    mask = 0
    return [mask := mask ^ turn for turn in turns[:size]]


def _ordered_axis(
    column: InputColumn,
    cells: Cells,
    points: list[Point],
    between: Callable[[Point | None, Point | None], Point | None],
    null: int,
) -> Axis:
    # Sample 2 i + 1 is point i itself, sample 2 i the open stretch before it.
    # A stretch that no value of this type can lie in (between two neighbouring days) has no sample and no rows.
    samples: list[Point | None] = []
    for index, point in enumerate(points):
        samples += [between(points[index - 1] if index else None, point), point]
    samples.append(between(points[-1] if points else None, None))
    places: dict[Literal, int] = {point: 2 * index + 1 for index, point in enumerate(points)}
    masks = tuple(0 if s is None else m for s, m in zip(samples, _masks(cells, places, len(samples)), strict=True))
    comparable: list[Any] = list(points)
    count = len(comparable)

    def lookup(value: object) -> int:
        if value is None:
            return null
        place = bisect_left(comparable, value)
        return masks[2 * place + (place < count and comparable[place] == value)]

    around: list[Bound | None] = [None, *points, None]
    ends = [
        (points[i // 2], points[i // 2]) if i % 2 else (around[i // 2], around[i // 2 + 1]) for i in range(len(samples))
    ]
    kept = [
        Segment(s, m, e) for s, m, e in zip(samples, masks, ends, strict=True) if s is not None and _declared(column, s)
    ]
    return Axis(column, tuple(kept), lookup)


def _listed_axis(column: InputColumn, cells: Cells, mentioned: Sequence[Literal], null: int) -> Axis:
    if column.type == "bool":
        values: list[Value] = [True, False]
    elif column.type == "enum":
        values = list(column.values)
    else:
        values = list(dict.fromkeys(v for v in mentioned if isinstance(v, str)))
    # The last place is that of any other value.
    found = _masks(cells, {v: place for place, v in enumerate(values) if isinstance(v, (str, bool))}, len(values) + 1)
    masks: dict[object, int] = dict(zip(values, found, strict=False))
    segments = [Segment(value, masks[value]) for value in values]
    if column.type == "string":
        segments.append(Segment(next(name for name in _strangers() if name not in masks), found[-1]))
    return Axis(column, tuple(segments), _Masks(found[-1], {**masks, None: null}).__getitem__)


@dataclass(frozen=True, slots=True)
class Holds:
    """What a cell asks of a list: whether each of these texts is in it, or is not."""

    wanted: Mapping[str, bool]


def build_list_axis(column: InputColumn, cells: Sequence[Holds | None]) -> Axis:
    """The axis of a list column. Each text that cells ask for is an axis of its own, for a list can hold any of them
    or none, whatever the others; `segments` is empty and `parts` holds those. None accepts anything."""
    texts = list(dict.fromkeys(text for cell in cells if cell is not None for text in cell.wanted))
    every = (1 << len(cells)) - 1
    rows = {text: [every, every] for text in texts}
    for index, cell in enumerate(cells):
        for text, wanted in () if cell is None else cell.wanted.items():
            rows[text][wanted] &= ~(1 << index)

    def lookup(value: object) -> int:
        mask = every
        for text, (with_it, without) in rows.items():
            mask &= with_it if text in value else without  # type: ignore[operator]  # coerced to a tuple of texts
        return mask

    parts = [
        Axis(column, (Segment((), without), Segment((text,), with_it)), lookup)
        for text, (with_it, without) in rows.items()
    ]
    return Axis(column, (Segment((), every),) if not parts else (), lookup, tuple(parts))


class _Masks(dict[object, int]):
    """Masks by value; a value that no row mentions has that of any other."""

    def __init__(self, other: int, masks: Mapping[object, int]) -> None:
        super().__init__(masks)
        self._other = other

    def __missing__(self, value: object) -> int:
        return self._other


def _strangers() -> Iterator[str]:
    yield from ("other", "another")
    yield from (f"other-{n}" for n in count(2))


def _declared(column: InputColumn, sample: Bound) -> bool:
    if isinstance(sample, Decimal) and column.type == "integer" and sample != sample.to_integral_value():
        return False
    if column.values and sample not in column.values:
        return False
    low: Any = column.minimum
    high: Any = column.maximum
    return (low is None or sample >= low) and (high is None or sample <= high)


def _middle(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    if low is None or high is None:
        return Decimal(0) if low is high else _WIDE.add(low, 1) if low is not None else _WIDE.subtract(high or 0, 1)
    exact = _WIDE.divide(_WIDE.add(low, high), 2)
    for places in range(13):  # the roundest value in between reads best in a message
        rounded = exact.quantize(Decimal(1).scaleb(-places), context=_WIDE)
        if low < rounded < high:
            return rounded
    return exact


def _whole(low: Decimal | None, high: Decimal | None) -> Decimal | None:
    if low is None:
        return Decimal(0) if high is None else high.to_integral_value(ROUND_FLOOR) - (high == high.to_integral_value())
    above = low.to_integral_value(ROUND_FLOOR) + 1
    return above if high is None or above < high else None


def _day(low: date | None, high: date | None) -> date | None:
    if low is None:
        if high is None:
            return date(2026, 1, 1)
        return None if high == date.min else high - timedelta(days=1)
    after = None if low == date.max else low + timedelta(days=1)
    return after if after is not None and (high is None or after < high) else None


# Instants and durations are counted in microseconds; the roundest step that fits reads best in a message.
_STEPS = (
    *(timedelta(seconds=s) for s in (86_400, 3_600, 60, 1)),
    timedelta(milliseconds=1),
    timedelta.resolution,
)
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _instant(low: datetime | None, high: datetime | None) -> datetime | None:
    if low is None:
        if high is None:
            return datetime(2026, 1, 1, tzinfo=UTC)
        return None if high == _EARLIEST else high - _first_step(high - _EARLIEST)
    room = (_LATEST if high is None else high) - low
    return None if room <= timedelta.resolution else low + _first_step(room)


def _length(low: timedelta | None, high: timedelta | None) -> timedelta | None:
    if low is None:
        return timedelta() if high is None else high - _STEPS[0]
    if high is None:
        return low + _STEPS[0]
    return None if high - low <= timedelta.resolution else low + _first_step(high - low)


def _months(low: Months | None, high: Months | None) -> Months | None:
    """Whole months, so that nothing lies between P1Y and P1Y1M; a year on where that fits, which reads best."""
    if low is None:
        return Months(0) if high is None or high.count > 0 else Months(high.count - 12)
    if high is None:
        return Months(low.count + 12)
    room = high.count - low.count
    return None if room <= 1 else Months(low.count + (12 if room > 12 else 1))


def _first_step(room: timedelta) -> timedelta:
    return next((step for step in _STEPS if step < room), timedelta.resolution)
