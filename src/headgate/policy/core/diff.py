"""Two versions of a table, compared as tables: columns, rows, cells and tests rather than lines of text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar

from headgate.policy.core.document import cell_text
from headgate.policy.core.model import DEFAULT_ROW, InputColumn, OutputColumn, PolicyTable, PolicyTest, Row

Kind = Literal["same", "added", "removed", "changed"]
Part = Literal["when", "then", "because", "clause", "id"]

_SETTINGS = ("title", "description", "owner", "hit", "aggregate")
# Where it stands in its file, and what is compared elsewhere.
_NOT_COMPARED = frozenset({"line", "lines", "name", "file", "digest"})
SIGNS: Mapping[str, str] = {"added": "+", "removed": "-", "changed": "~", "same": " "}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing, before and after, as text; empty where it was not there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CellDiff:
    """A cell of a row, before and after. `column` is empty for the reason, the clause and the row's name."""

    part: Part
    column: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        """Whether it changed."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class RowDiff:
    """A row of either version. Places count from 1; None where it is not. `moved`: read earlier or later than before,
    as seen from the rows that stayed in order."""

    id: str
    kind: Kind
    moved: bool
    was: int | None
    now: int | None
    cells: tuple[CellDiff, ...]

    @property
    def differs(self) -> bool:
        """Whether anything about it changed."""
        return self.kind != "same" or self.moved


@dataclass(frozen=True, slots=True)
class ColumnDiff:
    """An input or output of either version, with what changed about it."""

    side: Literal["input", "output"]
    name: str
    label: str
    kind: Kind
    moved: bool
    changes: tuple[Changed, ...]

    @property
    def differs(self) -> bool:
        """Whether anything about it changed."""
        return self.kind != "same" or self.moved


@dataclass(frozen=True, slots=True)
class TestDiff:
    """An example of either version."""

    __test__ = False

    name: str
    kind: Kind
    changes: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class TableDiff:
    """Everything of both versions in the order of the new one, what is gone where it used to be."""

    policy: str
    before: int
    after: int
    settings: tuple[Changed, ...]
    columns: tuple[ColumnDiff, ...]
    rows: tuple[RowDiff, ...]
    tests: tuple[TestDiff, ...]

    @property
    def same(self) -> bool:
        """Whether the two decide and read alike."""
        return not self.settings and not any(
            [
                *(c.differs for c in self.columns),
                *(r.differs for r in self.rows),
                *(t.kind != "same" for t in self.tests),
            ]
        )

    def counts(self) -> dict[str, int]:
        """How many rows were added, removed, changed and moved."""
        found = {kind: sum(1 for r in self.rows if r.kind == kind) for kind in ("added", "removed", "changed")}
        return {**found, "moved": sum(1 for r in self.rows if r.moved)}


def diff_tables(before: PolicyTable, after: PolicyTable) -> TableDiff:
    """What the second table changes in the first. Rows and tests are matched by name; a row that only has another name
    is one row renamed."""
    names = _renamed(before, after)
    return TableDiff(
        policy=after.policy,
        before=before.version,
        after=after.version,
        settings=tuple(
            Changed(name, str(getattr(before, name)), str(getattr(after, name)))
            for name in _SETTINGS
            if getattr(before, name) != getattr(after, name)
        ),
        columns=(
            *_columns("input", before.inputs, after.inputs),
            *_columns("output", before.outputs, after.outputs),
        ),
        rows=(*_rows(before, after, names), *_defaults(before, after)),
        tests=tuple(_tests(before.tests, after.tests)),
    )


def _renamed(before: PolicyTable, after: PolicyTable) -> dict[str, str]:
    """New name → old name of rows that are alike but for their name."""
    old = {_content(r): r.id for r in reversed(before.rows) if r.id not in {a.id for a in after.rows}}
    known = {b.id for b in before.rows}
    found: dict[str, str] = {}
    for row in after.rows:
        was = None if row.id in known else old.pop(_content(row), None)
        if was is not None:
            found[row.id] = was
    return found


def _content(row: Row) -> tuple[Any, ...]:
    when = tuple(sorted(row.when.items()))
    return when, tuple(sorted((k, repr(v)) for k, v in row.then.items())), row.because, row.clause


def _merged(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, int | None, int | None, bool]]:
    """(name, place before, place after, moved), in the new order; what is gone stands behind what it stood behind."""
    old = {name: place for place, name in enumerate(before)}
    new = {name: place for place, name in enumerate(after)}
    stayed = _longest_in_order([old[name] for name in after if name in old])
    found: list[tuple[str, int | None, int | None, bool]] = [
        (name, old.get(name), place, name in old and old[name] not in stayed) for place, name in enumerate(after)
    ]
    for name in before:
        if name in new:
            continue
        ahead = before[old[name] - 1] if old[name] else None
        at = next((i + 1 for i, each in enumerate(found) if each[0] == ahead), 0)
        found.insert(at, (name, old[name], None, False))
    return found


def _longest_in_order(places: Sequence[int]) -> set[int]:
    """The largest set of these that stands in growing order: what need not be called moved."""
    ends: list[int] = []
    chain: list[int] = []
    came: dict[int, int | None] = {}
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
        chain[at : at + 1] = [place]
        came[place] = chain[at - 1] if at else None
    kept: set[int] = set()
    last: int | None = chain[-1] if chain else None
    while last is not None:
        kept.add(last)
        last = came[last]
    return kept


def _columns(
    side: Literal["input", "output"],
    before: Sequence[InputColumn | OutputColumn],
    after: Sequence[InputColumn | OutputColumn],
) -> Iterable[ColumnDiff]:
    old, new = {c.name: c for c in before}, {c.name: c for c in after}
    for name, was, now, moved in _merged([*old], [*new]):
        column = new.get(name) or old[name]
        changes = () if was is None or now is None else _fields(old[name], new[name])
        kind = _kind(was, now, changes)
        yield ColumnDiff(side, name, column.label or name, kind, moved, changes)


def _fields(before: InputColumn | OutputColumn, after: InputColumn | OutputColumn) -> tuple[Changed, ...]:
    named = [f.name for f in fields(before) if f.name not in _NOT_COMPARED]
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in named]
    return tuple(Changed(name, cell_text(a), cell_text(b)) for name, a, b in pairs if a != b)


def _rows(before: PolicyTable, after: PolicyTable, names: Mapping[str, str]) -> Iterable[RowDiff]:
    old, new = {r.id: r for r in before.rows}, {r.id: r for r in after.rows}
    known_as = [names.get(r.id, r.id) for r in after.rows]
    called = dict(zip(known_as, new, strict=True))
    for name, was, now, moved in _merged([*old], known_as):
        row = new.get(called.get(name, ""))
        yield _row(before, after, old.get(name), row, (was, now), moved=moved)


def _defaults(before: PolicyTable, after: PolicyTable) -> Iterable[RowDiff]:
    if before.default is not None or after.default is not None:
        places = (
            None if before.default is None else len(before.rows),
            None if after.default is None else len(after.rows),
        )
        yield _row(before, after, before.default, after.default, places, moved=False)


def _row(
    before: PolicyTable,
    after: PolicyTable,
    old: Row | None,
    new: Row | None,
    places: tuple[int | None, int | None],
    *,
    moved: bool,
) -> RowDiff:
    by_default = DEFAULT_ROW in (getattr(old, "id", ""), getattr(new, "id", ""))
    inputs = [] if by_default else _names(before.inputs, after.inputs)
    outputs = _names(before.outputs, after.outputs)
    cells = [
        *(CellDiff("when", name, _when(old, name), _when(new, name)) for name in inputs),
        *(CellDiff("then", name, _then(old, name), _then(new, name)) for name in outputs),
        CellDiff("because", "", "" if old is None else old.because, "" if new is None else new.because),
        CellDiff("clause", "", "" if old is None else old.clause, "" if new is None else new.clause),
    ]
    if old is not None and new is not None and old.id != new.id:
        cells.append(CellDiff("id", "", old.id, new.id))
    was, now = (None if place is None else place + 1 for place in places)
    changed = [c for c in cells if c.differs]
    shown = new or old
    assert shown is not None, "a row is in one of the two"
    return RowDiff(shown.id, _kind(was, now, changed), moved, was, now, tuple(cells))


def _when(row: Row | None, column: str) -> str:
    return "" if row is None else row.when.get(column, "")


def _then(row: Row | None, column: str) -> str:
    return "" if row is None else cell_text(row.then.get(column))


def _names(before: Sequence[InputColumn | OutputColumn], after: Sequence[InputColumn | OutputColumn]) -> list[str]:
    return [name for name, *_ in _merged([c.name for c in before], [c.name for c in after])]


def _kind(was: int | None, now: int | None, changes: Sequence[object]) -> Kind:
    if was is None:
        return "added"
    if now is None:
        return "removed"
    return "changed" if changes else "same"


def _tests(before: Sequence[PolicyTest], after: Sequence[PolicyTest]) -> Iterable[TestDiff]:
    old, new = _named(before), _named(after)
    for name, was, now, _ in _merged([*old], [*new]):
        if was is None or now is None:
            test = new.get(name) or old[name]
            said = tuple(_said(*parts, added=was is None) for parts in _parts(test))
            yield TestDiff(name, "added" if was is None else "removed", said)
            continue
        pairs = zip(_parts(old[name]), _parts(new[name]), strict=True)
        changes = tuple(Changed(part, a, b) for (part, a), (_, b) in pairs if a != b)
        yield TestDiff(name, "changed" if changes else "same", changes)


def _named(tests: Sequence[PolicyTest]) -> dict[str, PolicyTest]:
    """Tests by name; one without, or with a name that was there before, goes by what it gives."""
    found: dict[str, PolicyTest] = {}
    for test in tests:
        name = test.name or f"given {cell_text(test.given)}"
        while name in found:
            name += " (again)"
        found[name] = test
    return found


def _parts(test: PolicyTest) -> list[tuple[str, str]]:
    rows = "" if test.rows is None else ", ".join(test.rows)
    return [("given", cell_text(test.given)), ("expect", cell_text(test.expect)), ("rows", rows)]


def _said(part: str, text: str, *, added: bool) -> Changed:
    return Changed(part, "", text) if added else Changed(part, text, "")


def diff_lines(diff: TableDiff) -> list[str]:
    """What changed, a line each, for people and terminals: `~ row deep_discount, when deviation_pct: > 15 → > 10`."""
    lines = [f"~ {c.name}: {c.before or 'nothing'} → {c.after or 'nothing'}" for c in diff.settings]
    for column in diff.columns:
        if column.kind in ("added", "removed"):
            lines.append(f"{SIGNS[column.kind]} {column.side} {column.name}")
        lines += [f"~ {column.side} {column.name}, {c.name}: {_pair(c.before, c.after)}" for c in column.changes]
        lines += [f"> {column.side} {column.name} stands elsewhere"] if column.moved else []
    for row in diff.rows:
        lines += _row_lines(row)
    for test in diff.tests:
        if test.kind in ("added", "removed"):
            lines.append(f"{SIGNS[test.kind]} test {test.name}")
        elif test.kind == "changed":
            lines += [f"~ test {test.name}, {c.name}: {_pair(c.before, c.after)}" for c in test.changes]
    return lines


def _row_lines(row: RowDiff) -> list[str]:
    lines = []
    if row.kind in ("added", "removed"):
        told = [f"{c.part} {c.column}".strip() + f" {c.after or c.before}" for c in row.cells if c.after or c.before]
        lines.append(f"{SIGNS[row.kind]} row {row.id}: {'; '.join(told)}")
    if row.kind == "changed":
        for cell in (c for c in row.cells if c.differs):
            where = f"{cell.part} {cell.column}".strip()
            lines.append(f"~ row {row.id}, {where}: {_pair(cell.before, cell.after, cell.part)}")
    if row.moved:
        lines.append(f"> row {row.id}: place {row.was} → {row.now}")
    return lines


def _pair(before: str, after: str, part: str = "") -> str:
    nothing = "any" if part == "when" else "nothing"
    return f"{before or nothing} → {after or nothing}"
