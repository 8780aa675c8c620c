"""Commands of a case: issuing them, hearing how they went, and taking them back.

What can be taken back says how (`compensate`): a command, or an action that was run. The case remembers those in the
order in which they were done; the step `roll_back` takes them back in the reverse order (H. Garcia-Molina, K. Salem,
"Sagas", 1987), **one after the other**: the next one only when the result of the one before has arrived. What has not
reached the outside yet is taken back as soon as it has; what never does needs no taking back. Where taking back fails,
it stops, and somebody of the owner's role gets a task; once that is done, or the command was delivered after all, it
goes on. It stops in the same way where a result that it waits for does not come in time (`within`, working hours): an
outside system that never answers must not keep the rest from being taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import Invalid, Misconfigured, Refused
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.process.core.definition import Step
from headgate.process.core.running import ActionCall, Run, mapping_of, value_of
from headgate.process.core.state import CommandIssued, RecordChanged, TaskOpened, TasksClosed, TimersCleared, TimerSet

EVERYTHING: Final = "all"
RESULTS: Final = {"command.delivered": "delivered", "command.failed": "failed"}
UNANSWERED: Final = "command.unanswered"  # the clock of the result that is waited for; there is one at a time
# Working hours: the retries of the outbox end, delivered or failed, well before.
USUAL_WAIT: Final = Decimal(24)

# What is remembered: {key, step, status, wanted_back, within, undo: {target, type, payload} or {run, args}}, `until`
# while a result is waited for, `task` while a person has to take it back, and `asked` where that is because the step's
# own result never came. status: issued | delivered | failed | undoing (its opposite is on the way) | stuck | undone.
# Plain values, for they live in the case's data.
Remembered = Mapping[str, Any]


def issue(run: Run, step: Step) -> None:
    """`command`: an effect on an outside system, with an idempotency key that a repeat of the event cannot change."""
    payload = mapping_of(run, step.args.get("payload", {}))
    key = key_of(run, step)
    _send(run, step.name, str(step.args.get("type") or step.id), payload, key, step.id)
    if step.args.get("compensate") is not None:
        _add(run, step, "issued", step.name, payload)


def ran(run: Run, step: Step) -> None:
    """Remember an action that was run and says how it is taken back."""
    if step.args.get("compensate") is not None:
        _add(run, step, "delivered", "", {})


def _add(run: Run, step: Step, status: str, target: str, payload: Mapping[str, object]) -> None:
    """Remember how to take a step back. Filled in now: by then the case's data may say something else."""
    undo = step.args["compensate"]
    how = undo if isinstance(undo, Mapping) else {"run" if step.kind == "run" else "type": undo}
    opposite: dict[str, object]
    if "run" in how:
        given = {str(name): value_of(run, value) for name, value in how.items() if name not in ("run", "within")}
        opposite = {"run": str(how["run"]), "args": given}
    else:
        opposite = {
            "target": str(how.get("target") or target),
            "type": str(how["type"]),
            "payload": mapping_of(run, how["payload"]) if "payload" in how else payload,
        }
    entry = {"key": key_of(run, step), "step": step.id, "status": status, "wanted_back": False, "undo": opposite}
    if "within" in how:
        entry["within"] = str(how["within"])
    if run.branch:
        entry["branch"] = run.branch
    _remember(run, [*_remembered(run), entry])


def key_of(run: Run, step: Step) -> str:
    """The idempotency key of a command that a step issues by this event."""
    return f"{run.case.key}:{run.event.seq}:{step.id}"


def roll_back(run: Run, step: Step) -> None:
    """`roll_back`: take back what one step did, the steps of one parallel step, or all, the last one first."""
    _take_back(run, lambda e: step.name in (EVERYTHING, e["step"], str(e.get("branch", "")).partition("/")[0]))


def roll_back_all(run: Run) -> None:
    """Take back everything the case did that says how, the last one first."""
    _take_back(run, lambda entry: True)


def take_back_branches(run: Run, gone: Sequence[str]) -> None:
    """Take back what branches had done, given their paths, the last one first."""
    if gone:
        _take_back(run, lambda entry: entry.get("branch") in gone)


