"""The values of pricing: terms of agreements, the question, and the trace that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from headgate.domain.fx import FxRate, Rates
from headgate.kernel.canonical import as_plain

ZERO = Decimal(0)
METHODS = ("list", "net", "discount", "cost_plus")
TIER_MODES = ("none", "slab", "range")
ROUNDING_WORDS = "derived unit prices: 4 decimals half up; amount: minor unit half up"


@dataclass(frozen=True, slots=True)
class Tier:
    """From this unit number on, this value (a price, or a percentage for discount and cost-plus)."""

    start: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class Term:
    """One line of one revision of an agreement.

    `value` is a price in `currency` for `list` and `net`, a percentage for `discount` (off the list price) and
    `cost_plus` (on top of cost). `valid_from` and `valid_until` are what remains after the agreement's own bounds
    (`periods.within`); `valid_until` is exclusive, None is open. `recorded_at` and `retired_at` say from when until
    when the platform held the term to be true. A scope field that is None or empty means any. `used_quantity` is as of
    the moment that is asked about.
    """

    agreement: str
    code: str
    revision: int
    term: int
    method: str
    value: Decimal
    currency: str
    valid_from: datetime
    recorded_at: datetime
    kind: str = "net"  # list | net | exception | …: an 'exception' is an approved price exception and goes first
    valid_until: datetime | None = None
    retired_at: datetime | None = None
    partner: str | None = None
    partner_group: str | None = None
    region: str | None = None
    channel: str | None = None
    product: str | None = None
    family: str | None = None
    tier_mode: str = "none"
    tiers: tuple[Tier, ...] = ()
    min_quantity: Decimal = ZERO
    max_quantity: Decimal | None = None
    used_quantity: Decimal = ZERO

    # The term as people cite it: agreement code, revision and term number.
    name: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.code} r{self.revision} #{self.term}")


class PriceQuery(NamedTuple):
    """What is asked: the price of a quantity of a product for a partner, at an instant, as known at another.

    `cost` is the unit cost in `cost_currency` (empty: the query's currency). `fx` are the rates of the day. `taken` is
    what to count beside their used quantity for terms with a maximum, by (agreement, term): what earlier lines of the
    order and other orders of the moment take; negative for what is given back.
    """

    partner: str
    product: str
    quantity: Decimal
    currency: str
    at: datetime
    as_known: datetime
    groups: tuple[str, ...] = ()
    region: str = ""
    channel: str = ""
    family: str = ""
    cost: Decimal | None = None
    cost_currency: str = ""
    fx: Rates | None = None
    taken: Mapping[tuple[str, int], Decimal] | None = None


class Candidate(NamedTuple):
    """A term in whose scope the line lies, its unit price (None where it gives none), and what became of it.

    `verdict` is wins, loses or not_applicable; `reason` says why in plain words.
    """

    term: Term
    unit_price: Decimal | None
    verdict: str
    reason: str

    def as_values(self) -> dict[str, object]:
        """Identity, price and verdict, for canonical JSON."""
        term = self.term
        return {
            "agreement": term.agreement,
            "code": term.code,
            "revision": term.revision,
            "term": term.term,
            "kind": term.kind,
            "method": term.method,
            "unit_price": self.unit_price,
            "verdict": self.verdict,
            "reason": self.reason,
        }


class PriceTrace(NamedTuple):
    """The price of one line and how it came about.

    `unit_price` is None when no agreement gives a price. A price written in an agreement is taken as written; a derived
    one (discount, cost-plus, converted, or the average of slab bands) is rounded to 4 decimals half up. `amount` is
    quantity times price, or the sum of the bands, rounded half up once to the currency's minor unit. `tie` means that
    only the lower price decided.
    """

    partner: str
    product: str
    quantity: Decimal
    currency: str
    at: datetime
    as_known: datetime
    winner: Term | None
    unit_price: Decimal | None
    amount: Decimal | None
    method: str
    tie: bool
    candidates: tuple[Candidate, ...]
    bands: tuple[tuple[Decimal, Decimal, Decimal], ...] = ()  # (first unit, quantity in the band, unit price)
    rates: tuple[FxRate, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The trace with amounts and instants as text: equal inputs give equal canonical bytes."""
        found: dict[str, object] = as_plain(self.as_values())
        return found

    def as_values(self) -> dict[str, object]:
        """The trace for canonical JSON, which writes amounts and instants as text."""
        winner = self.winner
        return {
            "partner": self.partner,
            "product": self.product,
            "quantity": self.quantity,
            "currency": self.currency,
            "at": self.at,
            "as_known": self.as_known,
            "winner": None if winner is None else winner.name,
            "agreement": None if winner is None else winner.agreement,
            "unit_price": self.unit_price,
            "amount": self.amount,
            "method": self.method,
            "tie": self.tie,
            "rounding": ROUNDING_WORDS,
            "candidates": [candidate.as_values() for candidate in self.candidates],
            "bands": [
                {"from": start, "quantity": quantity, "unit_price": price} for start, quantity, price in self.bands
            ],
            "rates": [rate.as_json() for rate in self.rates],
        }
