"""SQL of decisions that are held before they count."""

from __future__ import annotations

from typing import Final, LiteralString

_HEAD: Final[LiteralString] = """
    held, by, outcome, justification, status, held_at, due_at, next_at, tries, ended_at, seen_at, proved_at, stake
"""
ADD: Final[LiteralString] = """
insert into held_decisions (held, by, outcome, justification, status, held_at, due_at, next_at, proved_at, stake)
values (%(held)s, %(by)s, %(outcome)s, %(justification)s, 'held', %(now)s, %(due_at)s, %(due_at)s, %(proved_at)s,
        %(stake)s)
"""
# Whoever decides the same request in another window at this moment comes first or second, never both.
ADD_ITEMS: Final[LiteralString] = """
insert into held_decision_items (held, place, by, approval, digest, on_behalf_of, edit, status)
select %(held)s, x.place, %(by)s, x.approval, x.digest, x.behalf, x.edit::jsonb, 'held'
from unnest(%(places)s::smallint[], %(approvals)s::uuid[], %(digests)s::text[], %(behalves)s::text[], %(edits)s::text[])
    as x(place, approval, digest, behalf, edit)
on conflict (tenant_id, by, approval) where status = 'held' do nothing returning approval
"""
# What could not even be held stands beside the rest, so that its maker reads of all of it in one place.
ADD_REFUSED: Final[LiteralString] = """
insert into held_decision_items (held, place, by, approval, digest, on_behalf_of, status, problem, reason)
select %(held)s, x.place, %(by)s, x.approval, x.digest, x.behalf, 'refused', x.problem, x.reason::jsonb
from unnest(%(places)s::smallint[], %(approvals)s::uuid[], %(digests)s::text[], %(behalves)s::text[],
    %(problems)s::text[], %(reasons)s::text[]) as x(place, approval, digest, behalf, problem, reason)
"""
QUEUED: Final[LiteralString] = "select seq from inbox where seq = any(%(seqs)s)"
GET: Final[LiteralString] = f"select {_HEAD} from held_decisions where held = %(held)s and by = %(by)s"
LOCK: Final[LiteralString] = f"{GET} for update"
DUE: Final[LiteralString] = """
select held from held_decisions where status = 'held' and next_at <= %(now)s order by next_at, held limit %(limit)s
"""
# Who is at it already goes on with it.
TAKE: Final[LiteralString] = f"select {_HEAD} from held_decisions where held = %(held)s for update skip locked"
END: Final[LiteralString] = """
update held_decisions set status = %(status)s, tries = %(tries)s, next_at = %(next_at)s, ended_at = %(ended_at)s
where held = %(held)s
"""
ITEMS: Final[LiteralString] = """
select held, place, approval, digest, on_behalf_of, edit, status, event_seq, problem, reason
from held_decision_items where held = any(%(held)s) order by held, place
"""
END_ITEMS: Final[LiteralString] = """
update held_decision_items set status = %(status)s, problem = %(problem)s, reason = %(reason)s::jsonb
where held = %(held)s and status = 'held'
"""
RESULTS: Final[LiteralString] = """
update held_decision_items i
set status = x.status, event_seq = x.seq, problem = x.problem, reason = x.reason::jsonb
from unnest(%(places)s::smallint[], %(statuses)s::text[], %(seqs)s::bigint[], %(problems)s::text[], %(reasons)s::text[])
    as x(place, status, seq, problem, reason)
where i.held = %(held)s and i.place = x.place
"""
HELD_FOR: Final[LiteralString] = """
select i.approval, h.held, h.outcome, h.due_at
from held_decision_items i join held_decisions h on h.held = i.held
where i.by = %(by)s and i.status = 'held' and i.approval = any(%(approvals)s)
"""
# The reader's own last: it is what a row says of a request that several are deciding.
HELD_BY_ANYBODY: Final[LiteralString] = """
select i.approval, h.held, h.outcome, h.due_at, i.by = %(by)s
from held_decision_items i join held_decisions h on h.held = i.held
where i.status = 'held' and i.approval = any(%(approvals)s) order by i.by = %(by)s
"""
# What waits to count, and what ended lately otherwise than it was meant and was not taken notice of. An event that left
# the inbox without leaving a vote was refused when it was applied.
NEWS: Final[LiteralString] = f"""
with mine as (
    select {_HEAD} from held_decisions h
    where h.by = %(by)s and (h.status = 'held' or (h.seen_at is null and h.ended_at >= %(since)s))
)
select m.*, count(*) as items, count(*) filter (where i.status = 'refused' or (
        i.event_seq is not null
        and not exists (select from approval_votes v where v.approval = i.approval and v.event_seq = i.event_seq)
        and not exists (select from inbox x where x.seq = i.event_seq))) as refused
from mine m join held_decision_items i on i.held = m.held
group by m.held, m.by, m.outcome, m.justification, m.status, m.held_at, m.due_at, m.next_at, m.tries, m.ended_at,
    m.seen_at, m.proved_at, m.stake
order by m.held_at desc, m.held limit 20
"""
LIST: Final[LiteralString] = f"""
select {_HEAD} from held_decisions where by = %(by)s and held_at >= %(since)s
order by held_at desc, held desc limit %(limit)s
"""
SEEN: Final[LiteralString] = """
update held_decisions set seen_at = %(now)s where held = %(held)s and by = %(by)s and status <> 'held'
"""
FORGET: Final[LiteralString] = """
with over as (
    delete from held_decisions where held in (
        select held from held_decisions where status <> 'held' and ended_at < %(before)s
        order by ended_at limit %(limit)s) returning held
), gone as (delete from held_decision_items where held in (select held from over))
select count(*) from over
"""
