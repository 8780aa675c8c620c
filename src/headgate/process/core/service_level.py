"""The clock of a stage: started, paused while somebody outside has the ball, warned, breached, escalated.

All times are working hours of the calendar that counts for the case. A pause moves what is due by exactly the working
time it lasted, and so the clocks of approvals that wait. What was late before it stays late: a pause mends nothing. Yet
nobody is called for while the answer is the partner's to give, so links of the chain that are still ahead stand still
as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.ids import derive_id
from headgate.process.core import pausing
from headgate.process.core.definition import ServiceLevel, Stage
from headgate.process.core.pausing import moved
from headgate.process.core.running import Run
from headgate.process.core.state import (
    Case,
    EventEmitted,
    TaskOpened,
    TasksRaised,
    TasksReassigned,
    TimersCleared,
    TimerSet,
)

CLOCK: Final = "service_level"  # where a case keeps what its clock knows beyond the due time
ESCALATE: Final = "sla.escalate."
ASKED, ANSWERED = "case.asked", "case.answered"  # somebody outside has the ball, and has given it back


def start(run: Run, sla: ServiceLevel) -> None:
    """Start the clock of the stage that the case settles in."""
    now = run.around.now
    warn, due = run.deadline(now, sla.hours * sla.warn), run.deadline(now, sla.hours)
    run.case = run.case._replace(warn_at=warn, due_at=due, sla_state="running")
    _set(run, warn, due)
    if sla.target is not None:
        _keep(run, {"target_at": instant_text(run.deadline(now, sla.target))})
    elif CLOCK in run.case.data:
        _keep(run, {})


def hear(run: Run, stage: Stage, trigger: str) -> bool:
    """Whether an event stopped the stage's clock or let it run on."""
    if stage.sla is None or run.case.due_at is None:
        return False
    clock = clock_of(run.case.data)
    if run.case.sla_state == "paused":
        ends = next((p for p in stage.sla.pauses if p.because == clock.get("because")), None)
        if ends is not None and trigger in ends.until:
            _resume(run, stage.sla, clock)
            return True
        return trigger in [p.on for p in stage.sla.pauses]  # asked again, and it waits already
    begins = next((p for p in stage.sla.pauses if p.on == trigger), None)
    if begins is not None and run.case.sla_state in ("running", "warned", "breached"):
        _pause(run, stage.sla, begins.because)
        return True
    return begins is not None or any(trigger in p.until for p in stage.sla.pauses)


def breached(run: Run, stage: Stage) -> None:
    """The time is over: set the clocks of the escalation chain."""
    if stage.sla is not None:
        _set_chain(run, dict(enumerate(_chain(run, stage.sla))))


def _chain(run: Run, sla: ServiceLevel) -> list[datetime]:
    """When each link of the chain is called for: as the last pause has moved it, else counted from the due time."""
    kept = clock_of(run.case.data).get("chain")
    if isinstance(kept, list):
        return [parse_instant("chain", at) for at in kept]
    due = run.case.due_at
    return [] if due is None else [run.deadline(due, step.after) for step in sla.chain]


def _set_chain(run: Run, links: Mapping[int, datetime]) -> None:
    case = run.case
    run.effects.extend(TimerSet(case.case_id, case.key, f"{ESCALATE}{place}", at) for place, at in links.items())


def escalate(run: Run, stage: Stage, name: str) -> str:
    """One link of the chain: somebody is told by a task of theirs, or gets the work itself. Either way what is open of
    the case stands higher in the queues, by one with each link."""
    chain = stage.sla.chain if stage.sla is not None else ()
    place = int(name.removeprefix(ESCALATE))
    if run.case.sla_state == "paused" and late(run.case):
        clock = clock_of(run.case.data)
        _keep(run, {**clock, "missed": [*_missed(clock), place]})  # it fired while it was being stopped
    if run.case.sla_state != "breached" or place >= len(chain):
        return "timer.stale"
    step, case = chain[place], run.case
    if step.reassign:
        run.case = case._replace(owner_role=step.role)
        run.effects.append(TasksReassigned(case.case_id, step.role))
    run.effects.append(TasksRaised(case.case_id, place + 1))
    run.effects.append(
        TaskOpened(
            task=derive_id(run.around.now, "task", case.case_id, run.event.seq, name),
            case_id=case.case_id,
            kind="work",
            title=f"Late: {case.subject} is over its time in '{stage.title}'",
            role=step.role,
            due_at=case.due_at,
            stake=case.stake,
            currency=case.currency,
            partner=case.partner,
            priority=place + 1,
        )
    )
    how = "reassign" if step.reassign else "notify"
    run.notes["escalation"] = {"link": place + 1, "of": len(chain), "to": step.role, "how": how}
    announce(run, stage, "clock.escalated", {"to": step.role, "how": how})
    return "sla.escalated"


