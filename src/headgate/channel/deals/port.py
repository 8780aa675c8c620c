"""The subject port of deals: facts of a batch in a handful of queries, changes written set-based."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.channel.deals import repo
from headgate.channel.deals.core.state import STANDING, DealBook, DealChanged, DealState, claim_of
from headgate.channel.deals.milestones import add_milestones
from headgate.channel.masters import RevisionCache
from headgate.channel.partners import load_partners
from headgate.channel.products import load_products
from headgate.channel.taxes import load_fx
from headgate.domain.deals import Deal, keys, parse_deal
from headgate.kernel.context import Context
from headgate.kernel.errors import Invalid
from headgate.ledger import NewEvent
from headgate.process import TenantProfile, Work

BRINGS = frozenset({"deal.drafted", "deal.submitted", "deal.amended"})


@dataclass(frozen=True, slots=True)
class DealPort:
    """Loads and writes deals."""

    cache: RevisionCache

    def load(self, conn: Connection[Any], ctx: Context, work: Sequence[Work], profile: TenantProfile) -> DealBook:
        """The deals of the batch with every claim on companies that may be their customers."""
        conn.execute(repo.LOCK)
        stored = repo.load_deals(conn, {w.subject for w in work})
        deals = [s.deal for s in stored.values()] + list(_brought(work))
        rivals, claims = repo.load_claims(conn, {key for d in deals for key in keys(d.customer)})
        return DealBook(
            deals=stored,
            claims=[*claims, *(claim_of(s) for s in rivals if s.status in STANDING)],
            partners=load_partners(conn, {d.partner for d in deals}, self.cache),
            products=load_products(conn, {p for d in deals for p in d.products}, self.cache),
            programmes=repo.load_programmes(conn, {d.programme for d in deals if d.programme}),
            territories=repo.load_territories(conn, {d.customer.address.country for d in deals}),
            rates_by_day=load_fx(conn, {ctx.now.date()}, self.cache),
            currency=profile.currency,
            tz=ZoneInfo(profile.timezone),
            now=ctx.now,
        )

    def apply(self, facts: object, records: Sequence[object]) -> None:
        """Let the next event of the batch see what this one changed."""
        assert isinstance(facts, DealBook)
        for record in records:
            if isinstance(record, DealChanged):
                facts.apply(record)

    def flush(
        self, conn: Connection[Any], ctx: Context, facts: object, records: Sequence[object]
    ) -> Sequence[NewEvent]:
        """Write the last state of every deal, what stands against it, and under what its customer is found."""
        changes = [r for r in records if isinstance(r, DealChanged)]
        last = {c.state.deal.deal: c.state for c in changes}
        repo.save_deals(conn, list(last.values()))
        add_milestones(conn, ctx.now, changes)
        repo.save_conflicts(conn, ctx.now, {c.state.deal.deal: c.conflicts for c in changes if c.conflicts is not None})
        repo.save_keys(conn, {("deal", s.deal.deal): _keys(s) for s in last.values()})
        return self._rechecks(conn, ctx, [c.state.deal.deal for c in changes if c.became_protected])

    def _rechecks(self, conn: Connection[Any], ctx: Context, protected: Sequence[str]) -> list[NewEvent]:
        """What people decide about other deals must take the new protection into account."""
        if not protected:
            return []
        return [
            NewEvent(
                source="headgate",
                event_id=f"recheck-{deal}-{protected[0]}-{ctx.now.timestamp():.6f}",
                type="deal.recheck_requested",
                subject=deal,
                key=f"deal:{deal}",
                time=ctx.now,
                data={"deal": deal, "reason": "a deal that stands against it was protected"},
                actor="system",
            )
            for deal in repo.waiting_on(conn, protected)
            if deal not in protected
        ]


def _brought(work: Sequence[Work]) -> Iterable[Deal]:
    """The deals that events of the batch bring; what cannot be read is refused by its action."""
    for item in work:
        if item.event.type in BRINGS:
            try:
                yield parse_deal(item.event.data)
            except Invalid:
                continue


def _keys(state: DealState) -> frozenset[str]:
    """A deal that stands in nobody's way is not looked up."""
    return keys(state.deal.customer) if state.status in STANDING else frozenset()
