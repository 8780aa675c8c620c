"""A process as a BPMN 2.0 file with layout, for modellers and for those who read processes in that notation.

Object Management Group, "Business Process Model and Notation (BPMN)", version 2.0.2, 2014. The file says what happens
and is not meant to be executed elsewhere (`isExecutable` is false): what actions do stands in Headgate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from headgate.process.core.bpmn.model import Graph, Node, element, ident, text, under
from headgate.process.core.bpmn.placing import place
from headgate.process.core.bpmn.stages import condition, drawn
from headgate.process.core.definition import Definition, within
from headgate.process.core.layout import Box, Point
from headgate.process.core.rules.finding import steps_of

MEDIA: Final = "application/xml"
BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_SPACES: Final = {
    "xmlns": BPMN,
    "xmlns:bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "xmlns:dc": "http://www.omg.org/spec/DD/20100524/DC",
    "xmlns:di": "http://www.omg.org/spec/DD/20100524/DI",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


def write_bpmn(definition: Definition, policies: Mapping[str, str] | None = None) -> str:
    """The file. `policies` say what stands as documentation where a policy is asked; the same input gives the same
    file."""
    stages = {s.id: drawn(s, definition, policies or {}) for s in definition.stages.values()}
    graph = place(definition, stages)
    name = ident(definition.process)
    attributes = {
        **_SPACES,
        "id": under("definitions", name),
        "name": definition.title,
        "targetNamespace": f"urn:headgate:process:{name}",
        "expressionLanguage": "urn:headgate:condition",
        "exporter": "Headgate",
    }
    said = [f"{definition.process}, version {definition.version}, digest {definition.digest}."]
    if definition.owner:
        said.append(f"Owned by {definition.owner}.")
    lines = [
        *_names(definition),
        *_tag(
            "process",
            {"id": name, "name": definition.title, "processType": "None", "isExecutable": "false"},
            [*_docs(said), *_elements(graph)],
        ),
        *_pages(graph, name),
    ]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *_tag("definitions", attributes, lines)]) + "\n"


def _names(definition: Definition) -> Iterator[str]:
    """What events carry: messages for what comes in, signals for what is emitted."""
    steps = [step for stage in definition.stages.values() for step in within(steps_of(stage))]
    waited = [e for s in definition.stages.values() for e in s.on] + [s.name for s in steps if s.kind == "wait"]
    for type_ in dict.fromkeys([*definition.events, *waited]):
        if not type_.startswith("timer."):
            yield element("message", {"id": ident("message", type_), "name": type_})
    for type_ in dict.fromkeys(s.name for s in steps if s.kind == "emit"):
        yield element("signal", {"id": ident("signal", type_), "name": type_})


def _elements(graph: Graph) -> Iterator[str]:
    for node in graph.nodes:
        yield from _node(node, graph)
    for flow in graph.flows:
        if not flow.association:
            attributes = {"id": flow.id, "name": flow.name, "sourceRef": flow.source, "targetRef": flow.target}
            inner = [*_docs(flow.docs), *filter(None, [condition(flow.condition)])]
            yield from _tag("sequenceFlow", attributes, inner)
    for flow in graph.flows:
        if flow.association:
            attributes = {"id": flow.id, "associationDirection": "One"}
            yield element("association", attributes | {"sourceRef": flow.source, "targetRef": flow.target})


def _node(node: Node, graph: Graph) -> Iterator[str]:
    own = [f for f in graph.flows if not f.association]
    out = [f for f in own if f.source == node.id]
    attributes = {"id": node.id, "name": node.name, **node.attributes}
    plain = [f for f in out if not f.condition and not f.name]
    if node.tag == "exclusiveGateway" and len(plain) == 1:
        attributes["default"] = plain[0].id
    inner = [
        *_docs(node.docs),
        *(element("incoming", body=f.id) for f in own if f.target == node.id),
        *(element("outgoing", body=f.id) for f in out),
        *node.inner,
        *(_elements(node.plane) if node.plane is not None else ()),
    ]
    yield from _tag(node.tag, attributes, inner)


def _pages(graph: Graph, of: str) -> Iterator[str]:
    """One page for the process, and one for each sub-process, which modellers open from its box."""
    yield from _tag(
        "bpmndi:BPMNDiagram",
        {"id": under("page", of)},
        _tag("bpmndi:BPMNPlane", {"id": under("plane", of), "bpmnElement": of}, list(_drawn(graph))),
    )
    for node in graph.nodes:
        if node.plane is not None:
            yield from _pages(node.plane, node.id)


def _drawn(graph: Graph) -> Iterator[str]:
    for node in graph.nodes:
        attributes = {"id": under(node.id, "shape"), "bpmnElement": node.id}
        if node.plane is not None:
            attributes["isExpanded"] = "false"
        if node.tag == "exclusiveGateway":
            attributes["isMarkerVisible"] = "true"
        yield from _tag(
            "bpmndi:BPMNShape", attributes, [_bounds(graph.boxes[node.id]), *_label(graph.labels.get(node.id))]
        )
    for flow in graph.flows:
        attributes = {"id": under(flow.id, "edge"), "bpmnElement": flow.id}
        inner = [*(_waypoint(p) for p in graph.lines[flow.id]), *_label(graph.labels.get(flow.id))]
        yield from _tag("bpmndi:BPMNEdge", attributes, inner)


def _label(box: Box | None) -> Iterator[str]:
    if box is not None:
        yield element("bpmndi:BPMNLabel", None, (_bounds(box),))


def _bounds(box: Box) -> str:
    numbers = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
    return element("dc:Bounds", {name: f"{round(value, 1):g}" for name, value in numbers.items()})


def _waypoint(point: Point) -> str:
    return element("di:waypoint", {"x": f"{round(point[0], 1):g}", "y": f"{round(point[1], 1):g}"})


def _docs(said: Sequence[str]) -> Iterator[str]:
    for each in said:
        yield element("documentation", body=each)


def _tag(name: str, attributes: Mapping[str, str], inner: Sequence[str]) -> list[str]:
    told = "".join(f' {key}="{text(value)}"' for key, value in attributes.items() if value)
    if not inner:
        return [f"<{name}{told}/>"]
    return [f"<{name}{told}>", *(f"  {line}" for line in inner), f"</{name}>"]
