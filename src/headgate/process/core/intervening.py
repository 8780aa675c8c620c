"""A person steps in: a step is skipped or done again, or the case is put into another stage.

An intervention is no approval. Skipping an approval, and jumping to a stage past the first one of a process that asks
for approvals, need the word of a second person; neither of the two may have asked for what is to be approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from headgate.kernel.errors import DutyConflict, Refused, invalid
from headgate.kernel.phrases import phrase
from headgate.process.core import branches, commands
from headgate.process.core.branches import Place
from headgate.process.core.definition import Definition, Step, within
from headgate.process.core.rules.finding import steps_of
from headgate.process.core.running import Run
from headgate.process.core.state import Approval, Case

EVENT: Final = "case.intervened"
KINDS: Final = ("skip", "retry", "jump")
SHORTEST, LONGEST = 3, 2000  # characters of a reason


@dataclass(frozen=True, slots=True)
class Intervention:
    """What is to be done and why: `at` is a branch of the case as a path, or a step of its stage (skip, retry), or the
    stage to go to (jump). `take_back`: a jump takes back what the case has commanded."""

    kind: str
    at: str
    reason: str
    take_back: bool = False


def intervention_of(data: Mapping[str, Any]) -> Intervention:
    """What an event says."""
    return Intervention(
        kind=str(data.get("kind", "")),
        at=str(data.get("at", "")),
        reason=str(data.get("reason", "")),
        take_back=data.get("take_back") is True,
    )


def check(definition: Definition, case: Case, wanted: Intervention) -> None:
    """Raises `Invalid` for what makes no sense, `Refused` for what the case as it stands does not allow."""
    if wanted.kind not in KINDS:
        raise invalid(
            "kind", wanted.kind, "is no way to step in", phrase("Use one of %(names)s.", names=", ".join(KINDS))
        )
    if len(wanted.reason.strip()) < SHORTEST:
        raise invalid("reason", wanted.reason, "is missing", "Say in a few words why; it stays in the record.")
    if len(wanted.reason) > LONGEST:
        raise invalid(
            "reason",
            f"{len(wanted.reason)} characters",
            phrase("is longer than %(longest)s characters", longest=LONGEST),
            "Shorten it.",
        )
    if wanted.take_back and wanted.kind != "jump":
        raise invalid("take_back", True, "goes with a jump only", "Leave it out.")
    if case.status == "closed":
        raise Refused(
            phrase(
                "%(subject_type)s %(subject)s has ended as %(outcome)s; there is nothing to step into",
                subject_type=case.subject_type,
                subject=case.subject,
                outcome=case.outcome,
            )
        )
    if wanted.kind == "jump":
        if wanted.at not in definition.stages:
            stages = ", ".join(definition.stages)
            raise invalid(
                "at", wanted.at, "is not a stage of this process", phrase("Use one of %(stages)s.", stages=stages)
            )
        if wanted.at == case.stage:
            raise invalid("at", wanted.at, "is where the case is already", "Name another stage, or retry a step.")
        return
    if place_of(definition, case, wanted.at) is None and _failed_command(definition, case, wanted) is None:
        open_ = ", ".join(p.full for p in branches.live(definition, case)) or "nothing"
        raise invalid(
            "at",
            wanted.at,
            "is nothing this case waits at",
            phrase("It waits at %(open_)s; or jump to a stage.", open_=open_),
        )


def needs_second(definition: Definition, case: Case, wanted: Intervention) -> bool:
    """Whether a second person has to confirm it, since an approval would be passed over."""
    if wanted.kind == "retry":
        return False
    if wanted.kind == "skip":
        place = place_of(definition, case, wanted.at)
        return place is not None and any(s.kind == "approve" for s in within([place.step]))
    asks = any(s.kind == "approve" for stage in definition.stages.values() for s in steps_of(stage))
    return asks and wanted.at != definition.initial


def check_duties(approvals: Mapping[str, Approval] | list[Approval], people: list[str]) -> None:
    """Raises `DutyConflict` when one of the people had a hand in what is, or was, to be approved."""
    each = approvals.values() if isinstance(approvals, Mapping) else approvals
    for approval in each:
        for person in people:
            if person == approval.requested_by or person in approval.barred:
                raise DutyConflict(phrase("%(person)s asked for this, so someone else has to step in", person=person))


def place_of(definition: Definition, case: Case, at: str) -> Place | None:
    """The branch that is named, by its path or as the only one that stands at a step of that id."""
    places = list(branches.live(definition, case))
    exact = [p for p in places if p.full == at]
    named = [p for p in places if p.step.id == at]
    found = exact or named
    return found[0] if len(found) == 1 else None


def step_in(run: Run) -> str:
    """Do what an event asks for; the stage to jump to is returned, empty when the case stays where it is."""
    wanted = intervention_of(run.event.data)
    definition, case = run.definition, run.case
    check(definition, case, wanted)
    second = str(run.event.data.get("asked_by") or "")
    people = [p for p in (run.event.actor, second) if p]
    if needs_second(definition, case, wanted) and (not second or second == run.event.actor):
        raise DutyConflict("this passes over an approval, so a second person has to confirm it")
    pending = [*([case.approval] if case.approval else []), *case.asked.values()]
    if needs_second(definition, case, wanted):
        check_duties(pending, people)
    run.notes["intervention"] = {"kind": wanted.kind, "at": wanted.at, "reason": wanted.reason.strip()} | (
        {"asked_by": second} if second else {}
    )
    if wanted.kind == "jump":
        if wanted.take_back:
            commands.roll_back_all(run)
        return wanted.at
    place = place_of(definition, case, wanted.at)
    if place is None:
        step = _failed_command(definition, case, wanted)
        assert step is not None  # checked above
        run.steps[step.kind](run, step)
    elif wanted.kind == "retry":
        branches.again(run, place)
    else:
        branches.pass_over(run, place, {"status": "skipped", "by": run.event.actor, "reason": wanted.reason.strip()})
    return ""


def _failed_command(definition: Definition, case: Case, wanted: Intervention) -> Step | None:
    """The command of the stage that is to be sent again, when it was the last one to fail."""
    last = case.data.get("command")
    if wanted.kind != "retry" or not isinstance(last, Mapping) or last.get("status") != "failed":
        return None
    steps = [s for s in definition.stages[case.stage].enter if s.kind == "command" and s.id == wanted.at]
    return steps[0] if steps and last.get("step") == wanted.at else None
