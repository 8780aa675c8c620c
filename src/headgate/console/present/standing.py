"""Where a case stands, and what stepping in would do, as pages show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from headgate.console import urls
from headgate.console.present.names import Names
from headgate.console.views.common import FormError, Option
from headgate.console.views.standing import AroundRow, AskedRow, BranchRow, StepInView
from headgate.kernel.canonical import instant_text
from headgate.kernel.phrases import joined, phrase, worded
from headgate.process import Case, Definition
from headgate.process.core.branches import ALONE, Place, live
from headgate.process.core.consequences import Outlook, may_retry, step_words
from headgate.process.core.diagram import Tell, diagram
from headgate.process.core.intervening import Intervention
from headgate.ui.words import humanise

_VERBS = {"skip": phrase("Skip"), "retry": phrase("Repeat"), "jump": phrase("Move to")}


def picture(definition: Definition | None, stage: str, tell: Tell = str) -> Markup | None:
    """The process with the stage lit where the case is."""
    if definition is None:
        return None
    return Markup(diagram(definition, current=stage, tell=tell))  # noqa: S704 - every text in it is escaped where it is made


def branch_rows(definition: Definition, case: Case, *, may: bool) -> tuple[BranchRow, ...]:
    """The open branches of a case, in the order of the definition."""
    return tuple(_branch(case, place, may=may) for place in live(definition, case))


def _branch(case: Case, place: Place, *, may: bool) -> BranchRow:
    waits = place.branch["waits"] or {}
    words = step_words(place.step, case.subject)
    if waits.get("kind") == "task":
        words = f"{words}, {humanise(str(waits.get('role', ''))).lower()}"
    return BranchRow(
        path=place.full,
        name=place.step.id if place.name == ALONE else place.name,
        waits_for=words,
        status=place.branch["status"],
        why=place.branch["why"] or "",
        skip=urls.step_in(case.case_id, "skip", place.full) if may else "",
        retry=urls.step_in(case.case_id, "retry", place.full) if may and may_retry(place) else "",
    )


def around(children: Iterable[Mapping[str, Any]], parents: Iterable[Mapping[str, Any]]) -> tuple[AroundRow, ...]:
    """The cases that started this one, and those that it started."""
    return (*(_around(row, parent=True) for row in parents), *(_around(row, parent=False) for row in children))


def _around(row: Mapping[str, Any], *, parent: bool) -> AroundRow:
    subject_type = row["subject_type"]
    return AroundRow(
        subject=f"{humanise(subject_type)} {row['subject']}",
        process=humanise(row["process"]),
        stage=humanise(row["stage"]) if row["stage"] else "",
        status=str(row.get("case_status") or row["status"]),
        outcome=humanise(row["outcome"]).lower() if row["outcome"] else "",
        href=urls.case(row["case_id"]) if row["case_id"] else "",
        parent=parent,
    )


def asked_rows(rows: Iterable[Mapping[str, Any]], me: str, names: Names) -> tuple[AskedRow, ...]:
    """What waits for a second person."""
    return tuple(
        AskedRow(
            row["intervention"],
            said(row["kind"], row["at"]),
            row["reason"],
            names.person(row["asked_by"]),
            row["asked_at"],
            row["asked_by"] == me,
        )
        for row in rows
        if row["status"] == "waiting"
    )


def said(kind: str, at: str) -> str:
    """An intervention as a heading: 'Skip checks/papers', 'Move to Checking'."""
    return joined(" ", (_VERBS.get(kind, humanise(kind)), humanise(at) if kind == "jump" else at))


def step_in_view(
    definition: Definition,
    case: Case,
    wanted: Intervention,
    found: Outlook | None,
    *,
    blocked: str = "",
    errors: Sequence[FormError] = (),
) -> StepInView:
    """The page before stepping in. `found` is None while nothing is chosen or when it is not possible."""
    stage = definition.stages.get(wanted.at)
    kept = case.data.get("commands")
    return StepInView(
        case_id=case.case_id,
        case_title=joined(" ", (humanise(case.subject_type), case.subject)),
        kind=wanted.kind,
        at=wanted.at,
        title=phrase("Move to '%(title)s'", title=worded(stage.title))
        if stage is not None and wanted.kind == "jump"
        else _title(wanted),
        stages=tuple(Option(s.id, worded(s.title)) for s in definition.stages.values() if s.id != case.stage),
        will=found.will if found is not None else (),
        will_not=found.will_not if found is not None else (),
        second=found is not None and found.second,
        blocked=blocked,
        take_back=wanted.take_back,
        can_take_back=wanted.kind == "jump" and bool(kept),
        seen=instant_text(case.updated_at),
        reason=wanted.reason,
        errors=tuple(errors),
    )


def _title(wanted: Intervention) -> str:
    return phrase("Move to another stage") if wanted.kind == "jump" else said(wanted.kind, wanted.at)
