"""Drafts of agreements, and the moves of their life."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

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
