"""How well the conflict score tells one buyer from two, on pairs that people have labelled.

Precision: of the pairs it takes for one buyer, how many are. Recall: of those that are one buyer, how many it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from headgate.domain.deals.conflict import DEFAULT_WEIGHTS, Weights, keys, weigh
from headgate.domain.deals.model import Claim, Company, Contact, Deal, DealLine

# Products and time coincide in every pair: what is tested is whether both mean one company.
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_UNTIL = _SINCE + timedelta(days=90)
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two companies as two parties know them, and whether both are one buyer."""

    same: bool
    ours: Company
    theirs: Company


@dataclass(frozen=True, slots=True)
class Wrong:
    """A pair that the score gets wrong."""

    ours: str
    theirs: str
    score: Decimal
    same: bool


@dataclass(frozen=True, slots=True)
class ScoreCheck:
    """What came of the pairs. `found` were taken for one buyer, `right` of them are; `same` are one buyer in truth."""

    pairs: int
    same: int
    found: int
    right: int
    wrong: tuple[Wrong, ...]

    @property
    def precision(self) -> Decimal:
        """In percent, one decimal, half up; 100 where nothing was found."""
        return _percent(self.right, self.found)

    @property
    def recall(self) -> Decimal:
        """In percent, one decimal, half up; 100 where there was nothing to find."""
        return _percent(self.right, self.same)


def check_scores(pairs: Sequence[Pair], threshold: Decimal, weights: Weights = DEFAULT_WEIGHTS) -> ScoreCheck:
    """Score every pair as a deal against a claim. Companies without a key in common are never compared, so they score 0
    here as they do in the product."""
    found = right = 0
    wrong: list[Wrong] = []
    for pair in pairs:
        score = _score(pair, weights) if keys(pair.ours) & keys(pair.theirs) else Decimal(0)
        taken = score >= threshold
        found += taken
        right += taken and pair.same
        if taken != pair.same:
            wrong.append(Wrong(pair.ours.name, pair.theirs.name, score, pair.same))
    return ScoreCheck(len(pairs), sum(p.same for p in pairs), found, right, tuple(wrong))


def _score(pair: Pair, weights: Weights) -> Decimal:
    line = DealLine("1", "P", _ONE, _ONE)
    deal = Deal("ours", "A", "", pair.ours, Contact(), (line,), _ONE, "EUR", date(2026, 6, 30))
    claim = Claim("deal", "theirs", "B", pair.theirs, frozenset({"P"}), _SINCE, _UNTIL, date(2026, 6, 30))
    return weigh(deal, _SINCE, _UNTIL, claim, weights).score


def _percent(part: int, whole: int) -> Decimal:
    if not whole:
        return Decimal(100)
    return (Decimal(100) * part / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
