"""SQL of the lanes: who works on what, and for how long."""

from __future__ import annotations

from headgate.ledger.repo.inbox import NOW

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
    where (l.owner is null or l.owner = %(owner)s or l.lease_until <= {NOW} or l.lease_until > {NOW} + 2 * {_LEASE})
        and (%(among)s::smallint[] is null or l.lane = any(%(among)s::smallint[]))
        and exists (
            select from inbox i where i.lane = l.lane and (i.not_before is null or i.not_before <= {NOW}) offset 0
        )
    order by l.served_at nulls first, l.lane
    limit %(wanted)s
    for update of l skip locked
)
update lanes l set owner = %(owner)s, epoch = l.epoch + 1, served_at = {NOW}, lease_until = {NOW} + {_LEASE},
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
update lanes l set served_at = {NOW}, lease_until = {NOW} + {_LEASE}
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
