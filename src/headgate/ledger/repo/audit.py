"""SQL of the audit chain, and of reading it with the events it speaks of."""

from __future__ import annotations

LOCK_HEAD = "select seq, hash from audit_heads for update"

START_CHAIN = """
insert into audit_heads (seq, hash)
values (0, sha256(convert_to('headgate audit chain ' || current_setting('headgate.tenant'), 'UTF8')))
on conflict (tenant_id) do nothing
"""

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
