"""Let a simulated channel happen: events in their order of time, clocks that fire, people who decide."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access import load_principal
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import HeadgateError
from headgate.packs.simulator import Event, Simulation
from headgate.process import Approval, Choice, Incoming, decide_approval, get_approval, ingest, work_queue
from headgate.wiring import App

STEP = timedelta(hours=6)
# Nobody has come to what happened last: it waits, so that there is something to decide.
LEFT_ALONE = timedelta(hours=30)
# How long people take, in hours, and what they answer: shares of a hundred.
HOURS = (0.5, 1, 2, 3, 5, 8, 20, 27)
ANSWERS = (("approve", 66), ("edit", 12), ("reject", 12), ("return", 6), ("", 4))
REASONS = {
    "approve": ("agreed with the partner for this quarter", "strategic account, one time", "matches a competing offer"),
    "edit": ("met the partner half way", "only at the contract price less two percent"),
    "reject": ("no ground for this price", "the account has to pay first", "not within the programme"),
    "return": ("the reference is missing, ask the partner", "please split the order by warehouse"),
}


@dataclass(slots=True)
class Player:
    """Plays a simulation against an application whose clock it moves. The same seed gives the same story."""

    app: App
    tenant: UUID
    clock: FixedClock
    simulation: Simulation
    people: dict[str, list[str]]  # role to principal ids
    progress: Callable[[int], None]
    decided: int = 0
    failed: list[str] = field(default_factory=list)

    def play(self) -> None:
        """Everything from the first order to the end of the simulation."""
        runner = self.app.runner("demo")
        at = self.simulation.start
        stream = list(self.simulation.stream)
        place = 0
        while at < self.simulation.end:
            at += STEP
            upto = place
            while upto < len(stream) and stream[upto].time < at:
                upto += 1
            self.clock.set(at)
            self.send(stream[place:upto])
            runner.drain(self.tenant)
            while runner.fire_timers(self.tenant):
                runner.drain(self.tenant)
            self._decide_what_is_due(at)
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

    def _decide_what_is_due(self, now: datetime) -> None:
        with self.app.database.transaction(self.tenant) as conn:
            tasks = work_queue(conn, now, view="all", limit=200)
            for task in tasks:
                if task["approval"] is None or task["created_at"] > self.simulation.end - LEFT_ALONE:
                    continue
                chance = random.Random(f"{self.simulation.seed}:{task['subject']}:{task['level']}:{task['task']}")
                wait = timedelta(hours=chance.choice(HOURS))
                outcome = chance.choices([a for a, _ in ANSWERS], [w for _, w in ANSWERS])[0]
                if outcome and now - task["created_at"] >= wait:
                    self._decide(conn, task, outcome, chance, now)

    def _decide(
        self, conn: Connection[Any], task: dict[str, Any], outcome: str, chance: random.Random, now: datetime
    ) -> None:
        approval = get_approval(conn, task["approval"])
        candidates = [p for role in (task["role"], task["also_role"]) for p in self.people.get(role, [])]
        if approval is None or not candidates:
            return
        edit = counter_offer(approval) if outcome == "edit" else None
        if outcome == "edit" and edit is None:
            outcome = "approve"
        ctx = Context(self.tenant, load_principal(conn, chance.choice(candidates), now), now)
        choice = Choice(outcome, chance.choice(REASONS[outcome]), approval.digest, "", edit)
        try:
            decide_approval(conn, ctx, self.app.engine, approval.approval, choice)
        except HeadgateError as error:
            self.failed.append(f"{task['subject']}: {error.message}")
        else:
            self.decided += 1


def counter_offer(approval: Approval) -> dict[str, Any] | None:
    """Half way between what was asked and the contract price, for every line that is below it; None when there is none."""
    lines = []
    for line in approval.summary.get("lines") or ():  # type: ignore[attr-defined]
        if line.get("contract") and Decimal(str(line["asked"])) < Decimal(str(line["contract"])):
            middle = (Decimal(str(line["asked"])) + Decimal(str(line["contract"]))) / 2
            lines.append({"line": line["line"], "unit_price": str(middle.quantize(Decimal("0.01")))})
    return {"lines": lines} if approval.subject_type == "order" and lines else None
