"""Keeps columns of decisions ahead of time, so that even the first backtest over a period reads few records.

They are those that a run makes and keeps (`keeping.py`): it does not matter to a result who made them, or whether any
are there. One process at a time works for a tenant. What was kept when it is stopped stays; the next goes on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import Connection

from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.policy.backtest import repo
from headgate.policy.backtest.core.lens import Lens
from headgate.policy.backtest.reading import (
    LEAST,
    SETTLED,
    Hosted,
    StoredShelf,
    asked_by,
    count_decisions,
    hosts_of,
    lenses_for,
)
from headgate.policy.service import PolicyService
from headgate.store import Database

ENOUGH = 4_000  # decisions that a worker waits for; fewer are weighed within a request anyway


@dataclass(frozen=True, slots=True)
class Ahead:
    """What to prepare: the decisions that a policy had a part in (empty: all) from `since` to before `until`, where at
    least `enough` of them are not kept yet. `at_once` records are read in one go."""

    since: datetime
    until: datetime
    policy: str = ""
    enough: int = LEAST
    at_once: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """Decisions that were kept as columns `before`, were `read`, and were `added`. `whole`: nobody left off early."""

    before: int = 0
    read: int = 0
    added: int = 0
    whole: bool = False


# Told after each slice of what was done; False leaves off there.
GoesOn = Callable[[Prepared], bool]


def ahead_of(now: datetime, days: int, policy: str = "", *, enough: int = LEAST, at_once: int = 0) -> Ahead:
    """So many days back, up to where no decision is expected to come any more."""
    return Ahead(now - timedelta(days=days), now - SETTLED, policy, enough, at_once)


def has_grown(conn: Connection, ahead: Ahead, *, anew: bool) -> bool:
    """Whether it is worth looking for something to keep; a few index lookups. `anew`: columns that are there may have
    gaps, so look as if there were none."""
    params = {"since": ahead.since, "until": ahead.until, "enough": ahead.enough, "anew": anew}
    return conn.execute(repo.GROWN, params).fetchone() is not None


def decisions_of(conn: Connection, policies: PolicyService, hosted: Sequence[Hosted], ahead: Ahead, most: int) -> int:
    """How many decisions there are to keep, kept ones among them, counted up to `most`. Raises `NotFound`."""
    return count_decisions(conn, sorted(_hosts(conn, policies, hosted, ahead.policy)), ahead.since, ahead.until, most)


def prepare(
    database: Database,
    tenant: UUID,
    policies: PolicyService,
    hosted: Sequence[Hosted],
    ahead: Ahead,
    goes_on: GoesOn,
) -> Prepared | None:
    """Keep what is not kept yet; None while somebody else does that for the tenant. Raises `NotFound` for a policy that
    is not there."""

    def opens() -> AbstractContextManager[Connection]:
        return database.transaction(tenant, read_only=True)

    def writes() -> AbstractContextManager[Connection]:
        return database.transaction(tenant)

    # Columns are numpy's, which takes its time to load; nothing else in a process needs it.
    from headgate.policy.backtest.keeping import Host, Keeper

    done = Prepared()
    with database.transaction(tenant) as turn:
        if turn.execute(repo.TURN).fetchone() != (True,):
            return None
        with opens() as conn:
            hosts = _hosts(conn, policies, hosted, ahead.policy)
            shelf = StoredShelf(conn, policies, ahead.policy, ahead.since, ahead.until)
        for host, lens in sorted(hosts.items(), key=lambda each: each[0]):
            read_by = {host: Host(lens, asked_by(host, hosted))}
            keeper = Keeper(opens, writes, read_by, shelf, host, ahead.until + SETTLED, ahead.at_once)
            with closing(keeper.missing(ahead.since, ahead.until, ahead.enough)) as steps:
                for step in steps:
                    done = Prepared(done.before + step.there, done.read + step.read, done.added + step.kept)
                    turn.execute(repo.STILL_HERE)  # a session that is silent for long is ended, and its turn with it
                    if (step.read or step.kept) and not goes_on(done):
                        return done
    return replace(done, whole=True)


def _hosts(conn: Connection, policies: PolicyService, hosted: Sequence[Hosted], policy: str) -> Mapping[str, Lens]:
    known = {version.policy for version in policies.list(conn)}
    if not policy:
        return hosts_of(sorted(known), hosted)
    if policy not in known:
        raise NotFound(phrase("there is no policy %(policy)s", policy=policy))
    return {host: lens for host, lens in lenses_for(policy, hosted).items() if host in known}


__all__ = ["ENOUGH", "Ahead", "GoesOn", "Prepared", "ahead_of", "decisions_of", "has_grown", "prepare"]
