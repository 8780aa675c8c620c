"""A policy as a GoRules JSON Decision Model: one decision table node, and an expression node for an aggregate.

JDM knows the hit policies `first` and `collect`. Where rows are ranked they are written in rank order; `unique` and
`any` become `first`, which gives the same wherever they give anything. What the policy says besides its rows (names,
types, title) stands in the schema of the input node, which the library reads past.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from headgate.kernel import phrases
from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase
from headgate.policy.core.evaluation import plain_number, time_text
from headgate.policy.core.model import (
    MULTIPLE,
    NUMERIC,
    RANKED,
    Formula,
    InputColumn,
    Moment,
    OutputColumn,
    PolicyTable,
    Row,
)
from headgate.policy.core.reading import read_table
from headgate.policy.core.times import months_of
from headgate.policy.core.unary import BadCell, NotUnary, parse_unary, tokens
from headgate.policy.exchange.feel.tokens import BadFeel
from headgate.policy.exchange.jdm.cells import NotCarried, cell_text, counted, formula_text
from headgate.policy.exchange.notice import Exported, Refusals

MEDIA = "application/json"
OURS = "x-headgate"
TABLE, AGGREGATE = "headgate_table", "headgate_aggregate"
_BEYOND = frozenset({"datetime", "duration"})
_JSON_TYPES = {**dict.fromkeys(NUMERIC, "number"), "integer": "integer", "bool": "boolean", "list": "array"}
_JSON_TYPES |= {"months": "integer"}
_TOTALS = {"sum": "sum", "min": "min", "max": "max"}


def write_jdm(table: PolicyTable) -> Exported:
    """The file and what it cannot hold. Raises `Invalid` where a column or cell has no equal that decides the same."""
    wrong = Refusals(f"{table.policy}.json")
    graph = _Writer(table, wrong).graph()
    wrong.check()
    data = json.dumps(graph, ensure_ascii=False, indent=2).encode() + b"\n"
    return Exported(data, MEDIA, "json", tuple(wrong.notices))


class _Writer:
    def __init__(self, table: PolicyTable, wrong: Refusals) -> None:
        self.table = table
        self.wrong = wrong
        self.kinds = {c.name: c.type for c in table.inputs}
        self.names = {c.name: f"d({c.name})" if c.type == "date" else c.name for c in table.inputs}

    def graph(self) -> dict[str, Any]:
        table = self.table
        columns: list[InputColumn | OutputColumn] = [*table.inputs, *table.outputs]
        for column in columns:
            if column.type in _BEYOND:
                message = phrase("of type %(type)s has no equal in JDM", type=column.type)
                self.wrong.refuse(
                    phrase("column %(column)s", column=column.name),
                    message,
                    phrase("Export DMN, or state it as a date or a number."),
                )
            if column.type == "months":
                told = phrase("stands as a number of months in JDM: P1Y6M is 18")
                self.wrong.tell(
                    phrase("column %(name)s", name=column.name), told, phrase("Give and read such numbers there.")
                )
        for each in table.inputs:
            if each.default is not None:
                told = phrase("other tools do not know its default, which stands in the schema beside it")
                self.wrong.tell(phrase("input %(name)s", name=each.name), told, phrase("Give the fact always there."))
        if table.tests:
            self.wrong.tell(
                phrase("tests"),
                phrases.counted(
                    "%(count)s test has no place in JDM", "%(count)s tests have no place in JDM", len(table.tests)
                ),
                phrase("Keep the YAML file beside it."),
            )
        if table.hit in ("unique", "any"):
            told = (
                phrase("two rows that fit are not reported")
                if table.hit == "unique"
                else phrase("contradicting rows are not reported")
            )
            self.wrong.tell(
                phrase("hit"),
                phrase("%(hit)s becomes first: %(told)s by other tools", hit=table.hit, told=told),
                phrase("Lint finds them here."),
            )
        if table.hit in RANKED:
            self.wrong.tell(phrase("hit"), phrase("%(hit)s becomes rows in the order of their rank", hit=table.hit))
        if table.default is None and table.hit not in MULTIPLE:
            self.wrong.tell(
                phrase("default"), phrase("is none; where no row fits, JDM gives an empty result instead of an error")
            )
        total = table.hit == "collect" and table.aggregate != "list"
        order = ["request", TABLE, *([AGGREGATE] if total else []), "response"]
        nodes = [
            _node("request", "inputNode", 0, {"schema": json.dumps(self.schema(), ensure_ascii=False)}),
            _node(TABLE, "decisionTableNode", 1, self.decision_table(), name=table.title),
            *([_node(AGGREGATE, "expressionNode", 2, self.aggregate())] if total else []),
            _node("response", "outputNode", 3, {"schema": ""}),
        ]
        edges = [{"id": f"{a}-{b}", "type": "edge", "sourceId": a, "targetId": b} for a, b in pairwise(order)]
        return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}

    def schema(self) -> dict[str, Any]:
        table = self.table
        about = {
            "policy": table.policy,
            "version": table.version,
            "title": table.title,
            "owner": table.owner,
            "description": table.description,
            "hit": table.hit,
            "aggregate": table.aggregate,
            "outputs": {c.name: _about(c) for c in table.outputs},
            "inputs": {c.name: _about(c) for c in table.inputs},
        }
        properties = {
            c.name: ({"type": _JSON_TYPES.get(c.type, "string")} if not c.nullable else {})
            | ({"title": c.label} if c.label else {})
            for c in table.inputs
        }
        return {"type": "object", "properties": properties, OURS: about}

    def decision_table(self) -> dict[str, Any]:
        several = self.table.hit in MULTIPLE
        reading = read_table(self.table)
        if reading.issues:
            raise Invalid(
                phrase("%(policy)s does not lint: %(issues)s", policy=self.table.policy, issues=reading.issues[0])
            )
        rows = [r.row for r in reading.rows]
        if self.table.default is not None:
            if several:
                fix = phrase("State the default as a row of its own.")
                self.wrong.tell(phrase("default"), phrase("has no place where all rows that fit are collected"), fix)
            else:
                rows.append(self.table.default)
        return {
            "hitPolicy": "collect" if several else "first",
            "passThrough": False,
            "inputField": None,
            "outputPath": "list" if several else None,
            "executionMode": "single",
            "inputs": [{"id": f"in_{c.name}", "name": c.label or c.name, "field": c.name} for c in self.table.inputs],
            "outputs": [
                {"id": f"out_{c.name}", "name": c.label or c.name, "field": c.name} for c in self.table.outputs
            ],
            "rules": [self.rule(row) for row in rows],
        }

    def rule(self, row: Row) -> dict[str, str]:
        return {
            "_id": row.id,
            "_description": row.because,
            "_clause": row.clause,
            **{f"in_{c.name}": self.cell(row, c) for c in self.table.inputs},
            **dict(self.outputs(row)),
        }

    def cell(self, row: Row, column: InputColumn) -> str:
        text = row.when.get(column.name, "")
        try:
            if self.months(text, column.type):
                text = counted(text)
            return cell_text(text, column, self.kinds, self.names)
        except NotCarried as error:
            if "date" in self.kinds.values():
                self.wrong.refuse(
                    phrase("row %(row)s, column %(column)s", row=row.id, column=column.name),
                    phrase("%(text)s: %(error)s", text=repr(text), error=error.said),
                )
            return text  # ZEN of its own kind, which the library reads as we do
        except BadFeel as error:
            self.wrong.refuse(
                phrase("row %(row)s, column %(column)s", row=row.id, column=column.name),
                phrase("%(text)s: %(error)s", text=repr(text), error=error.said),
            )
            return ""

    def months(self, text: str, kind: str) -> bool:
        """Whether a cell or formula has to do with durations of months. Raises `BadFeel` where it computes with them:
        numbers would come out rounded in another way, or mean days."""
        found = tokens(text)
        spans = any(one.text == "duration" and two.text == "(" for one, two in pairwise(found))
        if kind != "months" and not spans and not any(self.kinds.get(t.text) == "months" for t in found):
            return False
        try:
            parse_unary(text)
        except (NotUnary, BadCell):
            raise BadFeel(
                phrase("JDM counts months in numbers and computes nothing with them; compare with values")
            ) from None
        return True

    def outputs(self, row: Row) -> Iterator[tuple[str, str]]:
        for column in self.table.outputs:
            value = row.then.get(column.name)
            try:
                if isinstance(value, Formula):
                    self.months(value.text, column.type)
                elif column.type == "months" and value is not None:
                    value = Decimal(months_of(str(value)).count)
                told = formula_text(value.text, self.kinds, self.names) if isinstance(value, Formula) else _value(value)
            except NotCarried:
                assert isinstance(value, Formula)
                told = value.text
            except (BadFeel, BadCell) as error:
                self.wrong.refuse(phrase("row %(row)s, column %(column)s", row=row.id, column=column.name), error.said)
                continue
            yield f"out_{column.name}", told

    def aggregate(self) -> dict[str, Any]:
        how = self.table.aggregate
        keys = {"count": "len(list)"} if how == "count" else {}
        for column in self.table.outputs:
            if how in _TOTALS and column.type in NUMERIC:
                keys[column.name] = f"{_TOTALS[how]}(map(list, #.{column.name}))"
        expressions = [{"id": key, "key": key, "value": value} for key, value in {"list": "list", **keys}.items()]
        return {"expressions": expressions, "passThrough": False, "inputField": None, "outputPath": None}


def _node(id_: str, kind: str, place: int, content: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    return {
        "id": id_,
        "name": name or id_,
        "type": kind,
        "position": {"x": 100 + 280 * place, "y": 100},
        "content": dict(content),
    }


def _about(column: InputColumn | OutputColumn) -> dict[str, Any]:
    low, high = getattr(column, "minimum", None), getattr(column, "maximum", None)
    found = {
        "type": column.type,
        "label": column.label,
        "values": [plain_number(v) if isinstance(v, Decimal) else str(v) for v in column.values],
        "min": None if low is None else _bound(low),
        "max": None if high is None else _bound(high),
        "nullable": column.nullable,
        "currency": column.currency,
        "from": str(getattr(column, "source", None) or ""),
    }
    kept = {key: value for key, value in found.items() if value}
    return kept if column.default is None else {**kept, "default": _default(column.default.value)}


def _default(value: object) -> object:
    """A default as JSON that `reading` takes back: numbers and times as text, a formula under its name."""
    if isinstance(value, Formula):
        return {"formula": value.text}
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    return plain_number(Decimal(value)) if isinstance(value, (int, Decimal)) else _told(value)


def _told(value: object) -> str:
    return time_text(value) if isinstance(value, Moment) else str(value)


def _bound(value: Any) -> str:
    return time_text(value) if isinstance(value, Moment) else plain_number(value)


def _value(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return plain_number(Decimal(value))
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(str(v)) for v in value)}]"
    text = str(value)
    if "'" in text and '"' in text:
        raise BadCell(
            phrase("the text %(text)s holds both kinds of quotes, which ZEN cannot write", text=repr(text[:40]))
        )
    return f'"{text}"' if "'" in text else f"'{text}'"
