"""Agreements and their terms as they are listed and shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

_VIEW = """
select a.agreement, a.code, a.revision, a.title, a.kind, a.status, coalesce(a.partner, ''), a.currency, a.valid_from,
    a.valid_until, a.active_from, a.recorded_at, a.retired_at, a.retired_from, a.author, a.submitted_by, a.approver,
    a.source, a.note, encode(a.digest, 'hex'), a.terms, a.created_at, a.updated_at
from agreements a
"""

LIST = f"""
{_VIEW}
where (%(code_after)s::text = '' or (a.code, -a.revision) > (%(code_after)s, -%(revision_after)s::int))
    and (%(status)s::text = '' or a.status = %(status)s)
    and (%(kind)s::text = '' or a.kind = %(kind)s)
    and (%(partner)s::text = '' or a.partner = %(partner)s)
    and (%(source)s::text = '' or a.source = %(source)s)
    and (%(code)s::text = '' or a.code = %(code)s)
    and (%(text)s::text = '' or strpos(lower(a.code || ' ' || a.title), lower(%(text)s)) > 0)
order by a.code, a.revision desc limit %(limit)s
"""

GET = f"{_VIEW} where a.agreement = %s"

IDS = """
select agreement from agreements
where status = %(status)s and (%(source)s::text = '' or source = %(source)s)
    and (%(kind)s::text = '' or kind = %(kind)s)
order by code, revision
"""

TERMS = """
select term, method, value, currency, partner, partner_group, region, channel, product, family, tier_mode,
    coalesce(tiers, '[]'::jsonb), min_quantity, valid_from, valid_until, max_quantity, used_quantity, description,
    evidence
from agreement_terms
where agreement = %(agreement)s and term > %(after)s
    and (%(product)s::text = '' or product = %(product)s)
    and (%(partner)s::text = '' or partner = %(partner)s)
order by term limit %(limit)s
"""

COUNT = """
select count(*) from agreements a
where %(text)s::text = '' or strpos(lower(a.code || ' ' || a.title), lower(%(text)s)) > 0
"""

FIND_TERMS = """
select t.agreement::text, t.term, a.code, a.revision, a.title, t.method, t.value,
    case when t.currency = '' then a.currency else t.currency end as currency, t.partner, t.partner_group, t.region,
    t.channel, t.product, t.family, t.tier_mode, t.min_quantity, greatest(a.active_from, t.valid_from) as valid_from,
    least(a.valid_until, t.valid_until, a.retired_from) as valid_until
from unnest(%s::uuid[], %s::int[]) as k(agreement, term)
join agreement_terms t on t.agreement = k.agreement and t.term = k.term
join agreements a on a.agreement = t.agreement
"""


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement as listed and shown. It applies from `active_from` until the earlier of `valid_until` and
    `retired_from`; all three may lie ahead. `terms` is their number."""

    agreement: UUID
    code: str
    revision: int
    title: str
    kind: str
    status: str
    partner: str
    currency: str
    valid_from: datetime
    valid_until: datetime | None
    active_from: datetime | None
    recorded_at: datetime | None
    retired_at: datetime | None
    retired_from: datetime | None
    author: str
    submitted_by: str
    approver: str
    source: str
    note: str
    digest: str
    terms: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TermView:
    """A term as shown: `tiers` as `[{from, value}]`, `evidence` where it was derived or granted."""

    term: int
    method: str
    value: Decimal
    currency: str
    partner: str
    partner_group: str
    region: str
    channel: str
    product: str
    family: str
    tier_mode: str
    tiers: list[dict[str, str]]
    min_quantity: Decimal
    valid_from: datetime
    valid_until: datetime | None
    max_quantity: Decimal | None
    used_quantity: Decimal
    description: str
    evidence: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class FoundTerm:
    """A term with the agreement it is of, as of now; the period is what remains of it within the agreement's."""

    agreement: str
    term: int
    code: str
    revision: int
    title: str
    method: str
    value: Decimal
    currency: str
    partner: str
    partner_group: str
    region: str
    channel: str
    product: str
    family: str
    tier_mode: str
    min_quantity: Decimal
    valid_from: datetime
    valid_until: datetime | None


def find_terms(conn: Connection[Any], keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], FoundTerm]:
    """The terms of these (agreement, number) that exist."""
    if not keys:
        return {}
    wanted = sorted(set(keys))
    with conn.cursor(row_factory=class_row(FoundTerm)) as cursor:
        found = cursor.execute(FIND_TERMS, ([a for a, _ in wanted], [t for _, t in wanted])).fetchall()
    return {(term.agreement, term.term): term for term in found}


def list_views(conn: Connection[Any], params: Mapping[str, object]) -> list[AgreementView]:
    """One page of agreements, and one more."""
    return [AgreementView(*row) for row in conn.execute(LIST, params)]


def count(conn: Connection[Any], text: str) -> int:
    """How many agreements match a text."""
    row = conn.execute(COUNT, {"text": text}).fetchone()
    return 0 if row is None else int(row[0])


def get_view(conn: Connection[Any], agreement: UUID) -> AgreementView | None:
    """One agreement."""
    row = conn.execute(GET, (agreement,)).fetchone()
    return None if row is None else AgreementView(*row)


def ids(conn: Connection[Any], params: Mapping[str, object]) -> list[UUID]:
    """The agreements of a status."""
    return [row[0] for row in conn.execute(IDS, params)]


def list_terms(conn: Connection[Any], params: Mapping[str, object]) -> list[TermView]:
    """One page of terms, and one more."""
    return [TermView(*row) for row in conn.execute(TERMS, params)]
