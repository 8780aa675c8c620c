"""`advance`: one event applied to one case, purely.

Everything from outside comes in through `Surroundings`: the time, the deadline arithmetic of the tenant's calendar, the
registered actions, the policies in force and who the voters are. The result is the new case and the effects to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from headgate.kernel.errors import HeadgateError, Refused, refused
from headgate.kernel.ids import derive_id
from headgate.ledger import AuditDraft, StoredEvent
from headgate.policy import DecisionDraft, Evaluation
from headgate.process.core.approval import Deadline, Voter
from headgate.process.core.definition import Definition, Stage, Step, Transition, at_path, fill, matches
from headgate.process.core.state import (
    Advance,
    ApprovalSaved,
    Case,
    Effect,
    TasksClosed,
    TimersCleared,
    TimerSet,
)

MAX_HOPS = 32
Decide = Callable[[str, Mapping[str, object]], Evaluation]


@dataclass(frozen=True, slots=True)
class ActionCall:
    """What a registered action gets: the case, the event, its arguments, the subject's facts, and the policies."""

    case: Case
    event: StoredEvent
    args: Mapping[str, object]
    facts: object
    decide: Decide
    now: datetime


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action found out (`outputs`, kept in the case), what it changes (`records`), and what it decided."""

    outputs: Mapping[str, object]
    records: tuple[object, ...] = ()
    decisions: tuple[DecisionDraft, ...] = ()


Action = Callable[[ActionCall], ActionResult]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that an advance may know besides the case and the event."""

    now: datetime
    deadline: Deadline
    actions: Mapping[str, Action]
    decide: Decide
    facts: object = None
    voters: Mapping[str, Voter] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """The working state of one advance; steps append to it. Thrown away when the event is refused."""

    definition: Definition
    case: Case
    event: StoredEvent
    around: Surroundings
    effects: list[Effect] = field(default_factory=list)
    decisions: list[DecisionDraft] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)

    def keep(self, step: Step, outputs: Mapping[str, object]) -> None:
        """Store a step's outputs under its id in the case's data."""
        self.case = replace(self.case, data={**self.case.data, step.id: dict(outputs)})


StepRunner = Callable[[Run, Step], None]


def advance(
    definition: Definition, case: Case | None, event: StoredEvent, around: Surroundings, steps: Mapping[str, StepRunner]
) -> Advance:
    """Apply an event. Raises `Refused` (and nothing has happened) when the case cannot take it as it stands."""
    if case is None:
        run = _start(definition, event, around)
        _enter(run, definition.stages[definition.initial], steps)
    else:
        run = Run(definition, case, event, around)
        _handle(run, event.type, steps)
    return _finish(run, before=case)


def _start(definition: Definition, event: StoredEvent, around: Surroundings) -> Run:
    rule = definition.events.get(event.type)
    subject = fill(rule.subject, event.data) if rule else event.subject
    if rule is None or not rule.starts:
        raise refused(
            definition.subject,
            subject or event.key,
            f"is not known, so {event.type} cannot be applied",
            "Send the event that starts it first, then replay this one.",
        )
    case = Case(
        case_id=derive_id(event.received_at, "case", definition.process, event.key),
        process=definition.process,
        version=definition.version,
        subject_type=definition.subject,
        subject=subject,
        key=event.key,
        stage=definition.initial,
        status="open",
        opened_at=around.now,
        updated_at=around.now,
        owner_role=definition.owner,
    )
    return Run(definition, case, event, around)


def _handle(run: Run, trigger: str, steps: Mapping[str, StepRunner]) -> None:
    from headgate.process.core import builtin

    follow_up = builtin.apply(run, trigger)
    if follow_up is None:
        return
    stage = run.definition.stages[run.case.stage]
    for transition in stage.on.get(follow_up, ()):
        if matches(transition, run.case.data):
            _take(run, transition, steps)
            return
    if follow_up in builtin.SILENT:
        return
    raise refused(
        run.case.subject_type,
        run.case.subject,
        f"is {stage.title.lower()}, where {trigger} cannot be applied",
        "Look at the case before sending it again.",
    )


def _take(run: Run, transition: Transition, steps: Mapping[str, StepRunner]) -> None:
    if transition.refuse:
        raise Refused(fill(transition.refuse, {**run.event.data, "subject": run.case.subject}))
    for step in transition.steps:
        _perform(run, step, steps)
    if transition.to is not None:
        leave(run)
        _enter(run, run.definition.stages[transition.to], steps)


