"""That policies which read each other fit together before one of them comes into force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from headgate.kernel.phrases import phrase
from headgate.policy.core.chain import RULE, chain_issues
from headgate.policy.core.model import Issue, PolicyTable
from headgate.policy.core.policy_set import PolicySet


def chain_misfits(others: PolicySet, table: PolicyTable) -> list[Issue]:
    """What would not fit, were the table in force beside the others: a ring (named in full), a source that is not in
    force, an output that is gone or of another type, of it or of those that read it, which are then the file."""
    tables = {name: policy.table for name, policy in others.items()} | {table.policy: table}
    issues: list[Issue] = list(chain_issues(tables, table))
    for name, other in tables.items():
        reads = any(c.source is not None and c.source.policy == table.policy for c in other.inputs)
        if reads and name != table.policy:
            issues += (replace(issue, file=f"{name}@{other.version}") for issue in chain_issues(tables, other))
    return issues


def chain_among(tables: Sequence[PolicyTable]) -> list[list[Issue]]:
    """Of each table what does not fit between it and the others: a ring, an output that is gone or of another type.
    A source that is not among them gives a note, for then nothing could be looked at."""
    known = {table.policy: table for table in tables}
    return [[*_unseen(known, table), *_misfits_among(known, table)] for table in tables]


def _unseen(known: Mapping[str, PolicyTable], table: PolicyTable) -> Iterator[Issue]:
    for column in table.inputs:
        if column.source is not None and column.source.policy not in known:
            message = phrase(
                "reads %(source)s, which is not among these files, so the two were not checked together",
                source=column.source,
            )
            fix = phrase("Name the file of %(policy)s as well.", policy=column.source.policy)
            yield Issue(RULE, "note", message, table.file, column.line, "", column.name, fix)


def _misfits_among(known: Mapping[str, PolicyTable], table: PolicyTable) -> Iterator[Issue]:
    unseen = {c.name for c in table.inputs if c.source is not None and c.source.policy not in known}
    return (issue for issue in chain_issues(known, table) if issue.column not in unseen)
