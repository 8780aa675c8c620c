"""Steps as BPMN elements: tasks, events and gateways, laid out from left to right.

`run` is a service task, `decide` a business rule task, `approve` and `task` are user tasks, `command` is a send task,
`set` a script task, `subcase` a call activity (many of them with `each`), `emit` throws a signal, `wait` and a `timer`
in a branch catch an event. Branches run between parallel gateways; where not all have to be done, a complex gateway
joins them. A command that can be taken back carries a compensation event with the command that does so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from headgate.process.core.bpmn.model import EVENT, GATEWAY, Flow, Graph, Node, element, ident, under
from headgate.process.core.definition import Step, needed
from headgate.process.core.layout import Box

TASK: Final = (120.0, 70.0)
_GAP: Final = 56.0
_BELOW: Final = 130.0  # what a command that can be taken back needs under it
_TITLE: Final = 60.0  # modellers show the way back to the whole process there
Policies = Mapping[str, str]  # what is said about a policy, by its name


def node_of(step: Step, at: str, policies: Policies, *, inside: bool) -> Node:
    """The element of a step; its id begins with `at`. `inside` a branch, a timer is waited for where it stands."""
    id_, docs = under(at, ident(step.id)), tuple(_docs(step, policies))
    match step.kind:
        case "run":
            return Node(id_, "serviceTask", step.name, docs)
        case "decide":
            return Node(id_, "businessRuleTask", step.name, docs)
        case "approve":
            return Node(id_, "userTask", f"Approve by {step.name}", docs)
        case "task":
            return Node(id_, "userTask", step.name, docs, inner=owner(str(step.args.get("role") or "")))
        case "command":
            return Node(id_, "sendTask", f"{step.args.get('type') or step.id} to {step.name}", docs)
        case "set":
            return Node(id_, "scriptTask", f"Set {', '.join(step.args)}", docs)
        case "subcase":
            each = (element("multiInstanceLoopCharacteristics"),) if "each" in step.args else ()
            return Node(id_, "callActivity", step.name, docs, {"calledElement": ident(step.name)}, each)
        case "emit":
            inner = (element("signalEventDefinition", {"signalRef": ident("signal", step.name)}),)
            return Node(id_, "intermediateThrowEvent", step.name, docs, inner=inner)
        case "roll_back":
            named = f"Take back {'everything' if step.name == 'all' else step.name}"
            return Node(id_, "intermediateThrowEvent", named, docs, inner=(element("compensateEventDefinition"),))
        case "wait":
            return Node(id_, "intermediateCatchEvent", step.name, docs, inner=(message(step.name),))
        case "timer" if inside:
            return Node(id_, "intermediateCatchEvent", step.name, docs, inner=(timer(step),))
        case _:
            return Node(id_, "task", step.name, docs)


def sequence(steps: Sequence[Step], at: str, policies: Policies) -> Graph:
    """Steps one after the other between a start and an end."""
    graph = Graph()
    middle = _TITLE + _above(steps) / 2
    start = graph.put(Node(under(at, "start"), "startEvent"), _around(20, middle, (EVENT, EVENT)))
    x, last = _line_up(graph, steps, at, policies, 20 + EVENT + _GAP, middle, start.id, inside=False)
    end = graph.put(Node(under(at, "end"), "endEvent"), _around(x, middle, (EVENT, EVENT)))
    _connect(graph, last, end.id)
    return graph


def _line_up(
    graph: Graph,
    steps: Sequence[Step],
    at: str,
    policies: Policies,
    x: float,
    middle: float,
    last: str,
    *,
    inside: bool,
) -> tuple[float, str]:
    """Place steps from `x` on; where the next one may begin, and the element that leads there."""
    for number, step in enumerate(steps):
        here = under(at, str(number))
        if step.kind == "parallel":
            x, last = _side_by_side(graph, step, here, policies, x, middle, last)
            continue
        node = node_of(step, here, policies, inside=inside)
        size = (EVENT, EVENT) if node.tag.endswith("Event") else TASK
        graph.put(node, _around(x, middle, size), _under(x, middle) if size[0] == EVENT else None)
        _connect(graph, last, node.id)
        if step.kind in ("command", "run") and "compensate" in step.args:
            _compensation(graph, step, node.id)
        x, last = x + size[0] + _GAP, node.id
    return x, last


def _side_by_side(
    graph: Graph, step: Step, at: str, policies: Policies, x: float, middle: float, last: str
) -> tuple[float, str]:
    id_ = under(at, ident(step.id))
    box = _around(x, middle, (GATEWAY, GATEWAY))
    fork = graph.put(Node(under(id_, "fork"), "parallelGateway", step.name), box, _beside(box))
    _connect(graph, last, fork.id)
    heights = [_height(steps) for steps in step.branches.values()]
    y, right, ends = middle - (sum(heights) + 30 * (len(heights) - 1)) / 2, x, []
    for (name, steps), height in zip(step.branches.items(), heights, strict=True):
        centre = y + _above(steps) / 2
        to, end = _line_up(
            graph, steps, under(id_, ident(name)), policies, x + GATEWAY + _GAP, centre, fork.id, inside=True
        )
        right, y = max(right, to), y + height + 30
        ends.append((end, name))
    box = _around(right, middle, (GATEWAY, GATEWAY))
    joined = graph.put(_join(id_, step), box, _beside(box))
    for end, _ in ends:
        _connect(graph, end, joined.id)
    return right + GATEWAY + _GAP, joined.id


def _join(id_: str, step: Step) -> Node:
    count = needed(step)
    if count == len(step.branches):
        return Node(under(id_, "join"), "parallelGateway", "All done")
    said = f"{count} of {len(step.branches)} done"
    condition = element("activationCondition", body=f"activationCount >= {count}")
    return Node(under(id_, "join"), "complexGateway", said, ("The other branches are ended then.",), inner=(condition,))


def _compensation(graph: Graph, step: Step, node: str) -> None:
    undo = step.args["compensate"]
    how = undo if isinstance(undo, Mapping) else {"run" if step.kind == "run" else "type": undo}
    kind = str(how.get("run") or how.get("type") or step.id)
    box = graph.boxes[node]
    x, y = box.x + 24, box.y + box.height
    event = Node(
        under(node, "undo"),
        "boundaryEvent",
        "",
        attributes={"attachedToRef": node},
        inner=(element("compensateEventDefinition"),),
    )
    graph.put(event, Box(x - EVENT / 2, y - EVENT / 2, EVENT, EVENT))
    tag = "serviceTask" if "run" in how else "sendTask"
    handler = Node(under(node, "taken_back"), tag, kind, attributes={"isForCompensation": "true"})
    graph.put(handler, Box(x + 30, y + 40, *TASK))
    line = ((x, y + EVENT / 2), (x, y + 40 + TASK[1] / 2), (x + 30, y + 40 + TASK[1] / 2))
    graph.join(Flow(under(node, "undone_by"), event.id, handler.id, association=True), line)


def _height(steps: Sequence[Step]) -> float:
    below = _BELOW if any(s.kind in ("command", "run") and "compensate" in s.args for s in steps) else 0
    return _above(steps) + below


def _above(steps: Sequence[Step]) -> float:
    """The height of the tallest step, around the middle of its line."""
    return max(
        TASK[1] + 30,
        *(
            sum(_height(b) for b in step.branches.values()) + 30 * (len(step.branches) - 1)
            for step in steps
            if step.kind == "parallel"
        ),
        0,
    )


def _connect(graph: Graph, source: str, target: str) -> None:
    a, b = graph.boxes[source], graph.boxes[target]
    (x, y), (to_x, to_y) = (a.x + a.width, a.y + a.height / 2), (b.x, b.y + b.height / 2)
    if y == to_y:
        line: tuple[tuple[float, float], ...] = ((x, y), (to_x, to_y))
    elif source.endswith("--fork"):
        centre = a.x + a.width / 2
        line = ((centre, a.y if to_y < y else a.y + a.height), (centre, to_y), (to_x, to_y))
    elif target.endswith("--join"):
        centre = b.x + b.width / 2
        line = ((x, y), (centre, y), (centre, b.y if y < to_y else b.y + b.height))
    else:
        line = ((x, y), (x + _GAP / 2, y), (x + _GAP / 2, to_y), (to_x, to_y))
    graph.join(Flow(under(source, "leads", target), source, target), line)


def _around(x: float, middle: float, size: tuple[float, float]) -> Box:
    return Box(x, middle - size[1] / 2, *size)


def _beside(box: Box) -> Box:
    """Right of a gateway's lower corner: lines leave from its corners."""
    return Box(box.x + GATEWAY * 0.7, box.y + GATEWAY - 4, 80, 14)