def note_result(run: Run) -> None:
    """Keep how a command went, as `command` in the case's data, and go on with taking back where that waited for it."""
    data, status = run.event.data, RESULTS[run.event.type]
    result = {name: data.get(name) for name in ("command", "step", "type", "target", "attempts", "reason")}
    run.case = run.case._replace(data={**run.case.data, "command": {**result, "status": status}})
    run.notes["command"] = {"step": data.get("step"), "type": data.get("type"), "status": status}
    kept, key = list(_remembered(run)), data.get("idempotency_key")
    for place, entry in enumerate(kept):
        if entry["key"] == key and (entry["status"] in ("issued", "delivered", "failed") or "asked" in entry):
            kept[place] = _answered(run, entry, status)
        elif key == _back_key(entry) and entry["status"] in ("undoing", "stuck"):
            kept[place] = (
                _undone(run, entry) if status == "delivered" else _stopped(run, entry, str(data.get("reason")))
            )
        else:
            continue
        _remember(run, kept)
        _go_on(run)


def note_silence(run: Run) -> None:
    """The result that was waited for has not come in time: a person finds out, and takes back what is to be."""
    kept = list(_remembered(run))
    for place, entry in enumerate(kept):
        if entry.get("until") == run.event.data.get("fire_at"):
            asked = {"asked": True} if entry["status"] == "issued" else {}
            kept[place] = _stopped(run, {**entry, **asked}, "no answer came in time")
            _remember(run, kept)


def note_task(run: Run, task: str) -> None:
    """A task is done: where it was to take something back by hand, that counts as taken back."""
    kept = list(_remembered(run))
    for place, entry in enumerate(kept):
        if entry["status"] == "stuck" and entry.get("task") == task:
            kept[place] = _undone(run, entry)
            _remember(run, kept)
            _go_on(run)


def open_again(run: Run) -> None:
    """The tasks and clocks of the case ended with its stage: those for taking back are still needed."""
    kept = list(_remembered(run))
    for entry in kept:
        if "until" in entry:
            _waited_for(run, entry)
    again = [place for place, entry in enumerate(kept) if entry["status"] == "stuck"]
    for place in again:
        kept[place] = _with_task(run, kept[place])
    if again:
        _remember(run, kept)


def _take_back(run: Run, meant: Callable[[Remembered], bool]) -> None:
    kept = list(_remembered(run))
    if any(map(meant, kept)):
        _remember(run, [{**entry, "wanted_back": True} if meant(entry) else entry for entry in kept])
        _go_on(run)


def _go_on(run: Run) -> None:
    """Take back the last thing that is wanted back; an action at once and the next one too, a command alone."""
    kept = list(_remembered(run))
    for place in range(len(kept) - 1, -1, -1):
        entry = kept[place]
        if not entry["wanted_back"] or entry["status"] in ("undone", "failed"):
            continue
        if entry["status"] != "delivered":
            # Its own result, or that of taking it back, or a person is waited for.
            if entry["status"] in ("issued", "undoing"):
                kept[place] = _waited_for(run, entry)
                _remember(run, kept)
            return
        undo = entry["undo"]
        if "run" in undo:
            kept[place] = _run_back(run, entry)
        else:
            _send(run, undo["target"], undo["type"], dict(undo["payload"]), _back_key(entry), entry["step"])
            kept[place] = _waited_for(run, {**entry, "status": "undoing"})
        _remember(run, kept)
        if kept[place]["status"] != "undone":
            return


def _run_back(run: Run, entry: Remembered) -> Remembered:
    """Take back by an action; one that refuses leaves nothing behind, and a person takes over."""
    name = str(entry["undo"]["run"])
    action = run.around.actions.get(name)
    if action is None:
        raise Misconfigured(
            phrase(
                "%(name)s, which takes back %(entry)s, is not known to this installation",
                name=name,
                entry=entry["step"],
            )
        )
    around = run.around
    call = ActionCall(
        run.case, run.event, dict(entry["undo"]["args"]), around.facts, around.decide, around.now, len(run.decisions)
    )
    try:
        result = action(call)
    except (Refused, Invalid) as error:
        return _stopped(run, entry, error.message)
    run.effects.extend(RecordChanged(record) for record in result.records)
    run.decisions.extend(result.decisions)
    return _undone(run, entry)


