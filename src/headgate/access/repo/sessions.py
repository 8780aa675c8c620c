"""SQL of sessions."""

from __future__ import annotations

from headgate.access.repo.tenants import TENANT_SECURITY

ADD_SESSION = """
insert into sessions (token_hash, principal, created_at, expires_at, last_seen, user_agent, proved_at, proofs, address,
    limited_to, device)
values (%(token_hash)s, %(principal)s, %(now)s, %(expires_at)s, %(now)s, %(user_agent)s, %(now)s, %(proofs)s::text[],
    %(address)s, %(limited_to)s, %(device)s)
"""

_SESSION = """
    s.token_hash, s.principal, s.created_at, s.expires_at, s.last_seen, s.user_agent, s.proved_at, s.proofs, s.address,
    s.limited_to, s.device
"""

# With how its owner reads: every page needs it, and another question would cost each a round trip.
GET_SESSION = f"""
select {_SESSION}, coalesce(c.timezone, ''), coalesce(c.region, ''), ({TENANT_SECURITY})
from sessions s left join mail_choices c on c.principal = s.principal
where s.token_hash = %(token_hash)s
"""

LIST_SESSIONS = f"""
select {_SESSION} from sessions s
where s.principal = %(principal)s and s.expires_at > %(now)s and s.last_seen > %(idle_since)s
    and s.created_at > %(born)s
order by s.last_seen desc, s.created_at desc, s.token_hash
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
