"""Stepping into cases by hand, and finishing tasks."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from psycopg import Connection

from headgate.api.auth import Caller, CasesIntervene, CasesRead
from headgate.api.idempotency import Once, settle_once, why_refused, write_once
from headgate.api.models.common import Body
from headgate.api.models.stepping import (
    Complete,
    Completed,
    InterventionView,
    LinkedCase,
    PlaceView,
    Standing,
    StepIn,
    SteppedIn,
)
from headgate.api.openapi import FIND, WRITE, problems
from headgate.api.strict import StrictRoute
from headgate.process import case_detail, complete_task
from headgate.process.core.branches import live
from headgate.process.core.intervening import Intervention
from headgate.process.interventions import confirm, interventions_of, open_places, step_in, turn_down
from headgate.process.linking import children_of, parents_of
from headgate.process.queries import applied

router = APIRouter(route_class=StrictRoute)


class Confirm(Body):
    """Nothing more to say."""


@router.get("/cases/{case}/standing", tags=["cases"], responses=problems(*FIND))
def standing(caller: CasesRead, case: Annotated[UUID, Path()]) -> Standing:
    """Where a case waits, which cases it started and which started it, and what a second person has to confirm."""
    with caller.reading() as conn:
        found, definition = open_places(caller.app.engine, conn, case)
        children, parents = children_of(conn, case), parents_of(conn, found.process, found.key)
        asked = interventions_of(conn, case)
    return Standing(
        branches=[
            PlaceView(
                branch=p.full, step=p.step.id, kind=p.step.kind, status=p.branch["status"], why=p.branch["why"] or ""
            )
            for p in live(definition, found)
        ],
        children=[_linked(row) for row in children],
        parents=[_linked(row) for row in parents],
        interventions=[InterventionView.model_validate(_shown(row)) for row in asked],
    )


@router.post("/cases/{case}/interventions", tags=["cases"], response_model=SteppedIn, responses=problems(*WRITE))
def intervene(
    request: Request, caller: CasesIntervene, case: Annotated[UUID, Path()], body: StepIn, once: Once = None
) -> Response:
    """Skip or repeat a step, or put the case into another stage. What passes over an approval waits for a second."""
    wanted = Intervention(body.kind, body.at, body.reason, body.take_back)
    entered: list[int] = []

    def act(conn: Connection[Any]) -> SteppedIn:
        done = step_in(conn, caller.ctx, caller.app.engine, case, wanted)
        if done.seq is not None:
            entered.append(done.seq)
        return SteppedIn(
            intervention=done.intervention,
            case=case,
            status="waiting" if done.seq is None else "entered",
            event=done.seq,
            stage=case_detail(conn, case)["stage"],
        )

    answer = write_once(request, caller, once, body, act)
    caller.app.runner().settle_all(caller.ctx.tenant_id, entered)
    return answer


@router.post(
    "/interventions/{intervention}/confirm", tags=["cases"], response_model=SteppedIn, responses=problems(*WRITE)
)
def confirm_one(
    request: Request,
    caller: CasesIntervene,
    intervention: Annotated[UUID, Path()],
    body: Confirm,
    once: Once = None,
) -> Response:
    """Confirm what another person asked for; it is entered then."""

    def act(conn: Connection[Any]) -> int:
        return confirm(conn, caller.ctx, caller.app.engine, intervention)

    def tell(conn: Connection[Any], seq: int, settled: bool) -> SteppedIn:
        case = _about(conn, caller, seq, settled)
        return SteppedIn(
            intervention=intervention, case=case["case_id"], status="entered", event=seq, stage=case["stage"]
        )

    return settle_once(request, caller, once, body, act, tell)


@router.post(
    "/interventions/{intervention}/turn-down", tags=["cases"], response_model=SteppedIn, responses=problems(*WRITE)
)
def turn_down_one(
    request: Request,
    caller: CasesIntervene,
    intervention: Annotated[UUID, Path()],
    body: Confirm,
    once: Once = None,
) -> Response:
    """Turn down what another person asked for, or take back what one asked for oneself."""

    def act(conn: Connection[Any]) -> SteppedIn:
        case = turn_down(conn, caller.ctx, intervention)
        stage = case_detail(conn, case)["stage"]
        return SteppedIn(intervention=intervention, case=case, status="turned_down", event=None, stage=stage)

    return write_once(request, caller, once, body, act)


@router.post("/tasks/{task}/complete", tags=["tasks"], response_model=Completed, responses=problems(*WRITE))
def complete(
    request: Request, caller: CasesRead, task: Annotated[UUID, Path()], body: Complete, once: Once = None
) -> Response:
    """Say that a task of one of the caller's roles is done."""

    def act(conn: Connection[Any]) -> int:
        return complete_task(conn, caller.ctx, caller.app.engine, task, body.note, body.outputs)

    def tell(conn: Connection[Any], seq: int, settled: bool) -> Completed:
        _about(conn, caller, seq, settled)
        return Completed(task=task, event=seq)

    return settle_once(request, caller, once, body, act, tell)


def _about(conn: Connection[Any], caller: Caller, seq: int, settled: bool) -> dict[str, Any]:
    """The case an event was about. Raises what the engine refused it with."""
    event = applied(conn, seq)
    if settled and event["refused"]:
        raise why_refused(conn, event["subject"], seq)
    return case_detail(conn, UUID(str(event["case"])))


def _linked(row: dict[str, Any]) -> LinkedCase:
    return LinkedCase(
        case=row["case_id"],
        process=row["process"],
        subject_type=row["subject_type"],
        subject=row["subject"],
        step=row["step"],
        status=row["status"],
        outcome=row["outcome"],
        stage=row["stage"] or "",
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in InterventionView.model_fields}
