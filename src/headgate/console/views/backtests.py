"""Backtests: the list, asking for one, watching it, what it found, and one flip from both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import AppliedFilter, Fact, PartnerName, Person, Tab, View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class BacktestRow:
    """A backtest in the list; `title` is that of the first version tried, `finding` is empty until it is done."""

    run: UUID
    policy: str
    title: str
    tried: tuple[str, ...]
    first: date
    last: date
    status: str
    decisions: int
    finding: str
    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class BacktestsView(View):
    """Every backtest, newest first."""

    template: ClassVar[str] = "backtests.html"
    nav: ClassVar[str] = "policies"

    policy: str
    runs: tuple[BacktestRow, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A version that can be tried."""

    version: int
    title: str
    status: str
    picked: bool


@dataclass(frozen=True, slots=True)
class AskView(View):
    """The form. `presets` are periods as links; `error` says why it could not be started."""

    template: ClassVar[str] = "backtest_new.html"
    nav: ClassVar[str] = "policies"

    policy: str
    title: str
    choices: tuple[Choice, ...]
    first: str
    last: str
    presets: tuple[Tab, ...]
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A partner, a product, a month or a band of amounts, with what flips there."""

    label: str
    decisions: int
    amount: Money
    href: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """How many decisions go from one outcome to another."""

    before: str
    after: str
    decisions: int
    amount: Money


@dataclass(frozen=True, slots=True)
class LoadRow:
    """Approvals asked of a role, then and now, with what was at stake in them."""

    role: str
    before: int
    after: int
    before_stake: Money
    after_stake: Money


@dataclass(frozen=True, slots=True)
class FlipRow:
    """A decision that flips. `kind`: outcome, approvals or inner."""

    place: int
    subject: str
    partner: PartnerName | None
    at: datetime
    kind: str
    before: str
    after: str
    amount: Money | None
    rows: tuple[tuple[str, str], ...]
    href: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A candidate in one line, to stand beside the others."""

    label: str
    title: str
    href: str
    current: bool
    flipped: int
    amount: Money
    straight_before: Decimal | None
    straight_after: Decimal | None
    approvals_before: int
    approvals_after: int
    untold: int


@dataclass(frozen=True, slots=True)
class Lack:
    """What was not recorded and keeps `decisions` from being told: facts, each with its label and code, or else what
    `why` says. `by`: the policy that reads them, where that is not the one that is tried."""

    facts: tuple[tuple[str, str], ...]
    why: str
    by: str
    decisions: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a backtest found about one candidate. `compared` counts the decisions that were weighed again."""

    headline: str
    compared: int
    flipped: int
    rerouted: int
    inner: int
    stricter: int
    looser: int
    undecidable: int
    unanswered: int
    amount: Money
    margin: Money
    straight_before: Decimal | None
    straight_after: Decimal | None
    subjects: int
    load: tuple[LoadRow, ...]
    turns: tuple[Turn, ...]
    partners: tuple[Hit, ...]
    partners_more: int
    products: tuple[Hit, ...]
    months: tuple[Hit, ...]
    bands: tuple[Hit, ...]
    lacking: tuple[Lack, ...]
    refusals: tuple[Fact, ...]
    flips: tuple[FlipRow, ...]
    kept: int
    total: int


@dataclass(frozen=True, slots=True)
class BacktestView(View):
    """A backtest: how far it is, or what it found. `differing` records are not what their own version says today;
    `version_href` is where it goes on with the version that is shown, "" for a text that is not stored."""

    template: ClassVar[str] = "backtest.html"
    nav: ClassVar[str] = "policies"
    parts: ClassVar[Mapping[str, str]] = {"progress": "backtest_progress.html", "rows": "backtest_rows.html"}

    run: UUID
    policy: str
    title: str
    first: date
    last: date
    zone: str
    status: str
    done: int
    total: int
    by: Person
    at: datetime
    cancelled_by: Person | None
    error: str
    may_cancel: bool
    digest: str
    read: str = ""
    evaluations: int = 0
    differing: int = 0
    followed: int = 0
    notes: tuple[str, ...] = ()
    candidates: tuple[Compared, ...] = ()
    found: Found | None = None
    filters: tuple[AppliedFilter, ...] = ()
    here: str = ""
    more: str = ""
    version_href: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """What a version says: its rows, outputs and reasons."""

    version: str
    href: str
    rows: tuple[str, ...]
    outputs: tuple[Fact, ...]
    reasons: tuple[str, ...]
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairRow:
    """One evaluation on both sides; `missed` are rows of the candidate that did not apply: row, input, test."""

    product: str
    facts: tuple[Fact, ...]
    then: Side
    now: Side
    missed: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FlipView(View):
    """Why one decision flips."""

    template: ClassVar[str] = "backtest_flip.html"
    nav: ClassVar[str] = "policies"

    run: UUID
    policy: str
    title: str
    flip: FlipRow
    subject_href: str
    subject_open: str
    margin: Money | None
    pairs: tuple[PairRow, ...]
    back: str
    digest: str
