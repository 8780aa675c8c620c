"""The picture of a process: every stage a box, every transition an arrow, and no box on another."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.process.core.diagram import Live, diagram, ways
from headgate.process.core.layout import Box, Layout, lay_out
from headgate.process.core.parse import parse_definition
from tests.unit.process.test_parse import GOOD

SVG = "{http://www.w3.org/2000/svg}"
FILES = sorted((Path(__file__).parents[3] / "packs").glob("*/processes/*.yaml"))


def overlapping(layout: Layout) -> list[tuple[str, str]]:
    def apart(a: Box, b: Box) -> bool:
        return a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y

    return [(m, n) for (m, a), (n, b) in combinations(layout.boxes.items(), 2) if not apart(a, b)]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_stage_is_a_box_and_every_transition_an_arrow(file: Path) -> None:
    definition = parse_definition(file.read_text(encoding="utf-8"), file.name)
    root = ElementTree.fromstring(diagram(definition, style=True))
    assert [g.get("data-stage") for g in root.iter(f"{SVG}g") if g.get("data-stage")] == list(definition.stages)
    drawn = {(g.get("data-from"), g.get("data-to")) for g in root.iter(f"{SVG}g") if g.get("data-from")}
    meant = {
        (s.id, t.to)
        for s in definition.stages.values()
        for ts in (s.go, *s.on.values())
        for t in ts
        if t.to is not None
    }
    assert drawn == meant
    layout = lay_out(list(definition.stages), [(w.start, w.end) for w in ways(definition)])
    assert overlapping(layout) == []
    assert [t.tag for t in root[:2]] == [f"{SVG}title", f"{SVG}desc"]


def test_counts_are_links_and_what_is_written_by_people_is_escaped() -> None:
    definition = parse_definition(GOOD.replace("title: Mending", 'title: "<script>&"'), "repair.yaml")
    text = diagram(definition, live={"mending": Live(12, 3, "/cases?stage=mending&late=1")}, current="mending")
    root = ElementTree.fromstring(text)
    (link,) = root.iter(f"{SVG}a")
    assert link.get("href") == "/cases?stage=mending&late=1"
    assert "".join(link.itertext()).count("12 open") == 2  # to be seen, and to be heard
    assert "<script>" not in text
    lit = [g.get("data-stage") for g in root.iter(f"{SVG}g") if "current" in (g.get("class") or "").split()]
    assert lit == ["mending"]


names = [f"s{n}" for n in range(12)]


@given(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=40), st.integers(1, 12))
@settings(max_examples=80)
def test_whatever_leads_where_boxes_lie_apart_within_the_picture(edges: list[tuple[str, str]], count: int) -> None:
    nodes = names[:count]
    kept = [e for e in edges if e[0] in nodes and e[1] in nodes]
    layout = lay_out(nodes, kept)
    assert set(layout.boxes) == set(nodes)
    assert set(layout.arrows) == set(kept)
    assert overlapping(layout) == []
    for box in layout.boxes.values():
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height
    # Arrows that do not lead back lead to the right.
    for (a, b), points in layout.arrows.items():
        if a != b and (a, b) not in layout.back:
            assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert lay_out(nodes, kept) == layout


def test_a_picture_is_said_in_the_readers_language() -> None:
    definition = parse_definition(FILES[0].read_text(encoding="utf-8"), FILES[0].name)
    live = {stage: Live(2, 1) for stage in definition.stages}
    drawn = diagram(definition, live=live, current=next(iter(definition.stages)), tell=lambda text: f"⟦{text}⟧")
    told = [" ".join((each.text or "").split()) for each in ElementTree.fromstring(drawn).iter() if each.text]
    assert len(told) > 3 * len(definition.stages)
    # A long title is cut into lines, of which the last has the closing bracket.
    assert [each for each in told if not each.startswith("⟦") and not each.endswith(("⟧", "…"))] == []
