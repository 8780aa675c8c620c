"""A policy file as the grid that people edit, and an edited grid as a file again.

Every cell is text. What was not touched keeps its value as authored; what was typed is read by the type of its column,
and what cannot be read stays as typed, for the lints to tell. Keys of the file that the grid does not show go through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase
from headgate.policy.core.document import Document, cell_text
from headgate.policy.core.model import NUMERIC
from headgate.policy.core.parse import MAX_ROWS

MOST_ROWS = MAX_ROWS
MOST_CELL = 2_000
EMPTY = "''"
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?")
_COLUMN = ("name", "type", "label", "values", "min", "max", "nullable", "currency")
_SETTINGS = ("title", "owner", "description", "hit", "aggregate")


def to_grid(document: Mapping[str, Any]) -> dict[str, Any]:
    """The grid of a file: settings, columns, rows, default and tests, all as text. `from` is the place in the file."""
    inputs, outputs = _columns(document, "inputs"), _columns(document, "outputs")
    rows = [r for r in _list(document, "rows") if isinstance(r, Mapping)]
    default = document.get("default")
    tests = [t for t in _list(document, "tests") if isinstance(t, Mapping)]
    return {
        "settings": {name: cell_text(document.get(name)) for name in _SETTINGS if name in document},
        "inputs": inputs,
        "outputs": outputs,
        "rows": [_row(row, place, inputs, outputs) for place, row in enumerate(rows)],
        "default": None if default is None else _row(_long(default), 0, (), outputs),
        "tests": [_test(test, place, inputs, outputs) for place, test in enumerate(tests)],
    }


def from_grid(document: Mapping[str, Any], grid: Mapping[str, Any]) -> Document:
    """The file with what the grid says. `document` is the one that the grid was made of.

    Raises `Invalid` for something that is no grid, or larger than a policy may be.
    """
    found: Document = dict(document)
    settings = _mapping(grid, "settings")
    for name in _SETTINGS:
        if name in settings:
            found[name] = _text(settings[name], name)
    inputs, outputs = _listed(grid, "inputs"), _listed(grid, "outputs")
    found["inputs"] = [_column(each, _list(document, "inputs")) for each in inputs]
    found["outputs"] = [_column(each, _list(document, "outputs")) for each in outputs]
    rows = _list(document, "rows")
    found["rows"] = [_row_back(each, _origin(each, rows), inputs, outputs) for each in _listed(grid, "rows")]
    _default_back(found, grid, outputs)
    tests = _list(document, "tests")
    found["tests"] = [_test_back(each, _origin(each, tests), inputs, outputs) for each in _listed(grid, "tests")]
    if not found["tests"]:
        del found["tests"]
    return found


def read_value(kind: str, text: str) -> Any:
    """A typed cell's value: a number where numbers are decided, true or false, a list; text that fits none stays."""
    told = text.strip()
    if told.startswith("=") or told == "":
        return told
    if told == "null":
        return None
    if kind in NUMERIC and _NUMBER.fullmatch(told):
        return int(told) if _WHOLE.fullmatch(told) else Decimal(told)
    if kind == "bool" and told in ("true", "false"):
        return told == "true"
    if kind == "list":
        return [part.strip() for part in told.split(",") if part.strip()]
    return told


