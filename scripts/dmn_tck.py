"""Run the DMN Technology Compatibility Kit, level 2, and print what passes, by name.

    .venv/bin/python scripts/dmn_tck.py ../shared/data/dmn_tck_level2

Every case is run twice: evaluated as the standard says, and imported as a policy and decided by that. Exit code 1 when
a case that can be run gives another result than expected.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from headgate.kernel.errors import Invalid
from headgate.policy import CompiledPolicy, NoRowMatched, PolicyTable, compile_policy, parse_policy
from headgate.policy.exchange.dmn.columns import policy_name
from headgate.policy.exchange.dmn.evaluating import NotSupported, decide
from headgate.policy.exchange.dmn.kit import KitCase, read_cases, same
from headgate.policy.exchange.dmn.model import Definitions, Table
from headgate.policy.exchange.dmn.reading import read_dmn
from headgate.policy.exchange.dmn.to_policy import policies_of
from headgate.policy.exchange.feel.tree import Value
from headgate.policy.exchange.names import slug


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expected result: `verdict` is pass, not supported or failed; `way` is model or policy."""

    folder: str
    case: str
    decision: str
    way: str
    table: bool
    verdict: str
    detail: str = ""


def run(kit: Path) -> list[Outcome]:
    """Every case of every folder, both ways."""
    return [outcome for folder in sorted(p for p in kit.iterdir() if p.is_dir()) for outcome in _folder(folder)]


def _folder(folder: Path) -> Iterator[Outcome]:
    file = next(folder.glob("*.dmn"))
    model = read_dmn(file.read_bytes(), file.name)
    try:
        policies = {i.policy.policy: compile_policy(parse_policy(i.text)) for i in policies_of(model, file.name)}
        refused = ""
    except Invalid as error:
        policies, refused = {}, error.message
    for tests in sorted(folder.glob("*-test-*.xml")):
        for case in read_cases(tests.read_bytes(), tests.name):
            for decision in case.expected:
                made = next(d for d in model.decisions.values() if d.name == decision)
                table = isinstance(made.logic, Table)
                verdict = _by_model(model, case, decision)
                yield Outcome(folder.name, case.id, decision, "model", table, *verdict)
                verdict = _by_policy(policies.get(policy_name(made)), refused, case, decision)
                yield Outcome(folder.name, case.id, decision, "policy", table, *verdict)


def _by_model(model: Definitions, case: KitCase, decision: str) -> tuple[str, str]:
    try:
        got = decide(model, decision, case.facts)
    except NotSupported as error:
        return "not supported", error.message
    except Invalid as error:
        return "failed", error.message
    return _verdict(case.expected[decision], got)


def _by_policy(policy: CompiledPolicy | None, refused: str, case: KitCase, decision: str) -> tuple[str, str]:
    if policy is None:
        return "not supported", refused
    facts = {slug(name): value for name, value in case.facts.items()}
    nulls = [name for name in facts if facts[name] is None]
    if any((column := policy.table.input(name)) and not column.nullable for name in nulls):
        return "not supported", f"{', '.join(nulls)} is null, and a policy refuses facts that are unknown"
    try:
        outputs = policy.evaluate(facts).outputs
    except NoRowMatched:
        return _verdict(case.expected[decision], None)
    except Invalid as error:
        return "failed", error.message
    return _verdict(case.expected[decision], _result(policy.table, outputs))


def _result(table: PolicyTable, outputs: dict[str, Any]) -> Value:
    if table.aggregate == "count":
        return Decimal(outputs["count"])
    if table.hit == "collect" and table.aggregate != "list":
        return outputs[table.outputs[0].name]  # type: ignore[no-any-return]  # a number
    if "list" in outputs and table.output("list") is None:
        return [_one(table, each) for each in outputs["list"]]
    return _one(table, outputs)


def _one(table: PolicyTable, outputs: dict[str, Any]) -> Value:
    if len(table.outputs) == 1:
        return outputs[table.outputs[0].name]  # type: ignore[no-any-return]  # as the policy holds it
    return {column.label or column.name: outputs[column.name] for column in table.outputs}


def _verdict(expected: Value, got: Value) -> tuple[str, str]:
    return ("pass", "") if same(expected, got) else ("failed", f"expected {expected}, got {got}")


def report(outcomes: list[Outcome]) -> str:
    """The results by folder, then what is not supported or failed by name, then the sums."""
    lines = [f"{'folder':44} {'model':>16} {'policy':>16}"]
    for folder in dict.fromkeys(o.folder for o in outcomes):
        told = []
        for way in ("model", "policy"):
            found = [o for o in outcomes if o.folder == folder and o.way == way]
            told.append(f"{sum(o.verdict == 'pass' for o in found)} of {len(found)} pass")
        lines.append(f"{folder:44} {told[0]:>16} {told[1]:>16}")
    reasons: dict[tuple[str, str, str, str], list[str]] = {}
    for o in outcomes:
        if o.verdict != "pass":
            reasons.setdefault((o.verdict, o.folder, o.way, o.detail), []).append(f"{o.case}/{o.decision}")
    for (verdict, folder, way, detail), cases in reasons.items():
        lines += [f"{verdict}: {folder} as {way}: {detail}", f"    {', '.join(cases)}"]
    for way in ("model", "policy"):
        for name, tables in (("decision tables", True), ("other decisions", False)):
            counts = Counter(o.verdict for o in outcomes if o.way == way and o.table == tables)
            sums = ", ".join(f"{counts[v]} {v}" for v in ("pass", "not supported", "failed"))
            lines.append(f"{name}, as {way}: {sums}")
    return "\n".join(lines)


def main() -> int:
    """Print the report of the kit named on the command line."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.stderr.write(f"usage: {sys.argv[0]} FOLDER-OF-THE-KIT\n")
        return 2
    outcomes = run(Path(sys.argv[1]))
    print(report(outcomes))
    return 1 if not outcomes or any(o.verdict == "failed" for o in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
