"""SQL of clients and their tokens. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

ADD_CLIENT = """
insert into oauth_clients (client, principal, name, scopes, audience, token_minutes, created_at, created_by)
values (%(client)s, %(principal)s, %(name)s, %(scopes)s::text[], %(audience)s, %(minutes)s, %(now)s, %(by)s)
"""

_CLIENT = "c.client, c.principal, c.name, c.scopes, c.audience, c.token_minutes, c.status, c.created_at"

GET_CLIENT = f"select {_CLIENT} from oauth_clients c where c.client = %(client)s"

LIST_CLIENTS = f"""
select {_CLIENT} from oauth_clients c where %(principal)s::text is null or c.principal = %(principal)s
order by c.created_at desc, c.client
"""

LIST_SECRETS = """
select client, secret, created_at, expires_at, last_used from client_secrets
where client = any(%(clients)s) and (expires_at is null or expires_at > %(now)s)
order by created_at desc, secret
"""

LIVE_SECRETS = """
select secret, secret_hash from client_secrets
where client = %(client)s and (expires_at is null or expires_at > %(now)s) order by created_at desc
"""

ADD_PROOF = """
insert into client_secrets (client, secret, secret_hash, created_at)
values (%(client)s, %(secret)s, %(secret_hash)s, %(now)s)
"""

# Secrets that go on for an overlap end then, and not later than they would have.
END_SECRETS = """
update client_secrets set expires_at = least(coalesce(expires_at, %(until)s), %(until)s)
where client = %(client)s and secret <> %(keep)s and (expires_at is null or expires_at > %(until)s)
"""

DROP_ENDED = "delete from client_secrets where client = %(client)s and expires_at <= %(now)s"

TOUCH_PROOF = "update client_secrets set last_used = %(now)s where client = %(client)s and secret = %(secret)s"

SET_STATUS = "update oauth_clients set status = %(status)s where client = %(client)s and status <> %(status)s"

ADD_ISSUED = """
insert into api_keys
    (key_id, principal, name, secret_hash, scopes, created_at, expires_at, kind, audience, client)
values (%(key_id)s, %(principal)s, %(name)s, %(secret_hash)s, %(scopes)s::text[], %(now)s, %(expires_at)s,
    'token', %(audience)s, %(client)s)
"""

# So that a client that asks again and again does not fill the table.
DROP_TOKENS_OF = "delete from api_keys where kind = 'token' and client = %(client)s and expires_at <= %(now)s"

REVOKE_TOKENS_OF = "delete from api_keys where kind = 'token' and client = %(client)s"

REVOKE_ISSUED = """
delete from api_keys
where kind = 'token' and key_id = %(key_id)s and client = %(client)s and secret_hash = %(secret_hash)s
"""

FORGET_TOKENS = """
delete from api_keys where kind = 'token' and key_id in
    (select key_id from api_keys where kind = 'token' and expires_at < %(before)s limit %(limit)s)
"""
