"""SQL of partners."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection

from headgate.channel.credit import utilisation_pct
from headgate.channel.partners.core.record import Partner
from headgate.domain.checks.facts import PartnerFacts
from headgate.store import jsonb

# Rows are written in order of their codes, so that two transactions with the same partners wait and never deadlock.
# A snapshot older than what is stored changes nothing. Groups travel as JSON: arrays of unequal length do not unnest.
UPSERT = """
insert into partners (
    partner, name, legal_name, country, region, tier, groups, channel, terms, account, status, tax_id, email,
    recorded_at
)
select partner, name, legal_name, country, region, tier, array(select jsonb_array_elements_text(groups::jsonb)),
    channel, terms, account, status, tax_id, email, recorded_at
from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]
) as r(
    partner, name, legal_name, country, region, tier, groups, channel, terms, account, status, tax_id, email,
    recorded_at
)
order by partner
on conflict (tenant_id, partner) do update set
    name = excluded.name, legal_name = excluded.legal_name, country = excluded.country, region = excluded.region,
    tier = excluded.tier, groups = excluded.groups, channel = excluded.channel, terms = excluded.terms,
    account = excluded.account, status = excluded.status, tax_id = excluded.tax_id, email = excluded.email,
    recorded_at = excluded.recorded_at
where excluded.recorded_at >= partners.recorded_at
"""

_FIELDS = (
    "p.partner, p.name, p.legal_name, p.country, p.region, p.tier, p.groups, p.channel, p.terms, p.account, p.status, "
    "p.tax_id, p.email"
)

# In the order of the fields of PartnerFacts.
LOAD = """
select partner, name, country, region, tier, groups, channel, terms, nullif(account, ''), status
from partners where partner = any(%s)
"""

PLACES = "select partner, region, country from partners"
KNOWN = {
    "partner": "select 1 from partners where partner = %s limit 1",
    "region": "select 1 from partners where %s in (region, country) limit 1",
}

_VIEW = f"""
select {_FIELDS}, p.recorded_at, c.currency, c.credit_limit,
    c.receivables + c.shipped_unbilled + c.open_orders - c.deposits,
    c.overdue_1_30 + c.overdue_31_60 + c.overdue_61_plus, c.hold
from partners p left join credit_accounts c on c.account = p.account
"""

LIST = f"""
{_VIEW}
where p.partner > %(after)s
    and (%(status)s::text = '' or p.status = %(status)s)
    and (%(tier)s::text = '' or p.tier = %(tier)s)
    and (%(region)s::text = '' or p.region = %(region)s)
    and (%(country)s::text = '' or p.country = %(country)s)
    and (%(group)s::text = '' or %(group)s = any(p.groups))
    and (%(text)s::text = '' or strpos(lower(p.partner || ' ' || p.name || ' ' || p.legal_name), lower(%(text)s)) > 0)
order by p.partner limit %(limit)s
"""

GET = f"{_VIEW} where p.partner = %s"


@dataclass(frozen=True, slots=True)
class PartnerView:
    """A partner with its credit account's own sums, in the account's currency; None where it has no such account."""

    partner: Partner
    recorded_at: datetime
    currency: str | None
    credit_limit: Decimal | None
    exposure: Decimal | None
    overdue: Decimal | None
    hold: bool | None

    @property
    def utilisation_pct(self) -> Decimal | None:
        """The account's own exposure in percent of its limit, two decimals half up."""
        if self.exposure is None or self.credit_limit is None:
            return None
        return utilisation_pct(self.exposure, self.credit_limit)


def upsert(conn: Connection[Any], rows: Sequence[tuple[Partner, datetime]]) -> None:
    """Write the newest snapshot of each partner."""
    values = [
        (
            p.partner,
            p.name,
            p.legal_name,
            p.country,
            p.region,
            p.tier,
            jsonb(p.groups),
            p.channel,
            p.terms,
            p.account,
            p.status,
            p.tax_id,
            p.email,
            at,
        )
        for p, at in rows
    ]
    conn.execute(UPSERT, [list(column) for column in zip(*values, strict=True)])


def load(conn: Connection[Any], codes: Collection[str]) -> dict[str, PartnerFacts]:
    """The partners of these codes that exist."""
    rows = conn.execute(LOAD, (list(codes),))
    return {
        code: PartnerFacts(code, name, country, region, tier, tuple(groups), channel, terms, account, status)
        for code, name, country, region, tier, groups, channel, terms, account, status in rows
    }


def places(conn: Connection[Any]) -> dict[str, tuple[str, str]]:
    """Region and country of every partner."""
    return {partner: (region, country) for partner, region, country in conn.execute(PLACES).fetchall()}


def is_known(conn: Connection[Any], scope: str, ref: str) -> bool:
    """Whether there is a partner of that code, or one in that region or country."""
    return conn.execute(KNOWN[scope], (ref,)).fetchone() is not None


def list_views(conn: Connection[Any], params: dict[str, object]) -> list[PartnerView]:
    """One page of partners, and one more."""
    return [_view(row) for row in conn.execute(LIST, params)]


def get_view(conn: Connection[Any], code: str) -> PartnerView | None:
    """One partner."""
    row = conn.execute(GET, (code,)).fetchone()
    return None if row is None else _view(row)


def _view(row: tuple[Any, ...]) -> PartnerView:
    code, name, legal_name, country, region, tier, groups, channel, terms, account, status, tax_id, email = row[:13]
    partner = Partner(
        code, name, legal_name, country, region, tier, tuple(groups), channel, terms, account, status, tax_id, email
    )
    return PartnerView(partner, *row[13:])
