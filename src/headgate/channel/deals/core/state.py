"""A registered deal as it stands, and what is known around a batch of deal events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from headgate.domain.checks import PartnerFacts, ProductFacts
from headgate.domain.deals import Claim, Conflict, Deal
from headgate.domain.fx import Rates

ZERO = Decimal(0)
# While a deal has one of these, it stands in the way of others.
STANDING = frozenset({"submitted", "under_review", "pending_approval", "appealed", "approved"})
PROTECTED = "approved"
MOST_CONFLICTS = 50


@dataclass(frozen=True, slots=True)
class DealState:
    """A deal with its standing. `stake` is its amount in the tenant's currency; `granted_days` all days of protection
    granted so far, `longest_days` the most that rules allow without a person."""

    deal: Deal
    status: str
    revision: int
    case_id: UUID
    requested_by: str
    submitted_by: str
    registered_at: datetime
    stake: Decimal = ZERO
    protected_from: datetime | None = None
    protected_until: datetime | None = None
    warn_at: datetime | None = None
    granted_days: int = 0
    longest_days: int = 0
    last_activity_at: datetime | None = None
    hands: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    won_amount: Decimal | None = None
    opportunity: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DealChanged:
    """The deal after an action; `conflicts` where it was assessed anew, `became_protected` at that moment only.
    `milestone` says what its partner notices: status, extended, activity, or nothing."""

    state: DealState
    conflicts: tuple[Conflict, ...] | None = None
    became_protected: bool = False
    milestone: str = ""


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme that deals are registered under. Empty lists allow everything; `least` is in `currency`."""

    programme: str
    title: str
    products: frozenset[str]
    families: frozenset[str]
    countries: frozenset[str]
    least: Decimal
    currency: str
    valid_from: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Territory:
    """Where partners sell: countries, of them regions where any are named. `exclusive`: nobody else sells there."""

    territory: str
    title: str
    countries: frozenset[str]
    regions: frozenset[str]
    partners: frozenset[str]
    exclusive: bool

    def covers(self, country: str, region: str) -> bool:
        """Whether a place lies in it."""
        return country in self.countries and (not self.regions or region in self.regions)


@dataclass(slots=True)
class DealBook:
    """The facts of a batch of deal events. `claims` are all claims on companies that may be those of the batch."""

    deals: dict[str, DealState]
    claims: list[Claim]
    partners: Mapping[str, PartnerFacts]
    products: Mapping[str, ProductFacts]
    programmes: Mapping[str, Programme]
    territories: Sequence[Territory]
    rates_by_day: Mapping[date, Rates]
    currency: str
    tz: ZoneInfo
    now: datetime
    _draft: dict[str, tuple[int, DealState]] = field(default_factory=dict)

    def current(self, seq: int, deal: str) -> DealState | None:
        """The deal as event `seq` sees it."""
        found = self._draft.get(deal)
        return found[1] if found is not None and found[0] == seq else self.deals.get(deal)

    def put(
        self,
        seq: int,
        state: DealState,
        conflicts: tuple[Conflict, ...] | None = None,
        *,
        became_protected: bool = False,
    ) -> DealChanged:
        """Note a change made by event `seq`; it counts for others once the event has been applied as a whole."""
        noticed = milestone(self.current(seq, state.deal.deal), state)
        self._draft[state.deal.deal] = (seq, state)
        return DealChanged(state, conflicts, became_protected, noticed)

    def apply(self, change: DealChanged) -> None:
        """Let the next event of the batch see a change, as a deal and as a claim on its customer."""
        state = change.state
        self.deals[state.deal.deal] = state
        self.claims = [c for c in self.claims if (c.kind, c.ref) != ("deal", state.deal.deal)]
        if state.status in STANDING:
            self.claims.append(claim_of(state))


def milestone(before: DealState | None, after: DealState) -> str:
    """What a partner notices of a change."""
    if before is None or before.status != after.status:
        return "status"
    if before.granted_days < after.granted_days:
        return "extended"
    return "activity" if before.last_activity_at != after.last_activity_at else ""


def claim_of(state: DealState) -> Claim:
    """What a standing deal holds against others."""
    deal = state.deal
    return Claim(
        kind="deal",
        ref=deal.deal,
        holder=deal.partner,
        customer=deal.customer,
        products=deal.products,
        since=state.registered_at,
        until=state.protected_until,
        close_on=deal.close_on,
        status="protected" if state.status == PROTECTED else "open",
    )
