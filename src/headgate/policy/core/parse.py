"""A policy file to a `PolicyTable`: shape, keys and sizes. What the cells mean is for `compile` and the lints."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from headgate.kernel.money import CURRENCIES
from headgate.kernel.phrases import phrase
from headgate.policy.core.fields import Fields
from headgate.policy.core.model import (
    AGGREGATES,
    DEFAULT_ROW,
    HITS,
    INPUT_TYPES,
    LISTABLE,
    MULTIPLE,
    NUMERIC,
    ORDERED,
    OUTPUT_TYPES,
    RANKED,
    TIMES,
    Aggregate,
    Bound,
    ColumnType,
    Default,
    Formula,
    Hit,
    InputColumn,
    Issue,
    OutputColumn,
    PolicyTable,
    PolicyTest,
    Row,
    Source,
    Value,
    refuse,
)
from headgate.policy.core.source import Node, read_yaml
from headgate.policy.core.times import BadTime, time_value

MAX_COLUMNS = 64
MAX_ROWS = 5_000
MAX_TESTS = 1_000
MAX_VALUES = 500

_ROW = re.compile(r"^\s*-\s+\{?\s*id\s*:", re.MULTILINE)
_SOURCE = re.compile(r"([a-z][a-z0-9_]{0,63})\.([a-z][a-z0-9_]{0,63})")
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
_INPUT_KEYS = frozenset({"name", "type", "label", "values", "min", "max", "nullable", "default", "currency", "from"})
_OUTPUT_KEYS = frozenset({"name", "type", "label", "values", "nullable", "default", "currency"})
_ROW_KEYS = frozenset({"id", "when", "then", "because", "clause"})
_DEFAULT_KEYS = frozenset({"then", "because", "clause"})
_TEST_KEYS = frozenset({"name", "given", "expect", "rows"})
_ALL_NUMBERS = (phrase("values are not all numbers"), phrase("Write each without quotes."))
_ALL_TEXT = (phrase("values are not all text"), phrase("Quote each one."))


def parse_policy(text: str, file: str = "policy.yaml") -> PolicyTable:
    """The table a policy file describes.

    Raises `Invalid` that lists every problem of shape with file, line and row: not YAML, an unknown key, a missing or
    doubled name, a value of the wrong kind, too many rows.
    """
    _check_rows(sum(1 for _ in _ROW.finditer(text)), file)
    return _parsed(read_yaml(text, file), hashlib.sha256(text.encode()).hexdigest(), file)


def parse_document(document: Mapping[str, Any], file: str = "policy.yaml") -> PolicyTable:
    """The table of a file that was read already (`document.read_document`): without lines, and without a digest.

    Raises `Invalid` as `parse_policy` does.
    """
    rows = document.get("rows")
    _check_rows(len(rows) if isinstance(rows, list) else 0, file)
    return _parsed(_node_of(document), "", file)


def _check_rows(rows: int, file: str) -> None:
    if rows > MAX_ROWS:
        message = phrase("rows has more than %(most)s entries: %(rows)s", most=f"{MAX_ROWS:,}", rows=f"{rows:,}")
        fix = phrase("Split the policy, chain one to the other with from, or keep what is data in a price list.")
        raise refuse([Issue("shape", "error", message, file, fix=fix)])


def _parsed(root: Node, digest: str, file: str) -> PolicyTable:
    reader = _Reader(file)
    table = reader.table(root, digest)
    if reader.issues:
        raise refuse(reader.issues)
    return table


def _node_of(value: Any) -> Node:
    if isinstance(value, Mapping):
        return Node({str(name): _node_of(each) for name, each in value.items()}, 0)
    if isinstance(value, (list, tuple)):
        return Node([_node_of(each) for each in value], 0)
    return Node(value, 0)


class _Reader(Fields):
    """Reads a policy file."""

    def table(self, root: Node, digest: str) -> PolicyTable:
        top = self.mapping(root, "a policy file", _FILE_KEYS)
        version = top.get("version", Node(1, root.line))
        if isinstance(version.value, bool) or not isinstance(version.value, int) or not 1 <= version.value < 10**9:
            self.wrong(version, phrase("version is not a whole number from 1"))
        hit = self.hit(top, root.line)
        if "aggregate" in top and hit != "collect":
            self.wrong(top["aggregate"], phrase("aggregate is only for hit policy collect"), phrase("Remove it."))
        inputs = [self.input(n) for n in self.sequence(top.get("inputs"), "inputs", MAX_COLUMNS)]
        outputs = [self.output(n) for n in self.sequence(top.get("outputs"), "outputs", MAX_COLUMNS)]
        rows = [self.row(n) for n in self.sequence(top.get("rows"), "rows", MAX_ROWS)]
        for what, found in (("inputs", inputs), ("outputs", outputs), ("rows", rows)):
            if not found:
                self.wrong(top.get(what, root), phrase("a policy needs %(what)s", what=what))
        if hit in RANKED and outputs and not outputs[0].values:
            message = phrase("the first output of a %(hit)s table needs values", hit=hit)
            self.wrong(outputs[0].line, message, phrase("Rank them high to low."))
        taken = ({"list"} if hit in MULTIPLE else set()) | ({"count"} if "aggregate" in top else set())
        for column in (c for c in outputs if c.name in taken):
            message = phrase("an output of a %(hit)s table cannot be called %(column)s", hit=hit, column=column.name)
            self.wrong(column.line, message, phrase("Rename it: that is how the whole result is called."))
        both = {c.name for c in inputs} & {c.name for c in outputs}
        for name in sorted(both - {""}):
            self.wrong(root, phrase("%(name)s is an input and an output", name=name), phrase("Rename one."))
        return PolicyTable(
            policy=self.name(top, "policy", root.line),
            version=version.value if isinstance(version.value, int) else 0,
            title=self.text(top, "title", root.line),
            owner=self.text(top, "owner", root.line),
            hit=hit,
            inputs=self.unique(inputs, [c.name for c in inputs], [c.line for c in inputs], "inputs"),
            outputs=self.unique(outputs, [c.name for c in outputs], [c.line for c in outputs], "outputs"),
            rows=self.unique([_filled(r, outputs) for r in rows], [r.id for r in rows], [r.line for r in rows], "rows"),
            default=_filled_default(self.default(top.get("default")), outputs),
            tests=tuple(self.test(n) for n in self.sequence(top.get("tests"), "tests", MAX_TESTS)),
            digest=digest,
            file=self.file,
            aggregate=cast(Aggregate, self.choice(top, "aggregate", root.line, AGGREGATES, default="list")),
            description=self.text(top, "description", root.line, default=""),
        )

    def hit(self, top: dict[str, Node], line: int) -> Hit:
        node = top.get("hit")
        if node is not None and isinstance(node.value, str):
            top["hit"] = Node(node.value.lower().replace(" ", "_").replace("-", "_"), node.line)
        return cast(Hit, self.choice(top, "hit", line, HITS))

    def values(self, parent: dict[str, Node], kind: str, name: str, line: int) -> tuple[Value, ...]:
        node = parent.get("values")
        entries = self.sequence(node, "values", MAX_VALUES)
        found: list[Value] = []
        for entry in entries:
            value = entry.value
            if kind in NUMERIC and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
                found.append(Decimal(value))
            elif kind not in NUMERIC and isinstance(value, str):
                found.append(value)
        if len(found) != len(entries):
            told, fix = _ALL_NUMBERS if kind in NUMERIC else _ALL_TEXT
            self.wrong(node or line, told, fix, column=name)
        if len(set(found)) != len(found):
            self.wrong(node or line, phrase("values has one twice"), column=name)
        if kind == "enum" and not found:
            self.wrong(line, phrase("an enum needs values"), phrase("List what it may be."), column=name)
        if kind not in LISTABLE and found:
            self.wrong(line, phrase("values are for type enum"), phrase("Use type: enum, or remove them."), column=name)
        return tuple(found)

    def bound(self, parent: dict[str, Node], key: str, kind: str, name: str) -> Bound | None:
        if kind not in TIMES or key not in parent:
            return self.number(parent, key)
        try:
            return time_value(kind, parent[key].value)
        except BadTime as error:
            self.wrong(parent[key], phrase("%(key)s: %(error)s", key=key, error=error.said), column=name)
            return None

    def bounds(self, node: Node, parts: dict[str, Node], kind: str, name: str) -> tuple[Bound | None, Bound | None]:
        low, high = self.bound(parts, "min", kind, name), self.bound(parts, "max", kind, name)
        if (low is not None or high is not None) and kind not in ORDERED:
            self.wrong(node, phrase("min and max are for numbers"), phrase("Remove them."), column=name)
        if low is not None and high is not None and low > high:  # type: ignore[operator]  # both of the column's type
            self.wrong(node, phrase("min is above max"), column=name)
        return low, high

    def currency(self, parts: dict[str, Node], kind: str, name: str, line: int) -> str:
        code = self.text(parts, "currency", line, default="")
        if code and kind != "money":
            self.wrong(parts["currency"], phrase("currency is for type money"), phrase("Remove it."), column=name)
        elif code and code not in CURRENCIES:
            message = phrase("currency %(code)s is not an ISO 4217 code", code=repr(code))
            self.wrong(parts["currency"], message, phrase("Use three capitals such as EUR."), column=name)
        return code

    def source(self, parts: dict[str, Node], name: str) -> Source | None:
        node = parts.get("from")
        if node is None:
            return None
        found = _SOURCE.fullmatch(node.value) if isinstance(node.value, str) else None
        if found is None:
            message = phrase("from %(text)s is not another policy's output", text=repr(node.plain()))
            self.wrong(node, message, phrase("Write it policy.output, such as partner_risk.level."), column=name)
            return None
        return Source(found[1], found[2])

    def input(self, node: Node) -> InputColumn:
        parts = self.mapping(node, "an input", _INPUT_KEYS)
        kind = self.choice(parts, "type", node.line, INPUT_TYPES)
        name = self.name(parts, "name", node.line)
        low, high = self.bounds(node, parts, kind, name)
        if "from" in parts and "default" in parts:
            message = phrase("%(name)s comes from another policy, so it has no default", name=name)
            self.wrong(parts["default"], message, phrase("Remove one of the two."), column=name)
        return InputColumn(
            name=name,
            type=cast(ColumnType, kind),
            label=self.text(parts, "label", node.line, default=""),
            values=self.values(parts, kind, name, node.line),
            minimum=low,
            maximum=high,
            nullable=self.flag(parts, "nullable"),
            line=node.line,
            default=Default(parts["default"].plain()) if "default" in parts else None,
            currency=self.currency(parts, kind, name, node.line),
            source=self.source(parts, name),
        )

    def output(self, node: Node) -> OutputColumn:
        parts = self.mapping(node, "an output", _OUTPUT_KEYS)
        kind = self.choice(parts, "type", node.line, OUTPUT_TYPES)
        name = self.name(parts, "name", node.line)
        if name == "then":
            self.wrong(node, phrase("an output cannot be called then"))
        return OutputColumn(
            name=name,
            type=cast(ColumnType, kind),
            label=self.text(parts, "label", node.line, default=""),
            values=self.values(parts, kind, name, node.line),
            nullable=self.flag(parts, "nullable"),
            line=node.line,
            default=Default(_literal(parts["default"])) if "default" in parts else None,
            currency=self.currency(parts, kind, name, node.line),
        )

    def row(self, node: Node) -> Row:
        parts = self.mapping(node, "a row")
        row = self.name(parts, "id", node.line)
        if parts:
            self.mapping(node, "a row", _ROW_KEYS, row)
        if row == DEFAULT_ROW:
            self.wrong(
                node,
                phrase("a row cannot be called %(name)s", name=DEFAULT_ROW),
                phrase("That name means the default."),
            )
        when = self.mapping(parts["when"], "when", row=row) if "when" in parts else {}
        cells: dict[str, str] = {}
        for column, cell in when.items():
            if isinstance(cell.value, (list, dict)):
                self.wrong(cell, phrase("a cell is not text"), phrase('Quote it, for example "[1..10)".'), row, column)
            else:
                cells[column] = _cell(cell)
        if "then" not in parts:
            self.wrong(node, phrase("then is missing"), row=row)
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
                self.wrong(node, phrase("a test needs %(key)s", key=key))
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


def _filled(row: Row, outputs: Sequence[OutputColumn]) -> Row:
    """The row with the defaults of the outputs it does not give."""
    missing = {c.name: c.default.value for c in outputs if c.default is not None and c.name not in row.then}
    return replace(row, then={**row.then, **missing}) if missing else row


def _filled_default(row: Row | None, outputs: Sequence[OutputColumn]) -> Row | None:
    """What holds where no row fits: `default` of the file, with those of the outputs; or the outputs' alone, if they
    say enough."""
    given = [c for c in outputs if c.default is not None]
    if row is not None:
        return _filled(row, outputs)
    if not given or any(c.default is None and not c.nullable for c in outputs):
        return None
    return _filled(Row(DEFAULT_ROW, {}, {}, line=given[0].line), outputs)


def _cell(node: Node) -> str:
    if node.value is None:
        return "null"
    return str(node.value).lower() if isinstance(node.value, bool) else str(node.value)


def _literal(node: Node) -> object:
    value = node.plain()
    if isinstance(value, str) and value.startswith("="):
        return Formula(value[1:].strip())
    return value
