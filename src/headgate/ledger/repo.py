"""The ledger's SQL. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

# --- event log ---------------------------------------------------------------------------------------------------

# Numbers are drawn in the order of the batch; rows are inserted in the order of their ids, so that two transactions
# inserting the same ids wait for each other in one direction and never deadlock.
APPEND_EVENTS = """
with incoming as materialized (
    select nextval(pg_get_serial_sequence('events', 'seq')) as seq, i.*
    from unnest(
        %(source)s::text[], %(event_id)s::text[], %(type)s::text[], %(subject)s::text[], %(key)s::text[],
        %(lane)s::smallint[], %(time)s::timestamptz[], %(data)s::text[], %(digest)s::bytea[], %(actor)s::text[],
        %(trace)s::text[]
    ) with ordinality as i(source, event_id, type, subject, key, lane, time, data, digest, actor, trace, place)
), inserted as (
    insert into events
        (seq, source, event_id, type, subject, key, lane, time, received_at, data, digest, actor, trace)
    select seq, source, event_id, type, subject, key, lane, time, %(now)s, data::json, digest, actor, trace
    from incoming order by source, event_id
    on conflict (tenant_id, source, event_id) do nothing
    returning seq, lane
), queued as (
    insert into inbox (lane, seq) select lane, seq from inserted
)
select i.place, i.seq from inserted join incoming i using (seq)
"""

NOTIFY_INBOX = "select pg_notify('headgate_inbox', current_setting('headgate.tenant'))"

# `data` is compared as text: both sides are canonical JSON.
FIRST_UNDER_SAME_ID = """
select i.place, e.seq, e.digest, e.type = i.type and e.subject = i.subject and e.data::text = i.data
from unnest(%(source)s::text[], %(event_id)s::text[], %(type)s::text[], %(subject)s::text[], %(data)s::text[])
    with ordinality as i(source, event_id, type, subject, data, place)
join events e on e.source = i.source and e.event_id = i.event_id
"""

DATA_OF_FIRST = """
select e.source, e.event_id, e.data from unnest(%(source)s::text[], %(event_id)s::text[]) as i(source, event_id)
join events e on e.source = i.source and e.event_id = i.event_id
"""

ADD_CONFLICTS = """
insert into event_conflicts (first_seq, source, event_id, type, subject, first_digest, data, received_at, actor)
select first_seq, source, event_id, type, subject, first_digest, data::json, %(now)s, actor
from unnest(
    %(first_seq)s::bigint[], %(source)s::text[], %(event_id)s::text[], %(type)s::text[], %(subject)s::text[],
    %(first_digest)s::bytea[], %(data)s::text[], %(actor)s::text[]
) with ordinality as c(first_seq, source, event_id, type, subject, first_digest, data, actor, place)
order by place
returning id
"""

LIST_CONFLICTS = """
select id, first_seq, source, event_id, type, subject, encode(first_digest, 'hex'), data, received_at, actor
from event_conflicts where id < %(before)s order by id desc limit %(limit)s
"""

_EVENT = """
    e.seq, e.source, e.event_id, e.type, e.subject, e.key, e.lane, e.time, e.received_at, e.data, e.actor,
    encode(e.digest, 'hex'), e.trace
