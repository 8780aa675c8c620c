"""Evaluate a DMN model as the standard says, without making it a policy: the reference an import is checked against.

Names in scope are those of input data, required decisions and business knowledge models, spaces and all. A decision
asks for what it requires; a cycle among decisions is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import islice

from headgate.kernel.errors import Invalid
from headgate.policy.exchange.dmn.model import (
    ZEN,
    Beyond,
    Context,
    Definitions,
    Invocation,
    Logic,
    Rule,
    Table,
    Text,
)
from headgate.policy.exchange.feel import BadFeel, evaluate, parse_expression, parse_tests, satisfied
from headgate.policy.exchange.feel.evaluate import CONTEXT, Function, compared
from headgate.policy.exchange.feel.tree import Literal, Matches, Value

MAX_NESTING = 20


class NotSupported(Invalid):
    """The model uses a part of DMN that is outside what is evaluated here."""

    code = "not_supported"


def decide(model: Definitions, decision: str, facts: Mapping[str, Value]) -> Value:
    """The value of a decision, by its name, for facts by the names of the input data.

    Raises `NotSupported` for logic beyond S-FEEL, `Invalid` for a model that contradicts itself.
    """
    found = next((d for d in model.decisions.values() if d.name == decision), None)
    if found is None:
        raise Invalid(f"the model has no decision {decision[:80]!r}")
    try:
        return _Run(model, facts).decision(found.id, ())
    except BadFeel as error:
        raise NotSupported(error.said) from None


class _Run:
    def __init__(self, model: Definitions, facts: Mapping[str, Value]) -> None:
        self.model = model
        self.facts = facts
        self.made: dict[str, Value] = {}

    def decision(self, id_: str, asked: tuple[str, ...]) -> Value:
        if id_ in asked or len(asked) > MAX_NESTING:
            raise Invalid(f"the decisions {' → '.join((*asked, id_))[:200]} need each other in a circle")
        if id_ not in self.made:
            decision = self.model.decisions[id_]
            scope, functions = self.scope(decision.needs, (*asked, id_))
            self.made[id_] = self.logic(decision.logic, scope, functions)
        return self.made[id_]

    def scope(self, needs: tuple[str, ...], asked: tuple[str, ...]) -> tuple[dict[str, Value], dict[str, Function]]:
        scope: dict[str, Value] = {}
        for need in needs:
            if need in self.model.inputs:
                name = self.model.inputs[need].name
                scope[name] = self.facts.get(name)
            elif need in self.model.decisions:
                scope[self.model.decisions[need].name] = self.decision(need, asked)
        functions = {k.name: self.function(k.id, 0) for k in self.model.knowledge.values()}
        return scope, functions

    def function(self, id_: str, depth: int) -> Function:
        knowledge = self.model.knowledge[id_]
        if depth > 3:
            return lambda *_: None

        def run(*arguments: Value) -> Value:
            if len(arguments) != len(knowledge.parameters):
                return None
            others = {k.name: self.function(k.id, depth + 1) for k in self.model.knowledge.values() if k.id != id_}
            return self.logic(knowledge.logic, dict(zip(knowledge.parameters, arguments, strict=True)), others)

        return run

    def logic(self, logic: Logic, scope: dict[str, Value], functions: Mapping[str, Function]) -> Value:
        if isinstance(logic, Text):
            return self.text(logic, scope, functions)
        if isinstance(logic, Table):
            return self.table(logic, scope, functions)
        if isinstance(logic, Invocation):
            return self.invocation(logic, scope, functions)
        if isinstance(logic, Beyond):
            raise NotSupported(f"logic of the kind {logic.element} is not supported (line {logic.line})")
        return self.context(logic, scope, functions)

    def text(self, text: Text, scope: dict[str, Value], functions: Mapping[str, Function]) -> Value:
        if text.language == ZEN:
            raise NotSupported(f"{text.text[:60]!r} is not S-FEEL (line {text.line})")
        return evaluate(parse_expression(text.text, [*scope, *functions]), scope, functions)

    def invocation(self, logic: Invocation, scope: dict[str, Value], functions: Mapping[str, Function]) -> Value:
        knowledge = next((k for k in self.model.knowledge.values() if k.name == logic.function), None)
        if knowledge is None:
            raise NotSupported(f"the function {logic.function[:60]!r} is not a business knowledge model")
        given = {name: self.logic(bound, scope, functions) for name, bound in logic.bindings}
        return functions[knowledge.name](*(given.get(p) for p in knowledge.parameters))

    def context(self, logic: Context, scope: dict[str, Value], functions: Mapping[str, Function]) -> Value:
        seen = dict(scope)
        found: dict[str, Value] = {}
        for name, entry in logic.entries:
            value = self.logic(entry, seen, functions)
            if not name:
                return value
            found[name] = seen[name] = value
        return found

    def table(self, table: Table, scope: dict[str, Value], functions: Mapping[str, Function]) -> Value:
        names = [*scope, *functions]
        facts = [evaluate(parse_expression(i.expression, names), scope, functions) for i in table.inputs]
        for column, fact in zip(table.inputs, facts, strict=True):
            if column.values and not satisfied(parse_tests(column.values, names), fact, scope, functions):
                return None  # DMN: outside the allowed values the table has no answer
        hits = [
            rule
            for rule in table.rules
            if all(
                satisfied(parse_tests(test.text, names), fact, scope, functions)
                for test, fact in zip(rule.tests, facts, strict=True)
            )
        ]
        results = [self.results(table, rule, scope, functions) for rule in hits]
        return _settled(table, results, self.default(table, scope, functions))

    def results(
        self, table: Table, rule: Rule, scope: dict[str, Value], functions: Mapping[str, Function]
    ) -> dict[str, Value]:
        return {
            column.name: self.text(text, scope, functions)
            for column, text in zip(table.outputs, rule.outputs, strict=True)
        }

    def default(
        self, table: Table, scope: dict[str, Value], functions: Mapping[str, Function]
    ) -> dict[str, Value] | None:
        if not any(o.default for o in table.outputs):
            return None
        return {o.name: self.text(o.default, scope, functions) if o.default else None for o in table.outputs}


def _settled(table: Table, results: list[dict[str, Value]], default: dict[str, Value] | None) -> Value:
    several = table.hit in ("RULE ORDER", "OUTPUT ORDER", "COLLECT")
    if not results:
        if several and table.aggregation == "COUNT":
            return Decimal(0)
        if default is None:
            return [] if several and not table.aggregation else None
        results = [default]
        if not several:
            return _one(results[0])
    if table.hit in ("PRIORITY", "OUTPUT ORDER"):
        results = sorted(results, key=lambda r: _rank(table, r))
    if not several:
        if table.hit == "UNIQUE" and len(results) > 1:
            return None
        if table.hit == "ANY" and any(r != results[0] for r in results):
            return None
        return _one(results[0])
    return _aggregated(table, [_one(r) for r in results])


def _aggregated(table: Table, values: list[Value]) -> Value:
    if not table.aggregation:
        return values
    if table.aggregation == "COUNT":
        return Decimal(len(values))
    numbers = [v for v in values if type(v) is Decimal]
    if not numbers or len(numbers) != len(values):
        return None
    if table.aggregation == "SUM":
        total = numbers[0]
        for number in islice(numbers, 1, None):
            total = CONTEXT.add(total, number)
        return total
    return min(numbers) if table.aggregation == "MIN" else max(numbers)


def _one(result: dict[str, Value]) -> Value:
    return next(iter(result.values())) if len(result) == 1 else result


def _rank(table: Table, result: dict[str, Value]) -> tuple[int, ...]:
    ranks: list[int] = []
    for column in table.outputs:
        if not column.values:
            continue
        listed = [
            t.value.value for t in parse_tests(column.values) if isinstance(t, Matches) and isinstance(t.value, Literal)
        ]
        value = result[column.name]
        ranks.append(next((i for i, v in enumerate(listed) if compared("=", v, value)), len(listed)))
    return tuple(ranks)
