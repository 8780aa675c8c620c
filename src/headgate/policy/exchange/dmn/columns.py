"""The columns of a DMN decision table as those of a policy: names, types, bounds, and what an input comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headgate.kernel.phrases import phrase
from headgate.policy.core.fields import MAX_TEXT
from headgate.policy.core.model import NUMERIC, RANKED, ColumnType, InputColumn, OutputColumn, Source
from headgate.policy.exchange.dmn.model import Decision, Definitions, Input, Output, Table
from headgate.policy.exchange.dmn.types import BASES, BadType, Kind, bounded, inferred, resolve
from headgate.policy.exchange.feel import BadFeel, parse_expression, parse_tests, print_expression
from headgate.policy.exchange.feel.tree import Expr, Literal, Name, Path
from headgate.policy.exchange.names import slug, unused
from headgate.policy.exchange.notice import Refusals


def policy_name(decision: Decision) -> str:
    """What the policy of a decision is called."""
    return slug((decision.about or {}).get("policy") or decision.name or decision.id, "policy")


@dataclass(frozen=True, slots=True)
class _Column:
    column: InputColumn
    feel: str


class Columns:
    """Makes the columns of one decision. What a policy cannot hold is refused, by the line it stands in."""

    def __init__(self, model: Definitions, decision: Decision, wrong: Refusals) -> None:
        self.model = model
        self.decision = decision
        self.wrong = wrong
        self.names: dict[str, str] = {}

    def refuse(self, line: int, what: str, message: str, fix: str = "") -> None:
        self.wrong.refuse(phrase("line %(line)s, %(what)s", line=line, what=what), message, fix)

    def scope(self) -> list[str]:
        """The names that expressions may use."""
        return [i.name for i in self.model.inputs.values()] + [d.name for d in self.model.decisions.values()]

    def inputs(self, table: Table) -> list[InputColumn]:
        found: list[InputColumn] = []
        for place, item in enumerate(table.inputs):
            made = self.input(item, [r.tests[place].text for r in table.rules], {c.name for c in found})
            if made is not None:
                found.append(made.column)
                self.names[made.feel] = made.column.name
        return found

    def input(self, item: Input, cells: list[str], taken: set[str]) -> _Column | None:
        what = phrase("input %(item)s", item=(item.id or item.expression)[:60])
        try:
            expression = parse_expression(item.expression, self.scope())
        except BadFeel as error:
            self.refuse(
                item.line,
                what,
                phrase("%(text)s: %(error)s", text=repr(item.expression[:60]), error=error.said),
            )
            return None
        if not isinstance(expression, (Name, Path)):
            message = phrase(
                "%(expression)s is computed, and a policy only reads facts", expression=repr(item.expression[:60])
            )
            self.refuse(item.line, what, message, phrase("Compute it in a decision of its own, or give it as a fact."))
            return None
        feel = print_expression(expression)
        if feel in self.names:
            self.refuse(
                item.line,
                what,
                phrase("looks at %(feel)s, as a column before does", feel=feel[:60]),
                phrase("Join the two columns."),
            )
            return None
        source, ref = self.source(expression)
        kind = self.kind(item.type_ref or ref, item.values, item.line, what)
        if kind is None:
            return None
        # The variable's own definition may bound what the column's plain type does not.
        if item.type_ref and not kind.values and ref and ref != item.type_ref:
            kind = self.kind(ref, item.values, item.line, what) or kind
        guessed = kind.type or self.guessed(cells)
        if guessed is None:
            self.refuse(
                item.line, what, phrase("gives no type, and its cells do not tell one"), phrase("Set its typeRef.")
            )
            return None
        name = unused(slug(feel.replace(".", "_")), taken)
        label = item.label or (feel if feel != name else "")
        column = InputColumn(
            name=name,
            type=guessed,
            label=label[:MAX_TEXT],
            values=kind.values if guessed in ("enum", "list") or guessed in NUMERIC else (),
            minimum=kind.low,
            maximum=kind.high,
            nullable=item.nullable or kind.nullable or any(_has_null(c) for c in cells),
            currency=kind.currency,
            source=source,
        )
        return _Column(column, feel)

    def source(self, expression: Name | Path) -> tuple[Source | None, str]:
        """Where an input comes from when it is another decision's result, and the type of what it names."""
        root, path = _root(expression)
        data = next((i for i in self.model.inputs.values() if i.name == root), None)
        decision = next((d for d in self.model.decisions.values() if d.name == root), None)
        if decision is not None:
            output = slug(path[0]) if path else policy_name(decision)
            source = Source(policy_name(decision), output)
            self.wrong.tell(
                phrase("input %(root)s", root=root[:60]),
                phrase("comes from the policy %(policy)s, which must be in force", policy=source.policy),
            )
            return source, self.component(decision.type_ref, path)
        return None, self.component(data.type_ref, path) if data else ""

    def component(self, ref: str, path: list[str]) -> str:
        for name in path:
            found = self.model.types.get(ref)
            part = next((c for c in found.components if c.name == name), None) if found else None
            ref = part.base if part else ""
        return ref

    def kind(self, ref: str, allowed: str, line: int, what: str) -> Kind | None:
        try:
            kind = bounded(resolve(ref, self.model.types), allowed)
        except BadType as error:
            self.refuse(line, what, error.said, phrase("Use %(names)s.", names=", ".join(BASES)))
            return None
        if kind.components:
            self.refuse(
                line,
                what,
                phrase("%(ref)s is a structure", ref=ref[:60]),
                phrase("Look at one of its components, as in Applicant.age."),
            )
            return None
        if kind.remark:
            self.wrong.tell(phrase("line %(line)s, %(what)s", line=line, what=what), kind.remark)
        return kind

    def guessed(self, cells: list[str]) -> ColumnType | None:
        literals: list[object] = []
        for cell in cells:
            try:
                tests = parse_tests(cell, self.scope())
            except BadFeel:
                continue
            for test in tests:
                value = getattr(test, "value", None)
                low = getattr(value, "low", value)
                if isinstance(low, Literal):
                    literals.append(low.value)
        return inferred(literals)

    def outputs(self, table: Table, taken: set[str]) -> list[OutputColumn]:
        found: list[OutputColumn] = []
        whole = self.model.types.get(self.decision.type_ref)
        parts = {c.name: c for c in whole.components} if whole else {}
        for place, item in enumerate(table.outputs):
            title = item.name or (policy_name(self.decision) if len(table.outputs) == 1 else f"output {place + 1}")
            what = phrase("output %(title)s", title=title[:60])
            part = parts.get(item.name)
            ref = item.type_ref or (part.base if part else "")
            if not ref and len(table.outputs) == 1 and table.aggregation != "COUNT":
                ref = self.decision.type_ref
            kind = self.kind(ref, item.values or (part.allowed if part else ""), item.line, what)
            if kind is None:
                continue
            guessed = kind.type or inferred(self.results(table, place))
            if guessed is None:
                self.refuse(
                    item.line, what, phrase("gives no type, and its cells do not tell one"), phrase("Set its typeRef.")
                )
                continue
            name = unused(slug(title), taken | {c.name for c in found})
            found.append(self.output(item, name, guessed, kind, table))
        if table.hit.lower().replace(" ", "_") in RANKED and found and not found[0].values:
            fix = phrase("List the first output's values from high to low.")
            self.refuse(
                table.line,
                phrase("the %(hit)s table", hit=table.hit),
                phrase("does not say which output ranks before which"),
                fix,
            )
        return found

    def output(self, item: Output, name: str, kind: ColumnType, bounds: Kind, table: Table) -> OutputColumn:
        if bounds.low is not None or bounds.high is not None:
            self.wrong.tell(
                phrase("line %(line)s, output %(name)s", line=item.line, name=name),
                phrase("the bounds %(values)s are not kept", values=item.values[:60]),
            )
        label = item.label or (item.name if item.name != name else "")
        null = any(_is_null(r.outputs[table.outputs.index(item)].text) for r in table.rules)
        return OutputColumn(
            name=name,
            type=kind,
            label=label[:MAX_TEXT],
            values=bounds.values if kind in ("enum", "list") or kind in NUMERIC else (),
            nullable=item.nullable or bounds.nullable or null,
            currency=bounds.currency,
        )

    def results(self, table: Table, place: int) -> list[object]:
        found: list[object] = []
        for rule in table.rules:
            try:
                expr = parse_expression(rule.outputs[place].text, self.scope())
            except BadFeel:
                continue
            if isinstance(expr, Literal):
                found.append(expr.value)
        return found


def _root(expression: Expr) -> tuple[str, list[str]]:
    path: list[str] = []
    while isinstance(expression, Path):
        path.insert(0, expression.name)
        expression = expression.base
    return (expression.name if isinstance(expression, Name) else ""), path


def _has_null(cell: str) -> bool:
    return re.search(r'(?<!["\w])null(?!["\w])', cell) is not None


def _is_null(text: str) -> bool:
    return text.strip() == "null"