"""

GET_EVENTS = f"select {_EVENT} from events e where e.seq = any(%(seqs)s) order by e.seq"

FIND_EVENT = f"select {_EVENT} from events e where e.source = %(source)s and e.event_id = %(event_id)s"

KNOWN_EVENTS = "select event_id from events where source = %(source)s and event_id = any(%(event_ids)s)"

# {filters} is filled from a fixed list of conditions, never from input.
LIST_EVENTS = f"select {_EVENT} from events e where e.seq < %(before)s {{filters}} order by e.seq desc limit %(limit)s"

# --- inbox -------------------------------------------------------------------------------------------------------

# Times are the database's, which all workers share, unless one is given.
_NOW = "coalesce(%(now)s::timestamptz, statement_timestamp())"

# Events that wait for another try, per key: what follows them under the same key waits with them.
WAITING_KEYS = f"""
select w.lane, e.key, min(w.seq)
from inbox w join events e on e.seq = w.seq
where w.lane = any(%(lanes)s::smallint[]) and w.not_before > {_NOW}
group by w.lane, e.key
"""

# "offset 0" keeps the planner from turning the look at each event by its number into a join, which it would do by
# reading all events as long as it believes that there are few.
_EVENTS_DUE = f"""
select {_EVENT} from due cross join lateral (select * from events d where d.seq = due.seq offset 0) e order by e.seq
"""

FETCH_INBOX = f"""
with due as materialized (
    select i.seq
    from unnest(%(lanes)s::smallint[]) as l(lane)
    cross join lateral (
        select i.seq from inbox i
        where i.lane = l.lane and (i.not_before is null or i.not_before <= {_NOW})
        order by i.seq limit %(limit)s
    ) i
    order by i.seq limit %(limit)s
)
{_EVENTS_DUE}
"""

FETCH_INBOX_PAST_WAITING = f"""
with waiting as materialized (
    select * from unnest(%(waiting_lane)s::smallint[], %(waiting_key)s::text[], %(waiting_seq)s::bigint[])
        as w(lane, key, seq)
), due as materialized (
    select i.seq
    from unnest(%(lanes)s::smallint[]) as l(lane)
    cross join lateral (
        select i.seq from inbox i join events k on k.seq = i.seq
        where i.lane = l.lane and (i.not_before is null or i.not_before <= {_NOW})
            and not exists (select from waiting w where w.lane = i.lane and w.key = k.key and w.seq < i.seq)
        order by i.seq limit %(limit)s
    ) i
    order by i.seq limit %(limit)s
)
{_EVENTS_DUE}
"""

# An event stands in one lane, so its number says which row is meant; the lanes are there for the index. A join with the
# pairs would go through the whole inbox whenever the planner saw it last while it was nearly empty.
ACK_INBOX = """
delete from inbox where lane = any(%(lane)s::smallint[]) and seq = any(%(seq)s::bigint[])
returning seq
"""

RETRY_INBOX = """
update inbox i set
    attempts = i.attempts + 1,
    not_before = %(now)s::timestamptz + least(%(base)s * power(2, i.attempts), %(longest)s) * interval '1 second',
    error = d.error
from unnest(%(lane)s::smallint[], %(seq)s::bigint[], %(error)s::text[]) as d(lane, seq, error)
where i.lane = d.lane and i.seq = d.seq
returning i.seq, i.attempts
"""

# Nothing is wrong with these events, so no try is counted.
SUBJECTS_WAITING = """
select e.subject, min(e.seq) from events e join inbox i on i.lane = e.lane and i.seq = e.seq
where e.subject = any(%(subjects)s) group by e.subject
"""

POSTPONE_INBOX = """
update inbox i set not_before = %(until)s, error = d.error
from unnest(%(lane)s::smallint[], %(seq)s::bigint[], %(error)s::text[]) as d(lane, seq, error)
where i.lane = d.lane and i.seq = d.seq
"""

# A pause is never so long. One that is was set before the clock was set back.
END_LONG_PAUSES = """
update inbox set not_before = null
where not_before > %(now)s::timestamptz + %(longest)s * interval '1 second'
"""

REQUEUE = """
insert into inbox (lane, seq) select lane, seq from events where seq = any(%(seqs)s)
on conflict (tenant_id, lane, seq) do nothing
"""

INBOX_DEPTH = """
select lane, count(*), min(seq), count(*) filter (where not_before > %(now)s) from inbox group by lane order by lane
"""

# --- lanes -------------------------------------------------------------------------------------------------------

ENSURE_LANES = """
insert into lanes (lane) select generate_series(0, %(lanes)s - 1) on conflict (tenant_id, lane) do nothing
"""

# Walks from lane to lane through the primary key; a long backlog costs no more than a short one.
OPEN_FILLED_LANES = """
with recursive filled(lane) as (
    (select lane from inbox order by lane limit 1)
    union all
    select (select i.lane from inbox i where i.lane > f.lane order by i.lane limit 1) from filled f
    where f.lane is not null
)
insert into lanes (lane)
select f.lane from filled f
where f.lane is not null and not exists (select from lanes l where l.lane = f.lane)
order by f.lane
on conflict (tenant_id, lane) do nothing
"""

_LEASE = "%(seconds)s * interval '1 second'"

# Takes FOR UPDATE: a worker in the middle of a batch holds FOR KEY SHARE (see FENCE_LANES); its lanes are passed over.
# A lease that ends further ahead than any could was given before the clock was set back, and counts as over. `lapses`
# counts how often in a row the lane was never given back.
CLAIM_LANES = f"""
with free as (
    select l.lane, coalesce(l.owner, %(owner)s) <> %(owner)s as lapsed from lanes l
    where (l.owner is null or l.owner = %(owner)s or l.lease_until <= {_NOW} or l.lease_until > {_NOW} + 2 * {_LEASE})
        and (%(among)s::smallint[] is null or l.lane = any(%(among)s::smallint[]))
        and exists (
            select from inbox i where i.lane = l.lane and (i.not_before is null or i.not_before <= {_NOW}) offset 0
        )
    order by l.served_at nulls first, l.lane
    limit %(wanted)s
    for update of l skip locked
)
update lanes l set owner = %(owner)s, epoch = l.epoch + 1, served_at = {_NOW}, lease_until = {_NOW} + {_LEASE},
    lapses = case when free.lapsed then least(l.lapses + 1, 1000) else 0 end
