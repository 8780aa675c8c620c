"""SQL of deals: set-based, one statement per kind of thing and batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.channel.deals.core.state import DealState, Programme, Territory
from headgate.domain.deals import Claim, Conflict, company_from, company_json, deal_json, parse_deal
from headgate.kernel.canonical import canonical_text

# Candidates of one batch, those with most keys in common first: beyond, names are so common that they say nothing.
MOST_CANDIDATES = 2000

# Two registrations of one customer must see each other, whichever lanes and workers they come through.
LOCK = "select pg_advisory_xact_lock(hashtext('headgate.deals'), hashtext(current_setting('headgate.tenant')))"

_DEAL = """d.content, d.status, d.revision, d.case_id, d.requested_by, d.submitted_by, d.registered_at, d.stake,
  d.protected_from, d.protected_until, d.warn_at, d.granted_days, d.longest_days, d.last_activity_at, d.hands, d.told,
  d.won_amount, d.opportunity, d.updated_at"""
LOAD = f"select {_DEAL} from deals d where d.deal = any(%s) order by d.deal for update"
_HITS = """
with hit as (
  select kind, ref from deal_keys where key = any(%(keys)s)
  group by kind, ref order by count(*) desc, kind, ref limit %(most)s)
"""
RIVALS = f"{_HITS} select {_DEAL} from hit join deals d on hit.kind = 'deal' and d.deal = hit.ref order by d.deal"
CLAIMS = f"""{_HITS}
select c.kind, c.ref, c.holder, c.company, c.products, c.since, c.until, c.close_on, c.status
from hit join deal_claims c on c.kind = hit.kind and c.ref = hit.ref order by c.kind, c.ref
"""
SAVE = """
insert into deals (deal, partner, programme, customer, country, status, revision, amount, currency, stake, close_on,
  registered_at, protected_from, protected_until, warn_at, granted_days, longest_days, last_activity_at, requested_by,
  submitted_by, hands, told, won_amount, opportunity, case_id, content, updated_at)
select deal, partner, programme, customer, country, status, revision, amount, currency, stake, close_on, registered_at,
  protected_from, protected_until, warn_at, granted_days, longest_days, last_activity_at, requested_by, submitted_by,
  array(select jsonb_array_elements_text(hands)), array(select jsonb_array_elements_text(told)), won_amount,
  opportunity, case_id, content, updated_at
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::numeric[],
  %s::text[], %s::numeric[], %s::date[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
  %s::int[], %s::int[], %s::timestamptz[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[], %s::numeric[],
  %s::text[], %s::uuid[], %s::json[], %s::timestamptz[])
as r(deal, partner, programme, customer, country, status, revision, amount, currency, stake, close_on, registered_at,
  protected_from, protected_until, warn_at, granted_days, longest_days, last_activity_at, requested_by, submitted_by,
  hands, told, won_amount, opportunity, case_id, content, updated_at)
on conflict (tenant_id, deal) do update set
  programme = excluded.programme, customer = excluded.customer, country = excluded.country, status = excluded.status,
  revision = excluded.revision, amount = excluded.amount, currency = excluded.currency, stake = excluded.stake,
  close_on = excluded.close_on, registered_at = excluded.registered_at, protected_from = excluded.protected_from,
  protected_until = excluded.protected_until, warn_at = excluded.warn_at, granted_days = excluded.granted_days,
  longest_days = excluded.longest_days, last_activity_at = excluded.last_activity_at,
  requested_by = excluded.requested_by, submitted_by = excluded.submitted_by, hands = excluded.hands,
  told = excluded.told, won_amount = excluded.won_amount, opportunity = excluded.opportunity,
  content = excluded.content, updated_at = excluded.updated_at
"""
DROP_CONFLICTS = "delete from deal_conflicts where deal = any(%s)"
SAVE_CONFLICTS = """
insert into deal_conflicts (deal, kind, ref, holder, score, content, recorded_at)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::json[], %s::timestamptz[])
"""
# Deals that wait for a decision in which one of these stands against them.
WAITING = """
select distinct c.deal from deal_conflicts c join deals d on d.deal = c.deal
where c.kind = 'deal' and c.ref = any(%s) and d.status in ('under_review', 'pending_approval') order by c.deal
"""
DROP_KEYS = """
delete from deal_keys k using unnest(%s::text[], %s::text[]) as g(kind, ref) where k.kind = g.kind and k.ref = g.ref
"""
SAVE_KEYS = """
insert into deal_keys (key, kind, ref) select * from unnest(%s::text[], %s::text[], %s::text[]) on conflict do nothing
"""
SAVE_CLAIMS = """
insert into deal_claims (kind, ref, holder, name, status, products, since, until, close_on, company, recorded_at)
select kind, ref, holder, name, status, array(select jsonb_array_elements_text(products)), since, until, close_on,
  company, recorded_at
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::timestamptz[],
  %s::timestamptz[], %s::date[], %s::json[], %s::timestamptz[])
