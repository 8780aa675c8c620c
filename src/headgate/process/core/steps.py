"""The step kinds of a definition, one function each; `RUNNERS` is the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid, Misconfigured
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.policy.core import DecisionDraft, Evaluation, draft_decision
from headgate.process.core import approval as approvals
from headgate.process.core import branches, commands, kept
from headgate.process.core.builtin import longest_expiry, open_tasks
from headgate.process.core.definition import Step
from headgate.process.core.matrix import Asked, asked_by, plan_steps
from headgate.process.core.running import ActionCall, Run, StepRunner, as_amount, clock, mapping_of, put, value_of
from headgate.process.core.state import (
    Approval,
    ApprovalSaved,
    EventEmitted,
    RecordChanged,
    TaskOpened,
    TimerSet,
    Vote,
)


def run_action(run: Run, step: Step) -> None:
    """`run`: a registered deterministic action; its outputs are kept under the step's id."""
    call = ActionCall(
        case=run.case,
        event=run.event,
        args={name: value_of(run, value) for name, value in step.args.items() if name != "compensate"},
        facts=run.around.facts,
        decide=run.around.decide,
        now=run.around.now,
        number=len(run.decisions),
    )
    action = run.around.actions.get(step.name)
    if action is None:
        process = f"{run.definition.process}@{run.definition.version}"
        raise Misconfigured(
            phrase(
                "%(process)s runs %(name)s, which this installation does not know; install what brings it",
                process=process,
                name=step.name,
            )
        )
    result = action(call)
    run.keep(step, result.outputs)
    run.effects.extend(RecordChanged(record) for record in result.records)
    run.decisions.extend(result.decisions)
    commands.ran(run, step)


def decide(run: Run, step: Step) -> None:
    """`decide`: evaluate a policy over named inputs; its outputs are kept and the decision recorded."""
    evaluation = run.around.decide(step.name, mapping_of(run, step.args.get("with", {})))
    run.keep(step, evaluation.outputs)
    run.decisions.append(decision_of(run, [evaluation]))


def decision_of(run: Run, evaluations: Sequence[Evaluation]) -> DecisionDraft:
    """A decision record of evaluations of one policy, made for this case by this event; its id follows from its
    place."""
    return draft_decision(
        derive_id(run.around.now, "decision", run.event.seq, run.case.case_id, len(run.decisions)),
        run.around.now,
        evaluations,
        subject_type=run.case.subject_type,
        subject=run.case.subject,
        case_id=run.case.case_id,
        event_seq=run.event.seq,
    )


def approve(run: Run, step: Step) -> None:
    """`approve`: ask the matrix who must agree, and open a request bound to a digest."""
    asks = value_of(run, step.args.get("each"))
    if not isinstance(asks, Sequence) or isinstance(asks, str) or not asks:
        raise Invalid(phrase("step %(id)s: 'each' has nothing to ask approval for", id=step.id))
    evaluations = [run.around.decide(step.name, dict(ask)) for ask in asks if isinstance(ask, Mapping)]
    asked = _asked(run, step, evaluations)
    if not asked:
        raise Invalid(
            phrase("policy %(name)s names nobody who could approve this; add a row or a default", name=step.name)
        )
    decision = decision_of(run, evaluations)
    run.decisions.append(decision)
    approval = _open(run, step, asked, decision)
    state = {
        "id": str(approval.approval),
        "status": approval.status,
        "digest": approval.digest,
        "exceptions": list(approval.exceptions),
        "voters": [vote.principal for vote in approval.votes],
    }
    put(run, approval)
    run.case = run.case._replace(data={**run.case.data, step.id if run.branch else "approval": state})
    run.effects.append(ApprovalSaved(approval))
    run.notes["approval_requested"] = {
        "approval": str(approval.approval),
        "digest": approval.digest,
        "steps": [f"{s.level}:{s.role}" for s in approval.steps],
    }
    if approval.status == "approved":
        return
    if approval.paused_at is None:
        lapses = TimerSet(run.case.case_id, run.case.key, clock(run.branch, "approval.expire"), approval.expires_at)
        run.effects.append(lapses)
    open_tasks(run, approval)


def _asked(run: Run, step: Step, evaluations: Sequence[Evaluation]) -> tuple[Asked, ...]:
    summary, stake = value_of(run, step.args.get("summary")), as_amount(value_of(run, step.args.get("stake")))
    return asked_by(evaluations, summary if isinstance(summary, Mapping) else {}, stake)