def _columns(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    columns = [c for c in _list(document, key) if isinstance(c, Mapping)]
    return [
        {
            "from": place,
            **{name: _shown(column.get(name)) for name in _COLUMN if name in column},
            # The grid's own `from` is a place, so what a chained input comes from goes by another name there.
            **({"source": cell_text(column["from"])} if "from" in column else {}),
            **({"default": _default_text(column)} if "default" in column else {}),
        }
        for place, column in enumerate(columns)
    ]


def _default_text(column: Mapping[str, Any]) -> str:
    """A default as typed: nothing typed is no default, so the empty text is written as in a cell."""
    return EMPTY if column["default"] == "" else _when_text(column, "default")


def _shown(value: object) -> Any:
    return [cell_text(v) for v in value] if isinstance(value, list) else cell_text(value)


def _row(row: Mapping[str, Any], place: int, inputs: Sequence[Any], outputs: Sequence[Any]) -> dict[str, Any]:
    when, then = _mapping(row, "when"), _mapping(row, "then")
    return {
        "from": place,
        "id": cell_text(row.get("id")),
        "when": {c["name"]: _when_text(when, c["name"]) for c in inputs if "name" in c},
        "then": {c["name"]: cell_text(then.get(c["name"])) for c in outputs if "name" in c},
        "because": cell_text(row.get("because")),
        "clause": cell_text(row.get("clause")),
    }


def _when_text(when: Mapping[str, Any], name: str) -> str:
    return "null" if name in when and when[name] is None else cell_text(when.get(name))


def _test(test: Mapping[str, Any], place: int, inputs: Sequence[Any], outputs: Sequence[Any]) -> dict[str, Any]:
    given, expect = _mapping(test, "given"), _mapping(test, "expect")
    rows = test.get("rows")
    return {
        "from": place,
        "name": cell_text(test.get("name")),
        "given": {c["name"]: _when_text(given, c["name"]) for c in inputs if "name" in c},
        "expect": {c["name"]: _when_text(expect, c["name"]) for c in outputs if "name" in c},
        "rows": cell_text(rows),
    }


def _column(each: Mapping[str, Any], known: Sequence[Any]) -> dict[str, Any]:
    old = _origin(each, known)
    found = dict(old)
    for name in ("name", "type", "label"):
        text = _text(each.get(name, ""), name).strip()
        if text or name != "label":
            found[name] = text
        else:
            found.pop(name, None)
    values = each.get("values")
    found["values"] = [_text(v, "values") for v in values] if isinstance(values, list) else []
    if found["type"] != "enum" and not found["values"]:
        del found["values"]
    for name in ("min", "max"):
        text = _text(each.get(name, ""), name).strip()
        if text:
            found[name] = old[name] if cell_text(old.get(name)) == text else read_value("number", text)
        else:
            found.pop(name, None)
    if _text(each.get("nullable", ""), "nullable") == "true":
        found["nullable"] = True
    else:
        found.pop("nullable", None)
    for name, key in (("currency", "currency"), ("source", "from")):
        if name in each:
            found.pop(key, None)
            text = _text(each[name], name).strip()
            found |= {key: text} if text else {}
    if "default" in each:
        _column_default(found, old, _text(each["default"], "default"))
    return found


def _column_default(found: dict[str, Any], old: Mapping[str, Any], text: str) -> None:
    """The default of a column as typed: as it was where nothing changed, none where nothing is typed."""
    found.pop("default", None)
    if "default" in old and _default_text(old) == text:
        found["default"] = old["default"]
    elif text.strip() == EMPTY and (found["type"] == "string" or "" in found.get("values", ())):
        found["default"] = ""
    elif text.strip():
        found["default"] = read_value(str(found["type"]), text)


def _row_back(
    each: Mapping[str, Any], old: Mapping[str, Any], inputs: Sequence[Any], outputs: Sequence[Any]
) -> dict[str, Any]:
    found = dict(old)
    found["id"] = _text(each.get("id", ""), "id").strip()
    was = _mapping(old, "when")
    texts = _mapping(each, "when")
    when: dict[str, Any] = {}
    for column in inputs:
        name = str(column.get("name", ""))
        text = _text(texts.get(name, ""), name).strip()
        if text and text not in ("-", "any"):
            when[name] = was[name] if name in was and _when_text(was, name) == text else text
    found["when"] = when
    found["then"] = _outputs_back(_mapping(each, "then"), _mapping(old, "then"), outputs)
    for name in ("because", "clause"):
        text = _text(each.get(name, ""), name).strip()
        if text:
            found[name] = text
        else:
            found.pop(name, None)
    return found


def _outputs_back(texts: Mapping[str, Any], was: Mapping[str, Any], outputs: Sequence[Any]) -> dict[str, Any]:
    then: dict[str, Any] = {}
    for column in outputs:
        name, kind = str(column.get("name", "")), str(column.get("type", ""))
        text = _text(texts.get(name, ""), name)
        if name in was and cell_text(was[name]) == text:
            then[name] = was[name]
            continue
        value = read_value(kind, text)
        if value == "" and not (kind == "string" or "" in (column.get("values") or ())):
            continue
        then[name] = value
    return then


def _default_back(found: Document, grid: Mapping[str, Any], outputs: Sequence[Any]) -> None:
    given = grid.get("default")
    if not isinstance(given, Mapping):
        found.pop("default", None)
        return
    old = _long(found.get("default") or {"then": {}})
    row = _row_back(given, old, (), outputs)
    del row["when"], row["id"]
    found["default"] = row if row.keys() - {"then"} else row["then"]


def _test_back(
    each: Mapping[str, Any], old: Mapping[str, Any], inputs: Sequence[Any], outputs: Sequence[Any]
) -> dict[str, Any]:
    found = dict(old)
    name = _text(each.get("name", ""), "name").strip()
    if name:
        found["name"] = name
    else:
        found.pop("name", None)
    found["given"] = _facts(_mapping(each, "given"), _mapping(old, "given"), inputs, as_typed=True)
    kept = {k: v for k, v in _mapping(old, "expect").items() if k == "list"}
    found["expect"] = _facts(_mapping(each, "expect"), _mapping(old, "expect"), outputs, as_typed=False) | kept
    rows = _text(each.get("rows", ""), "rows").strip()
    if rows != cell_text(old.get("rows")):
        found["rows"] = [part.strip() for part in rows.split(",") if part.strip()]
        if not rows:
            del found["rows"]
    return found


def _facts(
    texts: Mapping[str, Any], was: Mapping[str, Any], columns: Sequence[Any], *, as_typed: bool
) -> dict[str, Any]:
    """Facts of an example. With `as_typed` numbers stay text: they are read exactly when they are given."""
    found: dict[str, Any] = {}
    for column in columns:
        name, kind = str(column.get("name", "")), str(column.get("type", ""))
        text = _text(texts.get(name, ""), name)
        if name in was and _when_text(was, name) == text:
            found[name] = was[name]
            continue
        value = text.strip() if as_typed and kind in NUMERIC and text.strip() != "null" else read_value(kind, text)
        if value == "" and as_typed and column.get("nullable") == "true":
            value = None  # every input is given; one that may be unknown is so when nothing is typed
        elif value == "" and not (kind in ("string", "enum") and (as_typed or name in was)):
            continue
        found[name] = value
    return found


def _long(default: object) -> Mapping[str, Any]:
    if not isinstance(default, Mapping):
        return {}
    return default if "then" in default else {"then": default}


def _list(document: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = document.get(key)
    return found if isinstance(found, list) else []


def _mapping(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = of.get(key)
    return found if isinstance(found, Mapping) else {}


def _listed(grid: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = grid.get(key)
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise invalid(f"grid.{key}", type(found).__name__, "is not a list", "Load the page again.")
    if len(found) > MOST_ROWS:
        raise invalid(
            f"grid.{key}",
            len(found),
            phrase("has more than %(most_rows)s entries", most_rows=f"{MOST_ROWS:,}"),
            "Bring it in as a file.",
        )
    return found


def _origin(each: Mapping[str, Any], known: Sequence[Any]) -> Mapping[str, Any]:
    place = each.get("from")
    if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(known):
        found = known[place]
        return found if isinstance(found, Mapping) else {}
    return {}


def _text(value: object, field: str) -> str:
    text = value if isinstance(value, str) else cell_text(value)
    if len(text) > MOST_CELL:
        raise invalid(
            f"grid.{field}",
            f"{len(text)} characters",
            phrase("is longer than %(most_cell)s characters", most_cell=MOST_CELL),
        )
    return text
