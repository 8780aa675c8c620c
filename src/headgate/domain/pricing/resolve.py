"""Choose the term that sets the price of a line, and keep the reasoning.

Only terms in whose scope the line lies become candidates: another partner's prices never show in a trace. Terms
recorded after `as_known`, or retired by then, are left out entirely, so that a replay of a past moment gives the same
bytes as it gave then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from headgate.domain.pricing.methods import Priced, apply_term
from headgate.domain.pricing.model import ZERO, Candidate, PriceQuery, PriceTrace, Term
from headgate.domain.pricing.rank import Rank, rank_words, scope_rank
from headgate.kernel.canonical import instant_text

_Ranked = tuple[Rank, Term]
_Key = tuple[Rank, bool, Decimal, datetime]


class PriceBook:
    """Terms laid out by partner and product, family or neither, so that a line looks at a handful. Build it with
    `price_book`."""

    __slots__ = ("_kinds", "_places")

    def __init__(self, places: dict[tuple[str, str, str], list[_Ranked]]) -> None:
        self._places = places
        occurring = {kind for _, kind, _ in places}
        self._kinds = tuple(kind for kind in ("product", "family", "all") if kind in occurring)

    def in_scope(self, query: PriceQuery) -> list[_Ranked]:
        """The terms whose partner, group, region, channel, product and family all fit the query."""
        places = self._places
        found: list[_Ranked] = []
        for partner in (query.partner, "") if query.partner else ("",):
            for kind in self._kinds:
                code = query.product if kind == "product" else query.family if kind == "family" else ""
                for item in places.get((partner, kind, code), ()):
                    term = item[1]
                    if (
                        (not term.partner_group or term.partner_group in query.groups)
                        and (not term.region or term.region == query.region)
                        and (not term.channel or term.channel == query.channel)
                    ):
                        found.append(item)
        return found


def price_book(terms: Iterable[Term]) -> PriceBook:
    """Lay out terms for `resolve_price`. Build once per batch, or per change of agreements; the order of terms does not
    matter."""
    places: dict[tuple[str, str, str], list[_Ranked]] = {}
    for term in terms:
        if term.product:
            key = (term.partner or "", "product", term.product)
        elif term.family:
            key = (term.partner or "", "family", term.family)
        else:
            key = (term.partner or "", "all", "")
        places.setdefault(key, []).append((scope_rank(term), term))
    return PriceBook(places)


def resolve_price(query: PriceQuery, book: PriceBook) -> PriceTrace:
    """The contract price of a line and the whole trace; `winner` is None when no term gives a price.

    The order of precedence is in `rank`. Candidates come winner first, then losers by precedence, then those that do
    not apply.
    """
    priced: list[tuple[_Key, Term, Priced]] = []
    rest: list[tuple[Rank, Term, str]] = []
    derived: list[_Ranked] = []
    known, at = query.as_known, query.at
    for item in book.in_scope(query):
        rank, term = item
        if term.recorded_at > known or (term.retired_at is not None and term.retired_at <= known):
            continue
        reason = _why_not(term, query, at)
        if reason:
            rest.append((rank, term, reason))
        elif term.method == "discount":
            derived.append(item)
        else:
            _add(priced, rest, rank, term, query, apply_term(term, query, None))
    if derived:
        base = _best([entry for entry in priced if entry[1].method == "list"])
        for rank, term in derived:
            _add(priced, rest, rank, term, query, apply_term(term, query, base[2] if base else None))
    if len(priced) > 1:
        _rank(priced)
    if len(rest) > 1:
        rest.sort(key=lambda entry: (entry[1].code, -entry[1].revision, entry[1].term))
        rest.sort(key=lambda entry: entry[0], reverse=True)
    return _trace(query, priced, rest)


def _trace(
    query: PriceQuery, priced: list[tuple[_Key, Term, Priced]], rest: list[tuple[Rank, Term, str]]
) -> PriceTrace:
    candidates: list[Candidate] = []
    winner: Term | None = None
    price: Priced | None = None
    tie = False
    if priced:
        first_key, winner, price = priced[0]
        candidates.append(Candidate(winner, price.unit_price, "wins", price.how))
        for key, term, other in priced[1:]:
            tied = key == first_key and other.amount != price.amount
            tie = tie or tied
            candidates.append(
                Candidate(term, other.unit_price, "loses", _why_lost(winner, price, first_key, other, key))
            )
    candidates.extend([Candidate(term, None, "not_applicable", reason) for _, term, reason in rest])
    return PriceTrace(
        query.partner,
        query.product,
        query.quantity,
        query.currency,
        query.at,
        query.as_known,
        winner,
        price.unit_price if price else None,
        price.amount if price else None,
        winner.method if winner else "",
        tie,
        tuple(candidates),
        price.bands if price else (),
        price.rates if price else (),
    )


def _why_not(term: Term, query: PriceQuery, at: datetime) -> str:
    """Why a term in scope does not apply; empty when it does."""
    if at < term.valid_from:
        return f"it starts on {instant_text(term.valid_from)}"
    if term.valid_until is not None and at >= term.valid_until:
        return f"it ended at {instant_text(term.valid_until)}"
    if query.quantity < term.min_quantity:
        return f"it needs at least {term.min_quantity:f} and the line has {query.quantity:f}"
    if term.max_quantity is not None:
        left = term.max_quantity - term.used_quantity
        if query.taken:
            left -= query.taken.get((term.agreement, term.term), ZERO)
        left = max(left, ZERO)
        if query.quantity > left:
            return f"{left:f} of its {term.max_quantity:f} are left and the line has {query.quantity:f}"
    return ""


def _add(
    priced: list[tuple[_Key, Term, Priced]],
    rest: list[tuple[Rank, Term, str]],
    rank: Rank,
    term: Term,
    query: PriceQuery,
    answer: Priced | str,
) -> None:
    if isinstance(answer, str):
        rest.append((rank, term, answer))
    else:
        native = not term.currency or term.currency == query.currency or term.method in ("discount", "cost_plus")
        priced.append(((rank, native, term.min_quantity, term.valid_from), term, answer))


def _rank(priced: list[tuple[_Key, Term, Priced]]) -> None:
    """Sort by precedence, best first; only where two keys are equal do price and identity matter."""
    priced.sort(key=_precedence, reverse=True)
    if any(entry[0] == after[0] for entry, after in pairwise(priced)):
        priced.sort(key=_identity)
        priced.sort(key=_cheapest)
        priced.sort(key=_precedence, reverse=True)


def _precedence(entry: tuple[_Key, Term, Priced]) -> _Key:
    return entry[0]


def _cheapest(entry: tuple[_Key, Term, Priced]) -> tuple[Decimal, Decimal]:
    return entry[2].amount, entry[2].unit_price


def _identity(entry: tuple[_Key, Term, Priced]) -> tuple[str, int, int]:
    return entry[1].code, -entry[1].revision, entry[1].term


def _best(entries: list[tuple[_Key, Term, Priced]]) -> tuple[_Key, Term, Priced] | None:
    if not entries:
        return None
    _rank(entries)
    return entries[0]


def _why_lost(winner: Term, price: Priced, first: _Key, other: Priced, key: _Key) -> str:
    if first[0] != key[0]:
        return rank_words(winner, first[0], key[0])
    if first[1] != key[1]:
        return f"{winner.name} is in the order's currency"
    if first[2] != key[2]:
        return f"{winner.name} has the higher minimum quantity of {winner.min_quantity:f}"
    if first[3] != key[3]:
        return f"{winner.name} starts later, on {instant_text(winner.valid_from)}"
    if other.amount != price.amount:
        return f"{winner.name} ranks the same and is cheaper: {price.unit_price:f} against {other.unit_price:f}"
    return f"{winner.name} ranks the same and gives the same price"
