"""SQL of what machines come with: API keys and the secrets of sources."""

from __future__ import annotations

from headgate.access.repo.people import EXTRA, ROLES

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
    p.principal, p.kind, p.name, p.partner, {ROLES}, {EXTRA}, {_TENANT_RATE}, {_TENANT_STATUS}, k.last_used
from api_keys k join principals p on p.principal = k.principal
where k.key_id = any(%(names)s)
"""

TOUCH_KEYS = "update api_keys set last_used = %(now)s where key_id = any(%(names)s)"
