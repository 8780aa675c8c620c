"""SQL of tax rates, exemptions and exchange rates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from headgate.domain.fx import FxRate
from headgate.domain.tax import Exemption, TaxRate

UPSERT_TAX = """
insert into tax_rates (jurisdiction, tax_class, rate, valid_from, valid_until, recorded_at)
select * from unnest(
    %s::text[], %s::text[], %s::numeric[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[]
) as r(jurisdiction, tax_class, rate, valid_from, valid_until, recorded_at)
order by jurisdiction, tax_class, valid_from
on conflict (tenant_id, jurisdiction, tax_class, valid_from) do update set
    rate = excluded.rate, valid_until = excluded.valid_until, recorded_at = excluded.recorded_at
where excluded.recorded_at >= tax_rates.recorded_at
"""

UPSERT_EXEMPTION = """
insert into exemptions (partner, jurisdiction, certificate, valid_from, valid_until, recorded_at)
select * from unnest(
    %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[]
) as r(partner, jurisdiction, certificate, valid_from, valid_until, recorded_at)
order by partner, jurisdiction, certificate
on conflict (tenant_id, partner, jurisdiction, certificate) do update set
    valid_from = excluded.valid_from, valid_until = excluded.valid_until, recorded_at = excluded.recorded_at
where excluded.recorded_at >= exemptions.recorded_at
"""

UPSERT_FX = """
insert into fx_rates (base, quote, rate, valid_on, recorded_at)
select * from unnest(%s::text[], %s::text[], %s::numeric[], %s::date[], %s::timestamptz[])
    as r(base, quote, rate, valid_on, recorded_at)
order by base, quote, valid_on
on conflict (tenant_id, base, quote, valid_on) do update set
    rate = excluded.rate, recorded_at = excluded.recorded_at
where excluded.recorded_at >= fx_rates.recorded_at
"""

_TAX = "jurisdiction, tax_class, rate, valid_from, valid_until"
_EXEMPTION = "partner, jurisdiction, certificate, valid_from, valid_until"

LOAD_TAX = f"select {_TAX} from tax_rates where jurisdiction = any(%s) order by jurisdiction, tax_class, valid_from"

LOAD_EXEMPTIONS = f"select {_EXEMPTION} from exemptions where partner = any(%s) order by partner, jurisdiction"

# Hops from pair to pair along the key, and from each pair to its last rate on or before the day: years of daily rates
# are not read for it.
LOAD_FX = """
with recursive pair as (
    (select base, quote from fx_rates order by base, quote limit 1)
    union all
    select next.base, next.quote from pair cross join lateral (
        select f.base, f.quote from fx_rates f where (f.base, f.quote) > (pair.base, pair.quote)
        order by f.base, f.quote limit 1
    ) next
)
select day.on_day, pair.base, pair.quote, last.rate, last.valid_on
from unnest(%s::date[]) as day(on_day)
cross join pair
cross join lateral (
    select f.rate, f.valid_on from fx_rates f
    where f.base = pair.base and f.quote = pair.quote and f.valid_on <= day.on_day
    order by f.valid_on desc limit 1
) last
"""

LIST_TAX = f"""
select {_TAX}, recorded_at from tax_rates
where (jurisdiction, tax_class, valid_from) > (%(jurisdiction_after)s, %(class_after)s, %(from_after)s)
    and (%(jurisdiction)s::text = '' or jurisdiction = %(jurisdiction)s)
    and (%(tax_class)s::text = '' or tax_class = %(tax_class)s)
order by jurisdiction, tax_class, valid_from limit %(limit)s
"""

LIST_EXEMPTIONS = f"""
select {_EXEMPTION}, recorded_at from exemptions
where (partner, jurisdiction, certificate) > (%(partner_after)s, %(jurisdiction_after)s, %(certificate_after)s)
    and (%(partner)s::text = '' or partner = %(partner)s)
    and (%(at)s::timestamptz is null
        or (valid_from <= %(at)s and (valid_until is null or valid_until > %(at)s)))
order by partner, jurisdiction, certificate limit %(limit)s
"""

# Newest first.
LIST_FX = """
select base, quote, rate, valid_on, recorded_at from fx_rates
where (%(on_before)s::date is null or (valid_on, base, quote) < (%(on_before)s, %(base_before)s, %(quote_before)s))
    and (%(currency)s::text = '' or base = %(currency)s or quote = %(currency)s)
order by valid_on desc, base desc, quote desc limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class TaxRateView:
    """A tax rate and when it was recorded."""

    rate: TaxRate
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ExemptionView:
    """An exemption certificate and when it was recorded."""

    exemption: Exemption
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class FxView:
    """An exchange rate and when it was recorded."""

    rate: FxRate
    recorded_at: datetime


def upsert_tax_rates(conn: Connection[Any], rows: Sequence[tuple[TaxRate, datetime]]) -> None:
    """Write rates that are not older than what is stored."""
    values = [(r.jurisdiction, r.tax_class, r.rate, r.valid_from, r.valid_until, at) for r, at in rows]
    conn.execute(UPSERT_TAX, [list(column) for column in zip(*values, strict=True)])


def upsert_exemptions(conn: Connection[Any], rows: Sequence[tuple[Exemption, datetime]]) -> None:
    """Write certificates that are not older than what is stored."""
    values = [(e.partner, e.jurisdiction, e.certificate, e.valid_from, e.valid_until, at) for e, at in rows]
    conn.execute(UPSERT_EXEMPTION, [list(column) for column in zip(*values, strict=True)])


def upsert_fx_rates(conn: Connection[Any], rows: Sequence[tuple[FxRate, datetime]]) -> None:
    """Write exchange rates that are not older than what is stored."""
    values = [(r.base, r.quote, r.rate, r.on, at) for r, at in rows]
    conn.execute(UPSERT_FX, [list(column) for column in zip(*values, strict=True)])


def load_tax_rates(conn: Connection[Any], jurisdictions: Collection[str]) -> dict[str, tuple[TaxRate, ...]]:
    """All rates of the jurisdictions, past ones too."""
    found: dict[str, list[TaxRate]] = {}
    for jurisdiction, tax_class, rate, start, until in conn.execute(LOAD_TAX, (list(jurisdictions),)):
        found.setdefault(jurisdiction, []).append(TaxRate(jurisdiction, tax_class, rate, start, until))
    return {jurisdiction: tuple(rates) for jurisdiction, rates in found.items()}


def load_exemptions(conn: Connection[Any], partners: Collection[str]) -> dict[str, tuple[Exemption, ...]]:
    """All certificates of the partners, expired ones too."""
    found: dict[str, list[Exemption]] = {}
    for row in conn.execute(LOAD_EXEMPTIONS, (list(partners),)):
        found.setdefault(row[0], []).append(Exemption(*row))
    return {partner: tuple(certificates) for partner, certificates in found.items()}


def load_fx(conn: Connection[Any], days: Collection[date]) -> dict[date, dict[tuple[str, str], FxRate]]:
    """For each day, the latest rate of every pair on or before it."""
    found: dict[date, dict[tuple[str, str], FxRate]] = {day: {} for day in days}
    for day, base, quote, rate, on in conn.execute(LOAD_FX, (list(days),)):
        found[day][base, quote] = FxRate(base, quote, rate, on)
    return found


def list_tax_rates(conn: Connection[Any], params: dict[str, object]) -> list[TaxRateView]:
    """One page of rates, and one more."""
    return [
        TaxRateView(TaxRate(jurisdiction, tax_class, rate, start, until), at)
        for jurisdiction, tax_class, rate, start, until, at in conn.execute(LIST_TAX, params)
    ]


def list_exemptions(conn: Connection[Any], params: dict[str, object]) -> list[ExemptionView]:
    """One page of certificates, and one more."""
    return [ExemptionView(Exemption(*row[:5]), row[5]) for row in conn.execute(LIST_EXEMPTIONS, params)]


def list_fx_rates(conn: Connection[Any], params: dict[str, object]) -> list[FxView]:
    """One page of exchange rates, and one more."""
    return [FxView(FxRate(*row[:4]), row[4]) for row in conn.execute(LIST_FX, params)]
