"""Lists of like objects written as tables, so that a record names its fields once and not once per row.

A table is `{"$always": {…}, "$columns": […], "$rows": [[…], …], "$same": {…}}`; `$always` and `$same` may be left out.
Each row is one object: what `$always` says, then its values under the names in `$columns`; a column that is itself a
list of like objects is written `[name, columns]` and its values are rows of their own. `$same` repeats a value under
another name. A name with points in it is a path: `trace.amount` is the member `amount` of the member `trace`.
`{"$tables": [table, …]}` is the lists of several tables, one after the other. No other key begins with a dollar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Column = str | Sequence[Any]


def expand(value: Any) -> Any:
    """Parsed JSON with every table written out as the list of objects that it stands for."""
    if isinstance(value, list):
        return [expand(item) if isinstance(item, (dict, list)) else item for item in value]
    if not isinstance(value, dict):
        return value
    if "$tables" in value:
        return [item for table in value["$tables"] for item in _objects(table)]
    if "$rows" in value:
        return _objects(value)
    return {name: expand(item) if isinstance(item, (dict, list)) else item for name, item in value.items()}


def _objects(table: dict[str, Any]) -> list[dict[str, Any]]:
    always = [(name.split("."), value) for name, value in table.get("$always", {}).items()]
    same = [(name.split("."), other.split(".")) for name, other in table.get("$same", {}).items()]
    found = _rows(table["$columns"], table["$rows"])
    for made in found:
        for path, value in always:
            _put(made, path, expand(value))
        for path, other in same:
            _put(made, path, _get(made, other))
    return found


def _rows(columns: Iterable[Column], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows as objects. Names are taken apart once, not once per row: tables are read by the million."""
    read = [_column(column) for column in columns]
    return [_row(read, row) for row in rows]


def _column(column: Column) -> tuple[str, Sequence[str], Sequence[Column] | None]:
    """Its name where that is no path, its path, and its own columns where its values are rows."""
    name, within = (column, None) if isinstance(column, str) else (column[0], column[1])
    path = name.split(".")
    return (name if len(path) == 1 else ""), path, within


def _row(columns: Sequence[tuple[str, Sequence[str], Sequence[Column] | None]], row: Sequence[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for (name, path, within), value in zip(columns, row, strict=True):
        if within is not None:
            full: Any = _rows(within, value)
        else:
            full = expand(value) if isinstance(value, (dict, list)) else value
        if name:
            made[name] = full
        else:
            _put(made, path, full)
    return made


def _put(made: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for name in path[:-1]:
        made = made.setdefault(name, {})
    made[path[-1]] = value


def _get(made: dict[str, Any], path: Sequence[str]) -> Any:
    value: Any = made
    for name in path:
        value = value[name]
    return value
