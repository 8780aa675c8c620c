"""Stages as BPMN activities, and what leads out of each.

A stage is the element of its one step, or a sub-process where it has more to show. It lasts as long as the case is in
the stage: what `on` waits for interrupts it (a message or timer at its border), or does not where the case stays; what
it comes to by itself (`go`, an approval's answer) leaves it through an exclusive gateway. A service level is a timer
at the border that interrupts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from headgate.process.core.bpmn.model import Node, element, ident, under
from headgate.process.core.bpmn.steps import Policies, message, node_of, sequence, timer
from headgate.process.core.definition import Condition, Definition, ServiceLevel, Stage, Step, Transition

# What a stage comes to by itself, rather than from outside.
_ANSWERS: Final = ("approval.", "task.completed")
_BORDER: Final = "cancelActivity"


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a stage: from the stage itself or from an event at its border, over what is done on the way.

    `to` is None where the case stays. `name` is what people read at the line.
    """

    to: str | None
    name: str
    condition: str = ""
    docs: tuple[str, ...] = ()
    done: Node | None = None


@dataclass(frozen=True, slots=True)
class Border:
    """An event at the border of a stage, and where it leads; several ways part by their conditions."""

    event: Node
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A stage as it is drawn. `activity` is None for an end without anything to do; `end` is the end event."""

    activity: Node | None
    ways: tuple[Way, ...]
    borders: tuple[Border, ...]
    end: Node | None


def drawn(stage: Stage, definition: Definition, policies: Policies) -> Drawn:
    """A stage's activity, its ways out and its border events."""
    id_ = ident("stage", stage.id)
    borders = tuple(_borders(stage, id_, policies))
    activity: Node | None = _activity(stage, id_, policies)
    if stage.final and not borders and not _steps(stage):
        activity = None
    end = Node(under(id_, "end"), "endEvent", stage.title if activity is None else stage.final) if stage.final else None
    return Drawn(activity, tuple(_outcomes(stage, id_, policies)), borders, end)


def _steps(stage: Stage) -> list[Step]:
    """The steps that a stage's activity shows: timers stand at its border."""
    return [s for s in stage.enter if s.kind != "timer"]


def _activity(stage: Stage, id_: str, policies: Policies) -> Node:
    steps, docs = _steps(stage), tuple(_docs(stage))
    shown = [s for s in steps if s.kind != "set"]
    if not steps:
        return Node(id_, "task" if stage.final else "receiveTask", stage.title, docs)
    if len(shown) == 1 and shown[0].kind not in ("parallel", "emit", "roll_back") and "compensate" not in shown[0].args:
        alone = node_of(shown[0], id_, policies, inside=False)
        sets = [f"Sets {', '.join(s.args)}." for s in steps if s.kind == "set"]
        said = (*docs, f"{shown[0].kind} {shown[0].name}", *alone.docs, *sets)
        return replace(alone, id=id_, name=stage.title, docs=said)
    return Node(id_, "subProcess", stage.title, docs, plane=sequence(steps, under(id_, "steps"), policies))


def _docs(stage: Stage) -> Iterator[str]:
    if stage.owner:
        yield f"Owned by {stage.owner}."
    if stage.exception:
        yield "Off the straight path."
    for event, transitions in stage.on.items():
        for transition in transitions:
            if transition.refuse:
                yield f"Refuses {event}: {transition.refuse}"


def _outcomes(stage: Stage, id_: str, policies: Policies) -> Iterator[Way]:
    """What a stage comes to by itself, `go` first."""
    for number, transition in enumerate(stage.go):
        said = _said(transition.when)
        yield _way(transition, said, said, under(id_, "go", str(number)), policies, stay=stage.id)
    for event, transitions in stage.on.items():
        if event.startswith(_ANSWERS):
            for number, transition in enumerate(_taken(transitions)):
                said = " and ".join([event, *([_said(transition.when)] if transition.when else [])])
                yield _way(transition, said, said, under(id_, "on", ident(event), str(number)), policies, stay=stage.id)


