"""The subject port of returns that partners ask for: facts of a batch in a handful of queries, changes set-based."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.channel.masters import RevisionCache
from headgate.channel.partners import load_partners
from headgate.channel.products import load_products
from headgate.channel.returns import repo
from headgate.channel.returns.core.state import RmaBook, RmaChanged
from headgate.channel.taxes import load_fx
from headgate.kernel.context import Context
from headgate.ledger import NewEvent, subjects_waiting
from headgate.process import TenantProfile, Work


@dataclass(frozen=True, slots=True)
class RmaPort:
    """Loads and writes returns that partners ask for."""

    cache: RevisionCache

    def load(self, conn: Connection[Any], ctx: Context, work: Sequence[Work], profile: TenantProfile) -> RmaBook:
        """The returns of the batch with their orders, and what has come back of those already."""
        conn.execute(repo.LOCK)
        stored = repo.load_rmas(conn, {w.subject for w in work})
        orders = {s.request.order for s in stored.values()}
        named = {order for w in work if isinstance(order := w.event.data.get("order"), str)}
        orders |= named
        # Asked before the orders are read: what is applied in between is in what is read then.
        ahead = subjects_waiting(conn, named)
        found = repo.load_orders(conn, orders)
        partners = {s.request.partner for s in stored.values()} | {o.partner for o in found.values()}
        products = {line.product for o in found.values() for line in o.lines}
        return RmaBook(
            rmas=stored,
            orders=found,
            claims=repo.load_claims(conn, orders),
            recorded=repo.load_recorded(conn, orders),
            partners=load_partners(conn, partners, self.cache),
            products=load_products(conn, products, self.cache),
            rates_by_day=load_fx(conn, {ctx.now.date()}, self.cache),
            currency=profile.currency,
            tz=ZoneInfo(profile.timezone),
            now=ctx.now,
            ahead=ahead,
        )

    def apply(self, facts: object, records: Sequence[object]) -> None:
        """Let the next event of the batch see what this one changed."""
        assert isinstance(facts, RmaBook)
        for record in records:
            if isinstance(record, RmaChanged):
                facts.apply(record)

    def flush(
        self, conn: Connection[Any], ctx: Context, facts: object, records: Sequence[object]
    ) -> Sequence[NewEvent]:
        """Write the last state of every return, and what its partner noticed."""
        changes = [r for r in records if isinstance(r, RmaChanged)]
        repo.save_rmas(conn, list({c.state.request.rma: c.state for c in changes}.values()))
        repo.add_milestones(conn, ctx.now, changes)
        return ()
