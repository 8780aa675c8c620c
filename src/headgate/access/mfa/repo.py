"""SQL of second factors."""

from __future__ import annotations

SUMMARY = """
select
    (select confirmed_at from totp_secrets where principal = %(principal)s),
    (select count(*) from passkeys where principal = %(principal)s),
    (select count(*) from recovery_codes where principal = %(principal)s and used_at is null),
    (select max(created_at) from recovery_codes where principal = %(principal)s)
"""

WITHOUT_BY_ROLE = """
select g.role, count(*) from role_grants g join principals p on p.principal = g.principal
where p.kind = 'person' and p.status = 'active' and p.password_hash is not null
    and (g.valid_from is null or g.valid_from <= %(now)s) and (g.valid_until is null or g.valid_until > %(now)s)
    and not exists (select from totp_secrets t where t.principal = p.principal and t.confirmed_at is not null)
    and not exists (select from passkeys k where k.principal = p.principal)
group by g.role
"""

BEGIN_TOTP = """
insert into totp_secrets (principal, secret, created_at) values (%(principal)s, %(secret)s, %(now)s)
on conflict (tenant_id, principal) do update set secret = excluded.secret, created_at = excluded.created_at
where totp_secrets.confirmed_at is null
"""

GET_TOTP = "select secret, created_at, confirmed_at, last_step from totp_secrets where principal = %(principal)s"

CONFIRM_TOTP = """
update totp_secrets set confirmed_at = %(now)s, last_step = %(step)s
where principal = %(principal)s and confirmed_at is null
"""

# One of two who send the same code at the same time finds it used.
USE_STEP = """
update totp_secrets set last_step = %(step)s
where principal = %(principal)s and confirmed_at is not null and last_step < %(step)s
"""

DROP_TOTP = "delete from totp_secrets where principal = %(principal)s"

ADD_CODES = """
insert into recovery_codes (principal, code_hash, created_at)
select %(principal)s, unnest(%(hashes)s::bytea[]), %(now)s
"""

USE_CODE = """
update recovery_codes set used_at = %(now)s
where principal = %(principal)s and code_hash = %(hash)s and used_at is null
"""

DROP_CODES = "delete from recovery_codes where principal = %(principal)s"

ADD_PASSKEY = """
insert into passkeys (credential_id, principal, name, rp_id, user_handle, public_key, sign_count, transports, synced,
    created_at)
values (%(credential_id)s, %(principal)s, %(name)s, %(rp_id)s, %(user_handle)s, %(public_key)s, %(sign_count)s,
    %(transports)s::text[], %(synced)s, %(now)s)
on conflict do nothing
"""

_PASSKEY = """
credential_id, principal, name, rp_id, user_handle, public_key, sign_count, transports, synced, created_at, last_used
"""

LIST_PASSKEYS = f"select {_PASSKEY} from passkeys where principal = %(principal)s order by created_at, credential_id"

GET_PASSKEY = f"select {_PASSKEY} from passkeys where credential_id = %(credential_id)s for update"

USE_PASSKEY = """
update passkeys set sign_count = %(sign_count)s, synced = %(synced)s, last_used = %(now)s
where credential_id = %(credential_id)s
"""

NAME_PASSKEY = """
update passkeys set name = %(name)s where credential_id = %(credential_id)s and principal = %(principal)s
"""

DROP_PASSKEY = """
delete from passkeys where credential_id = %(credential_id)s and principal = %(principal)s returning name
"""

# Whether one passkey is all that lets somebody in.
LAST_WAY_IN = """
select p.password_hash is null
    and (select count(*) from passkeys k where k.principal = p.principal) = 1
    and not exists (
        select from federated_identities f join identity_providers i on i.issuer = f.issuer and i.status = 'active'
        where f.principal = p.principal)
from principals p where p.principal = %(principal)s
"""

DROP_PASSKEYS = "delete from passkeys where principal = %(principal)s"

USE_CHALLENGE = """
insert into used_challenges (challenge_hash, principal, expires_at)
values (%(challenge_hash)s, %(principal)s, %(expires_at)s) on conflict do nothing
"""

FORGET_CHALLENGES = "delete from used_challenges where expires_at < %(now)s"

ADD_PENDING = """
insert into pending_sign_ins (token_hash, principal, proofs, created_at, expires_at, limited_to)
values (%(token_hash)s, %(principal)s, %(proofs)s::text[], %(now)s, %(expires_at)s, %(limited_to)s)
"""

GET_PENDING = """
select principal, proofs, attempts, expires_at, limited_to from pending_sign_ins where token_hash = %(token_hash)s
"""

COUNT_ATTEMPT = """
update pending_sign_ins set attempts = attempts + 1
where token_hash = %(token_hash)s and attempts < %(most)s and expires_at > %(now)s
returning principal, proofs, limited_to
"""

DROP_PENDING = "delete from pending_sign_ins where token_hash = %(token_hash)s"

FORGET_PENDING = "delete from pending_sign_ins where expires_at < %(now)s"
