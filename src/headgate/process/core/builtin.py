"""What every process understands without saying so: votes on approvals, clocks, completed tasks."""

from __future__ import annotations

from decimal import Decimal
from typing import Final
from uuid import UUID

from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Forbidden, refused
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.process.core import approval as approvals
from headgate.process.core import commands, reminders, service_level
from headgate.process.core.matrix import Asked
from headgate.process.core.running import Run, clock, put
from headgate.process.core.state import (
    Approval,
    ApprovalSaved,
    TaskEscalated,
    TaskOpened,
    TasksClosed,
    TimersCleared,
    TimerSet,
    Vote,
)

SILENT: Final = frozenset(
    {
        "sla.warned",
        "sla.breached",
        "sla.escalated",
        "timer.stale",
        "task.completed",
        service_level.ASKED,
        service_level.ANSWERED,
        *commands.RESULTS,
    }
)


def apply(run: Run, trigger: str) -> str | None:
    """Handle a built-in event; the return value is the trigger the stage's transitions see, None when all is done."""
    if trigger == "approval.decided":
        return decided(run, run.case.approval, "approval")
    if trigger == "task.completed":
        run.effects.append(TasksClosed(run.case.case_id, "done", task=UUID(str(run.event.data.get("task")))))
        commands.note_task(run, str(run.event.data.get("task")))
        return trigger
    if trigger == "timer.fired":
        return _fired(run)
    if trigger in commands.RESULTS:
        commands.note_result(run)
    return trigger


def decided(run: Run, pending: Approval | None, under: str) -> str | None:
    """Count a vote on an approval of this case. Once it is decided its result is kept in the case's data, `under` that
    name, and the trigger that follows is returned; None while others are still asked."""
    data, now = run.event.data, run.around.now
    if pending is None or str(pending.approval) != data.get("approval"):
        raise refused(
            "approval", data.get("approval"), "is no longer open for this case", "Open the case to see what happened."
        )
    outcome, why = str(data.get("outcome", "")), str(data.get("justification", ""))
    approvals.check_vote(pending, outcome, why, str(data.get("digest", "")), now)
    voter = run.around.voters.get(run.event.actor)
    if voter is None:
        raise Forbidden(phrase("%(actor)s is not a person of this tenant", actor=run.event.actor))
    level = approvals.current_level(pending) or 0
    behalf = str(data.get("on_behalf_of") or "")
    step = approvals.authority(pending, voter, behalf, level, outcome)
    edit = data.get("edit")
    vote = Vote(
        level=step.level,
        step=step.step,
        principal=voter.principal,
        on_behalf_of=behalf,
        outcome=outcome,
        justification=why.strip(),
        at=now,
        edit=edit if isinstance(edit, dict) else None,
        event_seq=run.event.seq,
    )
    after = approvals.cast(pending, vote, now, run.deadline)
    run.notes["vote"] = {
        "approval": str(after.approval),
        "level": step.level,
        "role": step.role,
        "outcome": outcome,
        "justification": vote.justification,
        "on_behalf_of": behalf,
        "approval_status": after.status,
        "bound_digest": after.digest,
    }
    if via := approvals.passed_through(pending, voter, behalf):
        run.notes["vote"]["via"] = list(via)  # type: ignore[index]
    run.effects.append(ApprovalSaved(after))
    return _after_vote(run, pending, after, vote, under)


def _after_vote(run: Run, before: Approval, after: Approval, vote: Vote, under: str) -> str | None:
    put(run, after)
    if after.status == "pending":
        if approvals.current_level(after) != vote.level:
            run.effects.extend(_closings(run, after, vote.level))
            open_tasks(run, after)
        else:
            was_open = {s.step for s in before.steps if s.level == vote.level and s.status == "open"}
            run.effects.extend(
                TasksClosed(run.case.case_id, "done", s.level, s.role, after.branch)
                for s in after.steps
                if s.level == vote.level and s.status == "done" and s.step in was_open
            )
        return None
    result: dict[str, object] = {
        "id": str(after.approval),
        "status": after.status,
        "digest": after.digest,
        "exceptions": list(after.exceptions),
        "by": vote.principal,
        "voters": [v.principal for v in after.votes],
        "justification": vote.justification,
    }
    if after.status == "edited":
        result["edit"] = dict(vote.edit or {})
        result["carried"] = {
            "principal": vote.principal,
            "on_behalf_of": vote.on_behalf_of,
            "step": vote.step,
            "level": vote.level,
            "justification": vote.justification,
        }
    run.case = run.case._replace(data={**run.case.data, under: result})
    return f"approval.{after.status}"


