"""Processes as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from headgate.console import urls
from headgate.console.views.processes import ProcessesView, ProcessRow, ProcessVersionRow, ProcessView, StageRow
from headgate.kernel.phrases import joined, phrase, worded
from headgate.process import Definition
from headgate.process.core.definition import Stage
from headgate.process.core.diagram import Live, Tell, diagram, ways
from headgate.ui.words import humanise

_FILES: Final = (("bpmn", phrase("BPMN 2.0 file")), ("svg", phrase("Picture (SVG)")), ("yaml", phrase("Source (YAML)")))


def chosen(versions: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Of each process the active version, else the newest. `versions` are newest first within a process."""
    found: dict[str, Mapping[str, Any]] = {}
    for version in versions:
        known = found.get(version["process"])
        if known is None or (version["status"] == "active" and known["status"] != "active"):
            found[version["process"]] = version
    return found


def processes_view(versions: Sequence[Mapping[str, Any]], sums: Mapping[str, Mapping[str, Any]]) -> ProcessesView:
    """The list."""
    rows = []
    for process, version in sorted(chosen(versions).items()):
        own = sums.get(process, {})
        age = own.get("age_hours")
        rows.append(
            ProcessRow(
                process=process,
                title=worded(version["title"]),
                version=version["version"],
                status=version["status"],
                since=version["valid_from"],
                open=own.get("open", 0),
                late=own.get("late", 0),
                age_hours=None if age is None else int(age),
            )
        )
    return ProcessesView(tuple(rows))


def process_view(
    definition: Definition,
    versions: Sequence[Mapping[str, Any]],
    counts: Mapping[str, tuple[int, int]],
    *,
    may_move: bool = False,
    tell: Tell = str,
) -> ProcessView:
    """One version. `counts` are open and late cases by stage; `tell` says the words of its picture."""
    own = [v for v in versions if v["process"] == definition.process]
    live = {s.id: _live(definition, s, counts) for s in definition.stages.values() if not s.final}
    leads = {s: tuple(w.end for w in ways(definition) if w.start == s) for s in definition.stages}
    titles = {s.id: worded(s.title) for s in definition.stages.values()}
    return ProcessView(
        process=definition.process,
        title=worded(definition.title),
        version=definition.version,
        status=next((v["status"] for v in own if v["version"] == definition.version), "retired"),
        owner=humanise(definition.owner),
        svg=Markup(diagram(definition, live=live, tell=tell)),  # noqa: S704 - every text in it is escaped where it is made
        open=sum(n for n, _ in counts.values()),
        late=sum(n for _, n in counts.values()),
        stages=tuple(
            StageRow(
                title=titles[s.id],
                clock=_clock(s),
                leads=tuple(titles[end] for end in leads[s.id]),
                kind="final" if s.final else "exception" if s.exception else "straight",
                open=counts.get(s.id, (0, 0))[0],
                late=counts.get(s.id, (0, 0))[1],
                href=live[s.id].href if s.id in live else "",
            )
            for s in definition.stages.values()
        ),
        versions=tuple(
            ProcessVersionRow(
                v["version"],
                v["status"],
                v["valid_from"],
                v["valid_until"],
                urls.process_version(definition.process, v["version"]),
            )
            for v in own
        ),
        files=tuple((words, urls.process_file(definition.process, definition.version, form)) for form, words in _FILES),
        may_move=may_move,
    )


def _live(definition: Definition, stage: Stage, counts: Mapping[str, tuple[int, int]]) -> Live:
    open_, late = counts.get(stage.id, (0, 0))
    # The list of cases holds those with a clock.
    href = urls.cases_in(definition.process, stage.id) if stage.sla is not None else ""
    return Live(open_, late, href)


def _clock(stage: Stage) -> str:
    if stage.sla is None:
        return ""
    said = [phrase("%(hours)s working hours", hours=f"{stage.sla.hours.normalize():f}")]
    if stage.sla.target is not None:
        said.append(phrase("target %(hours)s", hours=f"{stage.sla.target.normalize():f}"))
    said += [phrase("paused: %(because)s", because=worded(pause.because)) for pause in stage.sla.pauses]
    return joined(", ", said)
