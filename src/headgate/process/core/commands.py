"""Commands of a case: issuing them, hearing how they went, and taking them back.

A command that can be taken back says how (`compensate`). The case remembers those in the order in which it issued
them; the step `roll_back` issues the opposite commands in the reverse order (H. Garcia-Molina, K. Salem, "Sagas",
1987). What has not reached the outside yet is taken back as soon as it has; what never does needs no taking back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from headgate.process.core.definition import Step
from headgate.process.core.running import Run, mapping_of
from headgate.process.core.state import CommandIssued

EVERYTHING: Final = "all"
RESULTS: Final = {"command.delivered": "delivered", "command.failed": "failed"}

# A remembered command: {key, step, status: issued | delivered | failed | undone, wanted_back, undo: {target, type,
# payload}}. Plain values, for they live in the case's data.
Remembered = Mapping[str, Any]


def issue(run: Run, step: Step) -> None:
    """`command`: an effect on an outside system, with an idempotency key that a repeat of the event cannot change."""
    payload = mapping_of(run, step.args.get("payload", {}))
    key = key_of(run, step)
    _send(run, step.name, str(step.args.get("type") or step.id), payload, key, step.id)
    undo = step.args.get("compensate")
    if undo is None:
        return
    # Filled in now: by the time it is taken back, the case's data may say something else.
    how = undo if isinstance(undo, Mapping) else {"type": undo}
    opposite = {
        "target": str(how.get("target") or step.name),
        "type": str(how["type"]),
        "payload": mapping_of(run, how["payload"]) if "payload" in how else payload,
    }
    entry = {"key": key, "step": step.id, "status": "issued", "wanted_back": False, "undo": opposite}
    if run.branch:
        entry["branch"] = run.branch
    _remember(run, [*_remembered(run), entry])


def key_of(run: Run, step: Step) -> str:
    """The idempotency key of a command that a step issues by this event."""
    return f"{run.case.key}:{run.event.seq}:{step.id}"


def roll_back(run: Run, step: Step) -> None:
    """`roll_back`: take back the commands of one step, of one parallel step, or all of them, the last one first."""
    _take_back(run, lambda e: step.name in (EVERYTHING, e["step"], str(e.get("branch", "")).partition("/")[0]))


def roll_back_all(run: Run) -> None:
    """Take back every command of the case that says how, the last one first."""
    _take_back(run, lambda entry: True)


def take_back_branches(run: Run, gone: Sequence[str]) -> None:
    """Take back what branches had commanded, given their paths, the last command first."""
    if gone:
        _take_back(run, lambda entry: entry.get("branch") in gone)


def _take_back(run: Run, meant: Callable[[Remembered], bool]) -> None:
    kept = list(_remembered(run))
    if not kept:
        return
    for place in range(len(kept) - 1, -1, -1):
        entry = kept[place]
        if meant(entry) and entry["status"] != "undone":
            kept[place] = _taken_back(run, {**entry, "wanted_back": True})
    _remember(run, kept)


def note_result(run: Run) -> None:
    """Keep how a command went, as `command` in the case's data; one that is wanted back by now is taken back."""
    data, status = run.event.data, RESULTS[run.event.type]
    result = {name: data.get(name) for name in ("command", "step", "type", "target", "attempts", "reason")}
    run.case = run.case._replace(data={**run.case.data, "command": {**result, "status": status}})
    run.notes["command"] = {"step": data.get("step"), "type": data.get("type"), "status": status}
    kept = list(_remembered(run))
    for place, entry in enumerate(kept):
        if entry["key"] == data.get("idempotency_key") and entry["status"] != "undone":
            kept[place] = _taken_back(run, {**entry, "status": status})
            _remember(run, kept)


def _taken_back(run: Run, entry: Remembered) -> Remembered:
    if not entry["wanted_back"] or entry["status"] != "delivered":
        return entry
    undo = entry["undo"]
    _send(run, undo["target"], undo["type"], dict(undo["payload"]), f"{entry['key']}:compensate", entry["step"])
    return {**entry, "status": "undone"}


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
