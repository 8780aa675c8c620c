"""A policy file to a `PolicyTable`: shape, keys and sizes. What the cells mean is for `compile` and the lints."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar, cast

from headgate.policy.core.model import (
    AGGREGATES,
    DEFAULT_ROW,
    HITS,
    INPUT_TYPES,
    NUMERIC,
    OUTPUT_TYPES,
    Aggregate,
    ColumnType,
    Formula,
    Hit,
    InputColumn,
    Issue,
    OutputColumn,
    PolicyTable,
    PolicyTest,
    Row,
    refuse,
)
from headgate.policy.core.source import Node, read_yaml

MAX_COLUMNS = 64
MAX_ROWS = 1_000
MAX_TESTS = 1_000
MAX_TEXT = 1_000

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FILE_KEYS = frozenset(
    {
        "policy",
        "version",
        "title",
        "description",
        "owner",
        "hit",
        "aggregate",
        "inputs",
        "outputs",
        "rows",
        "default",
        "tests",
    }
)
_INPUT_KEYS = frozenset({"name", "type", "label", "values", "min", "max", "nullable"})
_OUTPUT_KEYS = frozenset({"name", "type", "label", "values", "nullable"})
_ROW_KEYS = frozenset({"id", "when", "then", "because", "clause"})
_DEFAULT_KEYS = frozenset({"then", "because", "clause"})
_TEST_KEYS = frozenset({"name", "given", "expect", "rows"})

T = TypeVar("T")


def parse_policy(text: str, file: str = "policy.yaml") -> PolicyTable:
    """The table a policy file describes.

    Raises `Invalid` that lists every problem of shape with file, line and row: not YAML, an unknown key, a missing or
    doubled name, a value of the wrong kind, too many rows.
    """
    root = read_yaml(text, file)
    reader = _Reader(file)
    table = reader.table(root, hashlib.sha256(text.encode()).hexdigest())
    if reader.issues:
        raise refuse(reader.issues)
    return table


class _Reader:
    """Collects every problem of a file, so that an author mends them in one go."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.issues: list[Issue] = []

    def wrong(self, node: Node | int, message: str, fix: str = "", row: str = "", column: str = "") -> None:
        line = node if isinstance(node, int) else node.line
        self.issues.append(Issue("shape", "error", message, self.file, line, row, column, fix))

    def mapping(self, node: Node, what: str, keys: Iterable[str] | None = None, row: str = "") -> dict[str, Node]:
        if not isinstance(node.value, dict):
            self.wrong(node, f"{what} is not a mapping of names to values", row=row)
            return {}
        if keys is not None:
            allowed = sorted(keys)
            for key, value in node.value.items():
                if key not in allowed:
                    self.wrong(value, f"unknown key {key} in {what}", f"Use {', '.join(allowed)}.", row)
        return node.value

    def sequence(self, node: Node | None, what: str, limit: int, row: str = "") -> list[Node]:
        if node is None:
            return []
        if not isinstance(node.value, list):
            self.wrong(node, f"{what} is not a list", row=row)
            return []
        if len(node.value) > limit:
            self.wrong(node, f"{what} has more than {limit} entries", row=row)
        return node.value[:limit]

    def text(self, parent: dict[str, Node], key: str, line: int, *, default: str | None = None, row: str = "") -> str:
        node = parent.get(key)
        if node is None or node.value is None:
            if default is None:
                self.wrong(line, f"{key} is missing", row=row)
            return default or ""
        if isinstance(node.value, (list, dict, bool)):
            self.wrong(node, f"{key} is not text", row=row)
            return ""
        text = str(node.value)
        if len(text) > MAX_TEXT:
            self.wrong(node, f"{key} is longer than {MAX_TEXT} characters", row=row)
        return text

    def name(self, parent: dict[str, Node], key: str, line: int, row: str = "") -> str:
        text = self.text(parent, key, line, row=row)
        if text and not _NAME.fullmatch(text):
            self.wrong(parent[key], f"{key} {text!r} is not a name", "Use small letters, digits and _.", row)
        return text

    def choice(
        self, parent: dict[str, Node], key: str, line: int, allowed: Iterable[str], default: str | None = None
    ) -> str:
        text = self.text(parent, key, line, default=default)
        if text and text not in allowed:
            self.wrong(parent[key], f"{key} {text!r} is not known", f"Use {', '.join(sorted(allowed))}.")
        return text

    def flag(self, parent: dict[str, Node], key: str) -> bool:
        node = parent.get(key)
        if node is None:
            return False
        if not isinstance(node.value, bool):
            self.wrong(node, f"{key} is not true or false")
            return False
        return node.value

    def number(self, parent: dict[str, Node], key: str) -> Decimal | None:
        node = parent.get(key)
        if node is None:
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, (int, Decimal)):
            self.wrong(node, f"{key} is not a number", "Write it without quotes, with a point: 12.5")
            return None
        return Decimal(node.value)

    def unique(self, items: list[T], names: list[str], lines: list[int], what: str) -> tuple[T, ...]:
        seen: set[str] = set()
        for name, line in zip(names, lines, strict=True):
            if name and name in seen:
                self.wrong(line, f"two {what} are called {name}", "Rename one.")
            seen.add(name)
        return tuple(items)

    def table(self, root: Node, digest: str) -> PolicyTable:
        top = self.mapping(root, "a policy file", _FILE_KEYS)
        version = top.get("version", Node(1, root.line))
        if isinstance(version.value, bool) or not isinstance(version.value, int) or not 1 <= version.value < 10**9:
            self.wrong(version, "version is not a whole number from 1")
        hit = cast(Hit, self.choice(top, "hit", root.line, HITS))
        if "aggregate" in top and hit != "collect":
            self.wrong(top["aggregate"], "aggregate is only for hit policy collect", "Remove it.")
        inputs = [self.input(n) for n in self.sequence(top.get("inputs"), "inputs", MAX_COLUMNS)]
        outputs = [self.output(n) for n in self.sequence(top.get("outputs"), "outputs", MAX_COLUMNS)]
        rows = [self.row(n) for n in self.sequence(top.get("rows"), "rows", MAX_ROWS)]
        for what, found in (("inputs", inputs), ("outputs", outputs), ("rows", rows)):
            if not found:
                self.wrong(top.get(what, root), f"a policy needs {what}")
        if hit == "priority" and outputs and not outputs[0].values:
            self.wrong(outputs[0].line, "the first output of a priority table needs values", "Rank them high to low.")
        both = {c.name for c in inputs} & {c.name for c in outputs}
        for name in sorted(both - {""}):
            self.wrong(root, f"{name} is an input and an output", "Rename one.")
        return PolicyTable(
            policy=self.name(top, "policy", root.line),
            version=version.value if isinstance(version.value, int) else 0,
            title=self.text(top, "title", root.line),
            owner=self.text(top, "owner", root.line),
            hit=hit,
            inputs=self.unique(inputs, [c.name for c in inputs], [c.line for c in inputs], "inputs"),
            outputs=self.unique(outputs, [c.name for c in outputs], [c.line for c in outputs], "outputs"),
            rows=self.unique(rows, [r.id for r in rows], [r.line for r in rows], "rows"),
            default=self.default(top.get("default")),
            tests=tuple(self.test(n) for n in self.sequence(top.get("tests"), "tests", MAX_TESTS)),
            digest=digest,
            file=self.file,
            aggregate=cast(Aggregate, self.choice(top, "aggregate", root.line, AGGREGATES, default="list")),
            description=self.text(top, "description", root.line, default=""),
        )

    def values(self, parent: dict[str, Node], kind: str, name: str, line: int) -> tuple[str, ...]:
        node = parent.get("values")
        found = [str(n.value) for n in self.sequence(node, "values", 500) if isinstance(n.value, str)]
        if node is not None and len(found) != len(self.sequence(node, "values", 500)):
            self.wrong(node, "values are not all text", "Quote each one.", column=name)
        if len(set(found)) != len(found):
            self.wrong(node or line, "values has one twice", column=name)
        if kind == "enum" and not found:
            self.wrong(line, "an enum needs values", "List what it may be.", column=name)
        if kind != "enum" and found:
            self.wrong(line, "values are for type enum", "Use type: enum, or remove them.", column=name)
        return tuple(found)

    def input(self, node: Node) -> InputColumn:
        parts = self.mapping(node, "an input", _INPUT_KEYS)
        kind = self.choice(parts, "type", node.line, INPUT_TYPES)
        name = self.name(parts, "name", node.line)
        low, high = self.number(parts, "min"), self.number(parts, "max")
        if (low is not None or high is not None) and kind not in NUMERIC:
            self.wrong(node, "min and max are for numbers", "Remove them.", column=name)
        if low is not None and high is not None and low > high:
            self.wrong(node, "min is above max", column=name)
        return InputColumn(
            name=name,
            type=cast(ColumnType, kind),
            label=self.text(parts, "label", node.line, default=""),
            values=self.values(parts, kind, name, node.line),
            minimum=low,
            maximum=high,
            nullable=self.flag(parts, "nullable"),
            line=node.line,
        )

    def output(self, node: Node) -> OutputColumn:
        parts = self.mapping(node, "an output", _OUTPUT_KEYS)
        kind = self.choice(parts, "type", node.line, OUTPUT_TYPES)
        name = self.name(parts, "name", node.line)
        if name == "then":
            self.wrong(node, "an output cannot be called then")
        return OutputColumn(
            name=name,
            type=cast(ColumnType, kind),
            label=self.text(parts, "label", node.line, default=""),
            values=self.values(parts, kind, name, node.line),
            nullable=self.flag(parts, "nullable"),
            line=node.line,
        )

    def row(self, node: Node) -> Row:
        parts = self.mapping(node, "a row")
        row = self.name(parts, "id", node.line)
        if parts:
            self.mapping(node, "a row", _ROW_KEYS, row)
        if row == DEFAULT_ROW:
            self.wrong(node, f"a row cannot be called {DEFAULT_ROW}", "That name means the default.")
        when = self.mapping(parts["when"], "when", row=row) if "when" in parts else {}
        cells: dict[str, str] = {}
        for column, cell in when.items():
            if isinstance(cell.value, (list, dict)):
                self.wrong(cell, "a cell is not text", 'Quote it, for example "[1..10)".', row, column)
            else:
                cells[column] = _cell(cell)
        if "then" not in parts:
            self.wrong(node, "then is missing", row=row)
        then = self.mapping(parts["then"], "then", row=row) if "then" in parts else {}
        lines = {f"when.{k}": v.line for k, v in when.items()} | {f"then.{k}": v.line for k, v in then.items()}
        return Row(
            id=row,
            when=cells,
            then={k: _literal(v) for k, v in then.items()},
            because=self.text(parts, "because", node.line, default="", row=row),
            clause=self.text(parts, "clause", node.line, default="", row=row),
            line=node.line,
            lines=lines,
        )

    def default(self, node: Node | None) -> Row | None:
        if node is None or node.value is None:
            return None
        parts = self.mapping(node, "default")
        long = "then" in parts
        if long:
            self.mapping(node, "default", _DEFAULT_KEYS, DEFAULT_ROW)
        then = self.mapping(parts["then"], "then", row=DEFAULT_ROW) if long else parts
        return Row(
            id=DEFAULT_ROW,
            when={},
            then={k: _literal(v) for k, v in then.items()},
            because=self.text(parts, "because", node.line, default="", row=DEFAULT_ROW) if long else "",
            clause=self.text(parts, "clause", node.line, default="", row=DEFAULT_ROW) if long else "",
            line=node.line,
            lines={f"then.{k}": v.line for k, v in then.items()},
        )

    def test(self, node: Node) -> PolicyTest:
        parts = self.mapping(node, "a test", _TEST_KEYS)
        for key in ("given", "expect"):
            if key not in parts:
                self.wrong(node, f"a test needs {key}")
        rows = parts.get("rows")
        return PolicyTest(
            given={k: v.plain() for k, v in self.mapping(parts["given"], "given").items()} if "given" in parts else {},
            expect={k: v.plain() for k, v in self.mapping(parts["expect"], "expect").items()}
            if "expect" in parts
            else {},
            rows=None if rows is None else tuple(str(n.value) for n in self.sequence(rows, "rows", MAX_ROWS)),
            name=self.text(parts, "name", node.line, default=""),
            line=node.line,
        )


def _cell(node: Node) -> str:
    if node.value is None:
        return "null"
    return str(node.value).lower() if isinstance(node.value, bool) else str(node.value)


def _literal(node: Node) -> object:
    value = node.plain()
    if isinstance(value, str) and value.startswith("="):
        return Formula(value[1:].strip())
    return value
