"""SQL of a partner's people and of the links they are invited by."""

from __future__ import annotations

from headgate.access.repo.people import ACCOUNT, ROLES

LIST_COLLEAGUES = f"""
select {ACCOUNT}, {ROLES}, '{{}}'::text[], (select max(s.last_seen) from sessions s where s.principal = p.principal),
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
