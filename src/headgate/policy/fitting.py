"""That a version fits all that reads its decisions, for as long as it will decide.

Policies that are chained to it are looked at here. Who else reads decisions lies on floors above: they are handed in as
`Reader`s. A version is looked at beside what is in force when it starts and whenever, while it decides, another policy
changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from psycopg import Connection

from headgate.kernel.phrases import phrase
from headgate.policy.chaining import chain_misfits
from headgate.policy.checking import Checked
from headgate.policy.core.model import Issue, PolicyTable, refuse
from headgate.policy.core.policy_set import PolicySet
from headgate.policy.lint.sentences import stale_sentences

Tables = Mapping[str, PolicyTable]
RULE: Final = "readers"
LEAVE: Final = phrase("Let another version take its place, or activate one of the reader first that does without it.")


@dataclass(frozen=True, slots=True)
class Change:
    """The policies that decide at one instant: as they were to be, and as they will be."""

    before: Tables
    after: Tables


class Reader(Protocol):
    """Somebody who reads what policies decide."""

    def __call__(self, conn: Connection, changes: Sequence[Change]) -> Sequence[Sequence[Issue]]:
        """Of each change what it newly breaks for this reader, an error each. What was broken before is not told."""


@dataclass(frozen=True, slots=True)
class Misfits:
    """What a table would break, by the instant from which on it would."""

    chained: Mapping[datetime, Sequence[Issue]] = field(default_factory=dict)
    read: Mapping[datetime, Sequence[Issue]] = field(default_factory=dict)

    @property
    def always(self) -> list[Issue]:
        """What those who read it lose whenever it starts; nothing while there is an instant from which on it fits."""
        found = list(self.read.values())
        return list(dict.fromkeys(found[0])) if found and all(found) else []

    @property
    def ever(self) -> list[Issue]:
        """All of it, each said once."""
        return list(dict.fromkeys(i for each in (self.chained, self.read) for told in each.values() for i in told))


def misfits(
    conn: Connection,
    table: PolicyTable,
    beside: Mapping[datetime, PolicySet],
    readers: Sequence[Reader],
    instead_of: PolicyTable | None = None,
) -> Misfits:
    """What the table would break beside these policies by instant, were it in the place of the version among them, or
    of `instead_of`."""
    chained: dict[datetime, list[Issue]] = {}
    read: dict[datetime, list[Issue]] = {}
    changes = []
    for at, others in beside.items():
        found = chain_misfits(others, table)
        chained[at] = [i for i in found if i.file == table.file]
        read[at] = [i for i in found if i.file != table.file]
        tables = {name: policy.table for name, policy in others.items()}
        was = {table.policy: instead_of} if instead_of is not None else {}
        changes.append(Change(tables | was, tables | {table.policy: table}))
    for reader in readers:
        for at, told in zip(beside, reader(conn, changes), strict=True):
            read[at] += [issue.within(table.file) for issue in told]
    return Misfits(chained, read)


def expect_unread(
    conn: Connection, gone: PolicyTable, beside: Mapping[datetime, PolicySet], readers: Sequence[Reader]
) -> None:
    """Raises `Invalid` naming everybody who reads what a table decides, at any of these instants at which nothing would
    decide in its place."""
    name = f"{gone.policy}@{gone.version}"
    found: dict[Issue, None] = {}
    changes = []
    for others in beside.values():
        after = {name: policy.table for name, policy in others.items() if name != gone.policy}
        found |= dict.fromkeys(replace(issue, file=name) for issue in _chained_to(gone, after))
        changes.append(Change(after | {gone.policy: gone}, after))
    for reader in readers:
        found |= dict.fromkeys(issue.within(name) for told in reader(conn, changes) for issue in told)
    if found:
        raise refuse(list(found))


def _chained_to(gone: PolicyTable, others: Tables) -> Iterator[Issue]:
    """Those who have an output of a table as an input."""
    for name, other in others.items():
        for column in other.inputs:
            if column.source is not None and column.source.policy == gone.policy:
                told = phrase(
                    "policy %(policy)s version %(version)s reads %(source)s, and no version of %(gone)s would be in "
                    "force",
                    policy=name,
                    version=other.version,
                    source=column.source,
                    gone=gone.policy,
                )
                yield Issue(RULE, "error", told, "", column=column.name, fix=LEAVE)


def expect_read(found: Misfits) -> None:
    """Raises `Invalid` where whoever reads a table's decisions would lose something, whenever it started."""
    if found.always:
        raise refuse(list(dict.fromkeys([*next(iter(found.chained.values())), *found.always])))


def expect_fitting(found: Misfits) -> None:
    """Raises `Invalid` for everything that a table would break."""
    if found.ever:
        raise refuse(found.ever)


def with_stale(checked: Checked, in_force: PolicySet) -> Checked:
    """A checked text with the sentences that its cells have left behind since the version in force."""
    before = in_force.get(checked.table.policy)
    stale = () if before is None else tuple(stale_sentences(before.table, checked.table))
    return replace(checked, issues=(*checked.issues, *stale)) if stale else checked


def with_misfits(checked: Checked, found: Misfits) -> Checked:
    """A checked text with what it would break: an error where it cannot be reviewed so, a warning where it only cannot
    start yet, for a source may be under review as well."""
    always = set(found.always)
    issues = [issue if issue in always else replace(issue, severity="warning") for issue in found.ever]
    return replace(checked, issues=(*checked.issues, *issues)) if issues else checked
