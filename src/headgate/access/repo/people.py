"""SQL of principals: their roles, their delegations, their passwords."""

from __future__ import annotations

# How each of these people could sign in of their own: a password, a passkey.
WAYS_IN = """
select p.principal, p.password_hash is not null, exists(select from passkeys k where k.principal = p.principal)
from principals p where p.principal = any(%(principals)s)
"""

ADD_PRINCIPAL = """
insert into principals (principal, kind, name, email, password_hash, partner, created_at)
values (%(principal)s, %(kind)s, %(name)s, %(email)s, %(password_hash)s, %(partner)s, %(now)s)
on conflict do nothing
"""

ACCOUNT = "p.principal, p.kind, p.name, p.email, p.partner, p.status, p.locked_until, p.created_at"

_IN_FORCE = """
    (g.valid_from is null or g.valid_from <= %(now)s) and (g.valid_until is null or g.valid_until > %(now)s)
"""

ROLES = f"""
    array(select g.role from role_grants g where g.principal = p.principal and {_IN_FORCE} order by g.role)
"""

# What roles of the tenant's own allow, beside what shipped ones do.
EXTRA = f"""
    array(select distinct unnest(c.permissions) from role_grants g join custom_roles c on c.role = g.role
        where g.principal = p.principal and c.status <> 'retired' and {_IN_FORCE})
"""

GET_ACCOUNTS = f"select {ACCOUNT}, {ROLES}, {EXTRA} from principals p where p.principal = any(%(principals)s)"

LIST_ACCOUNTS = f"""
select {ACCOUNT}, {ROLES}, {EXTRA} from principals p
where p.principal > %(after)s and (%(kind)s::text is null or p.kind = %(kind)s)
order by p.principal limit %(limit)s
"""

FIND_PEOPLE = """
select principal from principals where strpos(lower(principal || ' ' || name), lower(%(text)s)) > 0
order by principal limit %(limit)s
"""

ACCOUNTS_IN_ROLES = f"""
select {ACCOUNT}, {ROLES}, {EXTRA} from principals p
where p.status = 'active' and exists (
    select from role_grants g where g.principal = p.principal and g.role = any(%(roles)s) and {_IN_FORCE}
)
order by p.principal
"""

PRINCIPALS_FOR = f"""
select p.principal from principals p
where p.status = 'active' and p.kind = 'person' and exists (
    select from role_grants g where g.principal = p.principal and g.role = any(%(roles)s) and {_IN_FORCE}
)
union
select d.delegate from delegations d
where d.roles && %(roles)s::text[] and d.revoked_at is null
    and d.valid_from <= %(now)s and d.valid_until > %(now)s
order by 1 limit %(limit)s
"""

# Held while roles or delegations of a principal change, so that two changes cannot each pass the duty check alone.
LOCK_ACCOUNTS = """
select principal, kind, status from principals where principal = any(%(principals)s) order by principal for update
"""

SET_STATUS = "update principals set status = %(status)s where principal = %(principal)s and status <> %(status)s"

SET_HASH = """
update principals set password_hash = %(password_hash)s, failed_logins = 0, locks = 0, locked_until = null
where principal = %(principal)s
"""

SIGN_IN = """
select principal, status, password_hash, locked_until from principals
where email = %(email)s and kind = 'person' for no key update
"""

NOTE_FAILURE = """
update principals set
    failed_logins = case when failed_logins + 1 >= %(most)s then 0 else failed_logins + 1 end,
    locked_until = case when failed_logins + 1 >= %(most)s
        then %(now)s + (%(delays)s::interval[])[least(locks + 1, cardinality(%(delays)s::interval[]))]
        else locked_until end,
    locks = case when failed_logins + 1 >= %(most)s then least(locks + 1, 1000) else locks end
where principal = %(principal)s
returning failed_logins = 0, locked_until
"""

CLEAR_FAILURES = """
update principals set failed_logins = 0, locks = 0, locked_until = null
where principal = %(principal)s and (failed_logins > 0 or locks > 0 or locked_until is not null)
"""

LOCKED_UNTIL = "select locked_until from principals where principal = %(principal)s"

HAS_ONE = "select password_hash is not null from principals where principal = %(principal)s"

REHASH = "update principals set password_hash = %(rehashed)s where principal = %(principal)s"

LIST_GRANTS = """
select principal, role, valid_from, valid_until, granted_by, granted_at
from role_grants where principal = any(%(principals)s) order by principal, role
"""

SET_GRANT = """
insert into role_grants (principal, role, valid_from, valid_until, granted_by, granted_at)
values (%(principal)s, %(role)s, %(valid_from)s, %(valid_until)s, %(by)s, %(now)s)
on conflict (tenant_id, principal, role) do update set
    valid_from = excluded.valid_from, valid_until = excluded.valid_until,
    granted_by = excluded.granted_by, granted_at = excluded.granted_at
"""

DROP_GRANT = "delete from role_grants where principal = %(principal)s and role = %(role)s"

ADD_DELEGATION = """
insert into delegations
    (id, delegator, delegate, roles, valid_from, valid_until, max_amount, reason, onward, created_at, created_by)
values (%(id)s, %(delegator)s, %(delegate)s, %(roles)s::text[], %(valid_from)s, %(valid_until)s, %(max_amount)s,
    %(reason)s, %(onward)s, %(now)s, %(by)s)
"""

# The delegator's own roles come along, if the delegator is still active: nobody passes on what they no longer hold.
_DELEGATION = f"""
    d.id, d.delegator, d.delegate, d.roles, d.valid_from, d.valid_until, d.max_amount, d.reason, d.revoked_at,
    d.onward, exists(select from principals p where p.principal = d.delegator and p.status = 'active'),
    array(
        select g.role from role_grants g join principals p on p.principal = g.principal
        where g.principal = d.delegator and p.status = 'active' and {_IN_FORCE}
    )
"""

DELEGATIONS_TO = f"""
select {_DELEGATION} from delegations d
where d.delegate = any(%(principals)s) and d.revoked_at is null
    and d.valid_from <= %(now)s and d.valid_until > %(now)s
order by d.valid_from, d.id
"""

# Delegations to these principals, and those that the delegators got themselves and may pass on; three links at most.
CHAINS_TO = f"""
with recursive links as (
    select d.id, d.delegator, 1 as place from delegations d
    where d.delegate = any(%(principals)s) and d.revoked_at is null
        and d.valid_from <= %(now)s and d.valid_until > %(now)s
    union
    select d.id, d.delegator, l.place + 1 from links l join delegations d on d.delegate = l.delegator
    where d.onward and d.revoked_at is null and d.valid_from <= %(now)s and d.valid_until > %(now)s and l.place < 3
)
select {_DELEGATION} from delegations d where d.id in (select l.id from links l) order by d.valid_from, d.id
"""

UPCOMING_DELEGATIONS_TO = """
select roles, valid_from, valid_until from delegations
where delegate = %(principal)s and revoked_at is null and valid_until > %(now)s
"""

LIST_DELEGATIONS = f"""
select {_DELEGATION} from delegations d
where (%(principal)s::text is null or %(principal)s in (d.delegator, d.delegate))
    and (%(past)s or (d.revoked_at is null and d.valid_until > %(now)s))
    and (%(before)s::timestamptz is null or (d.valid_from, d.id) < (%(before)s::timestamptz, %(last)s::uuid))
order by d.valid_from desc, d.id desc limit %(limit)s
"""

GET_DELEGATION = f"select {_DELEGATION} from delegations d where d.id = %(id)s"

REVOKE_DELEGATION = "update delegations set revoked_at = %(now)s where id = %(id)s and revoked_at is null"
