"""A decision of a DMN model as a policy. What a policy cannot hold is refused with its place, what changes is told.

A decision table becomes a table row by row. A literal expression becomes a table with one row that always fits. Input
expressions must be names (`Age`, `Applicant.age`): a policy reads facts and computes none. A required decision becomes
a chained input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import cast

from headgate.kernel.phrases import phrase
from headgate.policy.core.fields import MAX_TEXT
from headgate.policy.core.model import (
    DEFAULT_ROW,
    Aggregate,
    Formula,
    Hit,
    InputColumn,
    OutputColumn,
    PolicyTable,
    Row,
)
from headgate.policy.core.parse import MAX_COLUMNS, MAX_ROWS
from headgate.policy.exchange.dmn.columns import Columns, policy_name
from headgate.policy.exchange.dmn.model import ZEN, Decision, Definitions, Input, Output, Rule, Table, Text
from headgate.policy.exchange.feel import BadFeel, parse_expression, parse_tests, print_expression
from headgate.policy.exchange.feel.tree import Literal, Name, Path
from headgate.policy.exchange.feel.zen import cell_of, formula_of, literal_value
from headgate.policy.exchange.names import slug, unused
from headgate.policy.exchange.notice import Imported, Refusals

BECAUSE = frozenset({"because", "reason", "annotation", "annotations", "description", "comment", "comments", ""})
CLAUSE = frozenset({"clause", "source", "reference"})


def policies_of(model: Definitions, file: str) -> list[Imported]:
    """Every decision of the model as a policy, required ones before those that ask them.

    Raises `Invalid` listing everything in any of them that a policy cannot hold.
    """
    wrong = Refusals(file)
    found: list[Imported] = []
    for decision in _ordered(model, wrong):
        told = Refusals(file)
        table = _Import(model, decision, told).policy()
        wrong.found.extend(told.found)
        if table is not None:
            found.append(Imported(table, tuple(told.notices)))
    for element, line in model.passed_over:
        wrong.tell(
            phrase("line %(line)s", line=line),
            phrase("<%(element)s> plays no part in policies and is left out", element=element[:40]),
        )
    if not model.decisions:
        wrong.refuse(phrase("the model"), phrase("has no decision"))
    wrong.check()
    first = Imported(found[0].policy, (*wrong.notices, *found[0].notices))
    return [first, *found[1:]]


def _ordered(model: Definitions, wrong: Refusals) -> Iterator[Decision]:
    done: set[str] = set()
    waiting = list(model.decisions.values())
    while waiting:
        ready = [d for d in waiting if all(n in done or n not in model.decisions for n in d.needs)]
        if not ready:
            names = ", ".join(d.name[:40] for d in waiting[:10])
            wrong.refuse(
                phrase("line %(line)s", line=waiting[0].line),
                phrase("the decisions %(names)s need each other in a circle", names=names),
            )
            return
        done |= {d.id for d in ready}
        waiting = [d for d in waiting if d.id not in done]
        yield from ready


class _Import(Columns):
    def policy(self) -> PolicyTable | None:
        """The policy; None when something was refused."""
        table = self.table()
        if table is None:
            return None
        if len(table.rules) > MAX_ROWS:
            fix = phrase("Split the table, or state ranges instead of single values.")
            self.wrong.refuse(
                phrase("line %(line)s", line=table.line),
                phrase("has more than %(most)s rules", most=MAX_ROWS),
                fix,
            )
            return None
        if max(len(table.inputs), len(table.outputs)) > MAX_COLUMNS:
            self.wrong.refuse(
                phrase("line %(line)s", line=table.line),
                phrase("has more than %(most)s columns of a kind", most=MAX_COLUMNS),
            )
            return None
        inputs = self.inputs(table)
        outputs = self.outputs(table, {c.name for c in inputs})
        rows = self.rows(table, inputs, outputs)
        default = self.default(table, outputs)
        if self.wrong.found:
            return None
        about = self.decision.about or {}
        return PolicyTable(
            policy=policy_name(self.decision),
            version=int(about["version"]) if re.fullmatch(r"[1-9]\d{0,8}", about.get("version", "")) else 1,
            title=(self.decision.name or self.decision.id)[:MAX_TEXT],
            owner=self.owner(about),
            hit=cast(Hit, table.hit.lower().replace(" ", "_")),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            rows=tuple(rows),
            default=default,
            tests=(),
            digest="",
            file=self.wrong.file,
            aggregate=cast(Aggregate, table.aggregation.lower() or "list"),
            description=self.decision.description[:MAX_TEXT],
        )

    def owner(self, about: Mapping[str, str]) -> str:
        if not about.get("owner"):
            self.wrong.tell(
                phrase("owner"), phrase("is not part of DMN; the policy's owner is set to 'unowned'"), phrase("Set it.")
            )
        return (about.get("owner") or "unowned")[:MAX_TEXT]

    def table(self) -> Table | None:
        logic = self.decision.logic
        if isinstance(logic, Table):
            return logic
        if isinstance(logic, Text):
            return self.always(logic)
        told = getattr(logic, "element", type(logic).__name__.lower())
        message = phrase("is made by %(told)s, which policies do not have", told=told)
        self.refuse(
            self.decision.line,
            phrase("decision %(decision)s", decision=self.decision.name[:60]),
            message,
            phrase("Make it a decision table."),
        )
        return None

    def always(self, logic: Text) -> Table | None:
        """A literal expression as a table of one row."""
        scope = self.scope()
        try:
            used = _used(parse_expression(logic.text, scope))
        except BadFeel as error:
            self.refuse(
                logic.line,
                phrase("decision %(decision)s", decision=self.decision.name[:60]),
                phrase("%(text)s: %(error)s", text=repr(logic.text[:60]), error=error.said),
            )
            return None
        inputs = tuple(Input(id=name, expression=name, line=logic.line) for name in used) or (
            Input(id="always", expression="true", line=logic.line),
        )
        if not used:
            message = phrase("looks at nothing, so there is nothing to decide")
            self.refuse(logic.line, phrase("decision %(decision)s", decision=self.decision.name[:60]), message)
            return None
        rule = Rule("always", tuple(Text("-") for _ in inputs), (logic,), label="always", line=logic.line)
        output = Output("result", "", line=logic.line)
        return Table(self.decision.id, "FIRST", "", inputs, (output,), (rule,), line=logic.line)

    def rows(self, table: Table, inputs: list[InputColumn], outputs: list[OutputColumn]) -> list[Row]:
        if len(inputs) != len(table.inputs) or len(outputs) != len(table.outputs):
            return []
        found: list[Row] = []
        for number, rule in enumerate(table.rules, start=1):
            wanted = rule.label or ("" if rule.id.startswith("_") or not rule.id else rule.id)
            name = slug(wanted, "row") if wanted else f"row_{number}"
            name = unused(name if name != DEFAULT_ROW else "row_default", {r.id for r in found})
            because, clause = self.words(table, rule, number)
            found.append(
                Row(
                    id=name,
                    when=dict(self.cells(rule, inputs, number)),
                    then=dict(self.consequences(rule.outputs, outputs, f"row {number} ({rule.id[:40]})")),
                    because=because,
                    clause=clause,
                    line=rule.line,
                )
            )
        return found

    def cells(self, rule: Rule, inputs: list[InputColumn], number: int) -> Iterator[tuple[str, str]]:
        for cell, column in zip(rule.tests, inputs, strict=True):
            what = phrase(
                "row %(number)s (%(rule)s), input %(column)s", number=number, rule=rule.id[:40], column=column.name
            )
            if cell.language == ZEN:
                yield column.name, cell.text
                continue
            try:
                text = cell_of(parse_tests(cell.text, [*self.scope(), "?"]), self.names)
            except BadFeel as error:
                fix = phrase("Write it in S-FEEL, with names of this table's inputs only.")
                self.refuse(
                    cell.line or rule.line,
                    what,
                    phrase("%(text)s: %(error)s", text=repr(cell.text[:80]), error=error.said),
                    fix,
                )
                continue
            if text:
                yield column.name, text

    def consequences(
        self, entries: tuple[Text, ...], outputs: list[OutputColumn], where: str
    ) -> Iterator[tuple[str, object]]:
        for entry, column in zip(entries, outputs, strict=True):
            what = phrase("%(where)s, output %(column)s", where=where, column=column.name)
            if entry.language == ZEN:
                yield column.name, Formula(entry.text)
                continue
            if not entry.text or entry.text == "-":
                if not column.nullable:
                    self.refuse(entry.line, what, phrase("is empty"), phrase("Give a value, or null."))
                yield column.name, None
                continue
            try:
                expr = parse_expression(entry.text, self.scope())
                plain, value = literal_value(expr)
                found = value if plain else Formula(formula_of(expr, self.names))
            except BadFeel as error:
                self.refuse(
                    entry.line, what, phrase("%(text)s: %(error)s", text=repr(entry.text[:80]), error=error.said)
                )
                continue
            if isinstance(found, str) and found.startswith("="):
                self.refuse(
                    entry.line,
                    what,
                    phrase("the text %(found)s begins with =", found=repr(found[:40])),
                    phrase("Texts of outputs may not."),
                )
                continue
            if type(found) is Decimal and column.type == "integer" and found == found.to_integral_value():
                found = int(found)
            yield column.name, found

    def words(self, table: Table, rule: Rule, number: int) -> tuple[str, str]:
        because, clause = "", ""
        names = table.notes or ("",) * len(rule.notes)
        for name, text in zip(names, rule.notes, strict=False):
            if name.strip().lower() in CLAUSE and not clause:
                clause = text
            elif name.strip().lower() in BECAUSE and not because:
                because = text
            elif text:
                self.wrong.tell(
                    phrase("row %(number)s", number=number),
                    phrase(
                        "the annotation %(name)s (%(text)s) has no place in a policy", name=name[:40], text=text[:60]
                    ),
                )
        if rule.description and not because:
            because = rule.description
        elif rule.description:
            self.wrong.tell(
                phrase("row %(number)s", number=number),
                phrase("the description %(description)s is left out", description=repr(rule.description[:60])),
            )
        return self.braces(because, number)[:MAX_TEXT], clause[:MAX_TEXT]

    def braces(self, text: str, number: int) -> str:
        """Braces hold names of inputs in a policy's reason; others become parentheses."""
        ours = set(self.names.values())
        rest = re.sub(r"\{([a-z][a-z0-9_]*)\}", lambda m: "" if m[1] in ours else m[0], text)
        if "{" not in rest and "}" not in rest:
            return text
        self.wrong.tell(phrase("row %(number)s", number=number), phrase("braces in the annotation become parentheses"))
        return text.replace("{", "(").replace("}", ")")

    def default(self, table: Table, outputs: list[OutputColumn]) -> Row | None:
        if len(outputs) != len(table.outputs) or not any(o.default for o in table.outputs):
            return None
        entries = tuple(o.default or Text("null") for o in table.outputs)
        open_ = [replace(c, nullable=True) for c in outputs]
        about = self.decision.about or {}
        then = dict(self.consequences(entries, open_, "the default"))
        return Row(DEFAULT_ROW, {}, then, about.get("because", "")[:MAX_TEXT], about.get("clause", "")[:MAX_TEXT])


def _used(expr: object) -> list[str]:
    """Every name and path that an expression reads, once, in order."""
    if isinstance(expr, (Name, Path)):
        return [print_expression(expr)]
    if isinstance(expr, tuple):
        return list(dict.fromkeys(n for part in expr for n in _used(part)))
    slots = () if isinstance(expr, Literal) else getattr(type(expr), "__slots__", ())
    return list(dict.fromkeys(n for slot in slots for n in _used(getattr(expr, slot))))
