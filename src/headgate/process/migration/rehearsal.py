"""A rehearsal: where each running case would stand in the new version, and which ones cannot be moved. Nothing is
written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.errors import NotFound, invalid
from headgate.kernel.phrases import phrase
from headgate.process import repo as engine_repo
from headgate.process.core.definition import Definition
from headgate.process.core.moving import Outlook, Renaming, outlook, unknown
from headgate.process.core.state import Case
from headgate.process.definitions import Definitions
from headgate.process.migration import repo
from headgate.process.migration.mapping import check_renaming
from headgate.process.moved import timers_of

PAGE = 500
# Of a group, the list shows so many cases; the counts are of all.
SHOWN = 100
_NONE = Renaming()


@dataclass(frozen=True, slots=True)
class Placed:
    """One case of a group."""

    case_id: UUID
    subject: str
    open: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class Group:
    """Cases with the same way: from version and stage to stage, or the same reason to stay."""

    from_version: int
    from_stage: str
    to_stage: str
    why: str
    reasons: tuple[str, ...] = ()
    count: int = 0
    cases: list[Placed] = field(default_factory=list)


@dataclass(slots=True)
class Rehearsal:
    """What moving would do: how many cases can be moved, how many cannot, and the groups, largest first.

    `gone` and `lost` are what a mapping has to speak of, whatever it says already: stages that the new version has not,
    and what cases keep that no step of it has the name of; each with how many cases.
    """

    process: str
    to: int
    movable: int = 0
    staying: int = 0
    groups: list[Group] = field(default_factory=list)
    gone: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)


def rehearse(
    conn: Connection[Any],
    definitions: Definitions,
    process: str,
    to: int,
    renaming: Renaming,
    only: int | None = None,
) -> Rehearsal:
    """Try every running case of another version, or of version `only`, against version `to`. Raises NotFound, and
    Invalid for the mapping."""
    versions = versions_of(conn, definitions, process, to, only)
    check_renaming(renaming, versions, versions[to])
    result = Rehearsal(process, to)
    groups: dict[tuple[int, str, str, str], Group] = {}
    for case, found in _each(conn, versions, process, to, renaming, only):
        why = "; ".join(found.problems)
        key = (case.version, case.stage, found.stage, why)
        group = groups.setdefault(key, Group(*key, found.problems))
        group.count += 1
        if case.stage not in versions[to].stages:
            result.gone[case.stage] = result.gone.get(case.stage, 0) + 1
        for name in unknown(versions[to], case, _NONE):
            result.lost[name] = result.lost.get(name, 0) + 1
        if len(group.cases) < SHOWN:
            group.cases.append(Placed(case.case_id, case.subject, found.open, found.notes))
        if why:
            result.staying += 1
        else:
            result.movable += 1
    result.groups = sorted(groups.values(), key=lambda g: (not g.why, -g.count, g.from_version, g.from_stage))
    return result


def versions_of(
    conn: Connection[Any], definitions: Definitions, process: str, to: int, only: int | None = None
) -> dict[int, Definition]:
    """All versions of a process by number. Raises NotFound when the wanted one, or the one to come from, is none of
    them, and `Invalid` when they are the same."""
    found = {v: d for (p, v), d in definitions.installed(conn).versions.items() if p == process}
    if not found:
        raise NotFound(phrase("process %(process)s is not installed", process=process))
    for wanted in (to, *([only] if only is not None else ())):
        if wanted not in found:
            there = ", ".join(map(str, sorted(found)))
            raise NotFound(
                phrase(
                    "process %(process)s@%(wanted)s is not installed; there are %(there)s",
                    process=process,
                    wanted=wanted,
                    there=there,
                )
            )
    if only == to:
        raise invalid("from_version", only, "is the version to move to", "Name an older one, or leave it out.")
    return found


def _each(
    conn: Connection[Any], versions: dict[int, Definition], process: str, to: int, renaming: Renaming, only: int | None
) -> Iterator[tuple[Case, Outlook]]:
    after: UUID | None = None
    while True:
        params = {"process": process, "to": to, "only": only, "after": after, "limit": PAGE}
        ids = [row[0] for row in conn.execute(repo.OPEN_CASES, params).fetchall()]
        if not ids:
            return
        after = ids[-1]
        timers = timers_of(conn, ids)
        for case in engine_repo.get_cases(conn, ids):
            running = timers.get(str(case.case_id), ())
            yield case, outlook(versions[case.version], versions[to], case, renaming, running)
