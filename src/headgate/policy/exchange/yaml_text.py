"""A policy table as the YAML that `parse_policy` reads back to the same table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from headgate.policy.core.evaluation import plain_number, time_text
from headgate.policy.core.model import Bound, Formula, InputColumn, OutputColumn, PolicyTable, PolicyTest, Row

# Texts that YAML takes literally also inside [ ] and { }: no quote, colon, hash, comma or bracket.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[ /().%&+-]*[A-Za-z0-9_().%])*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_NOT_PRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,12}")


def write_yaml(table: PolicyTable) -> str:
    """The policy file. Reading it gives the same table, but for lines, file name and digest; comments are not kept."""
    lines = [
        f"policy: {scalar(table.policy)}",
        f"version: {table.version}",
        f"title: {scalar(table.title)}",
        *([f"description: {scalar(table.description)}"] if table.description else []),
        f"owner: {scalar(table.owner)}",
        f"hit: {table.hit}",
        *([f"aggregate: {table.aggregate}"] if table.hit == "collect" and table.aggregate != "list" else []),
        "inputs:",
        *(f"  - {flow(_input(c))}" for c in table.inputs),
        "outputs:",
        *(f"  - {flow(_output(c))}" for c in table.outputs),
        "rows:",
        *(line for row in table.rows for line in _row(row)),
        *(_default(table.default) if table.default else []),
        *(["tests:"] if table.tests else []),
        *(line for test in table.tests for line in _test(test)),
    ]
    return "\n".join(lines) + "\n"


def scalar(value: object) -> str:
    """A value as YAML: plain where that is safe, else in double quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        text = plain_number(Decimal(value))
        return text if _WHOLE.fullmatch(text) or _DECIMAL.fullmatch(text) else f'"{text}"'
    text = time_text(value) if isinstance(value, (date, timedelta)) else str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and " #" not in text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _NOT_PRINTABLE.sub(lambda m: f"\\u{ord(m.group()):04x}", quoted)


def flow(value: object) -> str:
    """A value in YAML's one-line form."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    return scalar(f"= {value.text}") if isinstance(value, Formula) else scalar(value)


def _bound(value: Bound | None) -> object:
    return time_text(value) if isinstance(value, (date, timedelta)) else value


def _default_of(column: InputColumn | OutputColumn) -> dict[str, object]:
    return {} if column.default is None else {"default": column.default.value}


def _given(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    return {name: value for name, value in pairs if value is not None and value != "" and value != () and value != []}


def _input(column: InputColumn) -> dict[str, object]:
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


def _output(column: OutputColumn) -> dict[str, object]:
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


def _row(row: Row) -> list[str]:
    return [
        f"  - id: {scalar(row.id)}",
        *([f"    when: {flow({k: str(v) for k, v in row.when.items()})}"] if row.when else []),
        *_consequence(row, "    "),
    ]


def _default(row: Row) -> list[str]:
    return ["default:", *_consequence(row, "  ")]


def _consequence(row: Row, indent: str) -> list[str]:
    return [
        f"{indent}then: {flow(row.then)}",
        *([f"{indent}because: {scalar(row.because)}"] if row.because else []),
        *([f"{indent}clause: {scalar(row.clause)}"] if row.clause else []),
    ]


def _test(test: PolicyTest) -> list[str]:
    lines = [
        *([f"name: {scalar(test.name)}"] if test.name else []),
        f"given: {flow(test.given)}",
        f"expect: {flow(test.expect)}",
        *([f"rows: {flow(test.rows)}"] if test.rows is not None else []),
    ]
    return [("  - " if i == 0 else "    ") + line for i, line in enumerate(lines)]
