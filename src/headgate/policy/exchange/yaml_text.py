"""A policy table as the YAML that `parse_policy` reads back to the same table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headgate.policy.core.document import write_document
from headgate.policy.core.evaluation import time_text
from headgate.policy.core.model import Bound, InputColumn, Moment, OutputColumn, PolicyTable, PolicyTest, Row


def write_yaml(table: PolicyTable) -> str:
    """The policy file. Reading it gives the same table, but for lines, file name and digest; comments are not kept."""
    aggregated = table.hit == "collect" and table.aggregate != "list"
    return write_document(
        _given(
            [
                ("policy", table.policy),
                ("version", table.version),
                ("title", table.title),
                ("description", table.description),
            ]
        )
        | {"owner": table.owner, "hit": table.hit}
        | ({"aggregate": table.aggregate} if aggregated else {})
        | {
            "inputs": [_input(c) for c in table.inputs],
            "outputs": [_output(c) for c in table.outputs],
            "rows": [_row(row) for row in table.rows],
        }
        | ({"default": _consequence(table.default)} if table.default else {})
        | ({"tests": [_test(test) for test in table.tests]} if table.tests else {})
    )


def _bound(value: Bound | None) -> object:
    return time_text(value) if isinstance(value, Moment) else value


def _plain(value: object) -> Any:
    """A value as authored, its dates and durations as texts."""
    if isinstance(value, Moment):
        return time_text(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def _default_of(column: InputColumn | OutputColumn) -> dict[str, Any]:
    return {} if column.default is None else {"default": _plain(column.default.value)}


def _given(pairs: Iterable[tuple[str, object]]) -> dict[str, Any]:
    return {n: _plain(value) for n, value in pairs if value is not None and value != "" and value != () and value != []}


def _input(column: InputColumn) -> dict[str, Any]:
    return _given(
        [
            ("name", column.name),
            ("type", column.type),
            ("label", column.label),
            ("values", column.values),
            ("min", _bound(column.minimum)),
            ("max", _bound(column.maximum)),
            ("nullable", column.nullable or None),
            ("currency", column.currency),
            ("from", str(column.source) if column.source else None),
        ]
    ) | _default_of(column)


def _output(column: OutputColumn) -> dict[str, Any]:
    return _given(
        [
            ("name", column.name),
            ("type", column.type),
            ("label", column.label),
            ("values", column.values),
            ("nullable", column.nullable or None),
            ("currency", column.currency),
        ]
    ) | _default_of(column)


def _row(row: Row) -> dict[str, Any]:
    when = {"when": {name: str(test) for name, test in row.when.items()}} if row.when else {}
    return {"id": row.id, **when, **_consequence(row)}


def _consequence(row: Row) -> dict[str, Any]:
    return {"then": _plain(row.then)} | _given([("because", row.because), ("clause", row.clause)])


def _test(test: PolicyTest) -> dict[str, Any]:
    found = _given([("name", test.name)]) | {"given": _plain(test.given), "expect": _plain(test.expect)}
    return found if test.rows is None else {**found, "rows": list(test.rows)}
