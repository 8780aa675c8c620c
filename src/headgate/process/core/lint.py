"""Everything that can be said of a process file before it is installed: code, severity, place and how to mend it.

What the parser refuses ends the look (`structure`); then every rule of the catalogue speaks, its file's name being its
code; then what an installation knows is compared: actions with what they take and give, policies and roles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase
from headgate.process.core.action_lint import INPUTS, OUTPUTS, check_signatures
from headgate.process.core.asking_lint import POLICY_INPUTS, POLICY_OUTPUTS, asked_by
from headgate.process.core.definition import Definition, Step
from headgate.process.core.marks import Marks, marks_of
from headgate.process.core.parse import read_definition
from headgate.process.core.rules import RULES
from headgate.process.core.rules.finding import Finding, steps_of
from headgate.process.core.signature import Signature

UNKNOWN_POLICY: Final = "unknown-policy"
_LINE = re.compile(r":(\d+)$")


@dataclass(frozen=True, slots=True)
class Asked:
    """The policies in force, those among them that say who must approve, and those that would be in force no more;
    none where that is not known."""

    policies: frozenset[str] = frozenset()
    matrices: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What an installation has; None where that is not known, so nothing is said about it."""

    actions: frozenset[str] | None = None
    policies: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    signatures: Mapping[str, Signature] = field(default_factory=dict)  # what actions take and give
    decides: Mapping[str, Signature] = field(default_factory=dict)  # what policies take and give
    asks: Asked = Asked()


@dataclass(frozen=True, slots=True)
class LintIssue:
    """One remark. Line and column count from 1; `where` is the stage or event it is about."""

    code: str
    severity: str  # error | warning
    message: str
    fix: str
    file: str
    line: int
    column: int
    where: str = ""

    def __str__(self) -> str:
        """As editors and build logs read it."""
        said = f"{self.where}: {self.message}" if self.where else self.message
        fix = f" {self.fix}" if self.fix else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity} {self.code} {said}.{fix}".replace("..", ".")


def lint_process(text: str, file: str, known: Known | None = None) -> list[LintIssue]:
    """All remarks on a process file, in the order of its lines."""
    try:
        definition = read_definition(text, file)
    except Invalid as error:
        return [_structure(text, file, error)]
    known = known or Known()
    remarks = [
        *((_code_of(rule), "error", finding) for rule in RULES for finding in rule(definition)),
        *((code, "warning", finding) for code, finding in _unknown(definition, known)),
        *((code, "error", finding) for code, finding in check_signatures(definition, known.signatures, known.decides)),
        *((UNKNOWN_POLICY, "error", finding) for finding in _asks_gone(definition, known)),
    ]
    return _placed(remarks, text, file)


def lint_decisions(definition: Definition, text: str, file: str, known: Known) -> list[LintIssue]:
    """Only what is wrong with what a file tells policies and actions, and reads of them, in the order of its lines."""
    declared = [
        *check_signatures(definition, known.signatures, known.decides),
        *((POLICY_OUTPUTS, finding) for finding in _no_matrix(definition, known.asks)),
        *((UNKNOWN_POLICY, finding) for finding in _asks_gone(definition, known)),
    ]
    return _placed([(code, "error", finding) for code, finding in declared], text, file)


def _placed(remarks: Sequence[tuple[str, str, Finding]], text: str, file: str) -> list[LintIssue]:
    """(Code, severity, finding) as issues, in the order of the file's lines. Most files give rise to none, so places
    are looked for only then."""
    if not remarks:
        return []
    marks = marks_of(text)
    found = [_issue(code, severity, finding, file, marks) for code, severity, finding in remarks]
    return sorted(found, key=lambda issue: (issue.line, issue.column, issue.code))


def _code_of(rule: Callable[[Definition], Iterable[Finding]]) -> str:
    return rule.__module__.rsplit(".", 1)[-1].replace("_", "-")