def _under(x: float, middle: float) -> Box:
    return Box(x + EVENT / 2 - 45, middle + EVENT / 2 + 4, 90, 27)


def message(type_: str) -> str:
    """What catches an event of a type."""
    return element("messageEventDefinition", {"messageRef": ident("message", type_)})


def timer(step: Step) -> str:
    """When a timer fires: at an instant that the case knows, or after working hours (which no ISO duration can say)."""
    if step.args.get("hours") is not None:
        said = ("timeDuration", f"{step.args['hours']} working hours")
    else:
        said = ("timeDate", str(step.args.get("at", "")))
    return element("timerEventDefinition", None, (element(said[0], body=said[1]),))


def owner(role: str) -> tuple[str, ...]:
    """Who may do a user task."""
    if not role:
        return ()
    by = element("resourceAssignmentExpression", None, (element("formalExpression", body=role),))
    return (element("potentialOwner", None, (by,)),)


def _docs(step: Step, policies: Policies) -> Iterator[str]:
    if step.kind in ("decide", "approve"):
        yield policies.get(step.name) or f"Policy {step.name}."
    if step.kind == "subcase" and step.args.get("detached") is True:
        yield "The case does not wait for it."
    shown = {k: v for k, v in step.args.items() if k not in ("role", "detached")}
    if shown:
        yield "; ".join(f"{name}: {value}" for name, value in shown.items())
