"""Asking a partner about a case, and saying that the answer has come: the clocks of its stage wait meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from psycopg import Connection
from pydantic import BaseModel

from headgate.api.auth import Caller, CasesHandle
from headgate.api.idempotency import Once, settle_once, why_refused
from headgate.api.models.asking import AskPartner, PartnerAnswered, Waiting
from headgate.api.openapi import WRITE, problems
from headgate.api.strict import StrictRoute
from headgate.process import case_detail
from headgate.process.core.service_level import clock_of
from headgate.process.outside import answered, ask
from headgate.process.queries import applied

router = APIRouter(route_class=StrictRoute)


@router.post("/cases/{case}/ask", tags=["cases"], response_model=Waiting, responses=problems(*WRITE))
def ask_partner(
    request: Request, caller: CasesHandle, case: Annotated[UUID, Path()], body: AskPartner, once: Once = None
) -> Response:
    """Ask the partner of a case something and wait for the answer.

    The `message` is for them to read in the portal. Where the process says so, the clocks of the stage and of its
    approvals stand still until they answer there, or until `answered`.
    """

    def act(conn: Connection[Any]) -> int:
        return ask(conn, caller.ctx, caller.app.engine, case, body.message)

    return _settle(request, caller, once, body, act)


@router.post("/cases/{case}/answered", tags=["cases"], response_model=Waiting, responses=problems(*WRITE))
def partner_answered(
    request: Request, caller: CasesHandle, case: Annotated[UUID, Path()], body: PartnerAnswered, once: Once = None
) -> Response:
    """Say that the partner has answered in another way than by the portal; the clocks go on with the time they had
    left. A case that does not wait for anybody outside answers 409."""

    def act(conn: Connection[Any]) -> int:
        return answered(conn, caller.ctx, caller.app.engine, case, body.note)

    return _settle(request, caller, once, body, act)


def _settle(
    request: Request, caller: Caller, once: str | None, body: BaseModel, act: Callable[[Connection[Any]], int]
) -> Response:
    def tell(conn: Connection[Any], seq: int, settled: bool) -> Waiting:
        event = applied(conn, seq)
        if settled and event["refused"]:
            raise why_refused(conn, event["subject"], seq)
        case = case_detail(conn, UUID(str(event["case"])))
        paused = case["sla_state"] == "paused"
        return Waiting(
            case=case["case_id"],
            event=seq,
            settled=settled,
            stage=case["stage"],
            sla_state=case["sla_state"],
            paused=paused,
            because=str(clock_of(case["data"]).get("because", "")) if paused else "",
            due_at=case["due_at"],
        )

    return settle_once(request, caller, once, body, act, tell)
