"""Deal registrations and what they are compared with. Values only; amounts are in the deal's own currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Address:
    """Where a company sits. `country` is an ISO 3166-1 alpha-2 code; everything else as people write it."""

    country: str
    region: str = ""
    postcode: str = ""
    city: str = ""
    street: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """A company as somebody knows it. `domains` are web or mail domains, `duns` nine digits, `parent_*` what is known
    of the company that owns it."""

    name: str
    address: Address
    domains: tuple[str, ...] = ()
    duns: str = ""
    parent_name: str = ""
    parent_duns: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the partner talks to at the end customer: personal data."""

    name: str = ""
    email: str = ""
    phone: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class DealLine:
    """What the partner wants to sell. `amount` is what the whole line comes to."""

    line: str
    product: str
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal registration as a partner sends it. `amount` is the sum of its lines."""

    deal: str
    partner: str
    programme: str
    customer: Company
    contact: Contact
    lines: tuple[DealLine, ...]
    amount: Decimal
    currency: str
    close_on: date
    territory: str = ""
    distributor: str = ""
    incumbent: str = ""
    competitor: str = ""
    notes: str = ""
    evidence: tuple[str, ...] = ()
    requested_by: str = ""
    reason: str = ""

    @property
    def products(self) -> frozenset[str]:
        """The products of the deal."""
        return frozenset(line.product for line in self.lines)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim on an end customer, whoever holds it: another partner's deal, an opportunity of the direct sales team,
    or a customer that buys already.

    `kind` is deal, opportunity or customer; `holder` the partner or the account team; `products` what it is about
    (empty: everything); it counts from `since` until `until` (None: without end).
    """

    kind: str
    ref: str
    holder: str
    customer: Company
    products: frozenset[str]
    since: datetime
    until: datetime | None
    close_on: date | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to believe, or not, that two claims are about the same thing.

    `strength` from 0 to 1 says how clearly it shows, `weight` from 0 to 1 how much it counts when it shows fully;
    `ours` and `theirs` are what was compared.
    """

    name: str
    strength: Decimal
    weight: Decimal
    ours: str
    theirs: str
    because: str

    def as_json(self) -> dict[str, object]:
        """The signal as canonical content."""
        return {
            "name": self.name,
            "strength": self.strength,
            "weight": self.weight,
            "ours": self.ours,
            "theirs": self.theirs,
            "because": self.because,
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """How far a deal stands against a claim. All scores run from 0 to 100 with one decimal, rounded half up.

    `same_customer` says how sure it is that both mean one company, `overlap` how far products and time coincide, and
    `score` is their product: a different company is no conflict, whatever is sold to it.
    """

    claim: Claim
    same_customer: Decimal
    overlap: Decimal
    score: Decimal
    signals: tuple[Signal, ...]

    def as_json(self) -> dict[str, object]:
        """The conflict as canonical content, with its signals, strongest first."""
        claim = self.claim
        return {
            "kind": claim.kind,
            "ref": claim.ref,
            "holder": claim.holder,
            "customer": claim.customer.name,
            "status": claim.status,
            "since": claim.since,
            "until": claim.until,
            "same_customer": self.same_customer,
            "overlap": self.overlap,
            "score": self.score,
            "signals": [signal.as_json() for signal in self.signals],
        }
