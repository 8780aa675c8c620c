"""SQL of agreements: writing drafts, the lifecycle, lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from headgate.channel.agreements.core.draft import EXCEPTION, AgreementDraft, tiers_json
from headgate.channel.agreements.core.lifecycle import Standing
from headgate.store import jsonb

# Drafting numbers revisions and activation compares agreements: one transaction of a tenant at a time.
LOCK = "select pg_advisory_xact_lock(hashtextextended('headgate agreements ' || current_setting('headgate.tenant'), 0))"

LATEST = """
select distinct on (code) code, revision, agreement, digest, status from agreements
where code = any(%s) order by code, revision desc
"""

INSERT = """
insert into agreements (
    agreement, code, revision, title, kind, status, partner, currency, valid_from, valid_until, active_from,
    recorded_at, author, submitted_by, approver, source, note, digest, terms, created_at, updated_at
)
select agreement, code, revision, title, kind, status, nullif(partner, ''), currency, valid_from, valid_until,
    active_from, recorded_at, author, submitted_by, approver, source, note, digest, terms, %(now)s, %(now)s
from unnest(
    %(agreement)s::uuid[], %(code)s::text[], %(revision)s::int[], %(title)s::text[], %(kind)s::text[],
    %(status)s::text[], %(partner)s::text[], %(currency)s::text[], %(valid_from)s::timestamptz[],
    %(valid_until)s::timestamptz[], %(active_from)s::timestamptz[], %(recorded_at)s::timestamptz[],
    %(author)s::text[], %(submitted_by)s::text[], %(approver)s::text[], %(source)s::text[], %(note)s::text[],
    %(digest)s::bytea[], %(terms)s::int[]
) as a(
    agreement, code, revision, title, kind, status, partner, currency, valid_from, valid_until, active_from,
    recorded_at, author, submitted_by, approver, source, note, digest, terms
)
"""

INSERT_TERMS = """
insert into agreement_terms (
    agreement, term, method, value, currency, partner, partner_group, region, channel, product, family, tier_mode,
    tiers, min_quantity, valid_from, valid_until, max_quantity, volatile, description, evidence
)
select agreement, term, method, value, currency, partner, partner_group, region, channel, product, family, tier_mode,
    tiers::jsonb, min_quantity, valid_from, valid_until, max_quantity, volatile, description, evidence::jsonb
