"""Access SQL. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

# --- tenants -----------------------------------------------------------------------------------------------------

ADD_TENANT = """
insert into tenants (slug, name, currency, timezone, settings, created_at)
values (%(slug)s, %(name)s, %(currency)s, %(timezone)s, %(settings)s::jsonb, %(now)s)
"""

GET_TENANT = """
select tenant_id, slug, name, currency, timezone, settings, created_at, portal_host, parent, kind,
    status, status_reason, status_at, residency, quotas from tenants
"""

SET_TENANT = "update tenants set name = %(name)s, timezone = %(timezone)s, settings = %(settings)s::jsonb"

TENANT_STANDING = "select name, status, status_reason from tenants"

# Locked, so that two additions at the same moment do not both take the last place.
ALLOWED = "select (quotas ->> %(name)s)::bigint from tenants where quotas ? %(name)s for no key update"

# In the order of the quotas. A key that another one replaces works for a while and is not counted beside it.
USED = """
select (select count(*) from principals where kind = 'person' and status = 'active' and partner is null),
    (select count(*) from sources where status = 'active'),
    (select count(*) from api_keys k where k.kind = 'key' and k.status = 'active'
        and (k.expires_at is null or k.expires_at > %(now)s)
        and not exists (select from api_keys n where n.replaces = k.key_id and n.status = 'active')),
    (select count(*) from oauth_clients where status = 'active'),
    (select coalesce(sum(events), 0)::bigint from event_counts where day = (%(now)s at time zone 'UTC')::date),
    ((select coalesce(sum(size), 0) from deal_files) + (select coalesce(sum(size), 0) from return_files)
        + 999999)::bigint / 1000000,
    (select quotas from tenants)
"""

SET_SECURITY = "update tenants set settings = settings || jsonb_build_object('security', %(rules)s::jsonb)"

# How each of these people could sign in of their own: a password, a passkey.
WAYS_IN = """
select p.principal, p.password_hash is not null, exists(select from passkeys k where k.principal = p.principal)
from principals p where p.principal = any(%(principals)s)
"""

# What partners sent as files, in bytes, and how many megabytes may be kept.
DOCUMENTS = """
select (t.quotas ->> 'document_megabytes')::bigint,
    ((select coalesce(sum(size), 0) from deal_files) + (select coalesce(sum(size), 0) from return_files))::bigint
from tenants t
"""

SET_PORTAL_HOST = "update tenants set portal_host = %(host)s"

PORTAL_HOSTS = "select host, tenant_id from headgate_portal_hosts()"

TENANT_BY_SLUG = "select tenant_id from headgate_tenant_by_slug(%(slug)s)"

FIRST_TENANTS = """
select t.tenant_id, n.name from (select tenant_id, slug from headgate_tenants() limit 2) t
cross join lateral headgate_tenant_by_slug(t.slug) n
"""

# --- principals and roles ----------------------------------------------------------------------------------------

ADD_PRINCIPAL = """
insert into principals (principal, kind, name, email, password_hash, partner, created_at)
values (%(principal)s, %(kind)s, %(name)s, %(email)s, %(password_hash)s, %(partner)s, %(now)s)
on conflict do nothing
"""

_ACCOUNT = "p.principal, p.kind, p.name, p.email, p.partner, p.status, p.locked_until, p.created_at"

_IN_FORCE = """
    (g.valid_from is null or g.valid_from <= %(now)s) and (g.valid_until is null or g.valid_until > %(now)s)
"""

_ROLES = f"""
    array(select g.role from role_grants g where g.principal = p.principal and {_IN_FORCE} order by g.role)
"""

# What roles of the tenant's own allow, beside what shipped ones do.
_EXTRA = f"""
    array(select distinct unnest(c.permissions) from role_grants g join custom_roles c on c.role = g.role
        where g.principal = p.principal and c.status <> 'retired' and {_IN_FORCE})
"""

GET_ACCOUNTS = f"select {_ACCOUNT}, {_ROLES}, {_EXTRA} from principals p where p.principal = any(%(principals)s)"

LIST_ACCOUNTS = f"""
select {_ACCOUNT}, {_ROLES}, {_EXTRA} from principals p
where p.principal > %(after)s and (%(kind)s::text is null or p.kind = %(kind)s)
order by p.principal limit %(limit)s
"""

FIND_PEOPLE = """
select principal from principals where strpos(lower(principal || ' ' || name), lower(%(text)s)) > 0
order by principal limit %(limit)s
"""

ACCOUNTS_IN_ROLES = f"""
select {_ACCOUNT}, {_ROLES}, {_EXTRA} from principals p
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

# --- delegations -------------------------------------------------------------------------------------------------

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

# --- sessions ----------------------------------------------------------------------------------------------------

