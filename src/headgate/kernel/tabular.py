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
        return [expand(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$tables" in value:
        return [item for table in value["$tables"] for item in _objects(table)]
    if "$rows" in value:
        return _objects(value)
    return {name: expand(item) for name, item in value.items()}


def _objects(table: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    always = [(name.split("."), value) for name, value in table.get("$always", {}).items()]
    same = [(name.split("."), other.split(".")) for name, other in table.get("$same", {}).items()]
    for made in _rows(table["$columns"], table["$rows"]):
        for path, value in always:
            _put(made, path, expand(value))
        for path, other in same:
            _put(made, path, _get(made, other))
        found.append(made)
    return found


def _rows(columns: Iterable[Column], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [_row(columns, row) for row in rows]


def _row(columns: Iterable[Column], row: Sequence[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for column, value in zip(columns, row, strict=True):
        if isinstance(column, str):
            _put(made, column.split("."), expand(value))
        else:
            _put(made, column[0].split("."), _rows(column[1], value))
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
