"""SQL of inheritance. Row-level security limits every statement to the tenant of the transaction; what is offered from
above comes through two functions that answer for that tenant alone."""

from __future__ import annotations

_OFFER = """
    id, kind, name, version, title, encode(digest, 'hex'), locked, effective_at, author, approver, published_by,
    published_at, ended_by, ended_at
"""

OFFERS = f"select {_OFFER} from offers order by ended_at is not null, kind, name, published_at desc limit 500"

LOCK_OFFER = f"select {_OFFER} from offers where id = %(id)s for update"

# One publication at a time: they follow one another by this lock.
LOCK_TENANT = "select tenant_id from tenants for update"

END_OFFER = """
update offers set ended_by = %(by)s, ended_at = %(now)s
where kind = %(kind)s and name = %(name)s and ended_at is null
"""

ADD_OFFER = """
insert into offers (
    id, kind, name, version, title, digest, body, locked, effective_at, author, approver, published_by, published_at)
values (
    %(id)s, %(kind)s, %(name)s, %(version)s, %(title)s, %(digest)s, %(body)s, %(locked)s, %(effective_at)s, %(author)s,
    %(approver)s, %(by)s, %(now)s)
"""

_INHERITED = """
    i.kind, i.name, i.provider, i.provider_slug, i.provider_name, i.offer, i.version, i.title, encode(i.digest, 'hex'),
    i.locked, i.effective_at, i.state, i.taken, i.taken_version, i.local_version, i.problem, i.changed_by, i.changed_at
"""

INHERITED = f"select {_INHERITED} from inheritances i order by i.kind, i.name"

ONE_INHERITED = f"select {_INHERITED} from inheritances i where i.kind = %(kind)s and i.name = %(name)s"

LOCK_INHERITED = f"select {_INHERITED} from inheritances i where i.kind = %(kind)s and i.name = %(name)s for update"

# A lock counts while its provider is above the tenant, from the moment on in which it is no more.
LOCKED_BY = """
select i.provider_name from inheritances i
where i.kind = %(kind)s and i.name = %(name)s and i.locked and i.state <> 'released' and i.taken is not null
    and i.provider in (select tenant_id from headgate_above())
"""

FOLLOWED = """
select i.provider_name from inheritances i
where i.kind = %(kind)s and i.name = %(name)s and i.state = 'following' and i.taken is not null
"""

ANY_INHERITED = "select 1 from inheritances where kind = %(kind)s and name = any(%(names)s) limit 1"

OVERRIDE = """
update inheritances set state = 'overridden', changed_by = %(by)s, changed_at = %(now)s
where kind = %(kind)s and name = %(name)s and state = 'following'
returning provider_slug, taken_version
"""

FATES = """
select slug, name, kind, thing, title, version, fate, has_version, since from headgate_offer_fates()
order by fate = 'taken', name, slug, kind, thing limit %(limit)s
"""

FATE_COUNTS = "select kind, thing, fate, count(*) from headgate_offer_fates() group by kind, thing, fate"

_FROM_ABOVE = """
    o.id, o.kind, o.name, o.version, o.title, o.digest, o.locked, o.effective_at, o.author, o.approver, o.provider,
    o.provider_slug, o.provider_name
"""

# What is offered and not yet as it should be here: new, changed, or failed some time ago.
DUE = f"""
select {_FROM_ABOVE}, i.state, i.problem
from headgate_offered() o left join inheritances i on (i.kind, i.name) = (o.kind, o.name)
where i.offer is distinct from o.id or i.state = 'released'
    or (i.taken is distinct from o.id and i.state <> 'overridden' and i.changed_at <= %(retry)s)
order by o.kind, o.name
"""

ONE_ABOVE = f"""
select {_FROM_ABOVE} from headgate_offered() o where o.kind = %(kind)s and o.name = %(name)s
"""

BODIES = "select id, body from headgate_offer_bodies(%(ids)s::uuid[])"

# What nobody above offers any more.
GONE = f"""
select {_INHERITED} from inheritances i
where i.state <> 'released'
    and not exists (select from headgate_offered() o where (o.kind, o.name) = (i.kind, i.name))
for update of i
"""

RELEASE = """
update inheritances i set state = 'released', problem = '', changed_by = %(by)s, changed_at = %(now)s
from unnest(%(kinds)s::text[], %(names)s::text[]) as g(kind, name)
where (i.kind, i.name) = (g.kind, g.name)
"""

PUT = """
insert into inheritances (
    kind, name, provider, provider_slug, provider_name, offer, version, title, digest, locked, effective_at, state,
    taken, taken_version, local_version, problem, changed_by, changed_at)
select * from unnest(
    %(kind)s::text[], %(name)s::text[], %(provider)s::uuid[], %(provider_slug)s::text[], %(provider_name)s::text[],
    %(offer)s::uuid[], %(version)s::int[], %(title)s::text[], %(digest)s::bytea[], %(locked)s::boolean[],
    %(effective_at)s::timestamptz[], %(state)s::text[], %(taken)s::uuid[], %(taken_version)s::int[],
    %(local_version)s::int[], %(problem)s::text[], %(by)s::text[], %(now)s::timestamptz[])
on conflict (tenant_id, kind, name) do update set
    provider = excluded.provider, provider_slug = excluded.provider_slug, provider_name = excluded.provider_name,
    offer = excluded.offer, version = excluded.version, title = excluded.title, digest = excluded.digest,
    locked = excluded.locked, effective_at = excluded.effective_at, state = excluded.state,
    taken = coalesce(excluded.taken, inheritances.taken),
    taken_version = coalesce(excluded.taken_version, inheritances.taken_version),
    local_version = coalesce(excluded.local_version, inheritances.local_version),
    problem = excluded.problem, changed_by = excluded.changed_by, changed_at = excluded.changed_at
"""
