"""What an intervention would do to a case and what it would not, in words, before anybody asks for it.

Said from the case as it stands and its definition alone; nothing is tried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate.process.core.branches import LIVE, Place, live
from headgate.process.core.definition import Definition, Stage, Step
from headgate.process.core.intervening import Intervention, check, needs_second, place_of
from headgate.process.core.state import Case

_OPEN = {
    "task": "its task is closed as cancelled",
    "approval": "the approval it asks for is voided",
    "timer": "its timer is stopped",
    "subcase": "the cases it started and that still run are ended",
    "parallel": "what its inner branches have open is ended",
    "event": "nothing waits for its event any more",
    "command": "its command is not waited for any more",
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """`will` and `will_not` are sentences without a full stop; `second`: another person has to confirm it."""

    will: tuple[str, ...]
    will_not: tuple[str, ...]
    second: bool


def outlook(definition: Definition, case: Case, wanted: Intervention) -> Outlook:
    """What would follow. Raises what `check` raises: `Invalid`, and `Refused` for a case that has ended."""
    check(definition, case, wanted)
    second = needs_second(definition, case, wanted)
    if wanted.kind == "jump":
        will, will_not = list(_jumping(definition, case, wanted)), list(_not_by_jumping(definition, case, wanted))
    else:
        place = place_of(definition, case, wanted.at)
        if place is None:
            will = [f"the command of '{wanted.at}', which failed, is sent once more"]
            will_not = ["the stage does not change"]
        elif wanted.kind == "retry":
            will, will_not = list(_repeating(case, place)), list(_not_by_repeating(place))
        else:
            will, will_not = list(_skipping(case, place)), list(_not_by_skipping(place))
    will.append("your reason and your name stay in the case's timeline and in the audit chain")
    return Outlook(tuple(will), tuple(will_not), second)


def step_words(step: Step, subject: str = "") -> str:
    """A step as people call it."""
    return {
        "task": f"the task '{step.name.replace('{subject}', subject).strip()}'",
        "approve": f"the approval by {step.name}",
        "command": f"the command {step.args.get('type') or step.id} to {step.name}",
        "run": f"the action {step.name}",
        "decide": f"the decision by {step.name}",
        "wait": f"waiting for {step.name}",
        "timer": f"the timer {step.name}",
        "subcase": f"the cases of {step.name}",
        "parallel": f"the branches of {step.id}",
        "emit": f"the event {step.name}",
        "roll_back": "taking back what was commanded",
    }.get(step.kind, step.id)


def _skipping(case: Case, place: Place) -> Iterator[str]:
    yield f"{step_words(place.step, case.subject)} is left out in branch {place.name}"
    waits = place.branch["waits"] or {}
    if waits.get("kind") in _OPEN:
        yield _OPEN[waits["kind"]]
    steps = place.group.branches[place.name]
    following = place.branch["at"] + 1
    if following < len(steps):
        yield f"the branch goes on with {step_words(steps[following], case.subject)}"
    else:
        yield f"branch {place.name} counts as done"


def _not_by_skipping(place: Place) -> Iterator[str]:
    yield "it does not count as an approval, and nothing is taken for agreed"
    yield f"what {place.step.id} would have brought is not there: it says only that it was skipped"
    yield "what the branch did before is not undone"


def _repeating(case: Case, place: Place) -> Iterator[str]:
    waits = place.branch["waits"] or {}
    if waits.get("kind") in _OPEN:
        yield _OPEN[waits["kind"]]
    yield f"{step_words(place.step, case.subject)} is done once more in branch {place.name}, from its beginning"


def _not_by_repeating(place: Place) -> Iterator[str]:
    yield "steps before it are not done again"
    if place.step.kind == "command":
        yield "what the outside system took of the first attempt is not taken back"


def _jumping(definition: Definition, case: Case, wanted: Intervention) -> Iterator[str]:
    here, there = definition.stages[case.stage], definition.stages[wanted.at]
    yield f"the case leaves '{here.title}': its open tasks and timers are closed"
    if case.approval is not None and case.approval.status == "pending":
        yield "the approval that is asked for is voided"
    places = list(live(definition, case))
    if places:
        yield f"{_count(len(places), 'open branch is', 'open branches are')} ended, and what they commanded taken back"
    if wanted.take_back:
        taken = [entry for entry in _commands(case) if entry["status"] != "undone"]
        if taken:
            names = ", ".join(str(e["undo"].get("type") or e["undo"].get("run")) for e in reversed(taken))
            yield f"what the case did is taken back, the last first, each once the one before is done: {names}"
        else:
            yield "nothing is taken back, for the case commanded nothing that can be"
    yield from _entering(there, case.subject)


def _entering(stage: Stage, subject: str) -> Iterator[str]:
    done = [step_words(step, subject) for step in stage.enter if step.kind != "set"]
    yield f"it enters '{stage.title}'" + (f" and does what that begins with: {', '.join(done)}" if done else "")
    if stage.final:
        yield f"the case ends as {stage.final}"


def _not_by_jumping(definition: Definition, case: Case, wanted: Intervention) -> Iterator[str]:
    yield "it does not count as an approval, and nothing is taken for agreed"
    yield "what would be done on the way between the two stages is not done"
    standing = [str(entry["step"]) for entry in _commands(case) if entry["status"] not in ("undone", "failed")]
    if standing and not wanted.take_back:
        yield f"what the case commanded stays: {', '.join(standing)}"
    yield "records, decisions and the timeline are not changed"


def _commands(case: Case) -> Sequence[Mapping[str, Any]]:
    found = case.data.get("commands")
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def may_retry(place: Place) -> bool:
    """Whether doing a step again means anything: what merely waits for an event waits already."""
    return place.step.kind != "wait" and place.branch["status"] in LIVE
