"""Versions of processes, and moving running cases from one to another."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.api.auth import CasesRead, ProcessesMigrate
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import Body, PageOf
from headgate.api.models.processes import DefinitionView, definition_view
from headgate.api.models.stepping import (
    DifferenceView,
    MigrationView,
    Move,
    MovedCase,
    MoveGroup,
    ProcessVersion,
    RehearsalView,
    StartMove,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import Code
from headgate.api.strict import StrictRoute
from headgate.process import get_definition, list_versions
from headgate.process.core.differences import differences
from headgate.process.core.moving import Renaming
from headgate.process.exporting import Form, export_process, version_in_force
from headgate.process.migration.rehearsal import rehearse
from headgate.process.migration.service import Progress, go_on, migration_of, start, undo

router = APIRouter(route_class=StrictRoute)
WhichVersion = Annotated[int | None, Query(ge=1, le=1_000_000, description="Left out: the one in force.")]


class Carry(Body):
    """Nothing more to say."""


@router.get("/processes", tags=["processes"], responses=problems(*READ))
def versions(caller: CasesRead) -> PageOf[ProcessVersion]:
    """All versions of all processes, newest first within each."""
    with caller.reading() as conn:
        rows = list_versions(conn)
    fields = ProcessVersion.model_fields
    return PageOf(items=[ProcessVersion(**{n: row[n] for n in fields}) for row in rows], next_cursor="")


@router.get("/processes/{process}", tags=["processes"], responses=problems(*FIND))
def definition(caller: CasesRead, process: Annotated[Code, Path()], version: WhichVersion = None) -> DefinitionView:
    """One version: its stages, what each waits for, its clock, and where it leads."""
    with caller.reading() as conn:
        found = get_definition(conn, process, version or version_in_force(conn, process))
    return definition_view(found)


@router.get(
    "/processes/{process}/export",
    tags=["processes"],
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The file, as its media type says."},
        **problems(*FIND, 422),
    },
)
def export(
    caller: CasesRead,
    process: Annotated[Code, Path()],
    form: Annotated[Form, Query(alias="format")] = "bpmn",
    version: WhichVersion = None,
) -> Response:
    """A version as a file: BPMN 2.0 with layout, its picture as SVG, or its source."""
    with caller.reading() as conn:
        found = export_process(conn, caller.app.policies, process, version or 0, form, caller.ctx.now)
    response = Response(found.text, media_type=found.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return response


@router.get("/processes/{process}/differences", tags=["processes"], responses=problems(*FIND, 422))
def diff(
    caller: CasesRead,
    process: Annotated[Code, Path()],
    old: Annotated[int, Query(ge=1, le=1_000_000)],
    new: Annotated[int, Query(ge=1, le=1_000_000)],
) -> PageOf[DifferenceView]:
    """What two versions have different."""
    with caller.reading() as conn:
        found = differences(get_definition(conn, process, old), get_definition(conn, process, new))
    return PageOf(items=[DifferenceView(**asdict(each)) for each in found], next_cursor="")


@router.post("/processes/{process}/rehearsal", tags=["processes"], responses=problems(*WRITE))
def rehearsal(caller: ProcessesMigrate, process: Annotated[Code, Path()], body: Move) -> RehearsalView:
    """Where each running case would stand in another version, and which cannot be moved. Nothing is written."""
    with caller.reading() as conn:
        found = rehearse(conn, caller.app.engine.definitions, process, body.to, _renaming(body), body.from_version)
    return RehearsalView(
        process=found.process,
        to=found.to,
        movable=found.movable,
        staying=found.staying,
        groups=[
            MoveGroup(
                from_version=group.from_version,
                from_stage=group.from_stage,
                to_stage=group.to_stage,
                why=group.why,
                count=group.count,
                cases=[
                    MovedCase(case=c.case_id, subject=c.subject, open=list(c.open), notes=list(c.notes))
                    for c in group.cases
                ],
            )
            for group in found.groups
        ],
    )


@router.post(
    "/processes/{process}/migrations", tags=["processes"], response_model=MigrationView, responses=problems(*WRITE)
)
def begin(
    request: Request, caller: ProcessesMigrate, process: Annotated[Code, Path()], body: StartMove, once: Once = None
) -> Response:
    """Start to move the running cases; the first five hundred are queued. A worker goes on by itself."""

    def act(conn: Connection[Any]) -> MigrationView:
        engine = caller.app.engine
        migration = start(conn, caller.ctx, engine, process, body.to, _renaming(body), body.reason, body.from_version)
        go_on(conn, caller.ctx, engine, migration)
        return _view(migration_of(conn, migration))

    return write_once(request, caller, once, body, act)


@router.get("/migrations/{migration}", tags=["processes"], responses=problems(*FIND))
def show(caller: CasesRead, migration: Annotated[UUID, Path()]) -> MigrationView:
    """How far a migration is."""
    with caller.reading() as conn:
        return _view(migration_of(conn, migration))


@router.post(
    "/migrations/{migration}/continue", tags=["processes"], response_model=MigrationView, responses=problems(*WRITE)
)
def carry_on(
    request: Request, caller: ProcessesMigrate, migration: Annotated[UUID, Path()], body: Carry, once: Once = None
) -> Response:
    """Queue the next five hundred cases now, forward or back, instead of when a worker does."""

    def act(conn: Connection[Any]) -> MigrationView:
        go_on(conn, caller.ctx, caller.app.engine, migration)
        return _view(migration_of(conn, migration))

    return write_once(request, caller, once, body, act)


@router.post(
    "/migrations/{migration}/undo", tags=["processes"], response_model=MigrationView, responses=problems(*WRITE)
)
def back(
    request: Request, caller: ProcessesMigrate, migration: Annotated[UUID, Path()], body: Carry, once: Once = None
) -> Response:
    """Start to move back what was moved and has not gone on since; then go on as before."""

    def act(conn: Connection[Any]) -> MigrationView:
        undo(conn, caller.ctx, migration)
        go_on(conn, caller.ctx, caller.app.engine, migration)
        return _view(migration_of(conn, migration))

    return write_once(request, caller, once, body, act)


def _renaming(body: Move) -> Renaming:
    return Renaming(body.stages, body.data, frozenset(body.keep))


def _view(found: Progress) -> MigrationView:
    reasons = [{"status": status, "why": why, "count": count} for status, why, count in found.reasons]
    return MigrationView(
        migration=found.migration,
        process=found.process,
        to=found.to,
        status=found.status,  # type: ignore[arg-type]  # one of the words the service writes
        reason=found.reason,
        counts=dict(found.counts),
        left=found.left,
        reasons=reasons,
    )