def leave(run: Run) -> None:
    """Close what belongs to the stage being left: its clocks, its tasks, and an approval nobody decided (voided)."""
    from headgate.process.core import approval as approvals

    case = run.case
    if case.approval is not None and case.approval.status == "pending":
        voided = approvals.end(case.approval, "voided", run.around.now)
        run.effects.append(ApprovalSaved(voided))
        run.notes["approval_voided"] = str(voided.approval)
    if case.status == "waiting":
        run.effects.append(TimersCleared(case.case_id, ""))
        run.effects.append(TasksClosed(case.case_id, "cancelled" if run.notes.get("approval_voided") else "done"))
    met = "met" if case.sla_state in ("running", "warned") else case.sla_state
    run.case = replace(case, approval=None, due_at=None, warn_at=None, sla_state=met)


def _enter(run: Run, stage: Stage, steps: Mapping[str, StepRunner]) -> None:
    for _ in range(MAX_HOPS):
        run.path.append(stage.id)
        run.case = replace(run.case, stage=stage.id, owner_role=stage.owner or run.definition.owner)
        for step in stage.enter:
            _perform(run, step, steps)
        chosen = next((t for t in stage.go if matches(t, run.case.data)), None)
        if chosen is None:
            _settle(run, stage)
            return
        for step in chosen.steps:
            _perform(run, step, steps)
        stage = run.definition.stages[chosen.to or stage.id]
    raise Refused(
        f"{run.definition.process}: more than {MAX_HOPS} stages in a row without waiting; the definition loops"
    )


def _perform(run: Run, step: Step, steps: Mapping[str, StepRunner]) -> None:
    steps[step.kind](run, step)


def _settle(run: Run, stage: Stage) -> None:
    """The case stays in this stage: closed when it is final, else waiting with its service-level clock running."""
    now = run.around.now
    if stage.final:
        run.case = replace(run.case, status="closed", outcome=stage.final, closed_at=now)
        return
    run.case = replace(run.case, status="waiting", outcome="", closed_at=None)
    if stage.sla is None:
        return
    warn = run.around.deadline(now, stage.sla.hours * stage.sla.warn)
    due = run.around.deadline(now, stage.sla.hours)
    run.case = replace(run.case, warn_at=warn, due_at=due, sla_state="running")
    run.effects.append(TimerSet(run.case.case_id, run.case.key, "sla.warn", warn))
    run.effects.append(TimerSet(run.case.case_id, run.case.key, "sla.breach", due))


def _finish(run: Run, before: Case | None) -> Advance:
    after = replace(run.case, updated_at=run.around.now)
    body: dict[str, object] = {
        "process": f"{after.process}@{after.version}",
        "event": {"type": run.event.type, "source": run.event.source, "id": run.event.event_id},
        "from": before.stage if before else None,
        "to": after.stage,
        "path": run.path,
        "outcome": after.outcome,
        "decisions": [
            {"id": str(d.decision), "policy": f"{d.policy}@{d.version}", "outcome": d.outcome, "digest": d.digest}
            for d in run.decisions
        ],
    }
    if after.exceptions:
        body["exceptions"] = list(after.exceptions)
    body.update(run.notes)
    audit = AuditDraft(
        action=run.event.type,
        subject_type=after.subject_type,
        subject=after.subject,
        actor=run.event.actor,
        body=body,
        case_id=after.case_id,
        event_seq=run.event.seq,
        event_digest=run.event.digest,
    )
    return Advance(after, tuple(run.effects), tuple(run.decisions), audit)


def value_of(run: Run, argument: object) -> object:
    """An argument of a step: `$a.b` reads the case's data, `$event.x` the event's, anything else is itself."""
    if isinstance(argument, str) and argument.startswith("$"):
        path = tuple(argument[1:].split("."))
        if path[0] == "event":
            return at_path(run.event.data, path[1:])
        if path[0] == "case":
            return getattr(run.case, path[1], None)
        return at_path(run.case.data, path)
    return argument


def as_amount(value: object) -> Decimal | None:
    """A step's stake as a Decimal (it is text once it has been through JSON)."""
    return None if value in (None, "") else Decimal(str(value))


__all__ = [
    "Action",
    "ActionCall",
    "ActionResult",
    "HeadgateError",
    "Run",
    "Surroundings",
    "advance",
    "as_amount",
    "leave",
    "value_of",
]
