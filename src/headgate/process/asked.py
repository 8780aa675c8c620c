"""What a partner asked for before: the history an approver wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

PAST = """
select p.*, v.principal as by
from (
    select a.approval, a.requested_at, a.subject_type, a.exceptions, a.summary, a.stake, a.status,
           count(*) over () as asks, count(*) filter (where a.status in ('approved', 'edited')) over () as approved
    from approvals a
    where a.partner = %(partner)s and a.requested_at >= %(since)s and a.approval <> %(besides)s
      and a.status not in ('pending', 'voided')
    order by a.requested_at desc, a.approval limit %(limit)s
) p
left join lateral (
    select x.principal from approval_votes x where x.approval = p.approval
    order by x.at desc, x.level desc, x.principal limit 1
) v on true
order by p.requested_at desc, p.approval
"""


@dataclass(frozen=True, slots=True)
class PastAsked:
    """An approval that was decided or has lapsed. `asks` and `approved` count all of the span, not only those listed;
    `by` is who had the last word."""

    approval: UUID
    requested_at: datetime
    subject_type: str
    exceptions: list[str]
    summary: Mapping[str, Any]
    stake: Decimal | None
    status: str
    asks: int
    approved: int
    by: str | None


def asked_before(
    conn: Connection[Any], partner: str, since: datetime, besides: UUID, limit: int = 20
) -> list[PastAsked]:
    """The settled approvals of a partner since an instant, newest first, without the one that is looked at."""
    params = {"partner": partner, "since": since, "besides": besides, "limit": limit}
    with conn.cursor(row_factory=class_row(PastAsked)) as cursor:
        return cursor.execute(PAST, params).fetchall()
