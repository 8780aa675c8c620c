"""Backtests as asked for and shown."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Amount, Instant, Version

Day = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), Field(json_schema_extra={"format": "date"})
]


class CandidateText(Body):
    """A policy text to try that is not stored as a version."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\u0000-\u001f]*$")
    text: str = Field(min_length=1, max_length=200_000)


class StartBacktest(Body):
    """Days are the tenant's, both included. One to five candidates in all."""

    first_day: Day = Field(examples=["2026-01-01"])
    last_day: Day = Field(examples=["2026-03-31"])
    versions: list[Version] = Field(default=[], max_length=5, description="The tenant's own, whatever their status.")
    texts: list[CandidateText] = Field(default=[], max_length=5)


class CandidateView(Shape):
    """A version that is tried. `digest` is SHA-256 (hex) of the text that was."""

    label: str
    version: int
    title: str
    digest: str
    source: str
    status: str


class BacktestLine(Shape):
    """A backtest and how far it is: `done` of `total` decisions."""

    run: UUID
    policy: str
    first_day: str
    last_day: str
    zone: str
    since: Instant
    until: Instant
    candidates: list[CandidateView]
    digest: str = Field(description="SHA-256 (hex) of what was asked: the same question has the same digest.")
    status: str = Field(description="queued, running, done, cancelled or failed.")
    total: int
    done: int
    requested_by: str
    requested_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    cancelled_by: str | None
    error: str | None


class BacktestView(BacktestLine):
    """A backtest with what it found; `result` is null until it is done."""

    result: dict[str, Any] | None


class CancelBacktest(Body):
    """Nothing needs to be said."""


class FlipView(Shape):
    """A decision that would have come out otherwise. `kind`: outcome, approvals (others would have been asked) or inner
    (only an answer on the way differs)."""

    place: int
    decision: UUID
    at: Instant
    subject_type: str
    subject: str
    partner: str
    amount: Amount | None
    margin: Amount | None
    kind: str
    direction: str
    before: str
    after: str
    rows: list[list[str]] = Field(description="Of each changed evaluation the row then and the row now.")
    products: list[str]


class SaidView(Shape):
    """What a version says to the facts."""

    version: int
    rows: list[str]
    outputs: dict[str, Any]
    reasons: list[str]
    clauses: list[str]


class MissedView(Shape):
    """A row that did not apply, and the test that kept it from it."""

    row: str
    column: str
    test: str


class PairView(Shape):
    """One evaluation on both sides."""

    product: str
    facts: dict[str, Any]
    then: SaidView
    now: SaidView
    missed: list[MissedView]


class FlipDetail(FlipView):
    """A flip with the evaluations that changed."""

    evaluations: list[PairView]