ADD_SESSION = """
insert into sessions (token_hash, principal, created_at, expires_at, last_seen, user_agent, proved_at, proofs, address,
    limited_to, device)
values (%(token_hash)s, %(principal)s, %(now)s, %(expires_at)s, %(now)s, %(user_agent)s, %(now)s, %(proofs)s::text[],
    %(address)s, %(limited_to)s, %(device)s)
"""

TENANT_SECURITY = "select t.settings -> 'security' from tenants t"

_SESSION = """
    s.token_hash, s.principal, s.created_at, s.expires_at, s.last_seen, s.user_agent, s.proved_at, s.proofs, s.address,
    s.limited_to, s.device
"""

GET_SESSION = f"select {_SESSION}, ({TENANT_SECURITY}) from sessions s where s.token_hash = %(token_hash)s"

LIST_SESSIONS = f"""
select {_SESSION} from sessions s
where s.principal = %(principal)s and s.expires_at > %(now)s and s.last_seen > %(idle_since)s
    and s.created_at > %(born)s
order by s.last_seen desc, s.created_at desc
"""

RENEW_SESSION = """
update sessions set token_hash = %(new)s, proved_at = %(now)s, last_seen = %(now)s,
    proofs = case when %(proof)s = any(proofs) then proofs else proofs || %(proof)s::text end
where token_hash = %(old)s
returning principal, expires_at
"""

GUEST_STANDS = "select stands from headgate_guest_stands(%(guest)s, %(now)s)"

UNLIMIT_SESSION = "update sessions set limited_to = '' where token_hash = %(token_hash)s"

TOUCH_SESSION = "update sessions set last_seen = %(now)s where token_hash = %(token_hash)s"

END_SESSION = "delete from sessions where token_hash = %(token_hash)s returning principal"

END_SESSIONS = """
delete from sessions where principal = %(principal)s and token_hash <> coalesce(%(keep)s::bytea, '\\x'::bytea)
"""

# Sign-ins that wait for their second factor end with the sessions.
END_PENDING = "delete from pending_sign_ins where principal = %(principal)s"

FORGET_SESSIONS = """
delete from sessions where token_hash in (select token_hash from sessions where expires_at < %(before)s limit %(limit)s)
"""

PURGE_SESSIONS = "delete from sessions where expires_at <= %(now)s or last_seen <= %(idle_since)s"

# --- known devices -----------------------------------------------------------------------------------------------

ADD_DEVICE = """
insert into known_devices (id, principal, secret_hash, user_agent, created_at, last_used, expires_at)
values (%(id)s, %(principal)s, %(hash)s, %(agent)s, %(now)s, %(now)s, %(expires_at)s)
"""

RENEW_DEVICE = """
update known_devices set secret_hash = %(hash)s, user_agent = %(agent)s, last_used = %(now)s,
    expires_at = %(expires_at)s, failed_logins = 0, locks = 0, locked_until = null
where id = %(id)s and principal = %(principal)s
"""

TRIM_DEVICES = """
delete from known_devices where principal = %(principal)s and (expires_at <= %(now)s or id not in (
    select k.id from known_devices k where k.principal = %(principal)s order by k.last_used desc, k.id desc
    limit %(most)s
))
"""

GET_DEVICE = """
select secret_hash, locked_until from known_devices
where id = %(id)s and principal = %(principal)s and expires_at > %(now)s
"""

NOTE_DEVICE_FAILURE = """
update known_devices set
    failed_logins = case when failed_logins + 1 >= %(most)s then 0 else failed_logins + 1 end,
    locked_until = case when failed_logins + 1 >= %(most)s
        then %(now)s + (%(delays)s::interval[])[least(locks + 1, cardinality(%(delays)s::interval[]))]
        else locked_until end,
    locks = case when failed_logins + 1 >= %(most)s then least(locks + 1, 1000) else locks end
where id = %(id)s and principal = %(principal)s
returning failed_logins = 0, locked_until
"""

CLEAR_DEVICE = """
update known_devices set failed_logins = 0, locks = 0, locked_until = null
where id = %(id)s and principal = %(principal)s and (failed_logins > 0 or locks > 0)
"""

LIST_DEVICES = """
select id, user_agent, created_at, last_used, locked_until from known_devices
where principal = %(principal)s and expires_at > %(now)s order by last_used desc, id desc
"""

DROP_DEVICE = "delete from known_devices where id = %(id)s and principal = %(principal)s"

# All of somebody, but the one of the session that stays.
DROP_DEVICES = """
delete from known_devices where principal = %(principal)s
    and id is distinct from (select s.device from sessions s where s.token_hash = %(keep)s::bytea)
"""

# --- API keys ----------------------------------------------------------------------------------------------------

ADD_KEY = """
insert into api_keys (key_id, principal, name, secret_hash, scopes, created_at, expires_at, replaces)
values (%(key_id)s, %(principal)s, %(name)s, %(secret_hash)s, %(scopes)s::text[], %(now)s, %(expires_at)s, %(replaces)s)
"""

