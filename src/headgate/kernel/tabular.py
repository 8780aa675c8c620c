"""Lists of like objects written as tables, so that a record names its fields once and not once per row.

A table is `{"$always": {…}, "$columns": […], "$rows": [[…], …], "$same": {…}}`; `$always` and `$same` may be left out.
Each row is one object: what `$always` says, then its values under the names in `$columns`; a column that is itself a
list of like objects is written `[name, columns]` and its values are rows of their own. `$same` repeats a value under
another name. A name with points in it is a path: `trace.amount` is the member `amount` of the member `trace`.
`{"$tables": [table, …]}` is the lists of several tables, one after the other. No other key begins with a dollar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

Column: TypeAlias = str | Sequence[Any]
_Key: TypeAlias = str | tuple[str, tuple[Any, ...]]

NOTHING: frozenset[str] = frozenset()
_HOLDS_MORE = frozenset({dict, list})


def expand(value: Any, leaving: frozenset[str] = NOTHING) -> Any:
    """Parsed JSON with every table written out as the list of objects that it stands for.

    `leaving` are names as they stand in tables: these are left out, and what repeats them.
    """
    if isinstance(value, list):
        return [expand(item, leaving) if type(item) in _HOLDS_MORE else item for item in value]
    if not isinstance(value, dict):
        return value
    if "$tables" in value:
        return [item for table in value["$tables"] for item in _objects(table, leaving)]
    if "$rows" in value:
        return _objects(value, leaving)
    return {name: expand(item, leaving) if type(item) in _HOLDS_MORE else item for name, item in value.items()}


def _objects(table: dict[str, Any], leaving: frozenset[str]) -> list[dict[str, Any]]:
    always, same = table.get("$always", {}), table.get("$same", {})
    plan = _plan(_keys(table["$columns"]), tuple(always), tuple(same.items()), leaving)
    return plan.objects(table["$rows"], list(always.values()), leaving)


def _keys(columns: Iterable[Column]) -> tuple[_Key, ...]:
    """Columns as something that a plan is found by."""
    return tuple([column if isinstance(column, str) else (column[0], _keys(column[1])) for column in columns])


class _Tree(NamedTuple):
    """An object to be made: its own names, where their values stand in a row, and the objects within it."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    within: tuple[tuple[str, _Tree], ...]

    def made(self, row: Sequence[Any]) -> dict[str, Any]:
        """The object of a row."""
        found = dict(zip(self.names, [row[place] for place in self.places], strict=True))
        for name, tree in self.within:
            found[name] = tree.made(row)
        return found


class _Plan(NamedTuple):
    """How rows of a table become objects. Tables are read by the million, and few differ in their columns, so names
    are taken apart once. Values that are not wanted are never looked at."""

    width: int
    wanted: tuple[int, ...]
    tables: Mapping[int, _Plan]  # by the place of a column whose values are rows
    tree: _Tree

    def objects(
        self, rows: Iterable[Sequence[Any]], always: Sequence[Any], leaving: frozenset[str]
    ) -> list[dict[str, Any]]:
        """What the rows stand for; `always` stands behind each of them."""
        found = []
        for row in rows:
            if len(row) != self.width:
                raise ValueError(f"a row of a table has {len(row)} values for {self.width} columns")
            full = [*row, *always]
            for place in self.wanted:
                value = full[place]
                if type(value) in _HOLDS_MORE:
                    table = self.tables.get(place)
                    full[place] = table.objects(value, (), leaving) if table else expand(value, leaving)
            found.append(self.tree.made(full))
        return found


@lru_cache(maxsize=1_000)
def _plan(
    columns: tuple[_Key, ...], always: tuple[str, ...], same: tuple[tuple[str, str], ...], leaving: frozenset[str]
) -> _Plan:
    names = [*(column if isinstance(column, str) else column[0] for column in columns), *always]
    places = {name: place for place, name in enumerate(names) if name not in leaving}
    for name, other in same:
        if name not in leaving and other in places:
            places[name] = places[other]
        elif other not in leaving:
            raise ValueError(f"{name!r} repeats {other!r}, which the table does not have")
    tables = {
        place: _plan(column[1], (), (), leaving)
        for place, column in enumerate(columns)
        if not isinstance(column, str) and column[0] in places
    }
    paths = {tuple(name.split(".")): place for name, place in places.items()}
    return _Plan(len(columns), tuple(sorted(set(places.values()))), tables, _tree(paths))


def _tree(paths: Mapping[tuple[str, ...], int]) -> _Tree:
    own = {path[0]: place for path, place in paths.items() if len(path) == 1}
    deeper: dict[str, dict[tuple[str, ...], int]] = {}
    for path, place in paths.items():
        if len(path) > 1:
            if path[0] in own:
                raise ValueError(f"{path[0]!r} is a value of a table and {'.'.join(path)!r} a part of it")
            deeper.setdefault(path[0], {})[path[1:]] = place
    within = tuple((name, _tree(each)) for name, each in deeper.items())
    return _Tree(tuple(own), tuple(own.values()), within)
