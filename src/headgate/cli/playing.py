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
from headgate.channel.orders import get_order
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import HeadgateError
from headgate.packs.simulator import Event, Simulation
from headgate.process import Approval, Choice, Incoming, decide_approval, get_approval, ingest
from headgate.process.queries import every_task
from headgate.wiring import App

# When the channel is looked at, by the tenant's clock: what arrived since is governed, what is due is decided.
WORKDAY = (time(9), time(11), time(14), time(17), time(20))
WEEKEND = (time(12), time(20))
DESK_HOURS = (time(9), time(18))
# Nobody has come to what arrived since the morning of the working day before: it waits, for the reader to decide.
LEFT_ALONE = time(9)
# How long people take, in hours, and what they answer: shares of a hundred. `late` is decided only after its time, by
# whoever it was escalated to; `never` lapses.
HOURS = (0.5, 1, 2, 3, 5, 8, 20, 27)
ANSWERS = {"approve": 66, "edit": 12, "reject": 12, "return": 6, "late": 3, "never": 1}
BETWEEN_DECISIONS = (2, 9)  # minutes
SHIPS_AFTER = timedelta(hours=20)
ERP = "erp/nordwind"
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
    approved: dict[str, datetime] = field(default_factory=dict)  # orders to ship, and from when on
    failed: list[str] = field(default_factory=list)

    def play(self) -> None:
        """Everything from the first order to the end of the simulation, or to `until` when that is earlier."""
        runner = self.app.runner("demo")
        zone = ZoneInfo(self.simulation.tenant.timezone)
        end = min(self.until, self.simulation.end)
        alone = _working_day_before(end.astimezone(zone), LEFT_ALONE)
        stream = self.simulation.stream
        # When the simulation ships an order for the last time: its own time is when the warehouse tries.
        shipped = {e.data["order"]: e.time for e in stream if e.type == "shipment.confirmed"}
        place = 0
        for at in _looks(self.simulation.start, end, zone):
            upto = place
            while upto < len(stream) and stream[upto].time < at:
                upto += 1
            self.clock.set(max(at, self.clock.now()))
            self.send(stream[place:upto])
            runner.drain(self.tenant)
            while runner.fire_timers(self.tenant):
                runner.drain(self.tenant)
            local = at.astimezone(zone)
            if local.weekday() < 5 and DESK_HOURS[0] <= local.time() <= DESK_HOURS[1]:
                self._decide_what_is_due(alone, end)
            self._ship_what_was_approved({order for order, last in shipped.items() if last >= at})
            runner.drain(self.tenant)
            self.progress(upto - place)
            place = upto

    def send(self, events: Sequence[Event]) -> None:
        """Put events into the log as their sources would."""
        by_source: dict[str, list[Incoming]] = {}
        for event in events:
            incoming = Incoming(event.event_id, event.type, event.time, dict(event.data), event.subject)
            by_source.setdefault(event.source, []).append(incoming)
        if not by_source:
            return
        with self.app.database.transaction(self.tenant) as conn:
            for source, batch in by_source.items():
                ctx = Context(self.tenant, Principal(f"source:{source}", "service", source), self.clock.now())
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
                outcome = chance.choices(list(ANSWERS), list(ANSWERS.values()))[0]
                ready = since + timedelta(hours=chance.choice(HOURS))
                if outcome == "late" and task["due_at"]:
                    ready, outcome = max(ready, task["due_at"] + timedelta(hours=4)), "approve"
                if outcome in REASONS and now >= ready:
                    voted.add(approval)
                    self._decide(conn, task, outcome, chance)
                    self.clock.set(min(end, self.clock.now() + timedelta(minutes=chance.randint(*BETWEEN_DECISIONS))))

    def _ship_what_was_approved(self, coming: Container[str]) -> None:
        """Send off what people approved, except orders whose shipments by the simulation are still coming."""
        now = self.clock.now()
        due = [order for order, at in self.approved.items() if at <= now and order not in coming]
        if not due:
            return
        with self.app.database.transaction(self.tenant, read_only=True) as conn:
            found = {order: get_order(conn, order) for order in due}
        events = []
        for order, stored in found.items():
            if stored["status"] in ("held", "received"):
                continue
            del self.approved[order]
            left = [(line["line"], line["quantity"] - line["shipped"]) for line in stored["lines"]]
            lines = [{"line": line, "quantity": str(quantity)} for line, quantity in left if quantity]
            if lines and stored["status"] in ("released", "flagged", "shipping"):
                data = {"order": order, "shipment": f"APP-{order}", "shipped_at": now.isoformat(), "lines": lines}
                events.append(Event(ERP, f"app-{order}-{stored['revision']}", "shipment.confirmed", order, now, data))
        self.send(events)

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
        if outcome in ("approve", "edit") and approval.subject_type == "order":
            self.approved[approval.subject] = now + SHIPS_AFTER
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


def _working_day_before(end: datetime, hour: time) -> datetime:
    """That hour of the last working day before the day of `end`."""
    day = end.date() - timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    return datetime.combine(day, hour, end.tzinfo)