def _borders(stage: Stage, id_: str, policies: Policies) -> Iterator[Border]:
    timers = {s.name: s for s in stage.enter if s.kind == "timer"}
    if stage.sla is not None:
        yield from _service_level(stage.sla, stage, id_)
    for event, transitions in stage.on.items():
        taken = _taken(transitions)
        if not any(t.to is not None or _done(t) for t in taken) or event.startswith((*_ANSWERS, "sla.")):
            continue
        name = event.removeprefix("timer.")
        caught = message(event)
        if event.startswith("timer."):
            caught = timer(timers.get(name, Step(name, "timer", name, {"at": f"as set for {name}"})))
        yield _border(stage, id_, event, name, caught, taken, policies)


def _service_level(sla: ServiceLevel, stage: Stage, id_: str) -> Iterator[Border]:
    """The breach of a stage's clock, with the handlers of `sla.breached` if there are any."""
    docs = [f"Warns after {(sla.hours * sla.warn).normalize():f} working hours."]
    if sla.target is not None:
        docs.append(f"Aims at {sla.target.normalize():f} working hours.")
    docs += [f"Stands still ({p.because}) from {p.on} until {' or '.join(p.until)}." for p in sla.pauses]
    docs += [
        f"{link.after.normalize():f} working hours later {link.role} {'gets the work' if link.reassign else 'is told'}."
        for link in sla.chain
    ]
    step = Step("sla", "timer", "sla", {"hours": f"{sla.hours.normalize():f}"})
    for event in ("sla.breached", "sla.warned", "sla.escalated"):
        taken = _taken(stage.on.get(event, ()))
        if event == "sla.breached" or taken:
            name = f"{sla.hours.normalize():f} h" if event == "sla.breached" else event
            found = _border(stage, id_, event, name, timer(step), taken, {})
            yield replace(found, event=replace(found.event, docs=tuple(docs)))


def _border(
    stage: Stage, id_: str, event: str, name: str, caught: str, taken: Sequence[Transition], policies: Policies
) -> Border:
    at = under(id_, "on", ident(event))
    ends = any(t.to is not None for t in taken)
    attributes = {"attachedToRef": id_, _BORDER: "true" if ends else "false"}
    ways = [_way(t, _said(t.when), _said(t.when), under(at, str(n)), policies, stay=None) for n, t in enumerate(taken)]
    return Border(Node(at, "boundaryEvent", name, (), attributes, (caught,)), tuple(ways))


def _way(transition: Transition, name: str, condition: str, at: str, policies: Policies, *, stay: str | None) -> Way:
    steps = _done(transition)
    done: Node | None = None
    if len(steps) == 1 and "compensate" not in steps[0].args and steps[0].kind in ("run", "decide", "command", "task"):
        done = node_of(steps[0], at, policies, inside=False)
    elif steps:
        title = ", then ".join(s.name if s.kind != "set" else s.id for s in steps)
        done = Node(under(at, "do"), "subProcess", title, plane=sequence(steps, under(at, "do"), policies))
    return Way(transition.to or stay, name, condition, (), done)


def _taken(transitions: Sequence[Transition]) -> list[Transition]:
    """Those that can be taken: nothing comes after one without conditions."""
    found: list[Transition] = []
    for transition in transitions:
        if not transition.refuse:
            found.append(transition)
        if not transition.when:
            break
    return found


def _done(transition: Transition) -> list[Step]:
    """What is done on the way; a `set` of nothing is how a definition says that an event is no error."""
    return [s for s in transition.steps if s.kind != "set" or s.args]


def _said(conditions: Sequence[Condition]) -> str:
    parts = []
    for each in conditions:
        values = [str(v).lower() if isinstance(v, bool) else str(v) for v in each.values]
        wanted = f"= {values[0]}" if len(values) == 1 else f"in ({', '.join(values)})"
        parts.append(f"{'.'.join(each.path)} {wanted}")
    return " and ".join(parts)


def condition(said: str) -> str:
    """A condition as BPMN keeps it; the language of it is ours."""
    return element("conditionExpression", {"xsi:type": "tFormalExpression"}, body=said) if said else ""