CHECK_KEY = """
select secret_hash, principal, scopes, last_used,
    status = 'active' and (expires_at is null or expires_at > %(now)s)
        and (audience is null or audience = %(audience)s)
from api_keys where key_id = %(key_id)s
"""

LIST_KEYS = """
select key_id, principal, name, scopes, status, created_at, expires_at, last_used, replaces from api_keys
where kind = 'key' and (%(principal)s::text is null or principal = %(principal)s) order by created_at desc, key_id
"""

# The key that is replaced ends after the overlap, and not later than it would have.
END_KEY = """
update api_keys set expires_at = least(coalesce(expires_at, %(until)s), %(until)s) where key_id = %(key_id)s
"""

REVOKE_KEY = (
    "update api_keys set status = 'revoked' where key_id = %(key_id)s and status = 'active' returning principal"
)

TOUCH_KEY = "update api_keys set last_used = %(now)s where key_id = %(key_id)s"

# --- webhook sources ---------------------------------------------------------------------------------------------

ADD_SOURCE = """
insert into sources (source, name, secrets, types, created_at)
values (%(source)s, %(name)s, %(secrets)s::text[], %(types)s::text[], %(now)s)
on conflict do nothing
"""

_SOURCE = "source, name, types, status, created_at, secrets, rate"

GET_SOURCE = f"select {_SOURCE} from sources where source = %(source)s"

LOCK_SOURCE = f"{GET_SOURCE} for update"

LIST_SOURCES = f"select {_SOURCE} from sources order by source"

SET_SECRETS = "update sources set secrets = %(secrets)s::text[] where source = %(source)s"

SET_SOURCE = """
update sources set status = %(status)s, types = %(types)s::text[], rate = %(rate)s where source = %(source)s
"""

# --- senders -----------------------------------------------------------------------------------------------------

_TENANT_RATE = "(select t.settings -> 'limits' ->> 'events_per_second' from tenants t)"

_TENANT_STATUS = "(select t.status from tenants t)"

SOURCES_NOW = f"""
select source, name, status, types, secrets, rate, {_TENANT_RATE}, {_TENANT_STATUS} from sources
where source = any(%(names)s)
"""

KEYS_NOW = f"""
select k.key_id, k.secret_hash, k.scopes,
    k.status = 'active' and (k.expires_at is null or k.expires_at > %(now)s) and p.status = 'active'
        and (k.audience is null or k.audience = 'api'),
    p.principal, p.kind, p.name, p.partner, {_ROLES}, {_EXTRA}, {_TENANT_RATE}, {_TENANT_STATUS}, k.last_used
from api_keys k join principals p on p.principal = k.principal
where k.key_id = any(%(names)s)
"""

TOUCH_KEYS = "update api_keys set last_used = %(now)s where key_id = any(%(names)s)"

TENANT_LIMITS = "select settings from tenants for update"

SET_TENANT_LIMITS = "update tenants set settings = settings || jsonb_build_object('limits', %(limits)s::jsonb)"

# --- people of a partner -----------------------------------------------------------------------------------------

LIST_COLLEAGUES = f"""
select {_ACCOUNT}, {_ROLES}, '{{}}'::text[], (select max(s.last_seen) from sessions s where s.principal = p.principal),
    p.password_hash is not null
from principals p where p.partner = %(partner)s and p.kind = 'person' order by lower(p.name), p.principal
"""

# Held while people of a partner change, so that two changes cannot each leave the other as the last administrator.
LOCK_COLLEAGUES = "select principal from principals where partner = %(partner)s order by principal for update"

ADD_INVITATION = """
insert into invitations (token_hash, principal, created_by, created_at, expires_at)
values (%(token_hash)s, %(principal)s, %(by)s, %(now)s, %(expires_at)s)
"""

DROP_INVITATIONS = "delete from invitations where principal = %(principal)s and used_at is null"

GET_INVITATION = """
select i.principal, i.expires_at, i.used_at, p.name, p.email, p.status, p.partner
from invitations i join principals p on p.principal = i.principal where i.token_hash = %(token_hash)s
"""

FIND_RESET = """
select p.principal, p.name, p.status, p.partner, (
    select count(*) from invitations i
    where i.principal = p.principal and i.kind = 'reset' and i.created_at > %(since)s
)
from principals p where p.email = %(email)s and p.kind = 'person'
"""

ADD_RESET = """
insert into invitations (token_hash, principal, created_by, created_at, expires_at, kind)
values (%(token_hash)s, %(principal)s, %(by)s, %(now)s, %(expires_at)s, 'reset')
"""

# One of two who follow the link at the same time finds it used.
USE_INVITATION = """
update invitations set used_at = %(now)s where token_hash = %(token_hash)s and used_at is null and expires_at > %(now)s
"""