def _open(run: Run, step: Step, asked: tuple[Asked, ...], decision: DecisionDraft) -> Approval:
    now, case, args = run.around.now, run.case, step.args
    summary = value_of(run, args.get("summary"))
    bound = str(value_of(run, args.get("binds")) or "")
    place = (run.branch,) if run.branch else ()
    approval = Approval(
        approval=derive_id(now, "approval", case.case_id, run.event.seq, len(run.path), *place),
        case_id=case.case_id,
        subject_type=case.subject_type,
        subject=case.subject,
        partner=case.partner,
        digest=bound,
        status="pending",
        requested_by=str(value_of(run, args.get("requested_by")) or ""),
        barred=_names(value_of(run, args.get("barred"))),
        requested_at=now,
        expires_at=run.deadline(now, longest_expiry(asked)),
        stake=as_amount(value_of(run, args.get("stake"))),
        currency=case.currency,
        exceptions=case.exceptions,
        summary=dict(summary) if isinstance(summary, Mapping) else {},
        steps=plan_steps(asked),
        decision=decision.decision,
        branch=run.branch,
        # What a branch asks while its stage waits for somebody outside has its time from when the stage goes on.
        paused_at=now if run.branch and case.sla_state == "paused" else None,
    )
    begun = approvals.begin(approval, now, run.deadline)
    return _with_carried(run, begun if run.branch else kept.with_kept(run, begun))


def _names(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(dict.fromkeys(str(name) for name in names if name))


def _with_carried(run: Run, approval: Approval) -> Approval:
    """Count the word of the approver who edited: what they wrote is what this request asks, so they have agreed."""
    earlier = run.case.data.get("approval")
    carried = earlier.get("carried") if isinstance(earlier, Mapping) else None
    if run.branch or not isinstance(carried, Mapping) or earlier is None or run.event.type != "approval.decided":
        return approval
    match = next((s for s in approval.steps if s.step == carried["step"] and s.level == carried["level"]), None)
    if match is None:
        return approval
    vote = Vote(
        level=match.level,
        step=match.step,
        principal=str(carried["principal"]),
        on_behalf_of=str(carried["on_behalf_of"]),
        outcome="carried",
        justification=str(carried["justification"]),
        at=run.around.now,
        event_seq=run.event.seq,
    )
    if any(v.principal == vote.principal for v in approval.votes):
        return approval
    return approvals.settle(replace(approval, votes=(*approval.votes, vote)), run.around.now, run.deadline)


def open_task(run: Run, step: Step) -> None:
    """`task`: work for a role, with an optional end: an instant (`due`), or so many business `hours` from now."""
    hours, due = value_of(run, step.args.get("hours")), value_of(run, step.args.get("due"))
    now = run.around.now
    due_at = run.case.due_at
    if due not in (None, ""):
        due_at = _instant(step, "due", due)
    elif hours:
        due_at = run.deadline(now, Decimal(str(hours)))
    run.effects.append(
        TaskOpened(
            task=derive_id(now, "task", run.case.case_id, run.event.seq, step.id),
            case_id=run.case.case_id,
            kind="work",
            title=step.name.replace("{subject}", run.case.subject),
            role=str(step.args.get("role") or run.case.owner_role),
            due_at=due_at,
            stake=run.case.stake,
            currency=run.case.currency,
            partner=run.case.partner,
            branch=run.branch,
        )
    )


def set_timer(run: Run, step: Step) -> None:
    """`timer`: let `timer.NAME` come at an instant (`at`) or after business `hours`; leaving the stage stops it.

    Nothing is set when `at` is empty: there is no such date.
    """
    at, hours = value_of(run, step.args.get("at")), value_of(run, step.args.get("hours"))
    if hours is not None:
        fire_at = run.deadline(run.around.now, Decimal(str(hours)))
    elif at in (None, ""):
        return
    else:
        fire_at = _instant(step, "at", at)
    run.effects.append(TimerSet(run.case.case_id, run.case.key, clock(run.branch, step.name), fire_at))


def _instant(step: Step, arg: str, value: object) -> datetime:
    """An instant that an argument names; outputs of an earlier event have been through JSON."""
    return value if isinstance(value, datetime) else parse_instant(f"{step.id}.{arg}", value)


def emit(run: Run, step: Step) -> None:
    """`emit`: a new event for the log."""
    run.effects.append(EventEmitted(step.name, run.case.subject, mapping_of(run, step.args.get("data", {}))))


def set_fields(run: Run, step: Step) -> None:
    """`set`: copy values from the case's data to the fields that queues and lists show."""
    values = {name: value_of(run, value) for name, value in step.args.items()}
    changes: dict[str, object] = {}
    for name, value in values.items():
        if name == "stake":
            changes[name] = as_amount(value)
        elif name == "exceptions":
            listed = isinstance(value, (list, tuple, Sequence)) and not isinstance(value, str)
            changes[name] = tuple([str(v) for v in value]) if listed else ()  # type: ignore[attr-defined]
        else:
            changes[name] = None if value is None else str(value)
    run.case = run.case._replace(**changes)  # type: ignore[arg-type]


RUNNERS: Final[Mapping[str, StepRunner]] = {
    "run": run_action,
    "decide": decide,
    "approve": approve,
    "task": open_task,
    "timer": set_timer,
    "command": commands.issue,
    "roll_back": commands.roll_back,
    "emit": emit,
    "set": set_fields,
    "subcase": branches.begin,
    "parallel": branches.begin,
}