def _no_matrix(definition: Definition, asks: Asked) -> Iterator[Finding]:
    for stage in definition.stages.values():
        for name in dict.fromkeys(s.name for s in steps_of(stage) if s.kind == "approve"):
            if name in asks.policies - asks.matrices:
                said = phrase(
                    "asks '%(name)s' who has to approve, and it does not give a level and a role for every row that "
                    "fits",
                    name=name,
                )
                yield Finding(stage.id, said, phrase("Give it the outputs level and role, and hit: collect."))


def _asks_gone(definition: Definition, known: Known) -> Iterator[Finding]:
    for stage in definition.stages.values():
        for step in steps_of(stage):
            for said in _asks(step, known.signatures, known.asks.gone):
                yield Finding(stage.id, phrase("%(said)s, and no version of it would be in force", said=said))


def _asks(step: Step, actions: Mapping[str, Signature], policies: frozenset[str]) -> Iterator[str]:
    """How a step asks those of these policies that it needs."""
    for name in asked_by(step, actions):
        if name in policies:
            if name == step.name:
                yield phrase("asks '%(name)s'", name=name)
            else:
                yield phrase("runs '%(action)s', which asks policy %(name)s", action=step.name, name=name)


def codes() -> list[str]:
    """Every code there is."""
    rules = [_code_of(rule) for rule in RULES]
    declared = {INPUTS, OUTPUTS, POLICY_INPUTS, POLICY_OUTPUTS}
    return sorted({"structure", *rules, *declared, "unknown-action", UNKNOWN_POLICY, "unknown-role"})


def _structure(text: str, file: str, error: Invalid) -> LintIssue:
    problem = error.problems[0] if error.problems else None
    line = int(found[1]) if problem and (found := _LINE.search(problem.field)) else 1
    lines = text.splitlines()
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    column = len(here) - len(here.lstrip(" -")) + 1
    message = problem.message if problem else error.message
    quoted = f"'{problem.value}' " if problem and problem.value else ""
    return LintIssue(
        "structure", "error", f"{quoted}{message}", problem.fix if problem else "", file, max(line, 1), column
    )


def _issue(code: str, severity: str, finding: Finding, file: str, marks: Marks) -> LintIssue:
    line, column = marks.place(finding.where, finding.message)
    return LintIssue(code, severity, finding.message, finding.fix, file, line, column, finding.where)


def _unknown(definition: Definition, known: Known) -> Iterator[tuple[str, Finding]]:
    for stage in definition.stages.values():
        for step in steps_of(stage):
            if step.kind == "run" and known.actions is not None and step.name not in known.actions:
                fix = f"Use one that is registered, for example {_near(step.name, known.actions)}."
                yield "unknown-action", Finding(stage.id, f"runs '{step.name}', which nothing here registers", fix)
            if known.policies is not None:
                named = frozenset(asked_by(step, known.signatures))
                for said in _asks(step, known.signatures, named - known.policies):
                    fix = "Add the policy to the pack, or mend the name."
                    yield UNKNOWN_POLICY, Finding(stage.id, f"{said}, which is no policy of the pack", fix)
        roles = [stage.owner, *(str(s.args["role"]) for s in steps_of(stage) if s.kind == "task" and "role" in s.args)]
        roles += [link.role for link in stage.sla.chain] if stage.sla is not None else []
        for role in dict.fromkeys(roles):
            if role and not role.startswith("$") and known.roles is not None and role not in known.roles:
                fix = f"Use one of {', '.join(sorted(known.roles))}."
                yield "unknown-role", Finding(stage.id, f"names the role '{role}', which nobody can hold", fix)


def _near(name: str, among: frozenset[str]) -> str:
    """The known name that is most like this one, else one that begins like it."""
    if near := get_close_matches(name, sorted(among), n=1, cutoff=0.8):
        return near[0]
    first = name.split(".")[0]
    return next((n for n in sorted(among) if n.startswith(first)), min(among, default="none"))
