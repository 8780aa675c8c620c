"""`advance`: one event applied to one case, purely.

Everything from outside comes in through `Surroundings`: the time, the deadline arithmetic of the tenant's calendar, the
registered actions, the policies in force and who the voters are. The result is the new case and the effects to write.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Refused, refused
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.ledger.core.chain import AuditDraft
from headgate.ledger.core.events import StoredEvent
from headgate.process.core import approval as approvals
from headgate.process.core import (
    arriving,
    branches,
    builtin,
    commands,
    intervening,
    kept,
    moving,
    service_level,
    subcases,
)
from headgate.process.core.definition import Definition, Stage, Step, Transition, fill, matches
from headgate.process.core.running import Run, StepRunner, Surroundings
from headgate.process.core.state import (
    Advance,
    ApprovalSaved,
    Case,
    CaseMoved,
    TaskOpened,
    TasksClosed,
    TimersCleared,
    TimerSet,
)

MAX_HOPS = 32
PARENT_CANCELLED = "parent.cancelled"


class Endless(Refused):
    """A definition that goes from stage to stage without ever waiting. Its event is put aside, the case stays where it
    was, and the lane goes on."""

    code = "endless"


def advance(
    definition: Definition, case: Case | None, event: StoredEvent, around: Surroundings, steps: Mapping[str, StepRunner]
) -> Advance:
    """Apply an event. Raises `Refused` (and nothing has happened) when the case cannot take it as it stands."""
    if case is None:
        run = _start(definition, event, around)
        run.steps = steps
        _enter(run, definition.stages[definition.initial], steps, mark=0)
    else:
        run = Run(definition, case, event, around, steps=steps)
        _handle(run, event.type, steps)
    return _finish(run, before=case)


def _start(definition: Definition, event: StoredEvent, around: Surroundings) -> Run:
    rule = definition.events.get(event.type)
    subject = fill(rule.subject, event.data) if rule else event.subject
    if rule is None or not rule.starts:
        raise refused(
            definition.subject,
            subject or event.key,
            phrase("is not known, so %(type)s cannot be applied", type=event.type),
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
    if trigger == moving.EVENT:
        _move(run)
        return
    if trigger == intervening.EVENT:
        _step_in(run, steps)
        return
    if branches.KEPT in run.case.data and arriving.take(run, trigger):
        if run.ended:
            _reconsider(run, steps)
        return
    follow_up = builtin.apply(run, trigger)
    if follow_up is None:
        return
    stage = run.definition.stages[run.case.stage]
    heard = service_level.hear(run, stage, follow_up)
    for transition in stage.on.get(follow_up, ()):
        if matches(transition, run.case.data):
            _take(run, transition, steps)
            return
    if follow_up == PARENT_CANCELLED:
        _end(run)
        return
    # A clock of a stage that was left while its event was on the way says nothing any more.
    if heard or follow_up in builtin.SILENT or follow_up.startswith("timer."):
        return
    raise refused(
        run.case.subject_type,
        run.case.subject,
        phrase("is %(title)s, where %(trigger)s cannot be applied", title=stage.title.lower(), trigger=trigger),
        "Look at the case before sending it again.",
    )


def _move(run: Run) -> None:
    """Go over to another version of the process where nothing stands against it; the case itself is not advanced."""
    data, case = run.event.data, run.case
    new = run.around.versions.get((case.process, int(data["to"])))
    undo = data.get("undo") is True
    renaming = moving.renaming_of(data)
    if case.status == "closed":
        why = "it has ended meanwhile"
    elif new is None:
        why = f"version {data['to']} is not installed"
    elif undo and instant_text(case.updated_at) != data.get("seen"):
        why = "it has gone on since it was moved"
    else:
        found = moving.outlook(run.definition, new, case, renaming, run.around.timers.get(str(case.case_id), ()))
        why = "; ".join(found.problems)
        if not why:
            run.case = moving.moved(run.definition, new, case, renaming)
            run.definition = new
    status = ("kept" if undo else "stayed") if why else ("undone" if undo else "moved")
    run.effects.append(CaseMoved(UUID(str(data["migration"])), case.case_id, status, why, run.around.now))
    run.notes["migration"] = {
        "from": case.version,
        "to": data["to"],
        "stage": run.case.stage,
        "status": status,
        "reason": data.get("reason", ""),
    } | ({"why": why} if why else {})


def _step_in(run: Run, steps: Mapping[str, StepRunner]) -> None:
    """A person skips a step, does it again, or puts the case into another stage."""
    to = intervening.step_in(run)
    if to:
        leave(run)
        _enter(run, run.definition.stages[to], steps, mark=len(run.effects))
    elif run.ended:
        _reconsider(run, steps)


def _reconsider(run: Run, steps: Mapping[str, StepRunner]) -> None:
    """What the stage waited for has ended: move on by what came of it, or stay."""
    if branches.is_live(run.case):
        return
    chosen = next((t for t in run.definition.stages[run.case.stage].go if matches(t, run.case.data)), None)
    if chosen is not None:
        _take(run, chosen, steps)


def _end(run: Run) -> None:
    """The case that started this one needs it no more: end it, and take back what it commanded."""
    if run.case.status == "closed":
        return
    leave(run)
    commands.roll_back_all(run)
    now = run.around.now
    run.case = run.case._replace(status="closed", outcome=subcases.CANCELLED, closed_at=now)
    run.notes["why"] = str(run.event.data.get("why", ""))


def _take(run: Run, transition: Transition, steps: Mapping[str, StepRunner]) -> None:
    if transition.refuse:
        raise Refused(fill(transition.refuse, {**run.event.data, "subject": run.case.subject}))
    # What is opened on the way belongs to the stage it leads to, so the old one is left first.
    if transition.to is not None:
        leave(run)
    mark = len(run.effects)
    for step in transition.steps:
        _perform(run, step, steps)
    if transition.to is not None:
        _enter(run, run.definition.stages[transition.to], steps, mark)


def leave(run: Run) -> None:
    """Close what belongs to the stage being left: its clocks, its tasks, and an approval nobody decided (voided)."""
    _close(run, anything=run.case.status == "waiting")
    case = run.case
    ended = "met" if case.sla_state in ("running", "warned", "paused") else case.sla_state
    run.case = case._replace(due_at=None, warn_at=None, sla_state="breached" if service_level.late(case) else ended)


def _close(run: Run, *, anything: bool) -> None:
    branches.cancel_all(run, "the stage was left")
    case = run.case
    if case.approval is not None and case.approval.status == "pending":
        voided = approvals.end(case.approval, "voided", run.around.now)
        run.effects.append(ApprovalSaved(voided))
        run.notes["approval_voided"] = str(voided.approval)
        kept.remember(run, case.approval)
    if anything:
        run.effects.append(TimersCleared(case.case_id, ""))
        run.effects.append(TasksClosed(case.case_id, "cancelled" if run.notes.get("approval_voided") else "done"))
        commands.open_again(run)
    if case.approval is not None:
        run.case = run.case._replace(approval=None)


def _enter(run: Run, stage: Stage, steps: Mapping[str, StepRunner], mark: int) -> None:
    """Enter a stage and those it moves on to at once; `mark` is where the effects that belong to it begin."""
    for _ in range(MAX_HOPS):
        run.path.append(stage.id)
        owner = stage.owner or run.definition.owner
        if (run.case.stage, run.case.owner_role) != (stage.id, owner):  # a new case begins where it is
            run.case = run.case._replace(stage=stage.id, owner_role=owner)
        for step in stage.enter:
            _perform(run, step, steps)
        held = branches.KEPT in run.case.data and branches.is_live(run.case)
        chosen = None if held else next((t for t in stage.go if matches(t, run.case.data)), None)
        if chosen is None:
            _settle(run, stage)
            return
        _close(run, anything=any(isinstance(e, (TaskOpened, TimerSet)) for e in run.effects[mark:]))
        mark = len(run.effects)
        for step in chosen.steps:
            _perform(run, step, steps)
        stage = run.definition.stages[chosen.to or stage.id]
    raise Endless(
        phrase(
            "%(process)s: more than %(max_hops)s stages in a row without waiting; the definition loops",
            process=run.definition.process,
            max_hops=MAX_HOPS,
        )
    )


def _perform(run: Run, step: Step, steps: Mapping[str, StepRunner]) -> None:
    steps[step.kind](run, step)


def _settle(run: Run, stage: Stage) -> None:
    """The case stays in this stage: closed when it is final, else waiting with its service-level clock running."""
    now = run.around.now
    if stage.final:
        run.case = run.case._replace(status="closed", outcome=stage.final, closed_at=now)
        return
    run.case = run.case._replace(status="waiting", outcome="", closed_at=None)
    if stage.sla is None:
        return
    service_level.start(run, stage.sla)


def _finish(run: Run, before: Case | None) -> Advance:
    now = run.around.now
    after = run.case if run.case.updated_at == now else run.case._replace(updated_at=now)
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
