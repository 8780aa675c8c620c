"""Start, run, cancel and read backtests.

A small one is done within the request that asks for it. A larger one is taken by whoever works next, under a lease: it
tells how far it is, and when its process dies another begins it anew. Nothing of a result is stored before all of it is
there, so half a result is never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg import Connection

from headgate.access import get_tenant
from headgate.kernel.canonical import canonical_text
from headgate.kernel.clock import Clock
from headgate.kernel.context import Context
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import Conflict, HeadgateError, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit
from headgate.policy.backtest import repo
from headgate.policy.backtest.ahead import Ahead, GoesOn, Prepared, decisions_of, prepare
from headgate.policy.backtest.core.replay import Replay
from headgate.policy.backtest.core.result import result_of
from headgate.policy.backtest.core.spec import (
    MOST_CANDIDATES,
    MOST_DECISIONS,
    Candidate,
    Period,
    last_quarter,
    period_of,
    spec_digest,
)
from headgate.policy.backtest.drill import Drilled, drill
from headgate.policy.backtest.findings import attach
from headgate.policy.backtest.reading import (
    Hosted,
    StoredShelf,
    asked_by,
    count_decisions,
    lenses_for,
    slices_within,
)
from headgate.policy.backtest.runs import Run, get_flip, get_run, keep_flips
from headgate.policy.core.compile import CompiledPolicy, compile_policy
from headgate.policy.core.model import refuse
from headgate.policy.core.parse import parse_policy
from headgate.policy.decisions import decision_get
from headgate.policy.lint import lint
from headgate.policy.service import PolicyService
from headgate.store import Database

SMALL = 4_000  # decisions that are weighed at once
MOST_FLIPS = 20_000  # kept one by one, per candidate
MOST_UNDER_WAY = 5  # per tenant
MOST_ATTEMPTS = 3
LEASE = timedelta(seconds=60)
RECENT = timedelta(days=89)

_ABOUT_TESTS = frozenset({"missing_tests", "failing_tests"})  # a text may be tried before its tests are written

# Told now and then of how many decisions of how many were read.
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A backtest to start. `versions` are the tenant's own, whatever their status; `texts` are policy texts by name.
    Days are the tenant's, both included."""

    policy: str
    first: date
    last: date
    versions: tuple[int, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


class Backtests:
    """Use cases over backtests. Whether the principal may start or read them is checked by the caller."""

    def __init__(self, policies: PolicyService, hosted: Sequence[Hosted] = ()) -> None:
        self._policies = policies
        self._hosted = tuple(hosted)

    def start(self, conn: Connection, ctx: Context, wanted: Wanted, *, small: int = SMALL) -> Run:
        """Record what is to be tried; up to `small` decisions are weighed at once.

        Raises `Invalid` for days, versions or texts that do not fit, `NotFound` for an unknown version, `Conflict` when
        too many backtests are under way.
        """
        tenant = get_tenant(conn)
        today = ctx.now.astimezone(ZoneInfo(tenant.timezone)).date()
        period = period_of(wanted.first, wanted.last, tenant.timezone, today)
        until = min(period.until, ctx.now)
        if until <= period.since:
            raise invalid("from", wanted.first.isoformat(), "has only just begun", "Choose an earlier day.")
        candidates, texts = self._candidates(conn, wanted)
        (under_way,) = conn.execute(repo.UNDER_WAY).fetchone() or (0,)
        if under_way >= MOST_UNDER_WAY:
            raise Conflict(
                phrase(
                    "%(under_way)s backtests are under way already; wait for one of them or cancel it",
                    under_way=under_way,
                )
            )
        hosts = sorted(lenses_for(wanted.policy, self._hosted))
        total = count_decisions(conn, hosts, period.since, until, MOST_DECISIONS + 1)
        if total > MOST_DECISIONS:
            raise invalid(
                "from",
                wanted.first.isoformat(),
                phrase("gives more than %(most_decisions)s decisions", most_decisions=f"{MOST_DECISIONS:,}"),
                "Shorten the period.",
            )
        run = new_id(ctx.now)
        conn.execute(
            repo.START,
            {
                "run": run,
                "policy": wanted.policy,
                "first_day": period.first,
                "last_day": period.last,
                "zone": period.zone,
                "since": period.since,
                "until": until,
                "candidates": canonical_text([c.as_json() for c in candidates]),
                "texts": texts,
                "digest": spec_digest(wanted.policy, period.since, until, period.zone, candidates),
                "total": total,
                "by": ctx.principal.id,
                "now": ctx.now,
            },
        )
        started = get_run(conn, run)
        _audit(conn, ctx, "backtest.started", started)
        if total > small:
            return started
        replay = self._replay(conn, started, self._shelf(conn, started))
        for rows in slices_within(conn, hosts, period.since, until):
            replay.add(rows)
        return self._finish(conn, ctx, started, replay)

    def usual_days(self, conn: Connection, policy: str, today: date, zone: str) -> tuple[date, date]:
        """First and last day to try unless others are given: the quarter that has ended or, where nothing was decided
        in it, the last 90 days."""
        first, last = last_quarter(today)
        quarter = period_of(first, last, zone, today)
        hosts = sorted(lenses_for(policy, self._hosted))
        if count_decisions(conn, hosts, quarter.since, quarter.until, 1):
            return first, last
        return today - RECENT, today

    def cancel(self, conn: Connection, ctx: Context, run: UUID) -> Run:
        """Stop a run that is not over; what it has found so far is dropped. Raises `NotFound`, `Conflict`."""
        found = get_run(conn, run)
        if conn.execute(repo.CANCEL, {"run": run, "by": ctx.principal.id, "now": ctx.now}).fetchone() is None:
            raise Conflict(phrase("this backtest is %(status)s already", status=get_run(conn, run).status))
        _audit(conn, ctx, "backtest.cancelled", found)
        return get_run(conn, run)

    def work(
        self,
        database: Database,
        ctx: Context,
        clock: Clock,
        owner: str,
        run: UUID | None = None,
        told: Told | None = None,
    ) -> Run | None:
        """Take the tenant's next run (or `run`), if any waits, and bring it to its end; None when there is none.

        A run that was cancelled or taken over meanwhile is let go. One that breaks is marked as failed, with the reason
        where there is one to tell; what is not our error is raised then.
        """
        tenant = ctx.tenant_id
        with database.transaction(tenant) as conn:
            now = clock.now()
            params = {"owner": owner, "lease": now + LEASE, "now": now, "run": run}
            row = conn.execute(repo.CLAIM, params).fetchone()
            if row is None:
                return None
            claimed = get_run(conn, row[0])
            if claimed.attempts > MOST_ATTEMPTS:
                error = f"its process ended {MOST_ATTEMPTS} times before it was done; try a shorter period"
                return self._fail(conn, replace(ctx, now=now), claimed, error)
        try:
            return self._pass(database, ctx, clock, owner, claimed, told)
        except psycopg.OperationalError:
            raise  # nothing is wrong with the run: it is begun anew when its lease is over
        except Exception as error:
            known = isinstance(error, HeadgateError)
            with database.transaction(tenant) as conn:
                words = (
                    error.message if isinstance(error, HeadgateError) else "it broke; the log of the worker says how"
                )
                self._fail(conn, replace(ctx, now=clock.now()), claimed, words)
            if not known:
                raise
            with database.transaction(tenant, read_only=True) as conn:
                return get_run(conn, claimed.run)

    def prepare(self, database: Database, ctx: Context, ahead: Ahead, goes_on: GoesOn) -> Prepared | None:
        """Keep columns of decisions ahead of time; None while somebody else does that for the tenant. Raises `NotFound`
        for a policy that is not there."""
        return prepare(database, ctx.tenant_id, self._policies, self._hosted, ahead, goes_on)

    def to_prepare(self, conn: Connection, ahead: Ahead) -> int:
        """How many decisions `prepare` would have kept when it is done, most of them at least. Raises `NotFound`."""
        return decisions_of(conn, self._policies, self._hosted, ahead, MOST_DECISIONS)

    def _pass(self, database: Database, ctx: Context, clock: Clock, owner: str, run: Run, told: Told | None) -> Run:
        tenant = ctx.tenant_id
        # Columns are numpy's, which takes its time to load; nothing else in a process needs it.
        from headgate.policy.backtest.passing import passed

        with database.transaction(tenant, read_only=True) as conn:
            shelf = self._shelf(conn, run)
            replay = self._replay(conn, run, shelf)
        hosts = {
            host: (lens, asked_by(host, self._hosted)) for host, lens in lenses_for(run.policy, self._hosted).items()
        }
        mine = {"run": run.run, "owner": owner}

        def goes_on(done: int) -> bool:
            crashpoint("backtest.weighed")
            with database.transaction(tenant) as conn:
                progress = {**mine, "done": done, "lease": clock.now() + LEASE}
                return conn.execute(repo.PROGRESS, progress).fetchone() is not None

        at = (run.since, run.until, clock.now())
        for done in passed(database, tenant, run.policy, hosts, shelf, replay, at):
            if not goes_on(done):
                with database.transaction(tenant, read_only=True) as conn:
                    return get_run(conn, run.run)
            if told is not None:
                told(done, max(run.total, done))
        with database.transaction(tenant) as conn:
            if conn.execute(repo.LOCK_MINE, mine).fetchone() is None:
                return get_run(conn, run.run)
            finished = self._finish(conn, replace(ctx, now=clock.now()), run, replay)
            crashpoint("backtest.finished")
            return finished

    def _candidates(self, conn: Connection, wanted: Wanted) -> tuple[list[Candidate], list[str]]:
        versions = dict.fromkeys(wanted.versions)
        count = len(versions) + len(wanted.texts)
        if not 1 <= count <= MOST_CANDIDATES:
            raise invalid(
                "candidates",
                count,
                phrase("is not 1 to %(most_candidates)s", most_candidates=MOST_CANDIDATES),
                "Name the versions to try.",
            )
        found, texts = [], []
        for version in versions:
            stored = self._policies.get(conn, wanted.policy, version)
            texts.append(self._policies.text(conn, wanted.policy, version))
            found.append(Candidate(f"v{version}", version, stored.title, stored.digest, "version", stored.status))
        for name, text in wanted.texts:
            table = parse_policy(text, name)
            errors = [i for i in lint(table) if i.severity == "error" and i.rule not in _ABOUT_TESTS]
            if errors:
                raise refuse(errors)
            if table.policy != wanted.policy:
                raise invalid(
                    name,
                    table.policy,
                    phrase("is not %(policy)s", policy=wanted.policy),
                    "Try versions of one policy at a time.",
                )
            texts.append(text)
            found.append(Candidate(name, table.version, table.title, table.digest, "text"))
        return found, texts

    def candidates(self, conn: Connection, run: UUID) -> list[CompiledPolicy]:
        """The candidates of a run as they were when it was started, ready to evaluate."""
        (texts,) = conn.execute(repo.TEXTS, {"run": run}).fetchone() or ([],)
        return [compile_policy(parse_policy(text, f"candidate {place}")) for place, text in enumerate(texts, 1)]

    def explain(self, conn: Connection, run: UUID, candidate: int, place: int) -> Drilled:
        """A flip of a candidate (from 0) with what was said then and what would be said now. Raises `NotFound`."""
        found, flip = get_run(conn, run), get_flip(conn, run, candidate, place)
        table = self.candidates(conn, run)[candidate]
        decided = [v for v in self._policies.versions(conn, found.policy) if v.valid_from is not None]
        stored = self._policies.compiled_many(conn, [(v.policy, v.version) for v in decided])
        then = {version: each for (_, version), each in stored.items()}
        host = decision_get(conn, flip.decision).policy
        lens = lenses_for(found.policy, self._hosted)[host]
        return drill(conn, found.policy, flip, table, lens, then)

    def _shelf(self, conn: Connection, run: Run) -> StoredShelf:
        return StoredShelf(conn, self._policies, run.policy, run.since, run.until)

    def _replay(self, conn: Connection, run: Run, shelf: StoredShelf) -> Replay:
        lenses = lenses_for(run.policy, self._hosted)
        months = Period(run.first, run.last, run.zone).months()
        return Replay(run.policy, self.candidates(conn, run.run), shelf, lenses, months, MOST_FLIPS)

    def _finish(self, conn: Connection, ctx: Context, run: Run, replay: Replay) -> Run:
        months = [name for _, name in Period(run.first, run.last, run.zone).months()]
        notes = [lens.note for host, lens in lenses_for(run.policy, self._hosted).items() if host in replay.hosts]
        readers = self._readers(conn, run.policy)
        if readers:
            notes.append(
                f"{', '.join(readers)} read what {run.policy} gives. Decisions in which it only fed them are not "
                "weighed again; try a version of those policies to see what becomes of theirs."
            )
        result = result_of(replay, months, get_tenant(conn).currency, notes)
        for place, tally in enumerate(replay.tallies):
            keep_flips(conn, run.run, place, tally.flips)
        done = replay.seen.decisions
        conn.execute(repo.FINISH, {"run": run.run, "done": done, "result": canonical_text(result), "now": ctx.now})
        attach(conn, ctx, self._policies, run, result)
        _audit(conn, ctx, "backtest.finished", run, decisions=done, read=replay.read_digest)
        return get_run(conn, run.run)

    def _readers(self, conn: Connection, policy: str) -> list[str]:
        """The policies that had a chained input from this one, in any version that decided."""
        decided = [(v.policy, v.version) for v in self._policies.list(conn) if v.valid_from is not None]
        tables = [each.table for each in self._policies.compiled_many(conn, decided).values()]
        return sorted({t.policy for t in tables if any(c.source and c.source.policy == policy for c in t.inputs)})

    def _fail(self, conn: Connection, ctx: Context, run: Run, error: str) -> Run:
        conn.execute(repo.FAIL, {"run": run.run, "error": error, "now": ctx.now})
        _audit(conn, ctx, "backtest.failed", run, error=error)
        return get_run(conn, run.run)


def _audit(conn: Connection, ctx: Context, action: str, run: Run, **details: Any) -> None:
    body: Mapping[str, Any] = {
        "policy": run.policy,
        "since": run.since,
        "until": run.until,
        "candidates": [c.as_json() for c in run.candidates],
        "digest": run.digest,
        **details,
    }
    append_audit(conn, ctx.now, [AuditDraft(action, "backtest", str(run.run), ctx.principal.id, dict(body))])


def purge_backtests(conn: Connection, before: datetime, limit: int) -> int:
    """Delete at most so many runs that ended before a moment, with their flips, and columns made before it; how many
    runs."""
    conn.execute(repo.PURGE_COLUMNS, {"before": before})
    runs = [row[0] for row in conn.execute(repo.PURGE, {"before": before, "limit": limit})]
    if runs:
        conn.execute(repo.PURGE_FLIPS, {"runs": runs})
    return len(runs)


__all__ = ["SMALL", "Backtests", "Told", "Wanted", "purge_backtests"]