def _waited_for(run: Run, entry: Remembered) -> Remembered:
    """Start the clock of a result. One that had begun goes on, though another result was waited for meanwhile."""
    if "until" not in entry:
        until = run.deadline(run.around.now, Decimal(str(entry.get("within", USUAL_WAIT))))
        entry = {**entry, "until": instant_text(until)}
    at = parse_instant("until", entry["until"])
    run.effects.append(TimerSet(run.case.case_id, run.case.key, UNANSWERED, at))
    return entry


def _answered(run: Run, entry: Remembered, status: str) -> Remembered:
    """The step's own result has come, perhaps after a person was asked what became of it."""
    if "task" in entry:
        run.effects.append(TasksClosed(run.case.case_id, "done", task=UUID(str(entry["task"]))))
    return {**_no_longer(run, entry, "until", "task", "asked"), "status": status}


def _no_longer(run: Run, entry: Remembered, *names: str) -> Remembered:
    """Without what held while it was waited for; its clock is stopped."""
    if "until" in entry:
        run.effects.append(TimersCleared(run.case.case_id, UNANSWERED))
    return {name: value for name, value in entry.items() if name not in names}


def _undone(run: Run, entry: Remembered) -> Remembered:
    _tell(run, entry, "undone")
    if "task" in entry:
        run.effects.append(TasksClosed(run.case.case_id, "done", task=UUID(str(entry["task"]))))
    return {**_no_longer(run, entry, "until", "task", "asked"), "status": "undone"}


def _stopped(run: Run, entry: Remembered, why: str) -> Remembered:
    """Taking back has failed: it stops here until a person has done it."""
    _tell(run, entry, "stuck", why)
    left = _no_longer(run, entry, "until")
    return left if "task" in left else _with_task(run, {**left, "status": "stuck"})


def _with_task(run: Run, entry: Remembered) -> Remembered:
    case, undo = run.case, entry["undo"]
    what = str(undo.get("type") or undo.get("run"))
    place = (run.event.seq, "take back", entry["key"], len(run.effects))
    task = derive_id(run.around.now, "task", case.case_id, *place)
    run.effects.append(
        TaskOpened(
            task=task,
            case_id=case.case_id,
            kind="work",
            title=_title(entry, what, case.subject),
            role=case.owner_role,
            due_at=case.due_at,
            stake=case.stake,
            currency=case.currency,
            partner=case.partner,
        )
    )
    return {**entry, "task": str(task)}


def _title(entry: Remembered, what: str, subject: str) -> str:
    if "asked" in entry:
        return f"Find out what became of {entry['step']} of {subject}, and take it back by hand: {what}"
    return f"Take back by hand: {what} of {subject}"


def _tell(run: Run, entry: Remembered, status: str, why: str = "") -> None:
    before = run.notes.get("taken_back")
    told = {"step": entry["step"], "status": status} | ({"why": why} if why else {})
    run.notes["taken_back"] = [*(before if isinstance(before, list) else ()), told]


def _back_key(entry: Remembered) -> str:
    return f"{entry['key']}:compensate"


def _send(run: Run, target: str, type_: str, payload: Mapping[str, object], key: str, step: str) -> None:
    run.effects.append(
        CommandIssued(
            target=target,
            type=type_,
            subject=run.case.subject,
            payload=payload,
            idempotency_key=key,
            process=run.case.process,
            key=run.case.key,
            case_id=run.case.case_id,
            step=step,
            event_seq=run.event.seq,
            trace=run.event.trace,
        )
    )


def _remembered(run: Run) -> Sequence[Remembered]:
    found = run.case.data.get("commands")
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def _remember(run: Run, kept: Sequence[Remembered]) -> None:
    run.case = run.case._replace(data={**run.case.data, "commands": [dict(entry) for entry in kept]})
