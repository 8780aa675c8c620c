"""SQL of the event log."""

from __future__ import annotations

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

EVENT = """
    e.seq, e.source, e.event_id, e.type, e.subject, e.key, e.lane, e.time, e.received_at, e.data, e.actor,
    encode(e.digest, 'hex'), e.trace
"""

GET_EVENTS = f"select {EVENT} from events e where e.seq = any(%(seqs)s) order by e.seq"

FIND_EVENT = f"select {EVENT} from events e where e.source = %(source)s and e.event_id = %(event_id)s"

KNOWN_EVENTS = "select event_id from events where source = %(source)s and event_id = any(%(event_ids)s)"

# {filters} is filled from a fixed list of conditions, never from input.
LIST_EVENTS = f"select {EVENT} from events e where e.seq < %(before)s {{filters}} order by e.seq desc limit %(limit)s"

EVENT_SUBJECTS = "select seq, subject from events where seq = any(%(seqs)s)"

EVENT_DIGESTS = "select seq, encode(digest, 'hex') from events where seq = any(%(seqs)s)"
