"""Run the examples that ship with a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase
from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.evaluation import Evaluation, plain_json, shown
from headgate.policy.core.model import PolicyTable, PolicyTest
from headgate.policy.core.reading import output_value
from headgate.policy.core.unary import BadCell


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example run: `problems` is empty when it came out as expected."""

    name: str
    line: int
    problems: tuple[str, ...]
    rows: tuple[str, ...]
    outputs: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether everything expected came out."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "name": self.name,
            "line": self.line,
            "passed": self.passed,
            "problems": list(self.problems),
            "rows": list(self.rows),
            "outputs": plain_json(self.outputs),
        }


def run_examples(compiled: CompiledPolicy) -> tuple[ExampleResult, ...]:
    """Every example of the policy, in file order."""
    return tuple(_run(compiled, index, test) for index, test in enumerate(compiled.table.tests, start=1))


def _run(compiled: CompiledPolicy, index: int, test: PolicyTest) -> ExampleResult:
    name = test.name or phrase("test %(number)s", number=index)
    try:
        evaluation = compiled.evaluate(test.given)
    except Invalid as error:
        return ExampleResult(name, test.line, (error.message,), (), {})
    problems = [*_compared(compiled.table, evaluation, test)]
    if test.rows is not None and test.rows != evaluation.rows:
        problems.append(
            phrase(
                "expected rows %(told)s, got %(told2)s",
                told=", ".join(test.rows) or phrase("none"),
                told2=", ".join(evaluation.rows) or phrase("none"),
            )
        )
    return ExampleResult(name, test.line, tuple(problems), evaluation.rows, evaluation.outputs)


def _compared(table: PolicyTable, evaluation: Evaluation, test: PolicyTest) -> list[str]:
    if not table.multiple:
        return _differences(table, test.expect, evaluation.outputs)
    problems: list[str] = []
    expect = dict(test.expect)
    items = expect.pop("list", None)
    if items is not None:
        got = evaluation.outputs["list"]
        if not isinstance(items, list) or not all(isinstance(i, dict) for i in items):
            return [phrase("expect.list is not a list of outputs")]
        if len(items) != len(got):
            problems.append(
                phrase(
                    "expected %(wanted)s entries, got %(got)s (%(rows)s)",
                    wanted=len(items),
                    got=len(got),
                    rows=", ".join(evaluation.rows) or phrase("none"),
                )
            )
        for number, (wanted, found) in enumerate(zip(items, got, strict=False), start=1):
            problems += [
                phrase("entry %(number)s: %(told)s", number=number, told=told)
                for told in _differences(table, wanted, found)
            ]
    if "count" in expect and table.aggregate == "count":
        wanted = expect.pop("count")
        if wanted != len(evaluation.rows):
            problems.append(
                phrase("expected count %(wanted)s, got %(got)s", wanted=shown(wanted), got=len(evaluation.rows))
            )
    return problems + _differences(table, expect, evaluation.outputs)


def _differences(table: PolicyTable, expect: Mapping[str, object], got: Mapping[str, Any]) -> list[str]:
    problems: list[str] = []
    for name, wanted in expect.items():
        column = table.output(name)
        if column is None or name not in got:
            problems.append(phrase("expects %(name)s, which is not an output", name=name))
            continue
        try:
            value = output_value(column, wanted)
        except BadCell as error:
            problems.append(phrase("%(name)s: %(told)s", name=name, told=error.said))
            continue
        if value != got[name]:
            problems.append(
                phrase(
                    "expected %(name)s %(wanted)s, got %(got)s", name=name, wanted=shown(value), got=shown(got[name])
                )
            )
    return problems
