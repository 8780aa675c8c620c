"""Where the boxes and arrows of a process go: layers by longest path, few crossings, no box on another.

K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981: turn the
arrows that close a circle, put each stage one column behind the last stage that leads to it, let long arrows pass
through places of their own, and order each column by where its neighbours are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_SWEEPS: Final = 12

Edge = tuple[str, str]
Point = tuple[float, float]
_Via = tuple[str, str, int]  # an arrow's place in a column


@dataclass(frozen=True, slots=True)
class Spacing:
    """The size of boxes and the room between them, in pixels; `lane` is the height of a place an arrow passes
    through, `heights` what differs from `height`."""

    width: float = 168
    height: float = 60
    gap_x: float = 84
    gap_y: float = 28
    lane: float = 16
    margin: float = 24
    heights: Mapping[str, float] = field(default_factory=dict)

    def of(self, node: str | _Via) -> float:
        """The height of a stage, or of a place that an arrow passes through."""
        return self.heights.get(node, self.height) if isinstance(node, str) else self.lane


USUAL: Final = Spacing()


@dataclass(frozen=True, slots=True)
class Box:
    """A stage's place, from its upper left corner."""

    x: float
    y: float
    width: float = USUAL.width
    height: float = USUAL.height


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by stage, and each arrow's points from its start to its end. `back` are arrows that lead back, `column`
    says where a stage stands, from the left."""

    boxes: Mapping[str, Box]
    arrows: Mapping[Edge, tuple[Point, ...]]
    back: frozenset[Edge]
    width: float
    height: float
    column: Mapping[str, int]


def lay_out(nodes: Sequence[str], edges: Sequence[Edge], spacing: Spacing = USUAL) -> Layout:
    """Place stages, the first one at the left, and the arrows between them. The same input gives the same picture;
    another spacing moves things apart and changes nothing else."""
    pairs = [e for e in dict.fromkeys(edges) if e[0] != e[1]]
    back = _closing(nodes, pairs)
    forward = list(dict.fromkeys((b, a) if (a, b) in back else (a, b) for a, b in pairs))
    layer = _layers(nodes, forward)
    columns, neighbours = _columns(nodes, forward, layer)
    _untangle(columns, neighbours)
    return _place(columns, edges, back, layer, spacing)


def _closing(nodes: Sequence[str], edges: Sequence[Edge]) -> set[Edge]:
    """The arrows that close a circle, looking from the first stage on."""
    out: dict[str, list[str]] = {n: [] for n in nodes}
    for a, b in edges:
        out[a].append(b)
    seen: set[str] = set()
    open_: set[str] = set()
    back: set[Edge] = set()
    for root in nodes:
        if root in seen:
            continue
        seen.add(root)
        open_.add(root)
        stack = [(root, iter(out[root]))]
        while stack:
            here, ways = stack[-1]
            following = next(ways, None)
            if following is None:
                open_.discard(here)
                stack.pop()
            elif following in open_:
                back.add((here, following))
            elif following not in seen:
                seen.add(following)
                open_.add(following)
                stack.append((following, iter(out[following])))
    return back


def _layers(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    layer = dict.fromkeys(nodes, 0)
    for _ in nodes:
        changed = False
        for a, b in edges:
            if layer[b] <= layer[a]:
                layer[b] = layer[a] + 1
                changed = True
        if not changed:
            break
    return layer


def _columns(
    nodes: Sequence[str], edges: Sequence[Edge], layer: Mapping[str, int]
) -> tuple[list[list[str | _Via]], dict[str | _Via, list[str | _Via]]]:
    columns: list[list[str | _Via]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for node in nodes:
        columns[layer[node]].append(node)
    neighbours: dict[str | _Via, list[str | _Via]] = {node: [] for node in nodes}
    for a, b in edges:
        before: str | _Via = a
        for place in range(layer[a] + 1, layer[b]):
            via = (a, b, place)
            columns[place].append(via)
            neighbours.setdefault(via, []).append(before)
            neighbours[before].append(via)
            before = via
        neighbours[before].append(b)
        neighbours[b].append(before)
    return columns, neighbours


def _untangle(columns: list[list[str | _Via]], neighbours: Mapping[str | _Via, list[str | _Via]]) -> None:
    """Order each column by the mean place of its neighbours in the column before, then behind, in turns."""
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        order = range(1, len(columns)) if forth else range(len(columns) - 2, -1, -1)
        for number in order:
            beside = columns[number - 1 if forth else number + 1]
            rank = {n: place / max(len(beside) - 1, 1) for place, n in enumerate(beside)}
            here = {n: place / max(len(columns[number]) - 1, 1) for place, n in enumerate(columns[number])}

            def mean(
                node: str | _Via, rank: Mapping[str | _Via, float] = rank, here: Mapping[str | _Via, float] = here
            ) -> float:
                found = [rank[n] for n in neighbours[node] if n in rank]
                return sum(found) / len(found) if found else here[node]

            columns[number].sort(key=mean)


def _place(
    columns: Sequence[Sequence[str | _Via]],
    edges: Sequence[Edge],
    back: set[Edge],
    layer: Mapping[str, int],
    room: Spacing,
) -> Layout:
    heights = [sum(room.of(n) for n in column) + room.gap_y * max(len(column) - 1, 0) for column in columns]
    tallest = max(heights, default=0)
    boxes: dict[str, Box] = {}
    lanes: dict[_Via, tuple[Point, Point]] = {}
    for number, (column, height) in enumerate(zip(columns, heights, strict=True)):
        x, y = room.margin + number * (room.width + room.gap_x), room.margin + (tallest - height) / 2
        for node in column:
            if isinstance(node, str):
                boxes[node] = Box(x, y, room.width, room.of(node))
            else:
                lanes[node] = (x, y + room.lane / 2), (x + room.width, y + room.lane / 2)  # past the boxes beside it
            y += room.of(node) + room.gap_y
    arrows = {edge: _points(edge, boxes, lanes, edge in back, layer) for edge in dict.fromkeys(edges)}
    width = 2 * room.margin + len(columns) * (room.width + room.gap_x) - room.gap_x
    return Layout(boxes, arrows, frozenset(back), width, 2 * room.margin + tallest, layer)


def _points(
    edge: Edge,
    boxes: Mapping[str, Box],
    lanes: Mapping[_Via, tuple[Point, Point]],
    back: bool,
    layer: Mapping[str, int],
) -> tuple[Point, ...]:
    a, b = boxes[edge[0]], boxes[edge[1]]
    if edge[0] == edge[1]:
        x, y = a.x + a.width / 2, a.y
        return ((x - 18, y), (x - 14, y - 16), (x + 14, y - 16), (x + 18, y))
    first, last = (edge[1], edge[0]) if back else edge
    vias = [point for n in range(layer[first] + 1, layer[last]) for point in lanes[first, last, n]]
    # What leads back leaves and arrives a little lower, so that it does not lie on what leads forth.
    if back:
        low = a.height * 0.3
        return (
            (a.x, a.y + a.height / 2 + low),
            *reversed(vias),
            (b.x + b.width, b.y + b.height / 2 + low),
        )
    return ((a.x + a.width, a.y + a.height / 2), *vias, (b.x, b.y + b.height / 2))
