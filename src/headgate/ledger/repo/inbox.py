"""SQL of the inbox: events that are to be applied."""

from __future__ import annotations

from headgate.ledger.repo.events import EVENT

NOTIFY_INBOX = "select pg_notify('headgate_inbox', current_setting('headgate.tenant'))"

# Times are the database's, which all workers share, unless one is given.
NOW = "coalesce(%(now)s::timestamptz, statement_timestamp())"

# Events that wait for another try, per key: what follows them under the same key waits with them.
WAITING_KEYS = f"""
select w.lane, e.key, min(w.seq)
from inbox w join events e on e.seq = w.seq
where w.lane = any(%(lanes)s::smallint[]) and w.not_before > {NOW}
group by w.lane, e.key
"""

# "offset 0" keeps the planner from turning the look at each event by its number into a join, which it would do by
# reading all events as long as it believes that there are few.
_EVENTS_DUE = f"""
select {EVENT} from due cross join lateral (select * from events d where d.seq = due.seq offset 0) e order by e.seq
"""

FETCH_INBOX = f"""
with due as materialized (
    select i.seq
    from unnest(%(lanes)s::smallint[]) as l(lane)
    cross join lateral (
        select i.seq from inbox i
        where i.lane = l.lane and (i.not_before is null or i.not_before <= {NOW})
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
        where i.lane = l.lane and (i.not_before is null or i.not_before <= {NOW})
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

SUBJECTS_WAITING = """
select e.subject, min(e.seq) from events e join inbox i on i.lane = e.lane and i.seq = e.seq
where e.subject = any(%(subjects)s) group by e.subject
"""

# Nothing is wrong with these events, so no try is counted.
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

# A poison event leaves the inbox and is put aside with its error.
DROP_FROM_INBOX = """
with dropped as (
    delete from inbox i using unnest(%(lane)s::smallint[], %(seq)s::bigint[]) as d(lane, seq)
    where i.lane = d.lane and i.seq = d.seq
    returning i.seq
)
select e.seq, e.source, e.data::text from dropped join events e using (seq)
"""
