"""Partners by what they ordered, with how their credit stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from headgate.channel.masters import Page, decode_cursor, encode_cursor
from headgate.kernel.money import parse_decimal

_RANKED = """
select p.partner, p.name, p.country, p.tier, p.status, c.credit_limit, c.hold,
       c.receivables + c.shipped_unbilled + c.open_orders - c.deposits as exposure, coalesce(o.amount, 0) as ordered
from partners p
left join credit_accounts c on c.account = p.account
left join (
    select partner, sum(tenant_total) as amount from orders
    where placed_at >= %(since)s and status not in ('cancelled', 'rejected') group by partner
) o on o.partner = p.partner
where %(text)s = '' or strpos(lower(p.partner || ' ' || p.name || ' ' || p.legal_name), lower(%(text)s)) > 0
"""
_PAGE = f"""
select * from ({_RANKED}) r
where %(after)s::text = '' or (-r.ordered, r.partner) > (-%(after_amount)s::numeric, %(after)s)
order by r.ordered desc, r.partner limit %(limit)s
"""
_TOTALS = f"select count(*), coalesce(sum(r.ordered), 0) from ({_RANKED}) r"
HELD = """
select coalesce(sum(tenant_total), 0) from orders where partner = %s and status in ('held', 'returned')
"""
FIND = """
select partner, name from partners
where strpos(lower(partner || ' ' || name || ' ' || legal_name), lower(%(text)s)) > 0 order by partner limit %(limit)s
"""


SOME = "select partner, name from partners order by name, partner limit %s"


@dataclass(frozen=True, slots=True)
class RankedPartner:
    """A partner, what it ordered since an instant (tenant currency), its own account's sums (None: no account)."""

    partner: str
    name: str
    country: str
    tier: str
    status: str
    credit_limit: Decimal | None
    hold: bool | None
    exposure: Decimal | None
    ordered: Decimal


def rank_partners(
    conn: Connection[Any], since: datetime, *, text: str = "", cursor: str = "", limit: int = 50
) -> Page[RankedPartner]:
    """Partners by the amount ordered since an instant, most first."""
    amount, after = decode_cursor(cursor, 2)
    most = parse_decimal("cursor", amount or "0")
    params = {**_params(since, text), "after": after, "after_amount": most, "limit": limit + 1}
    with conn.cursor(row_factory=class_row(RankedPartner)) as rows_of:
        rows = rows_of.execute(_PAGE, params).fetchall()
    if len(rows) <= limit:
        return Page(tuple(rows))
    return Page(tuple(rows[:limit]), encode_cursor(f"{rows[limit - 1].ordered:f}", rows[limit - 1].partner))


def ranked_totals(conn: Connection[Any], since: datetime, *, text: str = "") -> tuple[int, Decimal]:
    """How many partners match, and what all of them ordered."""
    row = conn.execute(_TOTALS, _params(since, text)).fetchone()
    assert row is not None, "an aggregate has one row"
    return row[0], row[1]


def held_amount(conn: Connection[Any], partner: str) -> Decimal:
    """What the partner's waiting orders amount to, in the tenant's currency."""
    (amount,) = conn.execute(HELD, (partner,)).fetchone() or (Decimal(0),)
    return Decimal(amount)


def find_partners(conn: Connection[Any], text: str, limit: int = 50) -> dict[str, str]:
    """Codes and names of partners in whose code or names a text stands."""
    return dict(conn.execute(FIND, {"text": text, "limit": limit}).fetchall()) if text else {}


def some_partners(conn: Connection[Any], limit: int = 300) -> dict[str, str]:
    """Codes and names of the first partners by name, to suggest while somebody types."""
    return dict(conn.execute(SOME, (limit,)).fetchall())


def _params(since: datetime, text: str) -> Mapping[str, Any]:
    return {"since": since, "text": text}
