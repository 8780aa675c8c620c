"""SQL of the browsers that somebody signed in with before."""

from __future__ import annotations

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

# All of somebody, but the one they sit at.
DROP_OTHER_DEVICES = """
delete from known_devices where principal = %(principal)s and id is distinct from %(here)s::uuid
"""

# All of somebody, but the one of the session that stays.
DROP_DEVICES = """
delete from known_devices where principal = %(principal)s
    and id is distinct from (select s.device from sessions s where s.token_hash = %(keep)s::bytea)
"""
