"""Let a simulated channel happen: events in their order of time, clocks that fire, people who decide."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.access import load_principal
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import HeadgateError
from headgate.packs.simulator import Event, Simulation
from headgate.process import Approval, Choice, Incoming, LaneRunner, decide_approval, get_approval, ingest
from headgate.process.queries import every_task
from headgate.wiring import App

# When the channel is looked at, by the tenant's clock: what arrived since is governed, what is due is decided.
WORKDAY = (time(9), time(11), time(14), time(17), time(20))
WEEKEND = (time(12), time(20))
DESK_HOURS = (time(9), time(18))
WORKING = (time(9), time(17))
# Nobody has come to what arrived in the last working hours: it waits, for the reader to decide.
LEFT_ALONE = 7.0
# How long people take, in hours, and what they answer: shares of a hundred. `late` is decided only after its time, by
# whoever it was escalated to; `never` lapses.
HOURS = (0.5, 1, 2, 3, 5, 8, 20, 27)
ANSWERS = {"approve": 66, "edit": 12, "reject": 12, "return": 6, "late": 3, "never": 1}
# To what should not happen at all, people say no more often.
GRAVE = frozenset({"partner_blocked", "duplicate_order", "export_restricted"})
GRAVE_ANSWERS = {"approve": 22, "reject": 64, "return": 10, "late": 3, "never": 1}
BETWEEN_DECISIONS = (2, 9)  # minutes
SHIPS_AFTER = timedelta(hours=20)
ERP = "erp/nordwind"
SHIPPED = "shipment.confirmed"
ABOUT_ORDERS = (SHIPPED, "order.amended", "order.cancelled")
KEPT_BACK = """
select order_no from orders
where order_no = any(%s) and status not in ('released', 'flagged', 'shipping', 'fulfilled')
"""
APPEALED = "deal.appealed"
REJECTED = "select deal from deals where deal = any(%s) and status = 'rejected'"
# Each once: what the log refused then is not tried for ever.
LEFT_TO_SHIP = """
select o.order_no, o.revision, array_agg(l.line order by l.position),
       array_agg(l.quantity - l.shipped order by l.position)
from orders o join order_lines l on l.tenant_id = o.tenant_id and l.order_no = o.order_no and l.quantity > l.shipped
where o.status in ('released', 'flagged', 'shipping') and o.updated_at <= %(before)s
    and not exists (
        select from events e
        where e.tenant_id = o.tenant_id and e.source = %(source)s
            and e.event_id = concat('app-', o.order_no, '-', o.revision)
    )