from free where l.lane = free.lane
returning l.lane, l.owner, l.epoch, l.lease_until, l.lapses
"""

# Locked in the order of the lanes: a renewal and the batch that gives its lanes back may meet.
_HELD = """
with held as (
    select l.lane from lanes l
    join unnest(%(lane)s::smallint[], %(epoch)s::bigint[]) as h(lane, epoch) on l.lane = h.lane and l.epoch = h.epoch
    where l.owner = %(owner)s
    order by l.lane for no key update of l
)
"""

RENEW_LANES = f"""{_HELD}
update lanes l set served_at = {_NOW}, lease_until = {_NOW} + {_LEASE}
from held where l.lane = held.lane
returning l.lane, l.owner, l.epoch, l.lease_until, l.lapses
"""

RELEASE_LANES = f"""{_HELD}
update lanes l set owner = null, lease_until = null from held where l.lane = held.lane
"""

# FOR KEY SHARE bars a claim until this transaction ends, and does not bar the owner's own renewal.
FENCE_LANES = """
select l.lane, statement_timestamp() from lanes l
join unnest(%(lane)s::smallint[], %(epoch)s::bigint[]) as h(lane, epoch) on l.lane = h.lane and l.epoch = h.epoch
where l.owner = %(owner)s
for key share of l
"""

LIST_LANES = "select lane, owner, epoch, lease_until, served_at, lapses from lanes order by lane"

# --- audit chain -------------------------------------------------------------------------------------------------

LOCK_HEAD = "select seq, hash from audit_heads for update"

START_CHAIN = """
insert into audit_heads (seq, hash)
values (0, sha256(convert_to('headgate audit chain ' || current_setting('headgate.tenant'), 'UTF8')))
on conflict (tenant_id) do nothing
"""

EVENT_SUBJECTS = "select seq, subject from events where seq = any(%(seqs)s)"

EVENT_DIGESTS = "select seq, encode(digest, 'hex') from events where seq = any(%(seqs)s)"

APPEND_AUDIT = """
with moved as (
    update audit_heads set seq = %(head_seq)s, hash = %(head_hash)s
)
insert into audit_entries (seq, at, actor, action, subject_type, subject, case_id, event_seq, body, prev, hash)
select seq, %(at)s, actor, action, subject_type, subject, case_id, event_seq, body, prev, hash
from unnest(
    %(seq)s::bigint[], %(actor)b::text[], %(action)b::text[], %(subject_type)b::text[], %(subject)b::text[],
    %(case_id)b::uuid[], %(event_seq)s::bigint[], %(body)b::text[], %(prev)b::bytea[], %(hash)b::bytea[]
) as e(seq, actor, action, subject_type, subject, case_id, event_seq, body, prev, hash)
"""

_AUDIT = """
    a.seq, a.at, a.actor, a.action, a.subject_type, a.subject, a.case_id, a.event_seq, a.body, encode(a.prev, 'hex'),
    encode(a.hash, 'hex')