as r(kind, ref, holder, name, status, products, since, until, close_on, company, recorded_at)
order by kind, ref
on conflict (tenant_id, kind, ref) do update set
  holder = excluded.holder, name = excluded.name, status = excluded.status, products = excluded.products,
  since = excluded.since, until = excluded.until, close_on = excluded.close_on, company = excluded.company,
  recorded_at = excluded.recorded_at
where excluded.recorded_at >= deal_claims.recorded_at
returning kind, ref
"""
PROGRAMMES = """
select programme, title, products, families, countries, least, currency, valid_from, valid_until
from deal_programmes where programme = any(%s)
"""
SAVE_PROGRAMMES = """
insert into deal_programmes (programme, title, products, families, countries, least, currency, valid_from, valid_until,
  recorded_at)
select programme, title, array(select jsonb_array_elements_text(products)),
  array(select jsonb_array_elements_text(families)), array(select jsonb_array_elements_text(countries)), least,
  currency, valid_from, valid_until, recorded_at
from unnest(%s::text[], %s::text[], %s::jsonb[], %s::jsonb[], %s::jsonb[], %s::numeric[], %s::text[],
  %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
as r(programme, title, products, families, countries, least, currency, valid_from, valid_until, recorded_at)
order by programme
on conflict (tenant_id, programme) do update set
  title = excluded.title, products = excluded.products, families = excluded.families, countries = excluded.countries,
  least = excluded.least, currency = excluded.currency, valid_from = excluded.valid_from,
  valid_until = excluded.valid_until, recorded_at = excluded.recorded_at
where excluded.recorded_at >= deal_programmes.recorded_at
"""
TERRITORIES = """
select territory, title, countries, regions, partners, exclusive from deal_territories where countries && %s::text[]
order by territory
"""
SAVE_TERRITORIES = """
insert into deal_territories (territory, title, countries, regions, partners, exclusive, recorded_at)
select territory, title, array(select jsonb_array_elements_text(countries)),
  array(select jsonb_array_elements_text(regions)), array(select jsonb_array_elements_text(partners)), exclusive,
  recorded_at
from unnest(%s::text[], %s::text[], %s::jsonb[], %s::jsonb[], %s::jsonb[], %s::bool[], %s::timestamptz[])
as r(territory, title, countries, regions, partners, exclusive, recorded_at)
order by territory
on conflict (tenant_id, territory) do update set
  title = excluded.title, countries = excluded.countries, regions = excluded.regions, partners = excluded.partners,
  exclusive = excluded.exclusive, recorded_at = excluded.recorded_at
where excluded.recorded_at >= deal_territories.recorded_at
"""


def load_deals(conn: Connection[Any], codes: Collection[str]) -> dict[str, DealState]:
    """Stored deals by code, locked until the transaction ends."""
    return {s.deal.deal: s for s in map(_state, conn.execute(LOAD, (sorted(codes),)).fetchall())}


def load_claims(conn: Connection[Any], keys: Collection[str]) -> tuple[list[DealState], list[Claim]]:
    """Deals, and other claims, on companies that share one of the keys."""
    if not keys:
        return [], []
    params = {"keys": sorted(keys), "most": MOST_CANDIDATES}
    deals = [_state(row) for row in conn.execute(RIVALS, params).fetchall()]
    claims = [
        Claim(kind, ref, holder, company_from(company), frozenset(products), since, until, close_on, status)
        for kind, ref, holder, company, products, since, until, close_on, status in conn.execute(CLAIMS, params)
    ]
    return deals, claims


def _state(row: tuple[Any, ...]) -> DealState:
    """A row of `_DEAL`, whose columns stand in the order of the fields."""
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row[1:]]
    return DealState(parse_deal(row[0]), *values)


def save_deals(conn: Connection[Any], states: Sequence[DealState]) -> None:
    """Write deals as they stand."""
    _write(conn, SAVE, [_row(state) for state in states])


def _row(s: DealState) -> tuple[object, ...]:
    d = s.deal
    return (
        d.deal, d.partner, d.programme, d.customer.name, d.customer.address.country, s.status, s.revision, d.amount,
        d.currency, s.stake, d.close_on, s.registered_at, s.protected_from, s.protected_until, s.warn_at,
        s.granted_days, s.longest_days, s.last_activity_at, s.requested_by, s.submitted_by,
        canonical_text(list(s.hands)), canonical_text(list(s.told)), s.won_amount, s.opportunity, s.case_id,
        canonical_text(deal_json(d)), s.updated_at,
    )  # fmt: skip


def save_conflicts(conn: Connection[Any], now: datetime, found: Mapping[str, Sequence[Conflict]]) -> None:
    """Replace what stands against these deals."""
    if not found:
        return
    conn.execute(DROP_CONFLICTS, (list(found),))
    rows = [
        (deal, c.claim.kind, c.claim.ref, c.claim.holder, c.score, canonical_text(c.as_json()), now)
        for deal, conflicts in found.items()
        for c in conflicts
    ]
    _write(conn, SAVE_CONFLICTS, rows)


def waiting_on(conn: Connection[Any], deals: Sequence[str]) -> list[str]:
    """Deals that people are deciding about while one of `deals` stands against them."""
    return [row[0] for row in conn.execute(WAITING, (list(deals),)).fetchall()]


def save_keys(conn: Connection[Any], keys: Mapping[tuple[str, str], Iterable[str]]) -> None:
    """Replace under what these claims, as (kind, ref), are looked up."""
    if not keys:
        return
    kinds, refs = zip(*keys, strict=True)
    conn.execute(DROP_KEYS, (list(kinds), list(refs)))
    _write(conn, SAVE_KEYS, [(key, kind, ref) for (kind, ref), found in keys.items() for key in sorted(found)])


def save_claims(conn: Connection[Any], claims: Sequence[tuple[Claim, datetime]]) -> set[tuple[str, str]]:
    """Write claims with the times of their events; which were written, since older snapshots change nothing."""
    rows = [
        (c.kind, c.ref, c.holder, c.customer.name, c.status, canonical_text(sorted(c.products)), c.since, c.until,
         c.close_on, canonical_text(company_json(c.customer)), at)
        for c, at in claims
    ]  # fmt: skip
    return set(conn.execute(SAVE_CLAIMS, [list(column) for column in zip(*rows, strict=True)]).fetchall())


def load_programmes(conn: Connection[Any], codes: Collection[str]) -> dict[str, Programme]:
    """Programmes by code."""
    rows = conn.execute(PROGRAMMES, (sorted(codes),)).fetchall() if codes else ()
    return {
        row[0]: Programme(row[0], row[1], frozenset(row[2]), frozenset(row[3]), frozenset(row[4]), *row[5:])
        for row in rows
    }


def save_programmes(conn: Connection[Any], programmes: Sequence[tuple[Programme, datetime]]) -> None:
    """Write programmes with the times of their events."""
    _write(
        conn,
        SAVE_PROGRAMMES,
        [
            (p.programme, p.title, *(canonical_text(sorted(v)) for v in (p.products, p.families, p.countries)),
             p.least, p.currency, p.valid_from, p.valid_until, at)
            for p, at in programmes
        ],
    )  # fmt: skip


def load_territories(conn: Connection[Any], countries: Collection[str]) -> list[Territory]:
    """Territories that have any of these countries."""
    rows = conn.execute(TERRITORIES, (sorted(countries),)).fetchall() if countries else ()
    return [Territory(t, title, frozenset(c), frozenset(r), frozenset(p), ex) for t, title, c, r, p, ex in rows]


def save_territories(conn: Connection[Any], territories: Sequence[tuple[Territory, datetime]]) -> None:
    """Write territories with the times of their events."""
    _write(
        conn,
        SAVE_TERRITORIES,
        [
            (t.territory, t.title, *(canonical_text(sorted(v)) for v in (t.countries, t.regions, t.partners)),
             t.exclusive, at)
            for t, at in territories
        ],
    )  # fmt: skip


def _write(conn: Connection[Any], sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        conn.execute(sql, [list(column) for column in zip(*rows, strict=True)])


_LISTED = """d.deal, d.partner, p.name as partner_name, d.programme, d.customer, d.country, d.status, d.revision,
  d.amount, d.currency, d.stake, d.close_on, d.registered_at, d.protected_from, d.protected_until, d.granted_days,
  d.last_activity_at, d.won_amount, d.opportunity, d.case_id, d.updated_at"""
_WANTED = """from deals d left join partners p on p.partner = d.partner
where (%(partner)s = '' or d.partner = %(partner)s) and (%(status)s = '' or d.status = %(status)s)
  and (%(text)s = '' or strpos(lower(d.deal || ' ' || d.customer || ' ' || d.partner || ' ' || coalesce(p.name, '')),
       lower(%(text)s)) > 0)
  and (%(since)s::timestamptz is null or d.updated_at >= %(since)s)
  and (%(until)s::timestamptz is null or d.updated_at < %(until)s)
"""
LIST = f"""
select {_LISTED} {_WANTED}
  and (%(after_at)s::timestamptz is null or (d.updated_at, d.deal) < (%(after_at)s, %(after)s))
order by d.updated_at desc, d.deal desc limit %(limit)s
"""
COUNT = f"select count(*) from (select {_WANTED} limit %(most)s + 1) found"
GET = f"""
select {_LISTED}, d.requested_by, d.submitted_by, d.told, d.content, d.longest_days, d.warn_at
from deals d left join partners p on p.partner = d.partner where d.deal = %s
"""
CONFLICTS = """
select c.kind, c.ref, c.holder, p.name as holder_name, c.score, c.content, d.status, d.registered_at, d.amount,
  d.currency, d.protected_until, d.content as rival
from deal_conflicts c
left join deals d on c.kind = 'deal' and d.deal = c.ref
left join partners p on c.kind = 'deal' and p.partner = c.holder
where c.deal = %s order by c.score desc, c.kind, c.ref
"""


def list_rows(conn: Connection[Any], params: Mapping[str, object]) -> list[dict[str, Any]]:
    """Deals, last changed first."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(LIST, params).fetchall()


def count_rows(conn: Connection[Any], params: Mapping[str, object]) -> int:
    """How many deals match, counted to one more than `most`."""
    (count,) = conn.execute(COUNT, params).fetchone() or (0,)
    return int(count)


ALL = f"""
select {_LISTED}, d.told, d.content from deals d left join partners p on p.partner = d.partner
order by d.updated_at desc, d.deal desc limit %s
"""
OPEN_PROGRAMMES = """
select programme, title, products, families, countries, least, currency, valid_from, valid_until
from deal_programmes
where (valid_from is null or valid_from <= %(now)s) and (valid_until is null or valid_until > %(now)s)
order by lower(title), programme limit 200
"""


def all_rows(conn: Connection[Any], most: int) -> list[dict[str, Any]]:
    """Deals with their content."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(ALL, (most,)).fetchall()


def open_programmes(conn: Connection[Any], now: datetime) -> list[Programme]:
    """Programmes that are open at an instant."""
    rows = conn.execute(OPEN_PROGRAMMES, {"now": now}).fetchall()
    return [
        Programme(row[0], row[1], frozenset(row[2]), frozenset(row[3]), frozenset(row[4]), *row[5:]) for row in rows
    ]


def get_row(conn: Connection[Any], deal: str) -> dict[str, Any] | None:
    """One deal with its content."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(GET, (deal,)).fetchone()


def conflict_rows(conn: Connection[Any], deal: str) -> list[dict[str, Any]]:
    """What stands against a deal, with the rival deals beside it; nothing for portal users."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(CONFLICTS, (deal,)).fetchall()
