"""SQL of what was put aside."""

from __future__ import annotations

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

QUARANTINE_OF_EVENTS = f"select {_QUARANTINED} from quarantine q where q.fingerprint = any(%(prints)s)"

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
