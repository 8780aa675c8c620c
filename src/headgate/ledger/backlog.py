"""What waits, for how long, and what went wrong: of one tenant in its transaction, of the whole installation in sums.

The sums name no tenant, so that they may become metrics; a tenant's own facts are for its people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from headgate.kernel import telemetry
from headgate.ledger.checkpoint_reading import CheckpointState, checkpoint_state

MOST_SHOWN: Final = 50

_TOTALS: Final = "select b.*, headgate_audit_alarms() from headgate_backlog(%s) b"
_LANES: Final = """
select w.lane, w.waiting, w.retrying, e.received_at, l.owner, l.lease_until, coalesce(l.lapses, 0)
from (
  select lane, count(*) as waiting, count(*) filter (where not_before is not null) as retrying, min(seq) as first
  from inbox group by lane
) w
join events e on e.seq = w.first left join lanes l on l.lane = w.lane
order by e.received_at, w.lane
"""
_RETRIES: Final = """
select e.seq, e.type, e.subject, i.lane, i.attempts, i.not_before, coalesce(i.error, '')
from inbox i join events e on e.seq = i.seq
where i.not_before is not null order by i.attempts desc, i.seq limit %(limit)s
"""
_ASIDE: Final = """
select kind, count(*), min(created_at) from quarantine where status = 'open' group by kind
"""
# By target, and whether it is registered: what waits for a system that is not set up is no delay.
_COMMANDS: Final = """
select o.target, t.code is not null, count(*) filter (where o.status = 'pending' and o.next_at <= %(now)s),
  count(*) filter (where o.status = 'pending'), count(*) filter (where o.status = 'dead'),
  min(o.next_at) filter (where o.status = 'pending' and o.next_at <= %(now)s),
  array_agg(distinct o.type order by o.type) filter (where o.status = 'pending')
from outbox o left join targets t on t.code = o.target
where o.status in ('pending', 'dead') group by 1, 2 order by 1
"""
_TARGETS: Final = """
select t.code, t.name, t.status, coalesce(s.breaker, 'closed'), s.breaker_until, coalesce(s.last_error, ''),
  s.last_success_at
from targets t left join target_states s on s.code = t.code
where t.status = 'disabled' or s.breaker <> 'closed' order by t.code limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole installation's backlog; counts stop at a million. Instants are None where nothing waits."""

    waiting: int
    retrying: int
    oldest: datetime | None
    busy_tenants: int
    parked_events: int
    parked_rows: int
    commands_due: int
    commands_dead: int
    oldest_command: datetime | None
    breakers_open: int
    breakers_half_open: int
    targets_disabled: int
    oldest_unsigned: datetime | None
    rewritten_chains: int


@dataclass(frozen=True, slots=True)
class LaneLag:
    """A lane with events to apply: how many, how many of them wait for another try, since when the first waits, who
    holds it until when, and how many holders in a row never gave it back."""

    lane: int
    waiting: int
    retrying: int
    oldest: datetime
    owner: str | None
    lease_until: datetime | None
    lapses: int


@dataclass(frozen=True, slots=True)
class Retry:
    """An event that could not be applied so far, and why."""

    seq: int
    type: str
    subject: str
    lane: int
    attempts: int
    again_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class TargetTrouble:
    """A target that nothing is sent to at the moment: its breaker is not closed, or it was switched off."""

    code: str
    name: str
    status: str
    breaker: str
    until: datetime | None
    error: str
    last_success: datetime | None


@dataclass(frozen=True, slots=True)
class Unheard:
    """Commands for a target that nobody registered: how many wait, since when the first, and what kinds they are."""

    target: str
    waiting: int
    oldest: datetime | None
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TenantBacklog:
    """Everything about one tenant's flow that an operator looks for first. `due` and `oldest_due` are of targets that
    are registered; what waits for others is `unheard`."""

    lanes: tuple[LaneLag, ...]
    retries: tuple[Retry, ...]
    parked: int
    parked_since: datetime | None
    rows: int
    rows_since: datetime | None
    due: int
    pending: int
    dead: int
    oldest_due: datetime | None
    troubles: tuple[TargetTrouble, ...]
    checkpoint: CheckpointState
    unheard: tuple[Unheard, ...] = ()

    @property
    def waiting(self) -> int:
        """Events still to be applied."""
        return sum(lane.waiting for lane in self.lanes)

    @property
    def retrying(self) -> int:
        """Events that wait for another try."""
        return sum(lane.retrying for lane in self.lanes)

    @property
    def oldest(self) -> datetime | None:
        """Since when the first of them waits."""
        return min((lane.oldest for lane in self.lanes), default=None)


def installation_totals(conn: Connection[Any], now: datetime) -> Totals:
    """The sums over all tenants, in a transaction without a tenant (`Database.scan`)."""
    row = conn.execute(_TOTALS, [now]).fetchone()
    assert row is not None
    return Totals(*row)


def tenant_backlog(conn: Connection[Any], now: datetime) -> TenantBacklog:
    """What waits in the transaction's tenant: seven statements, however long the queues are."""
    lanes = tuple(LaneLag(*row) for row in conn.execute(_LANES))
    aside = {kind: (count, since) for kind, count, since in conn.execute(_ASIDE)}
    parked, rows = aside.get("event", (0, None)), aside.get("row", (0, None))
    commands = conn.execute(_COMMANDS, {"now": now}).fetchall()
    heard = [row for row in commands if row[1]]
    return TenantBacklog(
        lanes=lanes,
        retries=tuple(Retry(*row) for row in conn.execute(_RETRIES, {"limit": MOST_SHOWN})),
        parked=parked[0],
        parked_since=parked[1],
        rows=rows[0],
        rows_since=rows[1],
        due=sum(row[2] for row in heard),
        pending=sum(row[3] for row in commands),
        dead=sum(row[4] for row in commands),
        oldest_due=min((row[5] for row in heard if row[5] is not None), default=None),
        troubles=tuple(TargetTrouble(*row) for row in conn.execute(_TARGETS, {"limit": MOST_SHOWN})),
        checkpoint=checkpoint_state(conn),
        unheard=tuple(Unheard(row[0], row[3], row[5], tuple(row[6])) for row in commands if row[3] and not row[1]),
    )


def age(since: datetime | None, now: datetime) -> timedelta:
    """How long something waits; nothing waits no time, and neither does what a clock that runs ahead has stamped."""
    return timedelta(0) if since is None else max(now - since, timedelta(0))


def publish(totals: Totals, now: datetime) -> None:
    """Set the gauges of the backlog."""
    telemetry.backlog_events.set(totals.waiting, state="waiting")
    telemetry.backlog_events.set(totals.retrying, state="retrying")
    telemetry.backlog_oldest_seconds.set(age(totals.oldest, now).total_seconds())
    telemetry.backlog_tenants.set(totals.busy_tenants)
    telemetry.quarantine_open.set(totals.parked_events, kind="event")
    telemetry.quarantine_open.set(totals.parked_rows, kind="row")
    telemetry.outbox_rows.set(totals.commands_due, state="due")
    telemetry.outbox_rows.set(totals.commands_dead, state="dead")
    telemetry.outbox_oldest_seconds.set(age(totals.oldest_command, now).total_seconds())
    telemetry.breakers.set(totals.breakers_open, state="open")
    telemetry.breakers.set(totals.breakers_half_open, state="half_open")
    telemetry.audit_chains_rewritten.set(totals.rewritten_chains)
    telemetry.checkpoint_oldest_seconds.set(age(totals.oldest_unsigned, now).total_seconds())
