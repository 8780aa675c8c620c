"""One node of a GoRules model as a policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from headgate.kernel.phrases import phrase
from headgate.policy.core.fields import MAX_TEXT
from headgate.policy.core.model import (
    AGGREGATES,
    HITS,
    INPUT_TYPES,
    Aggregate,
    ColumnType,
    Hit,
    InputColumn,
    OutputColumn,
    PolicyTable,
    Row,
    Source,
)
from headgate.policy.core.parse import MAX_COLUMNS, MAX_ROWS
from headgate.policy.core.reading import read_table
from headgate.policy.core.unary import BadCell, tokens
from headgate.policy.exchange.jdm.values import (
    bound,
    cell_text,
    content_of,
    default_of,
    guessed,
    kind_of,
    name_of,
    objects,
    result_of,
    source_of,
    values_of,
)
from headgate.policy.exchange.jdm.writing import OURS
from headgate.policy.exchange.names import slug, unused
from headgate.policy.exchange.notice import Refusals


class Node:
    """A decision table or expression node. `upstream`: what policies before it give; `taken`: names of policies that
    are in use."""

    def __init__(
        self,
        node: dict[str, Any],
        schema: Mapping[str, Any],
        upstream: Mapping[str, str],
        taken: set[str],
        wrong: Refusals,
    ) -> None:
        self.node = node
        self.content = content_of(node)
        self.where = f"node {name_of(node)}"
        self.schema = schema
        ours = schema.get(OURS)
        self.ours: Mapping[str, Any] = ours if isinstance(ours, dict) else {}
        self.upstream = upstream
        self.taken = taken
        self.wrong = wrong

    def policy(self) -> PolicyTable | None:
        """The policy, if nothing of the node had to be refused."""
        before = len(self.wrong.found)
        if self.content.get("executionMode") == "loop" or self.content.get("inputField"):
            self.wrong.refuse(
                self.where, phrase("runs once for each member of a list"), phrase("Ask the policy once for each.")
            )
        table = self.expressions() if self.node.get("type") == "expressionNode" else self.decision_table()
        if len(self.wrong.found) > before or table is None:
            return None
        for issue in read_table(table).issues:
            place = phrase("%(where)s, row %(row)s", where=self.where, row=issue.row)
            if issue.column:
                place = phrase("%(where)s, column %(column)s", where=place, column=issue.column)
            self.wrong.refuse(place, issue.message, issue.fix)
        return table

    def table(self, hit: Hit, inputs: list[InputColumn], outputs: list[OutputColumn], rows: list[Row]) -> PolicyTable:
        about = self.ours
        owner = str(about.get("owner") or "")
        if not owner:
            self.wrong.tell(self.where, phrase("has no owner; the policy's is set to 'unowned'"), phrase("Set it."))
        version = about.get("version")
        aggregate = str(about.get("aggregate") or "list")
        default = next((r for r in rows if r.id == "default"), None)
        return PolicyTable(
            policy=unused(slug(str(about.get("policy") or name_of(self.node)), "policy"), self.taken),
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
            self.wrong.refuse(
                self.where,
                phrase("the hit policy %(hit)s is not known", hit=repr(str(self.content.get("hitPolicy"))[:40])),
            )
            return None
        rules = objects(self.content.get("rules"))
        if len(rules) > MAX_ROWS:
            self.wrong.refuse(
                self.where,
                phrase("has more than %(most)s rules", most=MAX_ROWS),
                phrase("Split it into several tables."),
            )
            return None
        ins, outs = objects(self.content.get("inputs")), objects(self.content.get("outputs"))
        if max(len(ins), len(outs)) > MAX_COLUMNS:
            self.wrong.refuse(self.where, phrase("has more than %(most)s columns of a kind", most=MAX_COLUMNS))
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
        place = phrase("%(where)s, column %(column)s", where=self.where, column=str(column.get("name"))[:40])
        if filled:
            self.wrong.refuse(
                place, phrase("has cells but names no field"), phrase("Give the column the field it looks at.")
            )
        else:
            self.wrong.tell(place, phrase("names no field and has no cells, and is left out"))
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
        place = phrase("%(where)s, input %(field)s", where=self.where, field=field[:40])
        if not re.fullmatch(r"[A-Za-z_][\w.]*", field):
            self.wrong.refuse(place, phrase("is computed, and a policy only reads facts"), phrase("Name a field."))
            return None
        about = self.known("inputs", field)
        kind = str(about.get("type") or "") or guessed([str(r.get(str(column.get("id"))) or "") for r in rules])
        if kind not in INPUT_TYPES:
            fix = phrase("Give the input node a schema that types it.")
            self.wrong.refuse(place, phrase("has no type, and its cells do not tell one"), fix)
            return None
        label = str(about.get("label") or "") or (str(column.get("name") or field) if field != name else "")
        policy = self.upstream.get(name)
        return InputColumn(
            name=name,
            type=cast(ColumnType, kind),
            label=label[:MAX_TEXT],
            values=values_of(about, kind),
            minimum=bound(about, "min", kind),
            maximum=bound(about, "max", kind),
            nullable=about.get("nullable") is True,
            currency=str(about.get("currency") or ""),
            source=Source(policy, name) if policy else source_of(about),
            default=None if policy else default_of(about, kind),
        )

    def output(self, column: Mapping[str, Any], rules: list[dict[str, Any]]) -> OutputColumn | None:
        field = str(column.get("field") or "").strip()
        name = slug(field.replace(".", "_"))
        cells = [str(r.get(str(column.get("id"))) or "").strip() for r in rules]
        about = self.known("outputs", field)
        kind = str(about.get("type") or "") or guessed(cells)
        if kind not in INPUT_TYPES:
            place = phrase("%(where)s, output %(field)s", where=self.where, field=field[:40])
            self.wrong.refuse(
                place, phrase("has no type that its cells tell"), phrase("Write at least one plain value in it.")
            )
            return None
        label = str(about.get("label") or "") or (str(column.get("name") or field) if field != name else "")
        return OutputColumn(
            name=name,
            type=cast(ColumnType, kind),
            label=label[:MAX_TEXT],
            values=values_of(about, kind),
            nullable=about.get("nullable") is True or any(c in ("", "null") for c in cells),
            currency=str(about.get("currency") or ""),
            default=default_of(about, kind),
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
            if text := cell_text(str(rule.get(id_) or ""), column):
                when[column.name] = text
        then: dict[str, object] = {}
        for id_, output in outputs:
            then[output.name] = result_of(str(rule.get(id_) or ""), output.type)
        because = str(rule.get("_description") or "")[:MAX_TEXT]
        if not mine:
            because = because.replace("{", "(").replace("}", ")")
        return Row(name, when, then, because, str(rule.get("_clause") or "")[:MAX_TEXT], line=number)

    def expressions(self) -> PolicyTable | None:
        """An expression node as one row that always fits, which reads the facts its expressions name."""
        found = objects(self.content.get("expressions"))
        then: dict[str, object] = {}
        facts: dict[str, None] = {}
        for item in found:
            key, text = str(item.get("key") or ""), str(item.get("value") or "")
            place = phrase("%(where)s, expression %(key)s", where=self.where, key=key[:40])
            try:
                pieces = tokens(text)
            except BadCell as error:
                self.wrong.refuse(place, phrase("%(text)s: %(error)s", text=repr(text[:60]), error=error.said))
                continue
            words = [t.text for i, t in enumerate(pieces[:-1]) if t.kind == "word" and pieces[i + 1].text != "("]
            facts.update(
                dict.fromkeys(w for w in words if w not in ("and", "or", "not", "in", "true", "false", "null"))
            )
            then[slug(key)] = result_of(text, "")
        inputs = [c for f in facts if (c := self.input({"field": f, "id": f}, [])) is not None]
        outputs = [OutputColumn(name, kind_of(value)) for name, value in then.items()]
        if not inputs and not self.wrong.found:
            self.wrong.refuse(self.where, phrase("looks at nothing, so there is nothing to decide"))
        if not outputs:
            self.wrong.refuse(self.where, phrase("has no expressions"))
        return self.table("first", inputs, outputs, [Row("always", {}, then)])