"""

LIST_AUDIT = f"""
select {_AUDIT} from audit_entries a where a.seq < %(before)s {{filters}} order by a.seq desc limit %(limit)s
"""

GET_AUDIT = f"select {_AUDIT} from audit_entries a where a.seq = any(%(seqs)s) order by a.seq"

READ_HEAD = "select seq, hash from audit_heads"

_INSTANT = """to_char({} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

# Everything as text or bytes, so that the client compares and does not convert.
_ENTRY = f"""
    a.seq, a.body, a.prev, a.hash, {_INSTANT.format("a.at")}, a.actor, a.action, a.subject_type, a.subject,
    a.case_id::text, a.event_seq
"""

# Page by page instead of one cursor: the plan is an index walk whatever the statistics say, and no snapshot is held
# that would keep dead inbox rows alive for as long as a verification takes.
AUDIT_PAGE = f"""
select {_ENTRY}, null::bytea from audit_entries a
where a.seq > %(after)s and a.seq <= %(last)s order by a.seq limit %(limit)s
"""

# With what the log now holds under the event an entry speaks of.
AUDIT_PAGE_WITH_EVENTS = f"""
select {_ENTRY}, (select e.digest from events e where e.seq = a.event_seq)
from audit_entries a where a.seq > %(after)s and a.seq <= %(last)s order by a.seq limit %(limit)s
"""

EVENTS_PAGE = f"""
select seq, source, event_id, type, subject, key, {_INSTANT.format("time")}, data::text, digest
from events where seq > %(after)s and seq <= %(last)s order by seq limit %(limit)s
"""

CHECK_AUDIT = f"""
select {_ENTRY}, e.digest from audit_entries a left join events e on e.seq = a.event_seq
where a.seq = any(%(seqs)s) order by a.seq
"""

COUNT_EVENTS = "select count(*), coalesce(max(seq), 0) from events"

# Both ends of the chain in one statement, and so as of one moment: they differ only when somebody meddled.
CHAIN_END = """
select coalesce((select max(seq) from audit_entries), 0), h.seq, h.hash
from (select) as one left join audit_heads h on true
"""

# --- quarantine --------------------------------------------------------------------------------------------------

_QUARANTINED = """
    q.id, q.position, q.kind, q.source, q.file, q.row_number, q.event_seq, q.reason, q.problems, q.raw, q.amount,
    q.currency, q.status, q.created_at, q.resolved_at, q.resolved_by
"""

# A row met again (a repeated import) changes nothing; an event that fails again after a replay is open again.
ADD_QUARANTINE = """
insert into quarantine
    (id, fingerprint, kind, source, file, row_number, event_seq, reason, problems, raw, amount, currency, created_at)
select id, fingerprint, kind, source, file, row_number, event_seq, reason, problems::jsonb, raw, amount, currency,
    %(now)s
from unnest(
    %(id)s::uuid[], %(fingerprint)s::bytea[], %(kind)s::text[], %(source)s::text[], %(file)s::text[],
    %(row_number)s::bigint[], %(event_seq)s::bigint[], %(reason)s::text[], %(problems)s::text[], %(raw)s::text[],
    %(amount)s::numeric[], %(currency)s::text[]
) with ordinality as q(
    id, fingerprint, kind, source, file, row_number, event_seq, reason, problems, raw, amount, currency, place
)
order by place
on conflict (tenant_id, fingerprint) do update
    set status = 'open', reason = excluded.reason, problems = excluded.problems, resolved_at = null, resolved_by = null
    where quarantine.kind = 'event' and quarantine.status <> 'open'
returning id
"""

LIST_QUARANTINE = f"""
select {_QUARANTINED} from quarantine q where q.position > %(after)s {{filters}} order by q.position limit %(limit)s
"""

GET_QUARANTINE = f"select {_QUARANTINED} from quarantine q where q.id = any(%(ids)s) order by q.position"

RESOLVE_QUARANTINE = """
update quarantine set status = %(status)s, resolved_at = %(now)s, resolved_by = %(actor)s
where id = any(%(ids)s) and status = 'open'
returning id
"""

COUNT_QUARANTINE = """
select kind, reason, currency, count(*), sum(amount) from quarantine
where status = %(status)s group by kind, reason, currency order by count(*) desc, kind, reason, currency
"""

SIZE_OF_QUARANTINE = """
select count(*) from (select from quarantine where status = 'open' limit %(most)s) counted
"""

# A poison event leaves the inbox and is put aside with its error.
DROP_FROM_INBOX = """
with dropped as (
    delete from inbox i using unnest(%(lane)s::smallint[], %(seq)s::bigint[]) as d(lane, seq)
    where i.lane = d.lane and i.seq = d.seq
    returning i.seq
)
select e.seq, e.source, e.data::text from dropped join events e using (seq)
"""

# --- outbox ------------------------------------------------------------------------------------------------------

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
