"""Whether this process can do its work, and what keeps it from it. One list of checks for probes, screens and commands.

A check that fails makes the process unready, so that no traffic is sent to it; a warning is told and changes nothing.
Lag is a warning unless the installation sets a bound: were it a failure, one slow worker would take every server of a
healthy API out of service.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import psycopg
from psycopg_pool import PoolClosed

from headgate.kernel.errors import Busy
from headgate.kernel.settings import Settings
from headgate.ledger.backlog import Totals, age, installation_totals
from headgate.store import Database
from headgate.store.stamp import compared, read_stamp

Verdict = Literal["ok", "warning", "failed"]

_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at, in words for whoever is woken by it."""

    name: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks. `totals` is None when the database could not be asked."""

    checks: tuple[Check, ...]
    totals: Totals | None

    @property
    def ready(self) -> bool:
        """Whether traffic may come."""
        return all(check.verdict != "failed" for check in self.checks)

    @property
    def problems(self) -> tuple[Check, ...]:
        """What is not as it should be."""
        return tuple(check for check in self.checks if check.verdict != "ok")


def readiness(database: Database, settings: Settings, now: datetime) -> Readiness:
    """Look at database, schema, lag and disk. Never raises for what it looks at: that is its answer."""
    totals: Totals | None = None
    checks: list[Check] = []
    try:
        with database.scan() as conn:
            checks.append(_schema(read_stamp(conn)))
            totals = installation_totals(conn, now)
        checks.insert(0, Check("database", "ok", "it answers"))
    except Busy as error:
        checks.append(Check("database", "failed", f"{error.message}; raise HEADGATE_POOL_SIZE or add replicas"))
    except (psycopg.Error, PoolClosed, OSError) as error:
        checks.append(Check("database", "failed", f"it cannot be asked ({type(error).__name__}); see its log"))
    if totals is not None:
        checks += _flow(totals, settings, now)
    if not settings.database_url and not settings.app_database_url:
        checks.append(disk(settings.home, settings.ready_free_mb))
    return Readiness(tuple(checks), totals)


def disk(home: Path, least_mb: int) -> Check:
    """Whether the volume of the embedded server's data has room. PostgreSQL stops when it has none."""
    try:
        free = shutil.disk_usage(home).free // _MEGABYTE
    except OSError as error:
        return Check("disk", "failed", f"{home} cannot be looked at: {error.strerror}")
    if free < least_mb:
        return Check("disk", "failed", f"{free:,} MB are free, fewer than {least_mb:,} (HEADGATE_READY_FREE_MB)")
    return Check("disk", "warning" if free < 5 * least_mb else "ok", f"{free:,} MB are free")


def _schema(stamp: str) -> Check:
    step = compared(stamp)
    if step == "behind":
        return Check("schema", "failed", "the database is behind this release; run headgate migrate")
    if step == "ahead":
        return Check("schema", "ok", "a newer release has migrated the database; this process will be replaced")
    return Check("schema", "ok", "in step with this release")


def _flow(totals: Totals, settings: Settings, now: datetime) -> Iterator[Check]:
    lag = int(age(totals.oldest, now).total_seconds())
    bound = settings.ready_lag_seconds
    said = f"{totals.waiting:,} events wait, the oldest for {lag:,} s" if totals.waiting else "nothing waits"
    verdict: Verdict = "failed" if bound and lag > bound else "warning" if lag > 60 else "ok"
    over = f", longer than {bound:,} s (HEADGATE_READY_LAG_SECONDS)" if verdict == "failed" else ""
    yield Check("lag", verdict, said + over)
    yield _count("retries", totals.retrying, "events wait for another try")
    yield _count(
        "parked", totals.parked_events, "events were put aside after their tries; see headgate quarantine list"
    )
    yield _count("dead letters", totals.commands_dead, "commands will not be tried again by themselves")
    stopped = totals.breakers_open + totals.targets_disabled
    yield _count("targets", stopped, "targets get nothing: their breaker is open or they are switched off")
    unsigned = int(age(totals.oldest_unsigned, now).total_seconds())
    yield Check(
        "checkpoints",
        "warning" if unsigned > 86_400 else "ok",
        f"the oldest entry without a signed checkpoint is {unsigned:,} s old" if unsigned else "every entry is signed",
    )
    yield _count("audit chains", totals.rewritten_chains, "are not the ones signed before; run headgate audit verify")


def _count(name: str, count: int, what: str) -> Check:
    return Check(name, "warning" if count else "ok", f"{count:,} {what}" if count else "none")
