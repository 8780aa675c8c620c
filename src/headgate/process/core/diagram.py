"""A process as a picture: SVG with a title, a description, and classes that a theme colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final

from headgate.process.core.definition import Definition, Stage
from headgate.process.core.layout import Box, Layout, Point, lay_out

_LINE: Final = 22  # characters of a title on one line
STYLE: Final = """
.diagram{font:13px system-ui,sans-serif;color:#1b1f24;background:#fff}
.diagram rect{fill:#f6f8fa;stroke:#57606a}.diagram text{fill:currentColor}
.diagram .way{fill:none;stroke:#57606a;stroke-width:1.25}.diagram .back{stroke-dasharray:5 4}
.diagram .tip{fill:#57606a}.diagram .exception rect{fill:#fff8e6;stroke:#9a6700}
.diagram .final rect{stroke-width:2.5}.diagram .current rect{fill:#ddf4ff;stroke:#0550ae;stroke-width:2.5}
.diagram .count{font-weight:600}.diagram .late{fill:#a40e26}
@media (prefers-color-scheme:dark){.diagram{color:#e6edf3;background:#0d1117}.diagram rect{fill:#161b22;stroke:#8b949e}
.diagram .way{stroke:#8b949e}.diagram .tip{fill:#8b949e}.diagram .exception rect{fill:#2d2305;stroke:#d29922}
.diagram .current rect{fill:#0c2d6b;stroke:#79c0ff}.diagram .late{fill:#ff7b72}}
"""


@dataclass(frozen=True, slots=True)
class Live:
    """How many cases are in a stage, how many of them are late, and where their list is."""

    open: int
    late: int
    href: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How a case gets from one stage to another: by what, in words."""

    start: str
    end: str
    by: tuple[str, ...]


def ways(definition: Definition) -> list[Way]:
    """Every pair of stages with a transition between them, and what takes it."""
    found: dict[tuple[str, str], list[str]] = {}
    for stage in definition.stages.values():
        for by, transitions in (("at once", stage.go), *stage.on.items()):
            for transition in transitions:
                if transition.to in definition.stages:
                    when = " if " + " and ".join(".".join(c.path) for c in transition.when) if transition.when else ""
                    found.setdefault((stage.id, transition.to or ""), []).append(f"{by}{when}")
    return [Way(a, b, tuple(dict.fromkeys(by))) for (a, b), by in found.items()]


def diagram(
    definition: Definition, *, live: Mapping[str, Live] | None = None, current: str = "", style: bool = False
) -> str:
    """The picture as SVG. `current` is lit; `style` puts colours for both themes into it, for a file of its own."""
    stages, found = list(definition.stages.values()), ways(definition)
    layout = lay_out([s.id for s in stages], [(w.start, w.end) for w in found])
    name = f"{definition.process}-{definition.version}"
    said = f"{len(stages)} stages: {', '.join(s.title for s in stages)}."
    parts = [
        _opening(name, f"{layout.width:g}", f"{layout.height:g}"),
        f'<title id="{escape(name)}-t">{escape(definition.title)}, version {definition.version}</title>',
        f'<desc id="{escape(name)}-d">{escape(said)}</desc>',
        f"<style>{STYLE}</style>" if style else "",
        *(_arrow(way, layout, definition) for way in found),
        *(_box(s, layout.boxes[s.id], (live or {}).get(s.id), lit=s.id == current) for s in stages),
        "</svg>",
    ]
    return "".join(parts)


def _opening(name: str, width: str, height: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="group" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-labelledby="{escape(name)}-t {escape(name)}-d">'
    )


def _box(stage: Stage, box: Box, live: Live | None, *, lit: bool) -> str:
    kinds = [
        "stage",
        *(["final"] if stage.final else []),
        *(["exception"] if stage.exception else []),
        *(["current"] if lit else []),
    ]
    lines = _wrapped(stage.title)
    middle = box.x + box.width / 2
    top = box.y + (24 if live else 34) - 8 * (len(lines) - 1) + (4 if live is None else 0)
    texts = "".join(
        f'<text x="{middle:g}" y="{top + 16 * n:g}" text-anchor="middle">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    radius = 26 if stage.final else 8
    said = [stage.title, *(["the case is here"] if lit else []), *(["ends the case"] if stage.final else [])]
    counts = ""
    if live is not None:
        late = f' <tspan class="late">{live.late} late</tspan>' if live.late else ""
        y = box.y + box.height - 8
        counts = f'<text class="count" x="{middle:g}" y="{y:g}" text-anchor="middle">{live.open} open{late}</text>'
        said.append(f"{live.open} open, {live.late} late")
    body = (
        f"<title>{escape(', '.join(said))}</title>"
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="{radius}"></rect>'
        f"{texts}{counts}"
    )
    if live is not None and live.href:
        body = f'<a href="{escape(live.href)}">{body}</a>'
    return f'<g class="{" ".join(kinds)}" data-stage="{escape(stage.id)}">{body}</g>'


def _arrow(way: Way, layout: Layout, definition: Definition) -> str:
    points = layout.arrows[way.start, way.end]
    back = " back" if (way.start, way.end) in layout.back else ""
    start, end = (definition.stages[s].title for s in (way.start, way.end))
    said = f"from {start} to {end}: {', '.join(way.by)}"
    return (
        f'<g data-from="{escape(way.start)}" data-to="{escape(way.end)}"><title>{escape(said)}</title>'
        f'<path class="way{back}" d="{_path(points, looped=way.start == way.end)}"></path>{_tip(points)}</g>'
    )


def _path(points: Sequence[Point], *, looped: bool) -> str:
    (x, y), *rest = points
    if looped:
        return f"M{x:g} {y:g}C{_flat(rest)}"
    parts = [f"M{x:g} {y:g}"]
    for (ax, ay), (bx, by) in pairwise(points):
        middle = (ax + bx) / 2
        parts.append(f"C{_flat([(middle, ay), (middle, by), (bx, by)])}")
    return "".join(parts)


def _flat(points: Iterable[Point]) -> str:
    return " ".join(f"{x:g} {y:g}" for x, y in points)


def _tip(points: Sequence[Point]) -> str:
    (bx, _), (x, y) = points[-2], points[-1]
    if y > points[-2][1] and abs(x - bx) <= 6:  # a loop comes down onto its box
        return f'<path class="tip" d="M{x:g} {y:g}l-4 -8h8z"></path>'
    step = -8 if x >= bx else 8
    return f'<path class="tip" d="M{x:g} {y:g}l{step} -4v8z"></path>'


def _wrapped(title: str) -> list[str]:
    """A title on at most two lines; what does not fit is cut, and stands in the box's own title."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    kept = [line if len(line) <= _LINE else line[: _LINE - 1] + "…" for line in lines[:2]]
    return [*kept[:-1], kept[-1][: _LINE - 1] + "…"] if len(lines) > 2 else kept
