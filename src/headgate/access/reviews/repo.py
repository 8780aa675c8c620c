"""SQL of access reviews. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

# Every grant in force or to come, with its holder and when they were last seen. `scope` as in core.SCOPES.
GRANTS = """
with used as (
    select principal, max(at) as at from (
        select principal, max(last_seen) as at from sessions group by principal
        union all select principal, max(last_used) from api_keys group by principal
    ) each group by principal
)
select p.principal, p.kind, p.name, p.partner, p.status, g.role, g.granted_by, g.granted_at, g.valid_from,
    g.valid_until, u.at
from role_grants g join principals p on p.principal = g.principal left join used u on u.principal = g.principal
where (g.valid_until is null or g.valid_until > %(now)s)
    and case %(scope)s::text when 'staff' then p.partner is null when 'partners' then p.partner is not null
        when 'role' then g.role = %(role)s else true end
order by p.partner nulls first, p.principal, g.role
limit %(limit)s
"""

ADD_REVIEW = """
insert into access_reviews (id, title, scope, role, reviewers, opened_by, opened_at, due_at, matrix)
values (%(id)s, %(title)s, %(scope)s, %(role)s, %(reviewers)s::text[], %(by)s, %(now)s, %(due_at)s, %(matrix)s)
"""

ADD_ITEMS = """
insert into access_review_items (review, item, principal, kind, name, partner, account, role, title, granted_by,
    granted_at, valid_from, valid_until, last_used, conflicts)
select %(review)s, t.item, t.principal, t.kind, t.name, t.partner, t.account, t.role, t.title, t.granted_by,
    t.granted_at, t.valid_from, t.valid_until, t.last_used, t.conflicts::jsonb
from unnest(%(principals)s::text[], %(kinds)s::text[], %(names)s::text[], %(partners)s::text[], %(accounts)s::text[],
    %(roles)s::text[], %(titles)s::text[], %(granters)s::text[], %(granted)s::timestamptz[], %(starts)s::timestamptz[],
    %(ends)s::timestamptz[], %(used)s::timestamptz[], %(conflicts)s::text[])
    with ordinality as t(principal, kind, name, partner, account, role, title, granted_by, granted_at, valid_from,
    valid_until, last_used, conflicts, item)
"""

_REVIEW = """
    r.id, r.title, r.scope, r.role, r.reviewers, r.status, r.opened_by, r.opened_at, r.due_at, r.matrix, r.closed_by,
    r.closed_at, r.statement, r.digest, i.listed, i.kept, i.revoked, i.conflicts
from access_reviews r cross join lateral (
    select count(*) as listed, count(*) filter (where decision = 'keep') as kept,
        count(*) filter (where decision = 'revoke') as revoked,
        count(*) filter (where jsonb_path_exists(conflicts, '$[*] ? (@.control == "")')) as conflicts
    from access_review_items where review = r.id) i
"""

# Open ones first, what is due soonest at the top; then those that are over, newest first.
REVIEWS = f"""
select {_REVIEW}
where (%(reviewer)s::text is null or %(reviewer)s = any(r.reviewers))
order by r.status <> 'open', case when r.status = 'open' then r.due_at end, r.opened_at desc, r.id
limit %(limit)s
"""

REVIEW = f"select {_REVIEW} where r.id = %(id)s"

HOLDS = "select from access_review_items where review = %(review)s and principal = %(principal)s limit 1"

SET_REVIEWERS = "update access_reviews set reviewers = %(reviewers)s::text[] where id = %(id)s"

LOCK_REVIEW = "select id from access_reviews where id = %(id)s for update"

# With how each grant stands now beside how it stood.
_ITEM = """
    i.item, i.principal, i.kind, i.name, i.partner, i.account, i.role, i.title, i.granted_by, i.granted_at,
    i.valid_from, i.valid_until, i.last_used, i.conflicts, i.decision, i.reason, i.outcome, i.decided_by, i.decided_at,
    case when g.principal is null then 'gone'
        when (g.granted_at, g.granted_by) = (i.granted_at, i.granted_by) and g.valid_until is not distinct from
            i.valid_until and g.valid_from is not distinct from i.valid_from then 'as_listed'
        else 'changed' end
"""

ITEMS = f"""
select {_ITEM} from access_review_items i
left join role_grants g on g.principal = i.principal and g.role = i.role
where i.review = %(review)s and i.item > %(after)s
    and case %(shown)s::text when 'open' then i.decision = '' when 'kept' then i.decision = 'keep'
        when 'revoked' then i.decision = 'revoke' when 'conflicts' then i.conflicts <> '[]'::jsonb
        when 'unused' then i.last_used is null or i.last_used < %(unused)s else true end
    and (%(text)s = '' or strpos(lower(i.principal || ' ' || i.name || ' ' || i.role), lower(%(text)s)) > 0)
order by i.item limit %(limit)s
"""

PICKED = f"""
select {_ITEM} from access_review_items i
left join role_grants g on g.principal = i.principal and g.role = i.role
where i.review = %(review)s and i.item = any(%(items)s) order by i.item
"""

DECIDE = """
update access_review_items i set decision = %(decision)s, reason = %(reason)s, outcome = t.outcome,
    decided_by = %(by)s, decided_at = %(now)s
from unnest(%(items)s::int[], %(outcomes)s::text[]) as t(item, outcome)
where i.review = %(review)s and i.item = t.item
"""

REMOVE = """
delete from role_grants g using unnest(%(principals)s::text[], %(roles)s::text[]) as t(principal, role)
where g.principal = t.principal and g.role = t.role returning g.principal, g.role
"""

# Active people who would still administer without these grants.
ADMINISTRATORS = """
select count(distinct p.principal) from principals p
join role_grants g on g.principal = p.principal left join custom_roles c on c.role = g.role and c.status <> 'retired'
where p.status = 'active' and p.kind = 'person' and p.partner is null
    and (g.role = any(%(admins)s) or 'admin' = any(c.permissions))
    and (g.valid_from is null or g.valid_from <= %(now)s) and (g.valid_until is null or g.valid_until > %(now)s)
"""

CLOSE = """
update access_reviews set status = %(status)s, closed_by = %(by)s, closed_at = %(now)s, statement = %(statement)s,
    digest = %(digest)s
where id = %(id)s
"""

HANDS = "select distinct decided_by from access_review_items where review = %(review)s and decided_by is not null"

# Every role of these accounts, within the scope of a review or not.
ROLES_OF = """
select principal, role from role_grants
where principal = any(%(holders)s) and (valid_until is null or valid_until > %(now)s) order by principal, role
"""
