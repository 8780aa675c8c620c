"""A process as a picture: SVG with a title, a description, and classes that a theme colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final

from headgate.kernel.phrases import counted, joined, phrase
from headgate.process.core.definition import Definition, Stage
from headgate.process.core.layout import Box, Layout, Point, lay_out

Tell = Callable[[str], str]
AT_ONCE: Final = phrase("at once")
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
        for by, transitions in ((AT_ONCE, stage.go), *stage.on.items()):
            for transition in transitions:
                if transition.to in definition.stages:
                    facts = [".".join(condition.path) for condition in transition.when]
                    told = phrase("%(by)s if %(facts)s", by=by, facts=joined(phrase(" and "), facts)) if facts else by
                    found.setdefault((stage.id, transition.to or ""), []).append(told)
    return [Way(a, b, tuple(dict.fromkeys(by))) for (a, b), by in found.items()]


def diagram(
    definition: Definition,
    *,
    live: Mapping[str, Live] | None = None,
    current: str = "",
    style: bool = False,
    tell: Tell = str,
) -> str:
    """The picture as SVG. `current` is lit; `style` puts colours for both themes into it, for a file of its own; `tell`
    says its words in the reader's language."""
    stages, found = list(definition.stages.values()), ways(definition)
    layout = lay_out([s.id for s in stages], [(w.start, w.end) for w in found])
    name = f"{definition.process}-{definition.version}"
    titles = {s.id: tell(s.title) for s in stages}
    said = tell(
        counted(
            "%(count)s stage: %(titles)s.",
            "%(count)s stages: %(titles)s.",
            len(stages),
            titles=", ".join(titles.values()),
        )
    )
    called = tell(phrase("%(title)s, version %(version)s", title=tell(definition.title), version=definition.version))
    parts = [
        _opening(name, f"{layout.width:g}", f"{layout.height:g}"),
        f'<title id="{escape(name)}-t">{escape(called)}</title>',
        f'<desc id="{escape(name)}-d">{escape(said)}</desc>',
        f"<style>{STYLE}</style>" if style else "",
        *(_arrow(way, layout, titles, tell) for way in found),
        *(_box(s, layout.boxes[s.id], (live or {}).get(s.id), titles[s.id], tell, lit=s.id == current) for s in stages),
        "</svg>",
    ]
    return "".join(parts)


def _opening(name: str, width: str, height: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="group" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-labelledby="{escape(name)}-t {escape(name)}-d">'
    )


def _box(stage: Stage, box: Box, live: Live | None, title: str, tell: Tell, *, lit: bool) -> str:
    kinds = [
        "stage",
        *(["final"] if stage.final else []),
        *(["exception"] if stage.exception else []),
        *(["current"] if lit else []),
    ]
    lines = _wrapped(title)
    middle = box.x + box.width / 2
    top = box.y + (24 if live else 34) - 8 * (len(lines) - 1) + (4 if live is None else 0)
    texts = "".join(
        f'<text x="{middle:g}" y="{top + 16 * n:g}" text-anchor="middle">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    radius = 26 if stage.final else 8
    said = [
        title,
        *([tell(phrase("the case is here"))] if lit else []),
        *([tell(phrase("ends the case"))] if stage.final else []),
    ]
    counts = ""
    if live is not None:
        open_ = tell(counted("%(count)s open", "%(count)s open", live.open))
        overdue = tell(counted("%(count)s late", "%(count)s late", live.late))
        late = f' <tspan class="late">{escape(overdue)}</tspan>' if live.late else ""
        y = box.y + box.height - 8
        counts = f'<text class="count" x="{middle:g}" y="{y:g}" text-anchor="middle">{escape(open_)}{late}</text>'
        said += [open_, overdue]
    body = (
        f"<title>{escape(', '.join(said))}</title>"
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="{radius}"></rect>'
        f"{texts}{counts}"
    )
    if live is not None and live.href:
        body = f'<a href="{escape(live.href)}">{body}</a>'
    return f'<g class="{" ".join(kinds)}" data-stage="{escape(stage.id)}">{body}</g>'


def _arrow(way: Way, layout: Layout, titles: Mapping[str, str], tell: Tell) -> str:
    points = layout.arrows[way.start, way.end]
    back = " back" if (way.start, way.end) in layout.back else ""
    by = ", ".join(map(tell, way.by))
    said = tell(phrase("from %(start)s to %(end)s: %(by)s", start=titles[way.start], end=titles[way.end], by=by))
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
