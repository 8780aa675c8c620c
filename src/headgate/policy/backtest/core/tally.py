"""The sums of one candidate: what flips, for whom, how much, and what it does to waiting and approvals.

Sums of money are exact: they are added in a context that refuses to round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal, Inexact
from typing import Any, NamedTuple
from uuid import UUID

from headgate.kernel.canonical import decimal_text
from headgate.policy.backtest.core.lens import About, Effect

EXACT = Context(prec=90, traps=[Inexact])
ZERO = Decimal(0)
MOST_GROUPS = 100  # partners, products and row changes told one by one; the others as one sum
MOST_WHY = 20
GRAVITY = {"pass": 0, "release": 0, "approve": 0, "flag": 1, "hold": 2, "review": 2, "ask": 2, "reject": 3}
BANDS = tuple(Decimal(limit) for limit in (100, 1_000, 10_000, 100_000))


class Flip(NamedTuple):
    """A decision that would have come out otherwise.

    `kind`: `outcome` when its outcome differs, `approvals` when others would have been asked, `inner` when only an
    answer on the way differs. `rows` are the changed evaluations' rows as (before, after).
    """

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
    rows: tuple[tuple[str, str], ...]
    products: tuple[str, ...] = ()


@dataclass(slots=True)
class Group:
    """Flips of one partner, product, month, band or kind of change."""

    decisions: int = 0
    stricter: int = 0
    looser: int = 0
    amount: Decimal = ZERO
    margin: Decimal = ZERO

    def add(self, flip: Flip, amount: Decimal | None) -> None:
        """Count a flip with the amount that is this group's."""
        self.decisions += 1
        self.stricter += flip.direction == "stricter"
        self.looser += flip.direction == "looser"
        self.amount = EXACT.add(self.amount, amount or ZERO)
        self.margin = EXACT.add(self.margin, flip.margin or ZERO)

    def merge(self, other: Group) -> None:
        """Count another group's flips as well."""
        self.decisions += other.decisions
        self.stricter += other.stricter
        self.looser += other.looser
        self.amount = EXACT.add(self.amount, other.amount)
        self.margin = EXACT.add(self.margin, other.margin)

    def as_json(self) -> dict[str, Any]:
        """Counts, and amounts as text."""
        return {
            "decisions": self.decisions,
            "stricter": self.stricter,
            "looser": self.looser,
            "amount": decimal_text(self.amount),
            "margin": decimal_text(self.margin),
        }


@dataclass(slots=True)
class Load:
    """Approvals asked of one role, and what was at stake in them."""

    before: int = 0
    after: int = 0
    before_stake: Decimal = ZERO
    after_stake: Decimal = ZERO


@dataclass(slots=True)
class Tally:
    """What is counted for one candidate. `most` flips are kept one by one; all are counted."""

    most: int
    same: int = 0
    flipped: int = 0
    rerouted: int = 0
    inner: int = 0
    undecidable: int = 0
    unanswered: int = 0
    evaluations_changed: int = 0
    evaluations_undecidable: int = 0
    evaluations_unanswered: int = 0
    total: Group = field(default_factory=Group)
    transitions: dict[tuple[str, str], Group] = field(default_factory=dict)
    partners: dict[str, Group] = field(default_factory=dict)
    products: dict[str, Group] = field(default_factory=dict)
    months: dict[str, Group] = field(default_factory=dict)
    bands: dict[int, Group] = field(default_factory=dict)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    lacking: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    loads: dict[str, Load] = field(default_factory=dict)
    held_after: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    flips: list[Flip] = field(default_factory=list)
    examples: list[tuple[str, str]] = field(default_factory=list)  # what was refused or not decidable: decision, why

    def lack(self, decision: UUID, names: Iterable[str]) -> None:
        """A decision that cannot be told, for what was not recorded."""
        self.undecidable += 1
        for name in names:
            self.lacking[name] += 1
        self._example(decision, f"not recorded: {', '.join(names)}")

    def refuse(self, decision: UUID, why: str) -> None:
        """A decision on which the candidate has no answer."""
        self.unanswered += 1
        why = str(why)  # a key of JSON is text, and no phrase
        if why in self.refusals or len(self.refusals) < MOST_WHY:
            self.refusals[why] += 1
        self._example(decision, why)

    def _example(self, decision: UUID, why: str) -> None:
        if len(self.examples) < MOST_WHY:
            self.examples.append((str(decision), why))

    def load(self, before: Effect, after: Effect) -> None:
        """Count the approvals of a decision, then and now."""
        for _, role in before.steps:
            of = self.loads.setdefault(role, Load())
            of.before += 1
            of.before_stake = EXACT.add(of.before_stake, before.stake)
        for _, role in after.steps:
            of = self.loads.setdefault(role, Load())
            of.after += 1
            of.after_stake = EXACT.add(of.after_stake, after.stake)

    def flip(self, flip: Flip, about: About, places: Iterable[int], month: str) -> None:
        """Count a decision that comes out otherwise."""
        if flip.kind == "outcome":
            self.flipped += 1
            self.total.add(flip, flip.amount)
            self.transitions.setdefault((flip.before, flip.after), Group()).add(flip, flip.amount)
            self.partners.setdefault(flip.partner, Group()).add(flip, flip.amount)
            self.months.setdefault(month, Group()).add(flip, flip.amount)
            self.bands.setdefault(band(flip.amount), Group()).add(flip, flip.amount)
            for product, amount in _by_product(about, places).items():
                self.products.setdefault(product, Group()).add(flip._replace(margin=None), amount)
        elif flip.kind == "approvals":
            self.rerouted += 1
        else:
            self.inner += 1
        if len(self.flips) < self.most:
            self.flips.append(flip)


def _by_product(about: About, places: Iterable[int]) -> dict[str, Decimal]:
    """Amounts of the lines that made a decision flip, by product; a line counts once however many answers changed."""
    lines = {about.products[place] for place in places if place in about.products}
    found: dict[str, Decimal] = {}
    for product, amount in lines:
        found[product] = EXACT.add(found.get(product, ZERO), amount)
    return found


def band(amount: Decimal | None) -> int:
    """Which band of amounts, from 0; -1 where no amount is known."""
    if amount is None:
        return -1
    return sum(amount >= limit for limit in BANDS)


def direction(before: Effect, after: Effect) -> str:
    """stricter, looser, or other."""
    old, new = GRAVITY.get(before.outcome), GRAVITY.get(after.outcome)
    if old is not None and new is not None and old != new:
        return "stricter" if new > old else "looser"
    if before.held != after.held:
        return "stricter" if after.held else "looser"
    if len(before.steps) != len(after.steps):
        return "stricter" if len(after.steps) > len(before.steps) else "looser"
    return "other"


def told(groups: dict[str, Group], name: str) -> dict[str, Any]:
    """The largest groups by amount, then count, and the sum of the others."""
    ranked = sorted(groups.items(), key=lambda item: (-item[1].amount, -item[1].decisions, item[0]))
    rest = Group()
    for _, group in ranked[MOST_GROUPS:]:
        rest.merge(group)
    return {
        "items": [{name: key, **group.as_json()} for key, group in ranked[:MOST_GROUPS]],
        "others": {"count": max(0, len(ranked) - MOST_GROUPS), **rest.as_json()},
    }
