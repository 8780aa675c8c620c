"""Policies as a scenario changes them: another version from a file of the pack, or single cells of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection

from headgate.kernel.errors import Invalid, invalid
from headgate.packs.scenarios.core.model import Given
from headgate.policy import PolicyService, PolicySet
from headgate.policy.core import CompiledPolicy, compile_policy, parse_policy
from headgate.policy.core.source import Node, read_yaml
from headgate.store import Later

_KEYS = {"policy", "file", "rows", "default", "without"}


@dataclass(frozen=True, slots=True)
class Changed:
    """A pack's policies by name, and the files that may stand in for them."""

    texts: Mapping[str, str]
    files: Mapping[str, str]


class Patched(PolicyService):
    """The policies in force, with some replaced. Nothing of it is stored."""

    def __init__(self, replaced: Mapping[str, CompiledPolicy]) -> None:
        super().__init__()
        self._replaced = dict(replaced)

    def ask_active(self, conn: Connection, at: datetime) -> Later[PolicySet]:
        """The set in force at an instant, with the replaced ones; `active` asks here too."""
        asked = super().ask_active(conn, at)
        return lambda: PolicySet({**asked(), **self._replaced})


def patched(pack: Changed, given: Sequence[Given]) -> dict[str, CompiledPolicy]:
    """The policies that a scenario changes, compiled. Raises Invalid with the line of what is wrong in the scenario."""
    texts: dict[str, str] = {}
    for each in (node for one in given for node in one.policies):
        parts = each.value if isinstance(each.value, dict) else {}
        name = parts.get("policy")
        if name is None or set(parts) - _KEYS or len(parts) < 2:
            known = ", ".join(sorted(_KEYS))
            raise invalid(f"line {each.line}", sorted(parts), "is no change of a policy", f"Known here: {known}.")
        policy = str(name.value)
        text = texts.get(policy) or pack.texts.get(policy)
        if "file" in parts:
            text = pack.files.get(str(parts["file"].value))
        if text is None:
            fix = f"Known: {', '.join(sorted({*pack.texts, *pack.files}))}."
            raise invalid(f"line {each.line}", policy, "is not a policy or file of this pack", fix)
        texts[policy] = _with_cells(text, parts, each.line)
    return {name: _compiled(name, text) for name, text in texts.items()}


def _compiled(name: str, text: str) -> CompiledPolicy:
    table = parse_policy(text, f"{name} (as the scenario changes it)")
    if table.policy != name:
        raise Invalid(f"the file given for policy {name} holds {table.policy}")
    return compile_policy(table)


def _with_cells(text: str, parts: Mapping[str, Node], line: int) -> str:
    if not {"rows", "default", "without"} & set(parts):
        return text
    table: Any = read_yaml(text, "").plain()
    plain = {row["id"]: row for row in table["rows"]}
    for name, cells in _mapping(parts.get("rows"), line).items():
        if name not in plain:
            raise invalid(f"line {line}", name, "is not a row of the table", f"Rows: {', '.join(plain)}.")
        _patch(plain[name], cells)
    if "default" in parts:
        table.setdefault("default", {})
        _patch(table["default"], parts["default"])
    gone = {str(each.plain()) for each in _items(parts.get("without"))}
    table["rows"] = [row for row in table["rows"] if row["id"] not in gone]
    # The table's own tests speak about the table as it was.
    table.pop("tests", None)
    return _dump(table)


def _patch(row: dict[str, Any], cells: Node) -> None:
    for side, values in (cells.value if isinstance(cells.value, dict) else {}).items():
        if isinstance(values.value, dict):
            row.setdefault(side, {}).update({key: each.plain() for key, each in values.value.items()})
        else:
            row[side] = values.plain()


def _mapping(node: Node | None, line: int) -> dict[str, Node]:
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        raise invalid(f"line {line}", "rows", "should be a mapping of row ids")
    return node.value


def _items(node: Node | None) -> list[Node]:
    return node.value if node is not None and isinstance(node.value, list) else []


def _dump(value: Any) -> str:
    """Plain values as YAML in its JSON form, numbers digit by digit as they stood."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_dump(str(key))}: {_dump(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dump, value)) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(value, ensure_ascii=False)
