"""Cases that a step starts in another process: one, or one for each value of a list; and what became of them.

A sub-case is started by the event that starts its process, put into the log in the transaction of the step, and tells
of its end by an event too: parent and child share nothing else, and may be worked on by two workers at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from headgate.kernel.errors import Misconfigured, invalid
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.process.core.definition import Definition, EventRule, Step, at_path, fill, placeholders
from headgate.process.core.running import Run, value_of
from headgate.process.core.state import CaseStarted

COUNTED: Final = "subcases"  # in the case's data: how many were started, by step
MOST: Final = 200
CANCELLED: Final = "cancelled"
Waits = Mapping[str, Any]


def start(run: Run, step: Step) -> dict[str, object] | None:
    """Start the cases of a step. What the step waits for then; None when there is nothing to wait for."""
    type_, rule, process = _starter(run, step)
    items = _items(run, step)
    started: dict[str, object] = {}
    for number, item in enumerate(items, start=1):
        effect = _one(run, step, (type_, rule, process), item, number)
        run.effects.append(effect)
        started[str(effect.link)] = {
            "number": number,
            "process": effect.process,
            "key": effect.key,
            "subject": effect.subject,
            "outcome": None,
            "data": {},
        }
    _count(run, step, len(items))
    waits: dict[str, object] = {"kind": "subcase", "needed": _needed(step, len(items)), "cases": started}
    detached = step.args.get("detached") is True
    run.keep(step, {"status": "started", **_told(waits)} if detached else result(waits, "running"))
    if detached:
        return None
    if not items:
        run.keep(step, result(waits, "ended"))
        return None
    return waits


def open_ones(waits: Waits) -> Iterator[tuple[UUID, Mapping[str, str]]]:
    """Those that have not ended, in the order in which they were started."""
    for link, started in sorted(waits["cases"].items(), key=lambda pair: pair[1]["number"]):
        if started["outcome"] is None:
            yield UUID(link), started


def note_end(waits: Waits, link: str, outcome: str, data: Mapping[str, object]) -> dict[str, object]:
    """What is waited for after one of the cases has ended."""
    cases = waits["cases"]
    return {**waits, "cases": {**cases, link: {**cases[link], "outcome": outcome, "data": dict(data)}}}


def verdict(step: Step, waits: Waits) -> str:
    """`ended` when enough cases ended as the step accepts, `failed` when too few are left for that, else `running`."""
    accept = step.args.get("accept")
    outcomes = [c["outcome"] for c in waits["cases"].values()]
    good = sum(o is not None and _accepted(o, accept) for o in outcomes)
    if good >= waits["needed"]:
        return "ended"
    return "failed" if good + outcomes.count(None) < waits["needed"] else "running"


def result(waits: Waits, status: str) -> dict[str, object]:
    """What the case keeps of its sub-cases: how they ended together and each by itself, and what they brought."""
    told = _told(waits)
    outcomes = told["outcomes"]
    assert isinstance(outcomes, list)
    one = outcomes[0] if len(set(outcomes)) == 1 else "mixed" if outcomes else ""
    brought = told["cases"][0]["data"] if len(told["cases"]) == 1 else {}  # type: ignore[index,arg-type]
    return {**dict(brought), "status": status, "outcome": one, **told}


def _told(waits: Waits) -> dict[str, object]:
    cases = sorted(waits["cases"].values(), key=lambda c: int(c["number"]))
    names = ("process", "subject", "outcome", "data")
    return {
        "outcomes": [c["outcome"] for c in cases if c["outcome"] is not None],
        "cases": [{name: c[name] for name in names} for c in cases],
    }


def _accepted(outcome: str, accept: object) -> bool:
    if accept is None:
        return outcome != CANCELLED
    return outcome in accept if isinstance(accept, Sequence) and not isinstance(accept, str) else outcome == accept


def _needed(step: Step, count: int) -> int:
    join = step.args.get("join", "all")
    return count if join == "all" else min(count, 1 if join == "any" else int(str(join)))


def _starter(run: Run, step: Step) -> tuple[str, EventRule, Definition]:
    """The event that starts the process of a step, its rule, and the process in its active version."""
    process = run.around.processes.get(step.name)
    here = f"{run.definition.process}@{run.definition.version}"
    if process is None:
        raise Misconfigured(
            phrase(
                "%(here)s starts %(name)s, which has no active version; install what brings it",
                here=here,
                name=step.name,
            )
        )
    starting = {type_: rule for type_, rule in process.events.items() if rule.starts}
    wanted = str(step.args.get("event") or next(iter(starting)))
    if wanted not in starting or ("event" not in step.args and len(starting) > 1):
        raise Misconfigured(
            phrase(
                "%(here)s: step %(id)s has to say with which event %(name)s starts: event: %(names)s",
                here=here,
                id=step.id,
                name=step.name,
                names=" or ".join(starting),
            )
        )
    return wanted, starting[wanted], process


def _items(run: Run, step: Step) -> Sequence[object]:
    if "each" not in step.args:
        return [None]
    items = value_of(run, step.args["each"])
    if items is None:
        return []
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise invalid(f"{step.id}.each", items, "is no list", "Point it at a list, for example $check.lines.")
    if len(items) > MOST:
        raise invalid(
            f"{step.id}.each",
            len(items),
            phrase("is more than %(most)s cases at once", most=MOST),
            "Start them in parts.",
        )
    return items


def _one(run: Run, step: Step, starter: tuple[str, EventRule, Definition], item: object, number: int) -> CaseStarted:
    type_, rule, process = starter
    counted = run.case.data.get(COUNTED)
    before = counted.get(step.id, 0) if isinstance(counted, Mapping) else 0
    data = _data(run, step, rule, item, f"{run.case.subject}-{step.id}-{before + number}")
    for name in dict.fromkeys((*placeholders(rule.key), *placeholders(rule.subject))):
        if not isinstance(data.get(name), str) or not data[name]:
            fix = f"Give it under data, as text; {type_} needs it."
            raise invalid(f"{step.id}.data.{name}", data.get(name), "says not what the case is about", fix)
    return CaseStarted(
        link=derive_id(run.around.now, "subcase", run.case.case_id, run.event.seq, run.branch, step.id, number),
        case_id=run.case.case_id,
        step=step.id,
        branch=run.branch,
        process=process.process,
        type=type_,
        key=fill(rule.key, data),
        subject_type=process.subject,
        subject=fill(rule.subject, data),
        data=data,
        actor=run.event.actor,
        take=_take(step),
        detached=step.args.get("detached") is True,
    )


def _data(run: Run, step: Step, rule: EventRule, item: object, new: str) -> dict[str, object]:
    """The data of the event that starts a case: by default it is about the same subject as this one."""
    template = step.args.get("data")
    if template is None:
        return dict.fromkeys((*placeholders(rule.key), *placeholders(rule.subject)), run.case.subject)
    given = template if isinstance(template, Mapping) else {}
    return {str(name): _value(run, value, item, new) for name, value in given.items()}


def _value(run: Run, value: object, item: object, new: str) -> object:
    if value == "$new":
        return new
    if isinstance(value, str) and (value == "$item" or value.startswith("$item.")):
        return at_path({"item": item}, tuple(value[1:].split(".")))
    return value_of(run, value)


def _take(step: Step) -> dict[str, str]:
    take = step.args.get("take")
    return {str(k): str(v) for k, v in take.items()} if isinstance(take, Mapping) else {}


def _count(run: Run, step: Step, more: int) -> None:
    counted = run.case.data.get(COUNTED)
    known = dict(counted) if isinstance(counted, Mapping) else {}
    known[step.id] = int(known.get(step.id, 0)) + more
    run.case = run.case._replace(data={**run.case.data, COUNTED: known})
