"""A GoRules JSON Decision Model as policies: its decision table nodes, and expression nodes as rows that always fit.

Function nodes hold JavaScript and are refused: rules never run host code. Custom, switch and nested decision nodes have
no equal and are refused by name. Tables that feed tables become chained inputs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from headgate.kernel.months import Months, months_text
from headgate.policy.core.fields import MAX_TEXT
from headgate.policy.core.model import (
    AGGREGATES,
    HITS,
    INPUT_TYPES,
    NUMERIC,
    ORDERED,
    Aggregate,
    ColumnType,
    Default,
    Formula,
    Hit,
    InputColumn,
    OutputColumn,
    PolicyTable,
    Row,
    Source,
)
from headgate.policy.core.parse import MAX_COLUMNS, MAX_ROWS
from headgate.policy.core.reading import read_table
from headgate.policy.core.times import BadTime, time_value
from headgate.policy.core.unary import BadCell, Compare, NotUnary, Range, parse_unary, tokens
from headgate.policy.exchange.jdm.cells import as_months
from headgate.policy.exchange.jdm.writing import AGGREGATE, OURS
from headgate.policy.exchange.names import slug, unused
from headgate.policy.exchange.notice import Imported, Refusals, refusal

MAX_NODES = 100
_REFUSED = {
    "functionNode": ("runs a program, and rules never run host code", "State it as a table or as expressions."),
    "customNode": ("runs code of another tool", "State it as a table or as expressions."),
    "switchNode": ("branches between nodes, which policies do not have", "Write the condition into the table's rows."),
    "decisionNode": ("calls a decision in another file", "Import that file and chain the two policies."),
}
_IGNORED = ("inputNode", "outputNode")


def read_jdm(data: bytes, file: str) -> list[Imported]:
    """The policies of the model, in the order of its graph. Raises `Invalid` with every reason and its place."""
    try:
        graph = json.loads(data.decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise refusal(file, "the file", f"is not JSON: {str(error)[:200]}") from None
    if not isinstance(graph, dict) or not isinstance(graph.get("nodes"), list):
        raise refusal(file, "the file", "is not a GoRules decision model: it has no list of nodes")
    wrong = Refusals(file)
    found = _Graph(graph, wrong).policies()
    wrong.check()
    return [Imported(table, tuple(wrong.notices) if place == 0 else ()) for place, table in enumerate(found)]


class _Graph:
    def __init__(self, graph: dict[str, Any], wrong: Refusals) -> None:
        self.wrong = wrong
        nodes = [n for n in graph["nodes"] if isinstance(n, dict) and isinstance(n.get("id"), str)]
        if len(nodes) != len(graph["nodes"]) or len(nodes) > MAX_NODES:
            wrong.refuse("nodes", f"are not at most {MAX_NODES} objects with an id")
        self.nodes: dict[str, dict[str, Any]] = {n["id"]: n for n in nodes[:MAX_NODES]}
        edges = graph.get("edges") if isinstance(graph.get("edges"), list) else []
        self.before: dict[str, set[str]] = {id_: set() for id_ in self.nodes}
        for edge in cast(list[Any], edges):
            source, target = (edge.get("sourceId"), edge.get("targetId")) if isinstance(edge, dict) else (None, None)
            if source in self.nodes and target in self.nodes:
                self.before[cast(str, target)].add(cast(str, source))
            else:
                wrong.refuse(f"edge {str(edge)[:60]}", "leads from or to a node that is not there")
        self.about = self.schema()

    def schema(self) -> dict[str, Any]:
        """What the input node says of types; ours under its own key."""
        for node in self.nodes.values():
            text = _content(node).get("schema")
            if node.get("type") == "inputNode" and isinstance(text, str) and text.strip():
                try:
                    found = json.loads(text)
                except (ValueError, RecursionError):
                    self.wrong.tell(f"node {_name(node)}", "has a schema that is not JSON, so it tells no types")
                    continue
                return found if isinstance(found, dict) else {}
        return {}

    def policies(self) -> list[PolicyTable]:
        found: list[PolicyTable] = []
        made: dict[str, str] = {}  # outputs of nodes before, by the policy that gives them
        for node in self.ordered():
            kind = node.get("type")
            if kind in _IGNORED or node["id"] == AGGREGATE:
                continue
            if kind in ("decisionTableNode", "expressionNode"):
                upstream = {o: p for o, p in made.items() if p in self.above(node["id"], found)}
                table = _Node(node, self.about, upstream, {t.policy for t in found}, self.wrong).policy()
                if table is not None:
                    found.append(table)
                    self.nodes[node["id"]]["_policy"] = table.policy
                    made.update({o.name: table.policy for o in table.outputs})
                continue
            message, fix = _REFUSED.get(str(kind), ("is of a kind that policies do not have", ""))
            self.wrong.refuse(f"node {_name(node)} ({str(kind)[:40]})", message, fix)
        if not found and not self.wrong.found:
            self.wrong.refuse("the model", "has no decision table")
        return found

    def above(self, id_: str, found: list[PolicyTable]) -> set[str]:
        """The policies made of nodes that come before a node."""
        seen: set[str] = set()
        open_ = [id_]
        while open_:
            for before in self.before[open_.pop()] - seen:
                seen.add(before)
                open_.append(before)
        return {str(self.nodes[i].get("_policy")) for i in seen} & {t.policy for t in found}

    def ordered(self) -> Iterator[dict[str, Any]]:
        done: set[str] = set()
        waiting = list(self.nodes)
        while waiting:
            ready = [id_ for id_ in waiting if self.before[id_] <= done]
            if not ready:
                names = ", ".join(_name(self.nodes[id_]) for id_ in waiting[:10])
                self.wrong.refuse("edges", f"the nodes {names} feed each other in a circle", "Remove an edge.")
                return
            done.update(ready)
            waiting = [id_ for id_ in waiting if id_ not in done]
            yield from (self.nodes[id_] for id_ in ready)


class _Node:
    def __init__(
        self,
        node: dict[str, Any],
        schema: Mapping[str, Any],
        upstream: Mapping[str, str],
        taken: set[str],
        wrong: Refusals,
    ) -> None:
        self.node = node
        self.content = _content(node)
        self.where = f"node {_name(node)}"
        self.schema = schema
        ours = schema.get(OURS)
        self.ours: Mapping[str, Any] = ours if isinstance(ours, dict) else {}
        self.upstream = upstream
        self.taken = taken
        self.wrong = wrong

    def policy(self) -> PolicyTable | None:
        before = len(self.wrong.found)
        if self.content.get("executionMode") == "loop" or self.content.get("inputField"):
            self.wrong.refuse(self.where, "runs once for each member of a list", "Ask the policy once for each.")
        table = self.expressions() if self.node.get("type") == "expressionNode" else self.decision_table()
        if len(self.wrong.found) > before or table is None:
            return None
        for issue in read_table(table).issues:
            place = f"{self.where}, row {issue.row}" + (f", column {issue.column}" if issue.column else "")
            self.wrong.refuse(place, issue.message, issue.fix)
        return table

    def table(self, hit: Hit, inputs: list[InputColumn], outputs: list[OutputColumn], rows: list[Row]) -> PolicyTable:
        about = self.ours
        owner = str(about.get("owner") or "")
        if not owner:
            self.wrong.tell(self.where, "has no owner; the policy's is set to 'unowned'", "Set it.")
        version = about.get("version")
        aggregate = str(about.get("aggregate") or "list")
        default = next((r for r in rows if r.id == "default"), None)
        return PolicyTable(
            policy=unused(slug(str(about.get("policy") or _name(self.node)), "policy"), self.taken),
            version=version if isinstance(version, int) and 0 < version < 10**9 else 1,
            title=str(about.get("title") or self.node.get("name") or "Untitled")[:MAX_TEXT],
            owner=(owner or "unowned")[:MAX_TEXT],
            hit=hit,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            rows=tuple(r for r in rows if r is not default),
            default=default,
            tests=(),
            digest="",
            file=self.wrong.file,
            aggregate=cast(Aggregate, aggregate if hit == "collect" and aggregate in AGGREGATES else "list"),
            description=str(about.get("description") or "")[:MAX_TEXT],
        )

    def decision_table(self) -> PolicyTable | None:
        hits = {"first": "first", "collect": "collect"}
        hit = str(self.ours.get("hit") or hits.get(str(self.content.get("hitPolicy")), ""))
        if hit not in HITS:
            self.wrong.refuse(self.where, f"the hit policy {str(self.content.get('hitPolicy'))[:40]!r} is not known")
            return None
        rules = _objects(self.content.get("rules"))
        if len(rules) > MAX_ROWS:
            self.wrong.refuse(self.where, f"has more than {MAX_ROWS} rules", "Split it into several tables.")
            return None
        ins, outs = _objects(self.content.get("inputs")), _objects(self.content.get("outputs"))
        if max(len(ins), len(outs)) > MAX_COLUMNS:
            self.wrong.refuse(self.where, f"has more than {MAX_COLUMNS} columns of a kind")
            return None
        inputs = [(str(c.get("id")), self.input(c, rules)) for c in ins if self.used(c, rules)]
        outputs = [(str(c.get("id")), self.output(c, rules)) for c in outs]
        known_in = [(id_, c) for id_, c in inputs if c is not None]
        known_out = [(id_, c) for id_, c in outputs if c is not None]
        names: set[str] = set()
        rows = [self.row(rule, number, known_in, known_out, names) for number, rule in enumerate(rules, start=1)]
        return self.table(cast(Hit, hit), [c for _, c in known_in], [c for _, c in known_out], rows)

    def used(self, column: Mapping[str, Any], rules: list[dict[str, Any]]) -> bool:
        """Whether a column names its fact; one that does not may be left out when all its cells are empty."""
        if str(column.get("field") or "").strip():
            return True
        filled = [r for r in rules if str(r.get(str(column.get("id"))) or "").strip()]
        place = f"{self.where}, column {str(column.get('name'))[:40]}"
        if filled:
            self.wrong.refuse(place, "has cells but names no field", "Give the column the field it looks at.")
        else:
            self.wrong.tell(place, "names no field and has no cells, and is left out")
        return False

    def known(self, side: str, field: str) -> Mapping[str, Any]:
        found = self.ours.get(side)
        about = found.get(field) if isinstance(found, dict) else None
        if isinstance(about, dict):
            return about
        properties = self.schema.get("properties") if side == "inputs" else None
        told = properties.get(field) if isinstance(properties, dict) else None
        if not isinstance(told, dict):
            return {}
        kinds = {"number": "number", "integer": "integer", "string": "string", "boolean": "bool", "array": "list"}
        kind = kinds.get(str(told.get("type")), "")
        if kind == "string" and told.get("format") == "date":
            kind = "date"
        return {"type": kind, "label": told.get("title") or ""}

    def input(self, column: Mapping[str, Any], rules: list[dict[str, Any]]) -> InputColumn | None:
        field = str(column.get("field")).strip()
        name = slug(field.replace(".", "_"))
        place = f"{self.where}, input {field[:40]}"
        if not re.fullmatch(r"[A-Za-z_][\w.]*", field):
            self.wrong.refuse(place, "is computed, and a policy only reads facts", "Name a field.")
            return None
        about = self.known("inputs", field)
        kind = str(about.get("type") or "") or _guessed([str(r.get(str(column.get("id"))) or "") for r in rules])
        if kind not in INPUT_TYPES:
            fix = "Give the input node a schema that types it."
            self.wrong.refuse(place, "has no type, and its cells do not tell one", fix)
            return None
        label = str(about.get("label") or "") or (str(column.get("name") or field) if field != name else "")
        policy = self.upstream.get(name)
        return InputColumn(
            name=name,
            type=cast(ColumnType, kind),
            label=label[:MAX_TEXT],
            values=_values(about, kind),
            minimum=_bound(about, "min", kind),
            maximum=_bound(about, "max", kind),
            nullable=about.get("nullable") is True,
            currency=str(about.get("currency") or ""),
            source=Source(policy, name) if policy else _source(about),
            default=None if policy else _default(about, kind),
        )

    def output(self, column: Mapping[str, Any], rules: list[dict[str, Any]]) -> OutputColumn | None:
        field = str(column.get("field") or "").strip()
        name = slug(field.replace(".", "_"))
        cells = [str(r.get(str(column.get("id"))) or "").strip() for r in rules]
        about = self.known("outputs", field)
        kind = str(about.get("type") or "") or _guessed(cells)
        if kind not in INPUT_TYPES:
            place = f"{self.where}, output {field[:40]}"
            self.wrong.refuse(place, "has no type that its cells tell", "Write at least one plain value in it.")
            return None
        label = str(about.get("label") or "") or (str(column.get("name") or field) if field != name else "")
        return OutputColumn(
            name=name,
            type=cast(ColumnType, kind),
            label=label[:MAX_TEXT],
            values=_values(about, kind),
            nullable=about.get("nullable") is True or any(c in ("", "null") for c in cells),
            currency=str(about.get("currency") or ""),
            default=_default(about, kind),
        )

    def row(
        self,
        rule: Mapping[str, Any],
        number: int,
        inputs: list[tuple[str, InputColumn]],
        outputs: list[tuple[str, OutputColumn]],
        taken: set[str],
    ) -> Row:
        given = str(rule.get("_id") or "")
        mine = bool(self.ours) and re.fullmatch(r"[a-z][a-z0-9_]{0,63}", given)
        name = given if mine and given not in taken else unused(f"row_{number}", taken)
        taken.add(name)
        when: dict[str, str] = {}
        for id_, column in inputs:
            if text := _cell(str(rule.get(id_) or ""), column):
                when[column.name] = text
        then: dict[str, object] = {}
        for id_, output in outputs:
            then[output.name] = _result(str(rule.get(id_) or ""), output.type)
        because = str(rule.get("_description") or "")[:MAX_TEXT]
        if not mine:
            because = because.replace("{", "(").replace("}", ")")
        return Row(name, when, then, because, str(rule.get("_clause") or "")[:MAX_TEXT], line=number)

    def expressions(self) -> PolicyTable | None:
        """An expression node as one row that always fits, which reads the facts its expressions name."""
        found = _objects(self.content.get("expressions"))
        then: dict[str, object] = {}
        facts: dict[str, None] = {}
        for item in found:
            key, text = str(item.get("key") or ""), str(item.get("value") or "")
            place = f"{self.where}, expression {key[:40]}"
            try:
                pieces = tokens(text)
            except BadCell as error:
                self.wrong.refuse(place, f"{text[:60]!r}: {error}")
                continue
            words = [t.text for i, t in enumerate(pieces[:-1]) if t.kind == "word" and pieces[i + 1].text != "("]
            facts.update(
                dict.fromkeys(w for w in words if w not in ("and", "or", "not", "in", "true", "false", "null"))
            )
            then[slug(key)] = _result(text, "")
        inputs = [c for f in facts if (c := self.input({"field": f, "id": f}, [])) is not None]
        outputs = [OutputColumn(name, _kind_of(value)) for name, value in then.items()]
        if not inputs and not self.wrong.found:
            self.wrong.refuse(self.where, "looks at nothing, so there is nothing to decide")
        if not outputs:
            self.wrong.refuse(self.where, "has no expressions")
        return self.table("first", inputs, outputs, [Row("always", {}, then)])


def _content(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found = node.get("content")
    return found if isinstance(found, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _name(node: Mapping[str, Any]) -> str:
    return str(node.get("name") or node.get("id"))[:60]


def _cell(text: str, column: InputColumn) -> str:
    text = text.strip()
    if text in ("", "-"):
        return ""
    if column.type == "months":
        return as_months(text)
    return re.sub(r"\bd\((\$|[a-z][a-z0-9_]*)\)", r"\1", text) if column.type == "date" else text


def _result(text: str, kind: str) -> object:
    text = text.strip()
    if text in ("", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", text):
        number = Decimal(text)
        if kind == "months" and number == number.to_integral_value():
            return months_text(Months(int(number)))
        return int(number) if kind == "integer" and number == number.to_integral_value() else number
    if re.fullmatch(r"'[^']*'|\"[^\"]*\"", text) and not text[1:].startswith("="):
        return text[1:-1]
    if kind == "list" and re.fullmatch(r"\[\s*(('[^']*'|\"[^\"]*\")\s*(,\s*|(?=\])))*\]", text):
        return [a or b for a, b in re.findall(r"'([^']*)'|\"([^\"]*)\"", text)]
    return Formula(re.sub(r"\bd\(([a-z][a-z0-9_]*)\)", r"\1", text))


def _kind_of(value: object) -> ColumnType:
    return "string" if isinstance(value, str) else "bool" if isinstance(value, bool) else "number"


def _guessed(cells: list[str]) -> str:
    kinds: set[str] = set()
    for cell in cells:
        try:
            tests = parse_unary(cell)
        except (NotUnary, BadCell):
            continue
        for test in tests:
            value = test.low if isinstance(test, Range) else test.value if isinstance(test, Compare) else None
            if value is not None:
                kinds.add(type(value).__name__)
    named = {"Decimal": "number", "str": "string", "bool": "bool", "date": "date"}
    return named.get(kinds.pop(), "") if len(kinds) == 1 else ""


def _values(about: Mapping[str, Any], kind: str) -> tuple[Any, ...]:
    found = about.get("values")
    texts = [str(v) for v in found] if isinstance(found, list) else []
    if kind in NUMERIC:
        return tuple(Decimal(t) for t in texts if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", t))
    return tuple(texts)


def _bound(about: Mapping[str, Any], key: str, kind: str) -> Any:
    text = about.get(key)
    if not isinstance(text, str) or kind not in ORDERED:
        return None
    if kind in NUMERIC:
        return Decimal(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", text) else None
    try:
        return time_value(kind, text)
    except BadTime:
        return None


def _default(about: Mapping[str, Any], kind: str) -> Default | None:
    """The default of a column as our own export wrote it; what else stands there is none."""
    if "default" not in about:
        return None
    value = about["default"]
    if isinstance(value, dict):
        text = value.get("formula")
        return Default(Formula(text)) if isinstance(text, str) and text.strip() else None
    if isinstance(value, list):
        return Default([each for each in value if isinstance(each, str)])
    if kind in NUMERIC and isinstance(value, str):
        return Default(Decimal(value)) if re.fullmatch(r"-?\d{1,15}(\.\d{1,12})?", value) else None
    return Default(value) if value is None or isinstance(value, (bool, str)) else None


def _source(about: Mapping[str, Any]) -> Source | None:
    match = re.fullmatch(r"([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)", str(about.get("from") or ""))
    return Source(match[1], match[2]) if match else None
