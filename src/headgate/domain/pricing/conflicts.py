"""The lint of agreements: pairs of terms of which only a late rule of precedence, or none, decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from headgate.domain.periods import overlap
from headgate.domain.pricing.model import Term
from headgate.domain.pricing.rank import scope_rank, scope_words
from headgate.kernel.canonical import instant_text


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two terms that both apply to the same lines in [valid_from, valid_until).

    `kind` is `tie` (only the lower price decides), `superseded` (the later start decides) or `possible` (scopes that
    differ but may meet in one line, such as two groups of one partner, and rank the same). `first` is the one that wins
    where that is certain.
    """

    kind: str
    first: Term
    second: Term
    valid_from: datetime
    valid_until: datetime | None
    detail: str


def find_conflicts(terms: Iterable[Term]) -> list[Conflict]:
    """Every pair of live terms (not retired) of the same rank and minimum quantity that can meet and differ in price.

    Ties come first, then possible ones, then superseded ones. Terms in different currencies never conflict: the order's
    own goes first.
    """
    places: dict[tuple[object, ...], list[Term]] = {}
    for term in terms:
        if term.retired_at is None:
            where = (scope_rank(term), term.partner or "", term.product or "", term.family or "", term.min_quantity)
            places.setdefault(where, []).append(term)
    found: list[Conflict] = []
    for group in places.values():
        group.sort(key=lambda term: (term.code, term.revision, term.term))
        for one, other in combinations(group, 2):
            conflict = _compare(one, other)
            if conflict is not None:
                found.append(conflict)
    order = {"tie": 0, "possible": 1, "superseded": 2}
    found.sort(key=lambda item: (order[item.kind], item.first.name, item.second.name))
    return found


def _compare(one: Term, other: Term) -> Conflict | None:
    money = "discount", "cost_plus"
    if one.currency != other.currency and one.method not in money and other.method not in money:
        return None
    if _price(one) == _price(other):
        return None
    common = overlap(one.valid_from, one.valid_until, other.valid_from, other.valid_until)
    if common is None:
        return None
    start, until = common
    span = f"from {instant_text(start)}" + (f" until {instant_text(until)}" if until else "")
    if any(a and b and a != b for a, b in ((one.region, other.region), (one.channel, other.channel))):
        return None
    same = (one.partner_group, one.region, one.channel) == (other.partner_group, other.region, other.channel)
    if not same:
        detail = (
            f"{one.name} ({scope_words(one)}) and {other.name} ({scope_words(other)}) can both apply to one line {span}"
        )
        return Conflict("possible", one, other, start, until, detail)
    if one.valid_from == other.valid_from:
        detail = (
            f"{one.name} and {other.name} cover {scope_words(one)} with different prices {span}; the lower one is taken"
        )
        return Conflict("tie", one, other, start, until, detail)
    newer, older = (one, other) if one.valid_from > other.valid_from else (other, one)
    detail = f"{newer.name} replaces {older.name} for {scope_words(one)} {span}, because it starts later"
    return Conflict("superseded", newer, older, start, until, detail)


def _price(term: Term) -> tuple[object, ...]:
    return term.method, term.value, term.currency, term.tier_mode, term.tiers