def _closings(run: Run, after: Approval, level: int) -> list[TasksClosed]:
    """The tasks of a level that is done; who may stop the request keeps theirs."""
    mine = [s for s in after.steps if s.level == level]
    if not any(s.only_stops for s in mine):
        return [TasksClosed(run.case.case_id, "done", level, branch=after.branch)]
    return [TasksClosed(run.case.case_id, "done", level, s.role, after.branch) for s in mine if not s.only_stops]


def open_tasks(run: Run, approval: Approval) -> None:
    """Put the open level of an approval into the queues of its roles and set its escalation clock; with the first
    level come the tasks of those who may only stop it."""
    level = approvals.current_level(approval)
    first = all(s.status in ("open", "waiting", "skipped") for s in approval.steps)
    dues = []
    for step in approval.steps:
        if step.status != "open" or (step.level != level and not (step.only_stops and first)):
            continue
        if step.only_stops and not first:
            continue
        run.effects.append(
            TaskOpened(
                task=derive_id(run.around.now, "task", approval.approval, step.level, step.step),
                case_id=approval.case_id,
                kind="approval",
                title=f"Decide {approval.subject_type} {approval.subject}",
                role=step.role,
                due_at=step.due_at if approval.paused_at is None else None,
                stake=approval.stake,
                currency=approval.currency,
                partner=approval.partner,
                level=step.level,
                branch=approval.branch,
            )
        )
        if step.due_at is not None:
            dues.append(step.due_at)
    if dues and approval.paused_at is None:
        late = clock(approval.branch, "approval.late")
        run.effects.append(TimersCleared(run.case.case_id, late))
        run.effects.append(TimerSet(run.case.case_id, run.case.key, f"{late}.{level}", min(dues)))
    reminders.begin(run, approval, level)


def _fired(run: Run) -> str | None:
    name, fire_at = str(run.event.data.get("name", "")), run.event.data.get("fire_at")
    case, stage = run.case, run.definition.stages[run.case.stage]
    run.notes["timer"] = name
    if name == "sla.warn" and case.warn_at and instant_text(case.warn_at) == fire_at and case.sla_state == "running":
        run.case = case._replace(sla_state="warned")
        service_level.announce(run, stage, "clock.warned")
        return "sla.warned"
    if name == "sla.breach" and case.due_at and instant_text(case.due_at) == fire_at and case.sla_state != "paused":
        run.case = case._replace(sla_state="breached")
        service_level.breached(run, stage)
        service_level.announce(run, stage, "clock.breached")
        return "sla.breached"
    if name.startswith(service_level.ESCALATE):
        return service_level.escalate(run, stage, name)
    if name.startswith("approval."):
        return approval_clock(run, case.approval, name)
    if name == commands.UNANSWERED:
        commands.note_silence(run)
        return None
    return "timer.stale" if name.startswith("sla.") else f"timer.{name}"


def approval_clock(run: Run, pending: Approval | None, name: str) -> str | None:
    """A clock of an approval: the hour at which the next role steps in, or at which the request lapses. One that fired
    just before the clocks were stopped is set again when they go on."""
    if pending is None or pending.status != "pending" or pending.paused_at is not None:
        return "timer.stale"
    now = run.around.now
    if name.startswith("approval.late."):
        return _late(run, pending, int(name.rsplit(".", 1)[1]))
    if name.startswith(reminders.TIMER):
        return reminders.remind(run, pending, int(name.rsplit(".", 1)[1]))
    if name == "approval.expire" and now >= pending.expires_at:
        expired = approvals.end(pending, "expired", now)
        run.effects.append(ApprovalSaved(expired))
        put(run, expired)
        return "approval.expired"
    return "timer.stale"


def _late(run: Run, pending: Approval, level: int) -> str | None:
    if approvals.current_level(pending) != level:
        return "timer.stale"
    now, case = run.around.now, run.case
    late = approvals.escalate(pending, level, now)
    known = {s.step for s in pending.steps if s.level == level and s.escalated}
    fresh = [s for s in late.steps if s.level == level and s.escalated and s.step not in known]
    put(run, late)
    run.effects.append(ApprovalSaved(late))
    run.effects.extend(TaskEscalated(case.case_id, level, s.role, s.escalate_to, pending.branch) for s in fresh)
    run.notes["escalated_to"] = sorted({s.escalate_to for s in fresh})
    later = [s.due_at for s in late.steps if s.level == level and s.status == "open" and s.due_at and s.due_at > now]
    if later:
        name = clock(pending.branch, f"approval.late.{level}")
        run.effects.append(TimerSet(case.case_id, case.key, name, min(later)))
    return None


def longest_expiry(asked: tuple[Asked, ...]) -> Decimal:
    """Business hours until the whole request lapses: the largest of its matrix rows."""
    return max(a.expires_hours for a in asked)
