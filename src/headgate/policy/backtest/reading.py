"""Reads what a pass needs: the policies as they stood, and recorded decisions slice by slice in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import digest
from headgate.policy.backtest import repo
from headgate.policy.backtest.core.lens import Lens
from headgate.policy.backtest.core.plain import PlainLens
from headgate.policy.backtest.core.replay import Recorded
from headgate.policy.core.compile import CompiledPolicy
from headgate.policy.core.lifecycle import PolicyVersion
from headgate.policy.service import PolicyService

SLICE = 4_000
FIRST_ID = UUID(int=0)
LEAST = 1_000  # fewer are not worth columns of their own
SETTLED = timedelta(minutes=15)  # what is younger may still be joined by what began before it

# A place among the decisions of a version, which are read by instant and then by id.
Cursor: TypeAlias = tuple[datetime, UUID]
# Opens a read-only transaction in the tenant.
Opens = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Hosted:
    """Decisions that weigh several policies: those of `hosts`, read through `lens`; `asks` are the policies within."""

    lens: Lens
    hosts: tuple[str, ...]
    asks: frozenset[str]


def lenses_for(policy: str, hosted: Sequence[Hosted]) -> dict[str, Lens]:
    """Through what to read the decisions that a policy had a part in, by the policy that had the last word."""
    found: dict[str, Lens] = {policy: PlainLens()}
    for each in hosted:
        if policy in each.asks:
            found |= dict.fromkeys(each.hosts, each.lens)
    return found


def hosts_of(policies: Sequence[str], hosted: Sequence[Hosted]) -> dict[str, Lens]:
    """Through what to read the decisions in which these policies themselves had the last word."""
    return {policy: lenses_for(policy, hosted)[policy] for policy in policies}


def asked_by(host: str, hosted: Sequence[Hosted]) -> tuple[str, ...]:
    """The policies whose evaluations the decisions of a host hold, itself among them."""
    return tuple(sorted({host}.union(*(each.asks for each in hosted if host in each.hosts))))


class StoredShelf:
    """The tenant's policies over a period, compiled once before the pass."""

    def __init__(
        self, conn: Connection, policies: PolicyService, policy: str, since: datetime, until: datetime
    ) -> None:
        self._decided = [v for v in policies.list(conn) if v.valid_from is not None]
        decided = [v for v in self._decided if v.valid_from is not None and v.valid_from < until]
        wanted = [v for v in decided if v.policy == policy or v.valid_until is None or v.valid_until > since]
        self._tables = policies.compiled_many(conn, [(v.policy, v.version) for v in wanted])
        self._windows: dict[str, list[PolicyVersion]] = {}
        for version in wanted:
            self._windows.setdefault(version.policy, []).append(version)

    def stood(self, first: datetime, last: datetime) -> bytes:
        """SHA-256 over which version of every policy decided when, from one instant to another."""
        found = []
        for each in sorted(self._decided, key=lambda v: (v.policy, v.version)):
            start, end = each.valid_from, each.valid_until
            if start is None or start > last or (end is not None and end <= first):
                continue
            end = None if end is None or end > last else end
            found.append([each.policy, each.version, each.digest, max(start, first), end])
        return digest(found)

    def version(self, policy: str, version: int) -> CompiledPolicy | None:
        """One version that decided in the period or, of the policy that is tried, ever."""
        return self._tables.get((policy, version))

    def in_force(self, policy: str, at: datetime) -> CompiledPolicy | None:
        """The version that decided at an instant."""
        for each in self._windows.get(policy, ()):
            if each.in_force(at):
                return self._tables.get((policy, each.version))
        return None


def count_decisions(conn: Connection, policies: Sequence[str], since: datetime, until: datetime, most: int) -> int:
    """How many decisions there are to read, counted up to `most`."""
    params = {"policies": list(policies), "since": since, "until": until, "most": most}
    row = conn.execute(repo.COUNT, params).fetchone()
    return int(row[0]) if row else 0


def stream(opens: Opens, of: tuple[str, int], after: Cursor, until: Cursor, size: int) -> Iterator[list[Recorded]]:
    """Recorded decisions of one version behind a place and before another, a slice at a time, each in a transaction of
    its own.
    The next slice is read while the one at hand is weighed."""

    def read(after: Cursor) -> list[Recorded]:
        with opens() as conn:
            conn.execute(repo.IN_ORDER)
            return _slice(conn, of, until, after, size)

    with ThreadPoolExecutor(1, thread_name_prefix="headgate-backtest") as ahead:
        coming = ahead.submit(read, after)
        while rows := coming.result():
            full = len(rows) == size
            if full:
                coming = ahead.submit(read, (rows[-1].at, rows[-1].decision))
            yield rows
            if not full:
                break


def slices_within(
    conn: Connection, policies: Sequence[str], since: datetime, until: datetime, size: int = SLICE
) -> Iterator[list[Recorded]]:
    """The same in the transaction at hand."""
    for policy, version in conn.execute(repo.VERSIONS, {"policies": list(policies)}).fetchall():
        after = (since, FIRST_ID)
        while rows := _slice(conn, (policy, version), (until, FIRST_ID), after, size):
            yield rows
            if len(rows) < size:
                break
            after = (rows[-1].at, rows[-1].decision)


def _slice(
    conn: Connection,
    of: tuple[str, int],
    until: Cursor,
    after: Cursor,
    size: int,
) -> list[Recorded]:
    params: Mapping[str, object] = {
        "policy": of[0],
        "version": of[1],
        "until": until[0],
        "until_id": until[1],
        "at": after[0],
        "decision": after[1],
        "limit": size,
    }
    return [Recorded(*row) for row in conn.execute(repo.SLICE, params, binary=True)]


__all__ = [
    "FIRST_ID",
    "LEAST",
    "SETTLED",
    "SLICE",
    "Cursor",
    "Hosted",
    "Opens",
    "StoredShelf",
    "asked_by",
    "count_decisions",
    "hosts_of",
    "lenses_for",
    "slices_within",
    "stream",
]