group by o.order_no, o.revision
order by o.order_no
"""
REASONS = {
    "approve": ("agreed with the partner for this quarter", "strategic account, one time", "matches a competing offer"),
    "edit": ("met the partner half way", "only at the contract price less two percent"),
    "reject": ("no ground for this price", "the account has to pay first", "not within the programme"),
    "return": ("the reference is missing, ask the partner", "please split the order by warehouse"),
}


@dataclass(slots=True)
class Player:
    """Plays a simulation up to an instant, on an application whose clock it moves. One seed, one story."""

    app: App
    tenant: UUID
    clock: FixedClock
    simulation: Simulation
    until: datetime
    people: Mapping[str, Sequence[str]]  # role to principal ids
    progress: Callable[[int], None]
    decided: int = 0
    failed: list[str] = field(default_factory=list)

    def play(self, since: datetime) -> None:
        """Everything to the end of the simulation, or to `until` when that is earlier.

        `since` is the last moment that the log knows; what it holds already is passed over.
        """
        runner = self.app.runner("demo")
        zone = ZoneInfo(self.simulation.tenant.timezone)
        end = min(self.until, self.simulation.end)
        alone = _working_hours_before(end.astimezone(zone), LEFT_ALONE)
        stream = self.simulation.stream
        # When the simulation speaks of an order for the last time: until then the warehouse leaves it alone.
        last = {str(e.data["order"]): e.time for e in stream if e.type in ABOUT_ORDERS}
        place = 0
        for at in _looks(self.simulation.start, end, zone):
            upto = place
            while upto < len(stream) and stream[upto].time < at:
                upto += 1
            if at >= since:
                self.clock.set(max(at, self.clock.now()))
                self._look(runner, stream[place:upto])
                local = at.astimezone(zone)
                if local.weekday() < 5 and DESK_HOURS[0] <= local.time() <= DESK_HOURS[1]:
                    self._decide_what_is_due(alone, end)
                    self.send(self._what_else_ships({order for order, time in last.items() if time >= at}))
                    runner.drain(self.tenant)
            self.progress(upto - place)
            place = upto

    def _look(self, runner: LaneRunner, arrived: Sequence[Event]) -> None:
        """What arrived and what is due, governed in one go."""
        self.send(self._without_vain_appeals(self._without_what_may_not_ship(arrived)))
        runner.fire_timers(self.tenant)
        runner.drain(self.tenant)
        while runner.fire_timers(self.tenant):
            runner.drain(self.tenant)

    def send(self, events: Sequence[Event]) -> None:
        """Put events into the log as their sources would."""
        by_source: dict[tuple[str, str], list[Incoming]] = {}
        for event in events:
            incoming = Incoming(event.event_id, event.type, event.time, dict(event.data), event.subject)
            by_source.setdefault((event.source, event.actor), []).append(incoming)
        if not by_source:
            return
        with self.app.database.transaction(self.tenant) as conn:
            now = self.clock.now()
            for (source, actor), batch in by_source.items():
                service = Principal(f"source:{source}", "service", source)
                ctx = Context(self.tenant, load_principal(conn, actor, now) if actor else service, now)
                ingest(conn, ctx, self.app.engine, source, batch)

    def _decide_what_is_due(self, alone: datetime, end: datetime) -> None:
        """One vote per approval at a look: the next one may depend on what this one did."""
        now = self.clock.now()
        voted: set[UUID] = set()
        with self.app.database.transaction(self.tenant) as conn:
            for task in list(every_task(conn, now)):
                approval, since = task["approval"], task["created_at"]
                if approval is None or approval in voted or since >= alone:
                    continue
                seed = f"{self.simulation.seed}:{task['subject']}:{task['level']}:{task['role']}"
                chance = random.Random(f"{seed}:{since - self.simulation.start}")  # noqa: S311
                answers = GRAVE_ANSWERS if GRAVE.intersection(task["exceptions"]) else ANSWERS
                outcome = chance.choices(list(answers), list(answers.values()))[0]
                ready = since + timedelta(hours=chance.choice(HOURS))
                if outcome == "late" and task["due_at"]:
                    ready, outcome = max(ready, task["due_at"] + timedelta(hours=4)), "approve"
                if outcome in REASONS and now >= ready:
                    voted.add(approval)
                    self._decide(conn, task, outcome, chance)
                    self.clock.set(min(end, self.clock.now() + timedelta(minutes=chance.randint(*BETWEEN_DECISIONS))))

    def _without_what_may_not_ship(self, events: Sequence[Event]) -> list[Event]:
        """The simulation ships without knowing what governance found; the warehouse waits for the release."""
        shipped = {e.subject for e in events if e.type == SHIPPED}
        if not shipped:
            return list(events)
        with self.app.database.transaction(self.tenant, read_only=True) as conn:
            kept_back = {order for (order,) in conn.execute(KEPT_BACK, [list(shipped)])}
        return [e for e in events if e.type != SHIPPED or e.subject not in kept_back]

    def _without_vain_appeals(self, events: Sequence[Event]) -> list[Event]:
        """Partners appeal against what was rejected; how people decided here, the simulation does not know."""
        appealed = {e.subject for e in events if e.type == APPEALED}
        if not appealed:
            return list(events)
        with self.app.database.transaction(self.tenant, read_only=True) as conn:
            rejected = {deal for (deal,) in conn.execute(REJECTED, [list(appealed)])}
        return [e for e in events if e.type != APPEALED or e.subject in rejected]

    def _what_else_ships(self, coming: Container[str]) -> list[Event]:
        """Released orders that the simulation will not ship any more, because they were held when it wanted to."""
        now = self.clock.now()
        with self.app.database.transaction(self.tenant, read_only=True) as conn:
            found = conn.execute(LEFT_TO_SHIP, {"before": now - SHIPS_AFTER, "source": ERP}).fetchall()
        events = []
        for order, revision, names, quantities in found:
            if order in coming:
                continue
            lines = [{"line": n, "quantity": format(q, "f")} for n, q in zip(names, quantities, strict=True)]
            data = {"order": order, "shipment": f"APP-{order}", "shipped_at": now.isoformat(), "lines": lines}
            events.append(Event(ERP, f"app-{order}-{revision}", SHIPPED, order, now, data))
        return events

    def _decide(self, conn: Connection[Any], task: Mapping[str, Any], outcome: str, chance: random.Random) -> None:
        approval = get_approval(conn, task["approval"])
        candidates = self._who(approval, task) if approval else []
        if approval is None or not candidates:
            return
        edit = counter_offer(approval) if outcome == "edit" else None
        if outcome == "edit" and edit is None:
            outcome = "approve"
        now = self.clock.now()
        ctx = Context(self.tenant, load_principal(conn, chance.choice(candidates), now), now)
        choice = Choice(outcome, chance.choice(REASONS[outcome]), approval.digest, "", edit)
        try:
            decide_approval(conn, ctx, self.app.engine, approval.approval, choice)
        except HeadgateError as error:
            self.failed.append(f"{task['subject']}: {error.message}")
            return
        self.decided += 1

    def _who(self, approval: Approval, task: Mapping[str, Any]) -> Sequence[str]:
        """Whoever it was escalated to, unless they are needed on a later level; nobody who has spoken already."""
        later = {step.role for step in approval.steps if step.level > task["level"]}
        spoken = {vote.principal for vote in approval.votes}
        roles = [role for role in (task["also_role"], task["role"]) if role and role not in later]
        asked = ([who for who in self.people.get(role, ()) if who not in spoken] for role in roles)
        return next(filter(None, asked), [])


def counter_offer(approval: Approval) -> dict[str, Any] | None:
    """Half way between asked and contract price for every line below contract; None when there is no such line."""
    lines = []
    for line in approval.summary.get("lines") or ():  # type: ignore[attr-defined]
        if line.get("contract") and Decimal(str(line["asked"])) < Decimal(str(line["contract"])):
            middle = (Decimal(str(line["asked"])) + Decimal(str(line["contract"]))) / 2
            lines.append({"line": line["line"], "unit_price": str(middle.quantize(Decimal("0.01")))})
    return {"lines": lines} if approval.subject_type == "order" and lines else None


def _looks(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which the channel is looked at, the last of them the end itself."""
    day = start.astimezone(zone).date()
    while True:
        for hour in WORKDAY if day.weekday() < 5 else WEEKEND:
            at = datetime.combine(day, hour, zone)
            if at >= end:
                yield end
                return
            if at > start:
                yield at
        day += timedelta(days=1)


def _working_hours_before(end: datetime, hours: float) -> datetime:
    """The moment from which on there are so many working hours until `end`, in its time zone."""
    left = timedelta(hours=hours)
    day = end.date()
    while True:
        if day.weekday() < 5:
            opens, closes = (datetime.combine(day, hour, end.tzinfo) for hour in WORKING)
            worked = min(closes, end) - opens
            if worked >= left:
                return min(closes, end) - left
            left -= max(worked, timedelta())
        day -= timedelta(days=1)
