"""Play a definition without a database: events in, the case and everything it asked for out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from headgate.kernel.canonical import instant_text
from headgate.ledger.core.events import StoredEvent
from headgate.policy.core.evaluation import Evaluation, Matched, PolicyRef
from headgate.process.core.advance import advance
from headgate.process.core.approval import Voter
from headgate.process.core.definition import Definition
from headgate.process.core.gather import Gathered
from headgate.process.core.parse import parse_definition
from headgate.process.core.running import Action, ActionCall, ActionResult, Surroundings
from headgate.process.core.state import Advance, Case
from headgate.process.core.steps import RUNNERS

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PACK = Path(__file__).parents[3] / "packs" / "order_governance" / "processes"
Row = dict[str, Any]


def shipped(name: str) -> Definition:
    """A definition of the order pack."""
    file = PACK / f"{name}.yaml"
    return parse_definition(file.read_text(encoding="utf-8"), file.name)


def deadline(start: datetime, hours: Decimal) -> datetime:
    """Working hours that never pause."""
    return start + timedelta(seconds=int(hours * 3600))


def row(level: int, role: str, **more: Any) -> Row:
    """A row of an approval matrix."""
    return {"level": level, "role": role, "quorum": 1, "sla_hours": Decimal(4), "expires_hours": Decimal(40), **more}


def evaluation(policy: str, inputs: Mapping[str, object], outputs: dict[str, Any], rows: Sequence[str]) -> Evaluation:
    """What a policy of that name would say."""
    matched = tuple(Matched(name, (f"because of {name}",), (), "") for name in rows)
    return Evaluation(PolicyRef(policy, 1, "00" * 32, "collect"), matched, dict(inputs), outputs)


@dataclass(slots=True)
class Play:
    """One case of a definition. `rows` is who the approval matrix asks, `facts` what the actions see."""

    definition: Definition
    actions: dict[str, Action] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=lambda: [row(1, "manager")])
    voters: dict[str, Voter] = field(default_factory=dict)
    facts: Any = None
    case: Case | None = None
    now: datetime = NOW
    seq: int = 0
    gathered: Gathered = field(default_factory=Gathered)
    processes: dict[str, Definition] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    def send(self, type_: str, *, actor: str = "source:shop", **data: Any) -> Advance:
        """Apply an event. What it raises has changed nothing."""
        self.seq += 1
        event = StoredEvent(
            seq=self.seq,
            source="shop",
            event_id=f"e-{self.seq}",
            type=type_,
            subject=str(data.get("thing", "T-1")),
            key=f"thing:{data.get('thing', 'T-1')}",
            lane=0,
            time=self.now,
            received_at=self.now,
            data=data,
            actor=actor,
            digest="ab" * 32,
        )
        around = Surroundings(self.now, deadline, self.known(), self.decide, self.facts, self.voters, self.processes)
        done = advance(self.definition, self.case, event, around, RUNNERS)
        self.case = done.case
        self.gathered.add(done, event.seq)
        return done

    def known(self) -> dict[str, Action]:
        """The actions, each noting that it was called."""
        return {name: self._noting(name, action) for name, action in self.actions.items()}

    def _noting(self, name: str, action: Action) -> Action:
        def act(call: ActionCall) -> ActionResult:
            self.calls.append((name, call.args))
            return action(call)

        return act

    def decide(self, name: str, inputs: Mapping[str, object]) -> Evaluation:
        """The matrix answers with `rows`; anything else with what it was asked."""
        if name == "matrix" or name == "approval_matrix":
            names = [f"row_{n}" for n in range(len(self.rows))]
            return evaluation(name, inputs, {"list": [dict(r) for r in self.rows]}, names)
        return evaluation(name, inputs, {"outcome": "pass", "seen": dict(inputs)}, ["only"])

    def fire(self, name: str, *, at: datetime | None = None) -> Advance:
        """Let a clock fire at its time, and take it away as the shell does."""
        assert self.case is not None
        timer = self.gathered.timers.pop((self.case.case_id, name), None)
        fire_at = at or (timer.fire_at if timer else self.now)
        self.now = max(self.now, fire_at)
        return self.send("timer.fired", name=name, fire_at=instant_text(fire_at), actor="system")

    def vote(self, who: str, outcome: str = "approve", **more: Any) -> Advance:
        """Decide the approval that waits."""
        assert self.case is not None
        pending = self.case.approval
        data = {"approval": str(pending.approval) if pending else "none", "digest": pending.digest if pending else ""}
        return self.send("approval.decided", actor=who, outcome=outcome, justification="agreed", **{**data, **more})

    def tasks(self) -> list[str]:
        """Roles (and second roles) that have open work, as the queue would show it."""
        rows = self.gathered.tasks.values()
        return sorted(f"{t.role}+{also}" if also else t.role for t, status, also in rows if status == "open")

    def timers(self) -> dict[str, datetime]:
        """The clocks that are set."""
        return {name: timer.fire_at for (_, name), timer in self.gathered.timers.items()}


def outputs(**values: Any) -> Action:
    """An action that always finds the same."""
    return lambda call: ActionResult(values)
