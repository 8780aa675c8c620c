"""Events that branches wait for: which of them an event is for, and what it means there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate.process.core import branches, builtin, commands, subcases
from headgate.process.core.branches import Place
from headgate.process.core.running import Run
from headgate.process.core.state import CaseCancelled, TasksClosed

ENDED: Final = "subcase.ended"


def take(run: Run, trigger: str) -> bool:
    """Give an event to the branches that wait for it; whether it was for one, so that the stage need not look at it."""
    match trigger:
        case "approval.decided":
            return _vote(run)
        case "timer.fired":
            return _clock(run)
        case "task.completed":
            return _task(run)
        case "command.delivered" | "command.failed":
            return _command(run)
        case "subcase.ended":
            return _subcase(run)
        case _:
            return _event(run, trigger)


def _places(run: Run, kind: str) -> list[Place]:
    found = branches.live(run.definition, run.case)
    return [place for place in found if (place.branch["waits"] or {}).get("kind") == kind]


def _vote(run: Run) -> bool:
    for place in _places(run, "approval"):
        pending = run.case.asked.get(place.full)
        if pending is not None and str(pending.approval) == run.event.data.get("approval"):
            _answer(run, place, builtin.decided(run, pending, place.step.id))
            return True
    return False


def _answer(run: Run, place: Place, answer: str | None) -> None:
    """What follows from an answer to what a branch asked: only agreement lets it go on."""
    if answer == "approval.approved":
        branches.resume(run, place, None)
    elif answer is not None and answer.startswith("approval."):
        status = answer.removeprefix("approval.")
        if status == "expired":
            run.keep(place.step, {"id": str(run.case.asked[place.full].approval), "status": status})
        branches.fail(run, place, f"{place.step.id} was {status}", hold=False)


def _clock(run: Run) -> bool:
    full, colon, name = str(run.event.data.get("name", "")).partition(":")
    if not colon:
        return False
    run.notes["timer"] = f"{full}:{name}"
    for place in branches.live(run.definition, run.case):
        waits = place.branch["waits"] or {}
        if place.full != full:
            continue
        if waits.get("kind") == "approval":
            _answer(run, place, builtin.approval_clock(run, run.case.asked.get(full), name))
        elif waits.get("kind") == "timer" and waits["at"] == run.event.data.get("fire_at"):
            branches.resume(run, place, {"fired_at": waits["at"]})
        break
    return True  # a clock of a branch that has gone says nothing any more


def _task(run: Run) -> bool:
    done = str(run.event.data.get("task"))
    for place in _places(run, "task"):
        if place.branch["waits"]["ref"] == done:
            run.effects.append(TasksClosed(run.case.case_id, "done", branch=place.full))
            outputs = run.event.data.get("outputs")
            given = outputs if isinstance(outputs, Mapping) else {}
            branches.resume(run, place, {**given, "by": run.event.actor, "note": str(run.event.data.get("note") or "")})
            return True
    return False


def _command(run: Run) -> bool:
    for place in _places(run, "command"):
        if place.branch["waits"]["ref"] == run.event.data.get("idempotency_key"):
            commands.note_result(run)
            status = commands.RESULTS[run.event.type]
            if status == "delivered":
                branches.resume(run, place, {"status": status})
            else:
                run.keep(place.step, {"status": status})
                branches.fail(run, place, str(run.event.data.get("reason") or "was not delivered"), hold=True)
            return True
    return False


def _subcase(run: Run) -> bool:
    data = run.event.data
    link = str(data.get("link"))
    for place in _places(run, "subcase"):
        waits = place.branch["waits"]
        if link not in waits["cases"] or waits["cases"][link]["outcome"] is not None:
            continue
        outcome = str(data.get("outcome", ""))
        brought = data.get("brought")
        waits = subcases.note_end(waits, link, outcome, brought if isinstance(brought, Mapping) else {})
        run.notes["subcase"] = {"process": data.get("child"), "subject": data.get("subject"), "outcome": outcome}
        status = subcases.verdict(place.step, waits)
        run.keep(place.step, subcases.result(waits, status))
        if status == "running":
            branches.wait_on(run, place, waits)
            return True
        run.effects.extend(
            CaseCancelled(other, started["process"], started["key"], started["subject"], "others were enough")
            for other, started in subcases.open_ones(waits)
        )
        if status == "ended":
            branches.resume(run, place, None)
        else:
            branches.fail(run, place, f"{place.step.id} ended as {outcome}", hold=False)
        return True
    return True  # nobody waits for it any more


def _event(run: Run, trigger: str) -> bool:
    """An event from outside is taken by every branch that waits for it."""
    waiting = [place.full for place in _places(run, "event") if _meant(run, place, trigger)]
    for full in waiting:
        # What one branch made of it may have ended another.
        place = next((p for p in branches.live(run.definition, run.case) if p.full == full), None)
        if place is not None and (place.branch["waits"] or {}).get("kind") == "event":
            branches.resume(run, place, dict(run.event.data))
    return bool(waiting)


def _meant(run: Run, place: Place, trigger: str) -> bool:
    where = place.step.args.get("where")
    wanted = where if isinstance(where, Mapping) else {}
    return place.step.name == trigger and all(run.event.data.get(str(k)) == v for k, v in wanted.items())