def announce(run: Run, stage: Stage, type_: str, more: Mapping[str, object] | None = None) -> None:
    """Put a fact about the clock into the log, where the definition wants that."""
    if stage.sla is None or not stage.sla.announce:
        return
    case = run.case
    told = {
        "process": case.process,
        "subject_type": case.subject_type,
        "subject": case.subject,
        "stage": case.stage,
        "partner": case.partner or "",
        "due_at": instant_text(case.due_at) if case.due_at is not None else "",
        **(more or {}),
    }
    run.effects.append(EventEmitted(type_, case.subject, told))


def clock_of(data: Mapping[str, object]) -> Mapping[str, object]:
    """What a case keeps about its clock: `target_at`, and while it is paused `since`, `because`, `was`; `chain`, when a
    pause of what was late has moved it."""
    found = data.get(CLOCK)
    return found if isinstance(found, Mapping) else {}


def late(case: Case) -> bool:
    """Whether the stage's time is over, also while its clock stands still."""
    return case.sla_state == "breached" or (case.sla_state == "paused" and clock_of(case.data).get("was") == "breached")


def _pause(run: Run, sla: ServiceLevel, because: str) -> None:
    now = run.around.now
    _keep(run, {**clock_of(run.case.data), "since": instant_text(now), "because": because, "was": run.case.sla_state})
    run.case = run.case._replace(sla_state="paused")
    run.effects.append(TimersCleared(run.case.case_id, "sla."))
    run.notes["clock"] = {"paused": because}
    pausing.hold(run)
    announce(run, run.definition.stages[run.case.stage], "clock.paused", {"because": because})


def _resume(run: Run, sla: ServiceLevel, clock: Mapping[str, object]) -> None:
    since, was, case = parse_instant("since", clock["since"]), str(clock["was"]), run.case
    assert case.due_at is not None
    left = {k: v for k, v in clock.items() if k not in ("since", "because", "was")}
    if was == "breached":
        _late_again(run, sla, since, left)
    else:
        due = moved(run, since, case.due_at)
        warn = moved(run, since, case.warn_at) if was == "running" and case.warn_at is not None else None
        run.case = case._replace(sla_state=was, due_at=due, warn_at=warn or case.warn_at)
        _set(run, warn, due)
        if "target_at" in left:
            left["target_at"] = _target(run, since, str(left["target_at"]))
        _keep(run, left)
    run.notes["clock"] = {"resumed": clock["because"], "paused_since": clock["since"]}
    pausing.go_on(run)
    announce(run, run.definition.stages[run.case.stage], "clock.resumed", {"because": clock["because"]})


def _late_again(run: Run, sla: ServiceLevel, since: datetime, clock: Mapping[str, object]) -> None:
    """Its time is over as it was. Links that were ahead come as much later as the pause lasted; one that fired while it
    was being stopped is called for now."""
    chain, missed = _chain(run, sla), _missed(clock)
    ahead = {place: moved(run, since, at) for place, at in enumerate(chain) if at > since}
    ahead |= {place: run.around.now for place in missed if place < len(chain)}
    left = {k: v for k, v in clock.items() if k != "missed"}
    run.case = run.case._replace(sla_state="breached")
    _keep(run, {**left, "chain": [instant_text(ahead.get(place, at)) for place, at in enumerate(chain)]})
    _set_chain(run, ahead)


def _missed(clock: Mapping[str, object]) -> list[int]:
    kept = clock.get("missed")
    return [int(str(place)) for place in kept] if isinstance(kept, list) else []


def _target(run: Run, since: datetime, text: str) -> str:
    at = parse_instant("target_at", text)
    return text if at <= since else instant_text(moved(run, since, at))


def _set(run: Run, warn: datetime | None, due: datetime) -> None:
    if warn is not None:
        run.effects.append(TimerSet(run.case.case_id, run.case.key, "sla.warn", warn))
    run.effects.append(TimerSet(run.case.case_id, run.case.key, "sla.breach", due))


def _keep(run: Run, clock: Mapping[str, object]) -> None:
    run.case = run.case._replace(data={**run.case.data, CLOCK: dict(clock)})
