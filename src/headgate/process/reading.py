"""Processes as readers of decisions: what a change of policies would take from active ones and running cases."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from psycopg import Connection

from headgate.kernel.phrases import joined, phrase
from headgate.policy import Change, Issue, PolicyTable
from headgate.process.core.deciding import policy_signatures
from headgate.process.core.definition import Definition
from headgate.process.core.lint import Asked, Known, LintIssue, lint_decisions
from headgate.process.core.matrix import is_matrix
from headgate.process.core.parse import read_definition
from headgate.process.core.signature import Signature

RULE: Final = "readers"
# Those that name one of the policies, or an action that asks one: what is active, and what cases still run on.
READERS: Final = """
select p.process, p.version, p.body, p.status = 'active'
from process_versions p
where exists (select from unnest(%(names)s::text[]) as asked where strpos(p.body, asked) > 0)
  and (p.status = 'active' or exists (
    select from cases c where c.process = p.process and c.version = p.version and c.status <> 'closed'))
order by p.process, p.version desc
"""
KEEP: Final = phrase("Keep what it reads, or install a version of the process first that does without it.")
MOVE: Final = phrase("Keep what it reads, or move those cases to another version first.")


@dataclass(frozen=True, slots=True)
class ProcessReaders:
    """The processes of the transaction's tenant, as readers of decisions. `actions` is what registered ones take."""

    actions: Mapping[str, Signature]

    def __call__(self, conn: Connection[Any], changes: Sequence[Change]) -> list[list[Issue]]:
        """Of each change what it newly breaks, process by process."""
        sides = [
            (_known(self.actions, c.before), _known(self.actions, c.after, c.before.keys() - c.after.keys()))
            for c in changes
        ]
        changed = sorted({name for before, after in sides for name in _changed(before, after)})
        asking = [name for name, action in self.actions.items() if not action.asks.keys().isdisjoint(changed)]
        rows = conn.execute(READERS, {"names": [*changed, *asking]}).fetchall() if changed else []
        return [[issue for row in rows for issue in _broken(before, after, *row)] for before, after in sides]


def _known(actions: Mapping[str, Signature], tables: Mapping[str, PolicyTable], gone: Collection[str] = ()) -> Known:
    matrices = frozenset(name for name, table in tables.items() if is_matrix(table))
    asks = Asked(frozenset(tables), matrices, frozenset(gone))
    return Known(signatures=actions, decides=policy_signatures(tables.values()), asks=asks)


def _changed(before: Known, after: Known) -> Iterator[str]:
    for name in before.decides.keys() | after.decides.keys():
        matrix = [name in side.asks.matrices for side in (before, after)]
        if before.decides.get(name) != after.decides.get(name) or matrix[0] != matrix[1]:
            yield name


def _broken(before: Known, after: Known, process: str, _: int, body: str, active: bool) -> Iterator[Issue]:
    file = f"processes/{process}.yaml"
    definition = _read(body)
    known = {(i.code, i.message) for i in lint_decisions(definition, body, file, before)}
    for found in lint_decisions(definition, body, file, after):
        if (found.code, found.message) not in known:
            yield _issue(definition, found, active)


def _issue(definition: Definition, found: LintIssue, active: bool) -> Issue:
    abroad = phrase(
        "process %(process)s version %(version)s (%(file)s, line %(line)s, stage %(stage)s) %(said)s",
        process=definition.process,
        version=definition.version,
        file=found.file,
        line=found.line,
        stage=found.where,
        said=found.message,
    )
    issue = replace(as_issue(found, definition), abroad=abroad)
    mend = joined(" ", [each for each in (found.fix, KEEP if active else MOVE) if each])
    if active:
        return replace(issue, fix=mend)
    here, there = (phrase("%(told)s; cases still run on that version", told=each) for each in (issue.message, abroad))
    return replace(issue, message=here, abroad=there, fix=mend)


def as_issue(found: LintIssue, definition: Definition) -> Issue:
    """A remark on a process file as refusals of files are told: file, line and part, whose it is, what is wrong."""
    told = phrase(
        "process %(process)s version %(version)s %(said)s",
        process=definition.process,
        version=definition.version,
        said=found.message,
    )
    part = phrase("event %(event)s", event=found.where) if found.where else ""
    if found.where in definition.stages:
        part = phrase("stage %(stage)s", stage=found.where)
    return Issue(RULE, "error", told, found.file, found.line, fix=found.fix, part=part)


@lru_cache(maxsize=64)
def _read(body: str) -> Definition:
    return read_definition(body, "stored definition")
