"""Personal data: what there is of somebody, erasing it by two people, legal holds, retention."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends

from headgate.api.auth import Caller, require
from headgate.api.models.privacy import (
    AskErasure,
    AskHold,
    DecideErasure,
    ErasureList,
    ErasureView,
    FoundView,
    HoldList,
    HoldView,
    LiftHold,
    RuleList,
    RuleView,
    SetRule,
    Sought,
)
from headgate.api.openapi import READ, WRITE, problems
from headgate.api.parameters import Limit
from headgate.api.strict import StrictRoute
from headgate.ledger import (
    decide_erasure,
    erasure_get,
    erasure_list,
    find_personal,
    hold_list,
    lift_hold,
    place_hold,
    request_erasure,
    retention_rules,
    set_retention,
)

router = APIRouter(route_class=StrictRoute, prefix="/privacy", tags=["privacy"])

Status = Literal["", "open", "done", "refused"]
Officer = Annotated[Caller, Depends(require("privacy.write", staff=True))]
Approver = Annotated[Caller, Depends(require("privacy.approve", staff=True))]
Auditor = Annotated[Caller, Depends(require("audit.read", staff=True))]


@router.post("/find", responses=problems(*WRITE))
def find_values(caller: Officer, body: Sought) -> FoundView:
    """How much there is of somebody, and whether a hold keeps it. Not a GET: addresses end up in logs."""
    with caller.reading() as conn:
        return FoundView.model_validate(find_personal(conn, body.kind, body.sought))


@router.get("/erasures", responses=problems(*READ, 422))
def list_erasures(
    caller: Auditor, status: Literal["", "open", "done", "refused"] = "", limit: Limit = 50
) -> ErasureList:
    """Requests to erase, newest first."""
    with caller.reading() as conn:
        found = erasure_list(conn, status=status, limit=limit)
    return ErasureList(items=[ErasureView.model_validate(r) for r in found])


@router.post("/erasures", responses=problems(*WRITE))
def ask_erasure(caller: Officer, body: AskErasure) -> ErasureView:
    """Ask for an erasure. Another person decides it."""
    with caller.writing() as conn:
        request = request_erasure(conn, caller.ctx, body.kind, body.sought, body.reason)
        return ErasureView.model_validate(erasure_get(conn, request))


@router.post("/erasures/{request}/decision", responses=problems(*WRITE))
def settle_erasure(caller: Approver, request: UUID, body: DecideErasure) -> ErasureView:
    """Erase for good, or refuse. 409 while a legal hold keeps any of it; nothing is erased then."""
    with caller.writing() as conn:
        return ErasureView.model_validate(decide_erasure(conn, caller.ctx, request, body.outcome, body.because))


@router.get("/holds", responses=problems(*READ, 422))
def list_holds(caller: Auditor, lifted: bool = False, limit: Limit = 50) -> HoldList:
    """Holds that stand, newest first; with `lifted`, former ones too."""
    with caller.reading() as conn:
        found = hold_list(conn, lifted=lifted, limit=limit)
    return HoldList(items=[HoldView.model_validate(h) for h in found])


@router.post("/holds", responses=problems(*WRITE))
def add_hold(caller: Officer, body: AskHold) -> HoldView:
    """Keep everything, or what is about an order, a case or a partner, from being erased or purged."""
    with caller.writing() as conn:
        placed = place_hold(conn, caller.ctx, body.kind, body.subject, body.reason)
        return next(HoldView.model_validate(h) for h in hold_list(conn, limit=200) if h.id == placed)


@router.post("/holds/{hold}/lift", responses=problems(*WRITE))
def end_hold(caller: Officer, hold: UUID, body: LiftHold) -> HoldView:
    """End a hold."""
    with caller.writing() as conn:
        return HoldView.model_validate(lift_hold(conn, caller.ctx, hold, body.because))


@router.get("/retention", responses=problems(*READ, 422))
def list_retention(caller: Auditor) -> RuleList:
    """How long each class of data is kept. The audit chain and the event log are in no class: they stay."""
    with caller.reading() as conn:
        found = retention_rules(conn, caller.app.data_classes())
    return RuleList(items=[RuleView.model_validate(r) for r in found])


@router.post("/retention", responses=problems(*WRITE))
def choose_retention(caller: Approver, body: SetRule) -> RuleList:
    """Choose how many days a class is kept."""
    with caller.writing() as conn:
        set_retention(conn, caller.ctx, caller.app.data_classes(), body.data_class, body.days)
        found = retention_rules(conn, caller.app.data_classes())
    return RuleList(items=[RuleView.model_validate(r) for r in found])
