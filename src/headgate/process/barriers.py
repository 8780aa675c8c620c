"""Masters are barriers in the log: what stands behind one is applied after it, and it after what stands before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headgate.ledger import CONTROL_LANE, StoredEvent

# The first master still to come that is not in the fetched batch, and whether it could be applied now.
MASTER_AHEAD: Final = """
select seq, not_before is null or not_before <= coalesce(%(now)s::timestamptz, statement_timestamp()) from inbox
where lane = %(control)s and seq <> all(%(fetched)s) order by seq limit 1
"""
# The first event of other lanes that could be applied now. What stands behind a waiting event of its key could not.
# Walks from lane to lane, so that a long backlog costs no more than a short one.
DUE_ELSEWHERE: Final = """
with recursive filled(lane) as (
  (select lane from inbox order by lane limit 1)
  union all
  select (select i.lane from inbox i where i.lane > f.lane order by i.lane limit 1) from filled f
  where f.lane is not null
), waiting as materialized (
  select w.lane, e.key, min(w.seq) as seq from inbox w join events e on e.seq = w.seq
  where w.lane <> all(%(mine)s) and w.not_before > %(now)s
  group by w.lane, e.key
)
select min(due.seq) from filled f
cross join lateral (
  select i.seq from inbox i
  where i.lane = f.lane and (i.not_before is null or i.not_before <= %(now)s) and not exists (
    select from waiting w join events e on e.seq = i.seq and e.key = w.key where w.lane = i.lane and w.seq < i.seq
  )
  order by i.seq limit 1
) due
where f.lane <> all(%(mine)s)
"""


def up_to_barrier(events: Sequence[StoredEvent], master: int | None, elsewhere: int | None) -> Sequence[StoredEvent]:
    """A fetch, cut where the order of masters and others would be broken.

    `master` is the first master still to come that is not in the fetch: nothing behind it may be applied yet.
    `elsewhere` is the first other event still to come in lanes that are not at hand: no master behind it may be
    applied.
    """
    for place, event in enumerate(events):
        behind_master = master is not None and event.seq > master
        too_early = event.lane == CONTROL_LANE and elsewhere is not None and event.seq > elsewhere
        if behind_master or too_early:
            return events[:place]
    return events


def segments(events: Sequence[StoredEvent]) -> list[list[StoredEvent]]:
    """Runs of masters and runs of others, in log order."""
    runs: list[list[StoredEvent]] = []
    for event in events:
        if runs and (runs[-1][-1].lane == CONTROL_LANE) == (event.lane == CONTROL_LANE):
            runs[-1].append(event)
        else:
            runs.append([event])
    return runs
