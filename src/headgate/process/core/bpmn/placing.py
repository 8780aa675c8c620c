"""Where the elements of a process stand: the layout of its picture, with room for events and steps on the way.

Every stage has a cell with its activity and one row for each way out, below one another, so that no two lines lie on
each other. Lines run from a row into the gap behind the cell, there up or down in a track of their own, and through
the places that the layout keeps for long lines. What leads back arrives from above.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from headgate.process.core.bpmn.model import EVENT, Flow, Graph, Node, ident, under
from headgate.process.core.bpmn.stages import Drawn, Way
from headgate.process.core.bpmn.steps import TASK, message
from headgate.process.core.definition import Definition
from headgate.process.core.diagram import ways
from headgate.process.core.layout import Box, Edge, Layout, Point, Spacing, lay_out

_HIGH: Final = 80.0  # an activity
_PART: Final = 40.0  # the gateway behind it
_ON_THE_WAY: Final = 50.0  # a step between two stages
_TRACK: Final = 10.0
_TOP: Final = 20.0
_WORDS: Final = 130.0  # room for what is said at a line
_IN_A_LINE: Final = 22  # characters of it


@dataclass(frozen=True, slots=True)
class _Row:
    """A way out in its row: where its line begins, and how high the row is."""

    stage: str
    number: int
    source: str
    way: Way
    above: float  # the top of the row, from the top of the cell's activity
    border: bool = False  # whether it begins at an event of the border itself


@dataclass(slots=True)
class _Cell:
    rows: list[_Row] = field(default_factory=list)
    parts: dict[str, tuple[str, float]] = field(default_factory=dict)  # by event: its gateway, and the middle of that
    height: float = 0.0
    wide: float = 0.0


def place(definition: Definition, stages: Mapping[str, Drawn]) -> Graph:
    """The whole process as a graph with places."""
    cells = {name: _cell(name, each) for name, each in stages.items()}
    edges = [(r.stage, r.way.to) for c in cells.values() for r in c.rows if r.way.to is not None]
    into = Counter(to for _, to in edges)
    tops = {name: _TOP + _TRACK * into[name] for name in stages}
    returns = {name: _TRACK * (len(cell.rows) + 1) for name, cell in cells.items()}
    spacing = Spacing(
        width=max(150.0, *(c.wide for c in cells.values())),
        gap_x=_PART + 2 * _WORDS + TASK[0] + _TRACK * (len(edges) + 4),
        gap_y=24,
        lane=8 + _TRACK * max(Counter(edges).values(), default=1),
        margin=190,
        heights={n: tops[n] + cells[n].height + returns[n] for n in stages},
    )
    layout = lay_out(list(stages), [(w.start, w.end) for w in ways(definition)], spacing)
    graph = Graph()
    placer = _Placer(graph, layout, spacing, stages, cells, tops)
    placer.stages(definition)
    placer.flows()
    placer.starts(definition)
    return graph


def _cell(name: str, each: Drawn) -> _Cell:
    """The rows of a stage: what it comes to by itself beside its activity, what interrupts it below."""
    cell, number = _Cell(), 0
    source = each.activity.id if each.activity else ""
    y = _HIGH / 2 - _ON_THE_WAY / 2
    for way in each.ways:
        cell.rows.append(_Row(name, number, source if len(each.ways) == 1 else under(source, "which"), way, y))
        y += _row_height(way)
        number += 1
    y = max(y, _HIGH + EVENT)
    # The events at the right come first, so that a line going down crosses no row of another.
    for border in reversed(each.borders):
        begins = border.event.id
        if len(border.ways) > 1:
            begins = under(border.event.id, "which")
            cell.parts[border.event.id] = begins, y + _ON_THE_WAY / 2
        for way in border.ways:
            cell.rows.append(_Row(name, number, begins, way, y, border=begins == border.event.id))
            y += max(_row_height(way), _PART + 12 if len(border.ways) > 1 else 0)
            number += 1
    cell.height = max(y, _HIGH + EVENT)
    cell.wide = 2 * 20 + (EVENT + 10) * len(each.borders)
    return cell


def _row_height(way: Way) -> float:
    return _ON_THE_WAY + 24 if way.done is not None else 42


class _Placer:
    """Puts elements and lines into a graph. Tracks in the gaps are given out one after the other."""

    def __init__(
        self,
        graph: Graph,
        layout: Layout,
        spacing: Spacing,
        stages: Mapping[str, Drawn],
        cells: Mapping[str, _Cell],
        tops: Mapping[str, float],
    ) -> None:
        self.graph = graph
        self.layout = layout
        self.spacing = spacing
        self.drawn = stages
        self.cells = cells
        self.tops = tops
        self.tracks: dict[int, int] = defaultdict(int)
        self.arrived: Counter[str] = Counter()
        self.returned: Counter[str] = Counter()
        self.along: Counter[Edge] = Counter()
        self.last = 0.0  # the height at which the line being drawn is

    def stages(self, definition: Definition) -> None:
        """Activities with what stands at their borders, gateways behind them, and ends."""
        for name, each in self.drawn.items():
            box = self.activity_box(name)
            if each.activity is None:
                assert each.end is not None
                self.graph.put(each.end, Box(box.x, box.y + (_HIGH - EVENT) / 2, EVENT, EVENT), self.below(box))
                continue
            self.graph.put(each.activity, box)
            for number, border in enumerate(each.borders):
                x, y = box.x + 20 + (EVENT + 10) * number, box.y + _HIGH - EVENT / 2
                self.graph.put(border.event, Box(x, y, EVENT, EVENT), self.beside(name, border.event.id, x, y))
            if len(each.ways) > 1:
                asked = under(each.activity.id, "which")
                self.part(asked, box.y + _HIGH / 2, box)
                self.graph.join(
                    Flow(under(each.activity.id, "asks"), each.activity.id, asked),
                    ((box.x + box.width, box.y + _HIGH / 2), (box.x + box.width + 24, box.y + _HIGH / 2)),
                )
            for event, (id_, middle) in self.cells[name].parts.items():
                self.part(id_, box.y + middle, box)
                held = self.graph.boxes[event]
                down = held.x + EVENT / 2
                level = box.y + middle
                line = ((down, held.y + EVENT), (down, level), (box.x + box.width + 24, level))
                self.graph.join(Flow(under(event, "asks"), event, id_), line)
            if each.end is not None:
                x, y = box.x + box.width + 60, box.y + _HIGH / 2
                self.graph.put(each.end, Box(x, y - EVENT / 2, EVENT, EVENT), Box(x - 27, y + EVENT / 2 + 2, 90, 14))
                straight = ((box.x + box.width, y), (x, y))
                self.graph.join(Flow(under(each.activity.id, "ends"), each.activity.id, each.end.id), straight)

    def beside(self, stage: str, event: str, x: float, y: float) -> Box:
        """The words of a border event stand where its line turns into its row; without a row, below it."""
        top = self.activity_box(stage).y
        cell = self.cells[stage]
        rows = [top + r.above + _ON_THE_WAY / 2 for r in cell.rows if r.source == event]
        rows += [top + cell.parts[event][1]] if event in cell.parts else []
        if not rows:
            return Box(x - 12, y + EVENT + 2, 60, 14)
        return Box(x + EVENT / 2 + 6, rows[0] - 17, 120, 14)

    def activity_box(self, stage: str) -> Box:
        """Where a stage's activity stands in its cell."""
        cell = self.layout.boxes[stage]
        return Box(cell.x, cell.y + self.tops[stage], self.spacing.width, _HIGH)

    def part(self, id_: str, middle: float, box: Box) -> None:
        """A gateway behind an activity, or behind an event at its border."""
        self.graph.put(Node(id_, "exclusiveGateway"), Box(box.x + box.width + 24, middle - _PART / 2, _PART, _PART))

    def below(self, box: Box) -> Box:
        """Where the words of an end stand."""
        return Box(box.x - 40, box.y + _HIGH / 2 + EVENT / 2 + 2, 116, 27)

    def flows(self) -> None:
        """Every way out, row by row."""
        for name, cell in self.cells.items():
            for row in cell.rows:
                self.way(name, row)

    def way(self, stage: str, row: _Row) -> None:
        """One way: out of its element into its row, over what is done there, and to where it leads."""
        box, way = self.activity_box(stage), row.way
        level = box.y + row.above + _ON_THE_WAY / 2
        line = list(self.out_of(row.source, box, level))
        source = row.source
        id_ = ident("way", stage, str(row.number))
        high = 13.0 * (1 + len(way.name) // _IN_A_LINE)
        label = Box(box.x + box.width + _PART + 30, level - high - 3, _WORDS - 10, high) if way.name else None
        if way.done is not None:
            x = box.x + box.width + _PART + 30 + _WORDS
            done = self.graph.put(way.done, Box(x, level - _ON_THE_WAY / 2, TASK[0], _ON_THE_WAY))
            self.graph.join(
                Flow(under(id_, "does"), source, done.id, way.name, way.condition), (*line, (x, level)), label
            )
            source, line = done.id, [(x + TASK[0], level)]
        if way.to is None:
            return
        line += self.towards(stage, way.to, level, straight_down=way.done is None and row.border)
        bare = way.done is not None
        flow = Flow(id_, source, self.target(way.to), "" if bare else way.name, "" if bare else way.condition)
        self.graph.join(flow, tuple(line), None if bare else label)

    def out_of(self, source: str, box: Box, level: float) -> Iterator[Point]:
        """From an element's border onto the row."""
        held = self.graph.boxes[source]
        if held.y <= level <= held.y + held.height and held.x >= box.x + box.width - 1:
            yield held.x + held.width, level  # a gateway in the same row
            return
        if held == box:
            yield box.x + box.width, level
            return
        yield held.x + held.width / 2, held.y + held.height
        yield held.x + held.width / 2, level

    def target(self, stage: str) -> str:
        """The element that a way to a stage leads to."""
        each = self.drawn[stage]
        found = each.activity or each.end
        assert found is not None
        return found.id

    def towards(self, stage: str, to: str, level: float, *, straight_down: bool) -> Iterator[Point]:
        """From a row to a stage, forward or back."""
        here, there = self.layout.column[stage], self.layout.column[to]
        box = self.activity_box(to)
        nth = self.along[stage, to]
        self.along[stage, to] += 1
        if there > here:
            yield from self.through(stage, to, level, range(here + 1, there), nth)
            x = self.track(there - 1)
            yield x, self.last
            yield x, box.y + _HIGH / 2
            yield box.x, box.y + _HIGH / 2
            return
        if there == here:
            x = self.track(here)
            yield x, level
            self.last = level
        else:
            yield from self.back_under(stage, level, straight_down=straight_down)
            yield from self.through(stage, to, self.last, range(here - 1, there, -1), nth, back=True)
            x = self.track(there)
            yield x, self.last
        self.arrived[to] += 1
        above = box.y - _TRACK * self.arrived[to]
        x_in = box.x + box.width - 8 - 9 * (self.arrived[to] % 12)
        yield x, above
        yield x_in, above
        yield x_in, box.y

    def through(
        self, stage: str, to: str, level: float, columns: Sequence[int], nth: int, *, back: bool = False
    ) -> Iterator[Point]:
        """Through the places kept for a line in the columns between."""
        self.last = level
        inner = self.layout.arrows[stage, to][1:-1]
        for column, (first, second) in zip(columns, zip(inner[::2], inner[1::2], strict=True), strict=True):
            y = first[1] + _TRACK * nth - self.spacing.lane / 4
            x = self.track(column if back else column - 1)
            yield x, self.last
            yield x, y
            yield second[0], y
            self.last = y

    def back_under(self, stage: str, level: float, *, straight_down: bool) -> Iterator[Point]:
        """To the left side of a stage: along its own row, or below all rows where something is done on the way."""
        self.last = level
        if straight_down:
            return
        cell = self.layout.boxes[stage]
        self.returned[stage] += 1
        low = cell.y + cell.height - _TRACK * self.returned[stage]
        x = self.track(self.layout.column[stage])
        yield x, level
        yield x, low
        self.last = low

    def track(self, gap: int) -> float:
        """The next free track of a gap, from the right: those that arrive come from above or below."""
        self.tracks[gap] += 1
        right = self.spacing.margin + (gap + 1) * (self.spacing.width + self.spacing.gap_x)
        return right - 24 - _TRACK * self.tracks[gap]

    def starts(self, definition: Definition) -> None:
        """The events that start a case, left of the first stage."""
        box = self.activity_box(definition.initial)
        middle = box.y + _HIGH / 2
        for number, (type_, rule) in enumerate((t, r) for t, r in definition.events.items() if r.starts):
            y = middle + 70 * number
            node = Node(
                ident("start", type_), "startEvent", type_, (f"About {rule.subject}.",), inner=(message(type_),)
            )
            self.graph.put(node, Box(box.x - 120, y - EVENT / 2, EVENT, EVENT), Box(box.x - 165, y + 20, 126, 14))
            line = ((box.x - 84, y), (box.x - 40, y), (box.x - 40, middle), (box.x, middle))
            self.graph.join(Flow(under(node.id, "starts"), node.id, self.target(definition.initial)), line)