from unnest(
    %s::uuid[], %s::int[], %s::text[], %s::numeric[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::timestamptz[], %s::timestamptz[],
    %s::numeric[], %s::bool[], %s::text[], %s::text[]
) as t(
    agreement, term, method, value, currency, partner, partner_group, region, channel, product, family, tier_mode,
    tiers, min_quantity, valid_from, valid_until, max_quantity, volatile, description, evidence
)
"""

STANDINGS = """
select agreement::text, code, revision, kind, status, author, submitted_by, encode(digest, 'hex'), valid_from,
    active_from, terms
from agreements where agreement = any(%s::uuid[]) order by code, revision for no key update
"""

SUBMIT = """
update agreements set status = %(status)s, submitted_by = %(by)s, updated_at = %(now)s
where agreement = any(%(ids)s::uuid[])
"""

APPROVE = """
update agreements set status = %(status)s, approver = %(by)s, updated_at = %(now)s
where agreement = any(%(ids)s::uuid[])
"""

# What was approved is void once it is sent back.
MOVE = """
update agreements set status = %(status)s, updated_at = %(now)s,
    approver = case when %(status)s = 'draft' then '' else approver end
where agreement = any(%(ids)s::uuid[])
"""

ACTIVATE = """
update agreements set status = 'active', recorded_at = %(now)s, updated_at = %(now)s,
    active_from = greatest(valid_from, %(start)s::timestamptz)
where agreement = any(%(ids)s::uuid[])
returning agreement::text, active_from
"""

# Other revisions of the same codes that stand in the way: a newer one, or one whose end is already set too late.
IN_THE_WAY = """
select a.code, a.revision, o.revision, o.status, o.retired_from
from agreements a join agreements o on o.code = a.code and o.agreement <> a.agreement
where a.agreement = any(%(ids)s::uuid[]) and o.recorded_at is not null
    and (
        (o.status = 'active' and o.revision > a.revision)
        or (o.status = 'active' and o.agreement = any(%(ids)s::uuid[]))
        or (o.status = 'retired' and least(o.retired_from, o.valid_until) > a.active_from
            and o.retired_from > o.active_from)
    )
order by a.code, a.revision limit 1
"""

SUPERSEDE = """
update agreements o set status = 'retired', retired_at = %(now)s, updated_at = %(now)s,
    retired_from = greatest(o.active_from, a.active_from)
from agreements a
where a.agreement = any(%(ids)s::uuid[]) and o.code = a.code and o.revision < a.revision and o.status = 'active'
returning o.agreement::text, o.code, o.revision, o.retired_from, a.revision
"""

RETIRE = """
update agreements set status = 'retired', retired_at = %(now)s, updated_at = %(now)s,
    retired_from = greatest(active_from, %(start)s::timestamptz)
where agreement = any(%(ids)s::uuid[])
returning agreement::text, retired_from
"""

USE = """
with delta as (
    select * from unnest(%(agreements)s::uuid[], %(terms)s::int[], %(quantities)s::numeric[])
        as d(agreement, term, quantity)
), held as (
    select t.agreement, t.term from agreement_terms t join delta using (agreement, term)
    order by t.agreement, t.term for no key update of t
), used as (
    update agreement_terms t set used_quantity = t.used_quantity + d.quantity
    from delta d join held using (agreement, term)
    where t.agreement = d.agreement and t.term = d.term and t.used_quantity + d.quantity >= 0
        and (t.max_quantity is null or t.used_quantity + d.quantity <= t.max_quantity)
    returning t.agreement, t.term, d.quantity
), kept as (
    insert into agreement_uses (agreement, term, at, quantity) select agreement, term, %(at)s, quantity from used
)
select agreement::text, term from used
"""

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
class NewAgreement:
    """A draft with everything that is not its author's: identity, revision, standing."""

    agreement: UUID
    revision: int
    draft: AgreementDraft
    digest: bytes
    author: str
    source: str
    status: str = "draft"
    submitted_by: str = ""
    approver: str = ""
    active_from: datetime | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest revision of a code."""

    code: str
    revision: int
    agreement: UUID
    digest: bytes
    status: str


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


def lock(conn: Connection[Any]) -> None:
    """Wait until no other transaction of this tenant drafts, activates or retires, until this one ends."""
    conn.execute(LOCK)


def latest(conn: Connection[Any], codes: Collection[str]) -> dict[str, Latest]:
    """The newest revision of each code that has one."""
    return {row[0]: Latest(*row) for row in conn.execute(LATEST, (list(codes),))}


def insert(conn: Connection[Any], now: datetime, rows: Sequence[NewAgreement]) -> None:
    """Write agreements with all their terms."""
    columns = {
        "now": now,
        "agreement": [r.agreement for r in rows],
        "code": [r.draft.code for r in rows],
        "revision": [r.revision for r in rows],
        "title": [r.draft.title for r in rows],
        "kind": [r.draft.kind for r in rows],
        "status": [r.status for r in rows],
        "partner": [r.draft.partner for r in rows],
        "currency": [r.draft.currency for r in rows],
        "valid_from": [r.draft.valid_from for r in rows],
        "valid_until": [r.draft.valid_until for r in rows],
        "active_from": [r.active_from for r in rows],
        "recorded_at": [r.recorded_at for r in rows],
        "author": [r.author for r in rows],
        "submitted_by": [r.submitted_by for r in rows],
        "approver": [r.approver for r in rows],
        "source": [r.source for r in rows],
        "note": [r.draft.note for r in rows],
        "digest": [r.digest for r in rows],
        "terms": [len(r.draft.terms) for r in rows],
    }
    conn.execute(INSERT, columns)
    terms = [values for r in rows for values in _term_rows(r)]
    if terms:
        conn.execute(INSERT_TERMS, [list(column) for column in zip(*terms, strict=True)])


def standings(conn: Connection[Any], ids: Collection[UUID]) -> list[Standing]:
    """Where the agreements stand, locked until the end of the transaction."""
    return [Standing(*row) for row in conn.execute(STANDINGS, (list(ids),))]


def move(conn: Connection[Any], sql: str, params: Mapping[str, object]) -> None:
    """Run one of SUBMIT, APPROVE and MOVE."""
    conn.execute(sql, params)


def activate(conn: Connection[Any], params: Mapping[str, object]) -> dict[str, datetime]:
    """Make agreements active; the instant each applies from."""
    return dict(conn.execute(ACTIVATE, params).fetchall())


def in_the_way(conn: Connection[Any], ids: Collection[UUID]) -> tuple[str, int, int, str, datetime | None] | None:
    """A revision that the just activated ones cannot stand beside: code, its revision, the other's, status, end."""
    return conn.execute(IN_THE_WAY, {"ids": list(ids)}).fetchone()


def supersede(conn: Connection[Any], params: Mapping[str, object]) -> list[tuple[str, str, int, datetime, int]]:
    """End older revisions where newer ones start: id, code, revision, end, revision that follows."""
    return conn.execute(SUPERSEDE, params).fetchall()


def retire(conn: Connection[Any], params: Mapping[str, object]) -> dict[str, datetime]:
    """End agreements; the instant each ends."""
    return dict(conn.execute(RETIRE, params).fetchall())


def use(conn: Connection[Any], at: datetime, uses: Mapping[tuple[str, int], Decimal]) -> set[tuple[str, int]]:
    """Move meters; the terms whose meter could move."""
    params = {
        "at": at,
        "agreements": [key[0] for key in uses],
        "terms": [key[1] for key in uses],
        "quantities": list(uses.values()),
    }
    return {(agreement, term) for agreement, term in conn.execute(USE, params)}


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


def _term_rows(row: NewAgreement) -> list[tuple[object, ...]]:
    return [
        (
            row.agreement,
            t.term,
            t.method,
            t.value,
            t.currency,
            t.partner or "",
            t.partner_group or "",
            t.region or "",
            t.channel or "",
            t.product or "",
            t.family or "",
            t.tier_mode,
            jsonb(tiers_json(t.tiers)) if t.tiers else None,
            t.min_quantity,
            t.valid_from,
            t.valid_until,
            t.max_quantity,
            t.max_quantity is not None or t.kind == EXCEPTION,
            item.description,
            None if item.evidence is None else jsonb(item.evidence),
        )
        for item in row.draft.terms
        for t in (item.term,)
    ]
