"""What a BPMN file says, before it is written: elements, flows, and where each is drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Final

from headgate.process.core.layout import Box, Point

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_.]")
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
EVENT: Final = 36.0  # the sizes that modellers draw events and gateways with
GATEWAY: Final = 50.0


@dataclass(frozen=True, slots=True)
class Node:
    """An element of a process. `inner` stands in it after its flows, as XML; `plane` is drawn on a page of its own."""

    id: str
    tag: str
    name: str = ""
    docs: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    inner: tuple[str, ...] = ()
    plane: Graph | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow, or (`association`) the line from a compensation event to what takes back."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str = ""
    docs: tuple[str, ...] = ()
    association: bool = False


@dataclass(slots=True)
class Graph:
    """Elements with their places; `labels` only where a modeller would put them badly."""

    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    boxes: dict[str, Box] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)
    lines: dict[str, tuple[Point, ...]] = field(default_factory=dict)

    def put(self, node: Node, box: Box, label: Box | None = None) -> Node:
        """Add an element at a place."""
        self.nodes.append(node)
        self.boxes[node.id] = box
        if label is not None:
            self.labels[node.id] = label
        return node

    def join(self, flow: Flow, line: tuple[Point, ...], label: Box | None = None) -> None:
        """Add a flow along a line; points that say nothing new are left out."""
        self.flows.append(flow)
        self.lines[flow.id] = straightened(line)
        if label is not None:
            self.labels[flow.id] = label


def straightened(line: tuple[Point, ...]) -> tuple[Point, ...]:
    """A line without repeated points and without points in the middle of a straight part. Two points remain."""
    kept: list[Point] = []
    for point in line:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept.pop()
        kept.append(point)
    return tuple(kept) if len(kept) > 1 else (*kept, *kept)


def ident(*parts: str) -> str:
    """An XML name of parts, another one for other parts: what stands between them cannot stand in them."""
    return "--".join(_NOT_IN_NAMES.sub(lambda found: f"-{ord(found[0]):x}-", part) for part in parts)


def under(name: str, *parts: str) -> str:
    """A name that belongs to another one; all of them are XML names already."""
    return "--".join((name, *parts))


def text(value: str) -> str:
    """Text as it stands in an XML file; characters that XML has no place for are replaced."""
    return escape(_ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", value), quote=True).replace("\n", "&#10;")


def element(name: str, attributes: Mapping[str, str] | None = None, inner: tuple[str, ...] = (), body: str = "") -> str:
    """An element on one line; attributes without a value are left out."""
    said = "".join(f' {key}="{text(value)}"' for key, value in (attributes or {}).items() if value)
    held = "".join(inner) + text(body)
    return f"<{name}{said}>{held}</{name}>" if held else f"<{name}{said}/>"
