"""SQL of support. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

ADD_CONSENT = """
insert into support_consents (id, subject, reason, valid_until, granted_by, granted_at)
values (%(id)s, %(subject)s, %(reason)s, %(until)s, %(by)s, %(now)s)
"""

LIST_CONSENTS = """
select id, subject, reason, valid_until, granted_by, granted_at, withdrawn_at from support_consents
order by granted_at desc, id desc limit %(limit)s
"""

# The one that lasts longest, for somebody who wants to look as this person now.
IN_FORCE = """
select id, valid_until from support_consents
where subject = %(subject)s and withdrawn_at is null and valid_until > %(now)s
order by valid_until desc, id limit 1
"""

WITHDRAW = """
update support_consents set withdrawn_at = %(now)s where id = %(id)s and withdrawn_at is null returning subject
"""

END_LOOKS_OF = "update support_looks set ends_at = least(ends_at, %(now)s) where consent = %(id)s and ends_at > %(now)s"

ADD_LOOK = """
insert into support_looks (id, consent, supporter, reason, link_hash, link_until)
values (%(id)s, %(consent)s, %(supporter)s, %(reason)s, %(link_hash)s, %(until)s)
"""

# One of two who follow the link finds it used.
OPEN_LOOK = """
update support_looks l set token_hash = %(token_hash)s, begun_at = %(now)s,
    ends_at = least(%(ends_at)s, c.valid_until)
from support_consents c
where l.link_hash = %(link_hash)s and l.token_hash is null and l.link_until > %(now)s
    and c.id = l.consent and c.withdrawn_at is null and c.valid_until > %(now)s
returning l.supporter, c.subject, l.reason, l.ends_at
"""

READ_LOOK = """
select l.supporter, c.subject, l.reason, l.ends_at from support_looks l join support_consents c on c.id = l.consent
where l.token_hash = %(token_hash)s and l.ends_at > %(now)s and c.withdrawn_at is null and c.valid_until > %(now)s
"""

END_LOOK = """
update support_looks set ends_at = %(now)s where token_hash = %(token_hash)s and ends_at > %(now)s
returning supporter, (select c.subject from support_consents c where c.id = consent)
"""

LIST_LOOKS = """
select l.supporter, c.subject, l.reason, l.begun_at, l.ends_at
from support_looks l join support_consents c on c.id = l.consent
where l.begun_at is not null order by l.begun_at desc, l.token_hash limit %(limit)s
"""
