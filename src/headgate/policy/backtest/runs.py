"""Runs as stored: what was asked, how far it is, what it found, and the flips page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import canonical_text
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.policy.backtest import repo
from headgate.policy.backtest.core.spec import Candidate
from headgate.policy.backtest.core.tally import Flip

_KINDS = ("outcome", "approvals", "inner")
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Run:
    """A backtest. `first` and `last` are days of `zone`; decisions from `since` to before `until` are read. `total` of
    them were there when it was asked for, `done` have been read. `digest` (hex) is of what was asked."""

    run: UUID
    policy: str
    first: date
    last: date
    zone: str
    since: datetime
    until: datetime
    candidates: tuple[Candidate, ...]
    digest: str
    status: str
    total: int
    done: int
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelled_by: str | None
    attempts: int
    error: str | None

    @property
    def under_way(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("queued", "running")


@dataclass(frozen=True, slots=True)
class KeptFlip:
    """A flip as stored; `place` counts from 1. `rows` are (before, after) of each changed evaluation."""

    place: int
    decision: UUID
    at: datetime
    subject_type: str
    subject: str
    partner: str
    amount: Decimal | None
    margin: Decimal | None
    kind: str
    direction: str
    before: str
    after: str
    rows: list[list[str]]
    products: list[str]


def run_of(row: Sequence[Any]) -> Run:
    """A row of the runs."""
    values = list(row)
    values[7] = tuple(Candidate(**each) for each in values[7])
    return Run(*values)


def get_run(conn: Connection, run: UUID) -> Run:
    """One run. Raises `NotFound`."""
    row = conn.execute(repo.GET, {"run": run}).fetchone()
    if row is None:
        raise NotFound(phrase("there is no backtest %(run)s", run=run))
    return run_of(row)


def list_runs(
    conn: Connection, policy: str = "", *, before: tuple[datetime, UUID] | None = None, limit: int = 20
) -> list[Run]:
    """Runs, newest first. `before` is the cursor: instant and id of the last one seen."""
    at, last = before or (_LATEST, UUID(int=(1 << 128) - 1))
    params = {"policy": policy, "before_at": at, "before_run": last, "limit": limit}
    return [run_of(row) for row in conn.execute(repo.LIST, params)]


def get_result(conn: Connection, run: UUID) -> dict[str, Any] | None:
    """What a finished run found; None before that."""
    row = conn.execute(repo.RESULT, {"run": run}).fetchone()
    found: dict[str, Any] | None = row[0] if row else None
    return found


def latest_results(conn: Connection) -> list[tuple[str, UUID, datetime, dict[str, Any]]]:
    """Of each policy the finished run that ended last: policy, run, when, and what it found."""
    return [(policy, run, at, result) for policy, run, at, result in conn.execute(repo.LATEST_RESULTS)]


def results_of(conn: Connection, runs: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """What these runs found, as far as they are done."""
    return dict(conn.execute(repo.RESULTS, {"runs": list(runs)}).fetchall()) if runs else {}


def list_flips(
    conn: Connection, run: UUID, candidate: int, *, after: int = 0, limit: int = 50, **wanted: str
) -> list[KeptFlip]:
    """Flips of a candidate (from 0), behind a place. `wanted`: kind, direction, partner, product; empty means any."""
    clauses = {
        "kind": "and kind = %(kind)s",
        "direction": "and direction = %(direction)s",
        "partner": "and partner = %(partner)s",
        "product": "and %(product)s = any(products)",
    }
    filters = " ".join(sql for name, sql in clauses.items() if wanted.get(name))
    params = {**wanted, "run": run, "candidate": candidate, "after_place": after, "limit": limit}
    return [KeptFlip(*row) for row in conn.execute(repo.FLIPS.format(filters=filters), params)]


def get_flip(conn: Connection, run: UUID, candidate: int, place: int) -> KeptFlip:
    """One flip. Raises `NotFound`."""
    row = conn.execute(repo.FLIP, {"run": run, "candidate": candidate, "place": place}).fetchone()
    if row is None:
        raise NotFound(
            phrase(
                "backtest %(run)s has no flip %(place)s of candidate %(candidate)s",
                run=run,
                place=place,
                candidate=candidate + 1,
            )
        )
    return KeptFlip(*row)


def keep_flips(conn: Connection, run: UUID, candidate: int, flips: Sequence[Flip]) -> None:
    """Store flips: changed outcomes first, then the largest amount."""
    if not flips:
        return
    ranked = sorted(flips, key=lambda f: (_KINDS.index(f.kind), -(f.amount or Decimal(0)), f.at, f.decision))
    conn.execute(
        repo.KEEP_FLIPS,
        {
            "run": run,
            "candidate": candidate,
            "place": list(range(1, len(ranked) + 1)),
            "decision": [f.decision for f in ranked],
            "at": [f.at for f in ranked],
            "subject_type": [f.subject_type for f in ranked],
            "subject": [f.subject for f in ranked],
            "partner": [f.partner for f in ranked],
            "amount": [f.amount for f in ranked],
            "margin": [f.margin for f in ranked],
            "kind": [f.kind for f in ranked],
            "direction": [f.direction for f in ranked],
            "before": [f.before for f in ranked],
            "after": [f.after for f in ranked],
            "rows": [json.dumps(f.rows) for f in ranked],
            "products": [canonical_text(list(f.products)) for f in ranked],
        },
    )
