"""SQL of sign-on. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

_PROVIDER = """provider, name, issuer, client_id, scopes, groups_claim, domains, just_in_time, status, tested_at,
    created_at, client_secret"""

ADD_PROVIDER = """
insert into identity_providers
    (provider, name, issuer, client_id, client_secret, scopes, groups_claim, domains, just_in_time, created_at)
values (%(provider)s, %(name)s, %(issuer)s, %(client_id)s, %(client_secret)s, %(scopes)s::text[], %(groups_claim)s,
    %(domains)s::text[], %(just_in_time)s, %(now)s)
on conflict do nothing
"""

GET_PROVIDER = f"select {_PROVIDER} from identity_providers where provider = %(provider)s"

LIST_PROVIDERS = f"select {_PROVIDER} from identity_providers order by name, provider"

SET_PROVIDER = """
update identity_providers set status = %(status)s where provider = %(provider)s and status <> %(status)s
"""

NOTE_TEST = "update identity_providers set tested_at = %(now)s where provider = %(provider)s"

ADD_REQUEST = """
insert into sign_in_requests
    (state_hash, provider, purpose, nonce, verifier, browser_hash, redirect_uri, onward, started_by, expires_at)
values (%(state_hash)s, %(provider)s, %(purpose)s, %(nonce)s, %(verifier)s, %(browser_hash)s, %(redirect_uri)s,
    %(onward)s, %(started_by)s, %(expires_at)s)
"""

DROP_OLD_REQUESTS = "delete from sign_in_requests where expires_at <= %(now)s"

# Deleted as it is read: the second of two answers finds nothing.
TAKE_REQUEST = """
delete from sign_in_requests where state_hash = %(state_hash)s
returning provider, purpose, nonce, verifier, browser_hash, redirect_uri, onward, started_by, expires_at
"""

GET_IDENTITY = "select principal from federated_identities where issuer = %(issuer)s and subject = %(subject)s"

ADD_IDENTITY = """
insert into federated_identities (issuer, subject, principal, linked_at, linked_by)
values (%(issuer)s, %(subject)s, %(principal)s, %(now)s, %(by)s) on conflict do nothing
"""

USE_IDENTITY = """
update federated_identities set last_used = %(now)s where issuer = %(issuer)s and subject = %(subject)s
"""

DROP_IDENTITY = """
delete from federated_identities where issuer = %(issuer)s and subject = %(subject)s returning principal
"""

LIST_IDENTITIES = """
select issuer, subject, principal, linked_at, linked_by, last_used from federated_identities
where issuer = any(%(issuers)s) order by principal, subject limit %(limit)s
"""

EMAIL_TAKEN = "select exists(select 1 from principals where email = %(email)s or principal = %(principal)s)"

LIST_MAPPINGS = """
select origin, group_name, role from group_roles where %(origin)s::text is null or origin = %(origin)s
order by origin, group_name, role
"""

ADD_MAPPING = """
insert into group_roles (origin, group_name, role) values (%(origin)s, %(group)s, %(role)s) on conflict do nothing
"""

DROP_MAPPING = "delete from group_roles where origin = %(origin)s and group_name = %(group)s and role = %(role)s"

FROM_GROUPS = "select role, origin from federated_grants where principal = %(principal)s"

NOTE_GRANT = """
insert into federated_grants (principal, role, origin) values (%(principal)s, %(role)s, %(origin)s)
on conflict do nothing
"""

FORGET_GRANT = """
delete from federated_grants where principal = %(principal)s and role = %(role)s and origin = %(origin)s
"""

KEEP_HINT = """
insert into federated_sessions (token_hash, provider, id_token, expires_at)
values (%(token_hash)s, %(provider)s, %(id_token)s, %(expires_at)s)
"""

DROP_OLD_HINTS = "delete from federated_sessions where expires_at <= %(now)s"

TAKE_HINT = "delete from federated_sessions where token_hash = %(token_hash)s returning provider, id_token"

GET_RULES = "select passwords, break_glass from sign_in_rules"

SET_RULES = """
insert into sign_in_rules (passwords, break_glass) values (%(passwords)s, %(break_glass)s::text[])
on conflict (tenant_id) do update set passwords = excluded.passwords, break_glass = excluded.break_glass
"""

WITH_ONE = "select principal from principals where principal = any(%(principals)s) and password_hash is not null"
