"""What happened to a deal as its partner may know it: written with each change, read by portals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.channel.deals.core.state import DealChanged
from headgate.kernel.canonical import canonical_text

_ADD = """
insert into deal_milestones (deal, partner, at, kind, status, protected_until, told)
select deal, partner, at, kind, status, protected_until, array(select jsonb_array_elements_text(told))
from unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::timestamptz[], %s::jsonb[])
  with ordinality as m(deal, partner, at, kind, status, protected_until, told, place) order by place
"""
_OF = "select deal, at, kind, status, protected_until, told from deal_milestones where deal = %s order by place"
_LATEST = """
select m.deal, m.at, m.kind, m.status, m.protected_until, m.told, d.customer
from deal_milestones m join deals d on d.deal = m.deal
where m.status <> 'submitted' order by m.at desc, m.place desc limit %s
"""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A change. `kind`: status, extended or activity; `told` is what the partner was told then."""

    deal: str
    at: datetime
    kind: str
    status: str
    protected_until: datetime | None
    told: tuple[str, ...]
    customer: str = ""


def add_milestones(conn: Connection[Any], now: datetime, changes: Sequence[DealChanged]) -> None:
    """Write the changes that a partner notices, in order."""
    rows = [
        (s.deal.deal, s.deal.partner, now, c.milestone, s.status, s.protected_until, canonical_text(list(s.told)))
        for c in changes
        if c.milestone
        for s in (c.state,)
    ]
    if rows:
        conn.execute(_ADD, [list(column) for column in zip(*rows, strict=True)])


def milestones_of(conn: Connection[Any], deal: str) -> list[Milestone]:
    """What happened to one deal, oldest first."""
    return [_milestone(row) for row in conn.execute(_OF, (deal,))]


def latest_milestones(conn: Connection[Any], limit: int) -> list[Milestone]:
    """What happened last to the deals that the transaction may see."""
    return [_milestone(row) for row in conn.execute(_LATEST, (limit,))]


def _milestone(row: tuple[Any, ...]) -> Milestone:
    deal, at, kind, status, until, told, *customer = row
    return Milestone(deal, at, kind, status, until, tuple(told), *customer)
