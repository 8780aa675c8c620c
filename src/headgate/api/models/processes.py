"""A process definition as API clients read it."""

from __future__ import annotations

from headgate.api.models.common import Shape
from headgate.api.parameters import Amount
from headgate.process import Definition
from headgate.process.core.definition import Stage
from headgate.process.core.diagram import ways


class ClockView(Shape):
    """The clock of a stage, in working hours. `pauses` are reasons, `chain` are roles in their order."""

    hours: Amount
    warn: Amount
    target: Amount | None
    pauses: list[str]
    chain: list[str]


class WayView(Shape):
    """Where a stage leads, and what takes the case there."""

    to: str
    by: list[str]


class StageView(Shape):
    """One stage. `final` is the outcome with which a case ends here, empty where it goes on."""

    stage: str
    title: str
    owner: str
    exception: bool
    final: str
    clock: ClockView | None
    steps: list[str]
    waits_for: list[str]
    leads: list[WayView]


class DefinitionView(Shape):
    """One version of a process, stage by stage; `initial` is where cases begin."""

    process: str
    version: int
    title: str
    subject: str
    owner: str
    digest: str
    initial: str
    starts: list[str]
    stages: list[StageView]


def definition_view(found: Definition) -> DefinitionView:
    """A definition for an answer."""
    leads: dict[str, list[WayView]] = {}
    for way in ways(found):
        leads.setdefault(way.start, []).append(WayView(to=way.end, by=list(way.by)))
    return DefinitionView(
        process=found.process,
        version=found.version,
        title=found.title,
        subject=found.subject,
        owner=found.owner,
        digest=found.digest,
        initial=found.initial,
        starts=[type_ for type_, rule in found.events.items() if rule.starts],
        stages=[_stage(stage, found.owner, leads.get(stage.id, [])) for stage in found.stages.values()],
    )


def _stage(stage: Stage, owner: str, leads: list[WayView]) -> StageView:
    sla = stage.sla
    return StageView(
        stage=stage.id,
        title=stage.title,
        owner=stage.owner or owner,
        exception=stage.exception,
        final=stage.final,
        clock=None
        if sla is None
        else ClockView(
            hours=sla.hours,
            warn=sla.warn,
            target=sla.target,
            pauses=[pause.because for pause in sla.pauses],
            chain=[link.role for link in sla.chain],
        ),
        steps=[f"{step.kind} {step.name}" if step.kind != "set" else "set" for step in stage.enter],
        waits_for=list(stage.on),
        leads=leads,
    )
