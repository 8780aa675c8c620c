"""A rehearsal and a migration as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from headgate.console import urls
from headgate.console.present.names import Names
from headgate.console.views.common import FormError, Option
from headgate.console.views.moving import (
    DifferenceRow,
    GroupRow,
    MigrationView,
    MovedCase,
    MoveView,
    PastMove,
    Question,
    StayRow,
)
from headgate.kernel.phrases import phrase, sentence, worded
from headgate.process import Definition
from headgate.process.core.differences import Difference
from headgate.process.core.moving import Renaming
from headgate.process.core.rules.finding import steps_of
from headgate.process.migration.rehearsal import Group, Rehearsal
from headgate.process.migration.service import Progress
from headgate.ui.words import humanise

STAGE: Final = "stage:"
DATA: Final = "data:"
KEEP: Final = "keep"
TO: Final = "to:"
_UNDER_WAY: Final = ("running", "undoing")
# What a reason says of mapping files; the page asks for it in fields of its own.
_ADVICE: Final = "; say under"
MOST_PAST: Final = 10


def renaming_of(fields: Mapping[str, str]) -> Renaming:
    """What the form says is called otherwise."""
    stages = {k.removeprefix(STAGE): v for k, v in fields.items() if k.startswith(STAGE) and v}
    said = {k.removeprefix(DATA): v for k, v in fields.items() if k.startswith(DATA) and v}
    return Renaming(
        stages,
        {name: value.removeprefix(TO) for name, value in said.items() if value.startswith(TO)},
        frozenset(name for name, value in said.items() if value == KEEP),
    )


def move_view(
    definitions: Mapping[int, Definition],
    to: int | None,
    past: Sequence[Mapping[str, Any]],
    *,
    current: int | None,
    found: Rehearsal | None = None,
    changes: Sequence[Difference] = (),
    fields: Mapping[str, str] | None = None,
    errors: tuple[FormError, ...] = (),
) -> MoveView:
    """The page. `definitions` are all versions of the process."""
    newest = definitions[max(definitions)]
    here = definitions.get(to) if to is not None else None
    under_way = next((str(each["migration"]) for each in past if each["status"] in _UNDER_WAY), "")
    return MoveView(
        process=newest.process,
        title=worded((here or newest).title),
        versions=tuple(
            Option(
                str(v),
                phrase("Version %(version)s, in force", version=v)
                if v == current
                else phrase("Version %(version)s", version=v),
            )
            for v in sorted(definitions, reverse=True)
        ),
        to=to,
        only=(fields or {}).get("from", ""),
        rehearsed=found is not None,
        movable=found.movable if found else 0,
        staying=found.staying if found else 0,
        groups=tuple(_group(group, definitions, here) for group in found.groups) if found and here else (),
        questions=_questions(found, definitions, here, fields or {}) if found and here else (),
        differences=tuple(DifferenceRow(_title(each.where, here), each.kind, each.what) for each in changes),
        past=tuple(
            PastMove(
                urls.migration(each["migration"]),
                each["to_version"],
                each["status"],
                each["started_at"],
                each["reason"],
            )
            for each in past[:MOST_PAST]
        ),
        under_way=urls.migration(under_way) if under_way else "",
        reason=(fields or {}).get("reason", ""),
        errors=errors,
    )


def migration_view(
    found: Progress, head: Mapping[str, Any], title: str, names: Names, *, may_act: bool
) -> MigrationView:
    """How far it is."""
    count = found.counts.get
    return MigrationView(
        migration=str(found.migration),
        process=found.process,
        title=title,
        to=found.to,
        status=found.status,
        reason=found.reason,
        by=names.person(head["started_by"]),
        at=head["started_at"],
        moved=count("moved", 0) + count("kept", 0),
        stayed=count("stayed", 0),
        waiting=count("queued", 0) + count("undoing", 0),
        left=found.left,
        back=count("undone", 0),
        more=found.status in _UNDER_WAY,
        stays=tuple(StayRow(sentence(why), n, status) for status, why, n in found.reasons),
        may_act=may_act,
    )


def _group(group: Group, definitions: Mapping[int, Definition], new: Definition | None) -> GroupRow:
    return GroupRow(
        version=group.from_version,
        stage=_title(group.from_stage, definitions.get(group.from_version)),
        to="" if group.why else _title(group.to_stage, new),
        count=group.count,
        why=tuple(sentence(each.split(_ADVICE)[0]) for each in group.reasons),
        cases=tuple(MovedCase(c.subject, urls.case(c.case_id), c.open, c.notes) for c in group.cases),
    )


def _title(stage: str, definition: Definition | None) -> str:
    known = definition.stages.get(stage) if definition is not None else None
    return worded(known.title) if known is not None else stage


def _questions(
    found: Rehearsal, definitions: Mapping[int, Definition], new: Definition, fields: Mapping[str, str]
) -> tuple[Question, ...]:
    places = tuple(Option(s.id, worded(s.title)) for s in new.stages.values() if not s.final)
    titles = {s.id: worded(s.title) for d in definitions.values() for s in d.stages.values()}
    steps = dict.fromkeys(s.id for stage in new.stages.values() for s in steps_of(stage) if s.id)
    keeps = (
        Option(KEEP, phrase("Carry it along as it is")),
        *(Option(f"{TO}{step}", phrase("It is now ‘%(step)s’", step=humanise(step))) for step in steps),
    )
    stages = (
        Question(f"{STAGE}{name}", name, titles.get(name, name), n, places, fields.get(f"{STAGE}{name}", ""))
        for name, n in found.gone.items()
    )
    data = (
        Question(f"{DATA}{name}", name, humanise(name), n, keeps, fields.get(f"{DATA}{name}", ""))
        for name, n in found.lost.items()
    )
    return (*stages, *data)
