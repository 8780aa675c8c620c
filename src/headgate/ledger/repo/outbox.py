"""SQL of commands to outside systems."""

from __future__ import annotations

_COMMAND = """
    o.id, o.target, o.type, o.subject, o.payload, o.idempotency_key, o.status, o.attempts, o.next_at, o.created_at,
    o.sent_at, o.last_error, o.process, o.key, o.case_id, o.step, o.event_seq, o.trace, o.replays
"""

# In the order given, which `position` keeps. Commands of one key are made by one lane, so writers do not meet here.
ADD_COMMANDS = """
insert into outbox
    (id, target, type, subject, payload, idempotency_key, process, key, case_id, step, event_seq, trace,
     next_at, created_at)
select id, target, type, subject, payload::jsonb, idempotency_key, process, key, case_id, step, event_seq, trace,
    %(now)s, %(now)s
from unnest(
    %(id)b::uuid[], %(target)b::text[], %(type)b::text[], %(subject)b::text[], %(payload)b::text[],
    %(idempotency_key)b::text[], %(process)b::text[], %(key)b::text[], %(case_id)b::uuid[], %(step)b::text[],
    %(event_seq)s::bigint[], %(trace)b::text[]
) with ordinality
    as c(id, target, type, subject, payload, idempotency_key, process, key, case_id, step, event_seq, trace, place)
order by place
on conflict (tenant_id, target, idempotency_key) do nothing
returning id
"""

# The command is invisible to other senders until `next_at`; a sender that dies leaves it to be tried again then.
CLAIM_COMMANDS = f"""
with due as (
    select id from outbox o where o.status = 'pending' and o.target = %(target)s and o.next_at <= %(now)s {{in_order}}
    order by o.next_at, o.position limit %(limit)s for update skip locked
)
update outbox o set attempts = o.attempts + 1, lease = %(lease)s,
    next_at = %(now)s::timestamptz + %(seconds)s * interval '1 second',
    lease_until = %(now)s::timestamptz + %(seconds)s * interval '1 second'
from due where o.id = due.id
returning {_COMMAND}
"""

# Only the first that is not settled of each subject: what waits or is dead holds back what came after it.
FIRST_OF_SUBJECT = """
    and not exists (
        select from outbox e where e.target = o.target and e.subject = o.subject
            and e.status in ('pending', 'dead') and e.position < o.position
    )
"""

COUNT_UNDER_WAY = """
select count(*) from outbox where target = %(target)s and lease is not null and lease_until > %(now)s
"""

# A success counts whoever reports it: the effect is there.
MARK_SENT = """
update outbox set status = 'sent', sent_at = %(now)s, last_error = null, lease = null, lease_until = null
where id = any(%(ids)s) and status in ('pending', 'dead') returning id
"""

# A failure counts only while its sender still has the lease: another one may be at it by now.
MARK_RETRY = """
update outbox o set last_error = f.error, next_at = f.next_at, lease = null, lease_until = null
from unnest(%(ids)s::uuid[], %(leases)s::uuid[], %(errors)s::text[], %(next_at)s::timestamptz[])
    as f(id, lease, error, next_at)
where o.id = f.id and o.status = 'pending' and o.lease = f.lease returning o.id
"""

MARK_DEAD = """
update outbox o set last_error = f.error, status = 'dead', lease = null, lease_until = null
from unnest(%(ids)s::uuid[], %(leases)s::uuid[], %(errors)s::text[]) as f(id, lease, error)
where o.id = f.id and o.status = 'pending' and o.lease = f.lease returning o.id
"""

KNOWN_COMMANDS = """
select idempotency_key from outbox where target = %(target)s and idempotency_key = any(%(keys)s)
"""

RETURN_COMMANDS = """
update outbox o set attempts = greatest(o.attempts - 1, 0), next_at = %(now)s, lease = null, lease_until = null
where o.id = any(%(ids)s) and o.status = 'pending' and o.lease = %(lease)s returning o.id
"""

REVIVE_COMMANDS = """
update outbox set status = 'pending', attempts = 0, next_at = %(now)s, replays = replays + 1
where id = any(%(ids)s) and status = 'dead' returning id
"""

DISMISS_COMMANDS = """
update outbox set status = 'dismissed' where id = any(%(ids)s) and status = 'dead' returning id
"""

LIST_COMMANDS = f"""
select {_COMMAND} from outbox o where o.id < %(before)s {{filters}} order by o.id desc limit %(limit)s
"""

GET_COMMANDS = f"select {_COMMAND} from outbox o where o.id = any(%(ids)s) order by o.position"

COMMAND_COUNTS = """
select o.target, count(*) filter (where o.status = 'pending'), count(*) filter (where o.status = 'dead'),
    count(*) filter (where o.status = 'pending' and o.next_at <= %(now)s),
    min(o.created_at) filter (where o.status = 'pending')
from outbox o where o.status in ('pending', 'dead') group by o.target order by o.target
"""
