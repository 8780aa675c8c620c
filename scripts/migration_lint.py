"""What a migration may not do while the release before goes on working. `schema.py check` runs it over every file.

A release is rolled out process by process, so for a while old code meets the new schema: a migration only adds
("expand"). What it takes away follows in a later release, when no running code names it any more ("contract"); such a
file says so: `CONTRACT = "<what reads it no more, since which release>"`. And whatever holds a lock for as long as a
table is large stands in `ONLINE` (indexes) or is added unchecked (`postgresql_not_valid=True`).

The rules, with what to do instead, are in docs/operations/upgrading.md.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VERSIONS = Path(__file__).parents[1] / "src" / "headgate" / "store" / "migrations" / "versions"
# Older files were written before anything was released, and before there were rules.
FIRST_BOUND = "0006"

# Operations that running code of the release before would not survive.
_TAKES_AWAY = {
    "drop_column": "drops a column that the release before still names",
    "drop_table": "drops a table that the release before still reads",
    "rename_table": "renames a table under the release before; create a new one and move over",
    "drop_constraint": "drops a constraint that running statements may name in `on conflict`",
}
_RAW = ("drop ", "rename ", "alter column", "set not null", "truncate", "lock table", "vacuum full", "cluster ")


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken, where, and what to do instead."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def lint_all(folder: Path = VERSIONS) -> list[Finding]:
    """Every finding in the migrations that the rules bind."""
    found: list[Finding] = []
    for file in sorted(folder.glob("[0-9]*.py")):
        if file.name.partition("_")[0] >= FIRST_BOUND:
            found += lint(file.name, file.read_text(encoding="utf-8"))
    return found


def lint(name: str, text: str) -> list[Finding]:
    """What one migration may not do."""
    module = ast.parse(text)
    contract = _constant(module, "CONTRACT")
    upgrade = next((n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == "upgrade"), None)
    if upgrade is None:
        return [Finding(name, 1, "has no upgrade()")]
    calls = [n for n in ast.walk(upgrade) if isinstance(n, ast.Call) and _operation(n)]
    made = {_text(c.args[0]) for c in calls if _operation(c) == "create_table" and c.args}
    found = [Finding(name, c.lineno, said) for c in calls for said in _said(c, made, contract=bool(contract))]
    if contract is not None and len(contract.split()) < 4:
        found.append(Finding(name, 1, "CONTRACT says what reads it no more, and since which release"))
    return found


def _said(call: ast.Call, made: set[str], *, contract: bool) -> Iterator[str]:
    """What is wrong with one operation; `made` are the tables created in the same file, which nobody uses yet."""
    operation, table = _operation(call), _table(call)
    if table in made:
        return
    if operation in _TAKES_AWAY and not contract:
        yield f"{_TAKES_AWAY[operation]}: {table}. Leave it for a later release and say CONTRACT there."
    elif operation == "add_column":
        yield from _column(call, table)
    elif operation == "alter_column" and not contract:
        yield f"changes a column of {table} under the release before. Add a new one and move over."
    elif operation == "create_index":
        yield f"locks {table} against writers while an index is built. Put it into ONLINE."
    elif operation in ("create_check_constraint", "create_foreign_key"):
        if _keyword(call, "postgresql_not_valid") is not True:
            yield f"checks every row of {table} under a lock. Add it with postgresql_not_valid=True, validate it later."
    elif operation in ("create_unique_constraint", "create_primary_key", "create_exclude_constraint"):
        yield f"builds an index on {table} under a lock. Build a unique index in ONLINE instead."
    elif operation == "execute" and not contract:
        statement = _text(call.args[0]).lower() if call.args else ""
        for word in _RAW:
            if word in statement:
                yield f"executes {word.strip()!r}, which locks or takes away. Say it with operations that are checked."


def _column(call: ast.Call, table: str) -> Iterator[str]:
    column = call.args[1] if len(call.args) > 1 else None
    if not isinstance(column, ast.Call):
        yield f"adds a column to {table} that cannot be read here. Write sa.Column(…) in place."
        return
    name = _text(column.args[0]) if column.args else "?"
    kinds = [_last(arg) for arg in column.args[1:]]
    bare = not any(k.arg == "server_default" for k in column.keywords) and "Identity" not in kinds
    if _keyword(column, "nullable") is False and bare:
        yield f"adds {table}.{name} without a default: inserts of the release before fail. Give server_default."
    if {"Identity", "Computed"} & set(kinds):
        yield f"adds {table}.{name} with a value for every row, which rewrites the table. Add it empty, fill it later."
    default = next((k.value for k in column.keywords if k.arg == "server_default"), None)
    if isinstance(default, ast.Call) and any(
        w in _text(default.args[0]) for w in ("random", "uuid", "clock_", "nextval")
    ):
        yield f"adds {table}.{name} with a default that differs by row, which rewrites the table. Fill it later."


def _operation(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "op":
        return "" if function.attr == "f" else function.attr
    return ""


def _table(call: ast.Call) -> str:
    """The table an operation works on: its first argument, or the second where the first is a name."""
    named = next((k.value for k in call.keywords if k.arg == "table_name"), None)
    if named is not None:
        return _text(named)
    second = ("create_index", "drop_index", "create_check_constraint", "create_unique_constraint", "drop_constraint")
    place = 1 if _operation(call) in (*second, "create_foreign_key", "create_primary_key") else 0
    return _text(call.args[place]) if len(call.args) > place else ""


def _text(node: ast.expr) -> str:
    """A text as it stands in the file; of a call the text it is given, for `op.f("…")` and `sa.text("…")`."""
    if isinstance(node, ast.Call) and node.args:
        return _text(node.args[0])
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _last(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    return function.attr if isinstance(function, ast.Attribute) else ""


def _keyword(call: ast.Call, name: str) -> object:
    found = next((k.value for k in call.keywords if k.arg == name), None)
    return found.value if isinstance(found, ast.Constant) else None


def _constant(module: ast.Module, name: str) -> str | None:
    for node in module.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return _text(node.value)
    return None
