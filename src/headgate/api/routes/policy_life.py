"""The life of a policy version: propose, save, review, schedule, withdraw, retire; and emergencies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection
from pydantic import BaseModel

from headgate.api.auth import Caller, PoliciesApprove, PoliciesAuthor, PoliciesEmergency, PoliciesRead
from headgate.api.idempotency import Once, write_once
from headgate.api.models.policies import (
    Activate,
    Approve,
    Attach,
    Emergency,
    EmergencyReview,
    EvidenceView,
    PolicyVersionView,
    Propose,
    Retire,
    Save,
    Saved,
    SendBack,
    Submit,
    Withdraw,
)
from headgate.api.openapi import WRITE, problems
from headgate.api.parameters import PolicyPath, VersionPath
from headgate.api.policies import evidence_view, remark_view, test_views, version_view
from headgate.api.strict import StrictRoute
from headgate.policy import PolicyVersion, apply_at_once, attach_evidence, propose, review_emergency, save
from headgate.policy.rights import expect_right, withdrawing

router = APIRouter(route_class=StrictRoute)
VERSION = "/policies/{name}/versions/{version}"
APPROVE = "policies.approve"


@router.post(
    "/policies/{name}/proposals",
    tags=["policies"],
    status_code=201,
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def propose_policy(
    request: Request, caller: PoliciesAuthor, name: PolicyPath, body: Propose, once: Once = None
) -> Response:
    """Make a draft from the version in force, or from another; the caller's own draft of it is given back."""
    return _step(request, caller, once, body, lambda conn: propose(conn, caller.ctx, name, body.based_on), status=201)


@router.put(f"{VERSION}/text", tags=["policies"], response_model=Saved, responses=problems(*WRITE))
def save_policy(
    request: Request, caller: PoliciesAuthor, name: PolicyPath, version: VersionPath, body: Save, once: Once = None
) -> Response:
    """Write a draft over. Errors of cells and examples are kept with it and told; they keep it from review."""

    def act(conn: Connection[Any]) -> Saved:
        saved, checked = save(conn, caller.ctx, name, version, body.text, seen=body.seen)
        checked = caller.app.policies.beside(conn, caller.ctx.now, checked)
        return Saved(
            **version_view(saved, caller.ctx.now).model_dump(),
            fit=not checked.errors,
            issues=[remark_view(i) for i in checked.issues],
            tests=test_views(checked),
        )

    return write_once(request, caller, once, body, act)


@router.post(
    f"{VERSION}/submit",
    tags=["policies"],
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def submit_policy(
    request: Request,
    caller: PoliciesAuthor,
    name: PolicyPath,
    version: VersionPath,
    body: Submit,
    once: Once = None,
) -> Response:
    """Hand a draft to review; from here on its text stands."""
    policies = caller.app.policies
    return _step(request, caller, once, body, lambda conn: policies.submit(conn, caller.ctx, name, version))


@router.post(
    f"{VERSION}/send-back",
    tags=["policies"],
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def send_back_policy(
    request: Request,
    caller: PoliciesApprove,
    name: PolicyPath,
    version: VersionPath,
    body: SendBack,
    once: Once = None,
) -> Response:
    """Give a version under review back to its author."""
    policies = caller.app.policies
    return _step(
        request, caller, once, body, lambda conn: policies.send_back(conn, caller.ctx, name, version, body.reason)
    )


@router.post(
    f"{VERSION}/approve",
    tags=["policies"],
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def approve_policy(
    request: Request,
    caller: PoliciesRead,
    name: PolicyPath,
    version: VersionPath,
    body: Approve,
    once: Once = None,
) -> Response:
    """Approve a version under review; nobody who wrote at it may, nor who acts for one of them."""

    def act(conn: Connection[Any]) -> PolicyVersion:
        expect_right(conn, caller.ctx, APPROVE, body.on_behalf_of)
        return caller.app.policies.approve(
            conn,
            caller.ctx,
            name,
            version,
            digest=body.digest,
            on_behalf_of=body.on_behalf_of,
            justification=body.justification,
        )

    return _step(request, caller, once, body, act)


@router.post(
    f"{VERSION}/activate",
    tags=["policies"],
    response_model=PolicyVersionView,
    responses=problems(*WRITE),
)
def activate_policy(
    request: Request,
    caller: PoliciesApprove,
    name: PolicyPath,
    version: VersionPath,
    body: Activate,
    once: Once = None,
) -> Response:
    """Let an approved version decide from now or a later instant on; the one before ends there."""
    policies = caller.app.policies
    return _step(
        request,
        caller,
        once,
        body,
        lambda conn: policies.activate(conn, caller.ctx, name, version, body.valid_from),
    )


@router.post(f"{VERSION}/withdraw", tags=["policies"], response_model=PolicyVersionView, responses=problems(*WRITE))
def withdraw_policy(
    request: Request, caller: PoliciesRead, name: PolicyPath, version: VersionPath, body: Withdraw, once: Once = None
) -> Response:
    """Give up a version that does not decide yet. Authors may until it is approved, approvers until it starts."""

    def act(conn: Connection[Any]) -> PolicyVersion:
        found = caller.app.policies.get(conn, name, version)
        expect_right(conn, caller.ctx, withdrawing(found, caller.ctx.principal.permissions))
        return caller.app.policies.withdraw(conn, caller.ctx, name, version, body.reason)

    return _step(request, caller, once, body, act)


@router.post(f"{VERSION}/retire", tags=["policies"], response_model=PolicyVersionView, responses=problems(*WRITE))
def retire_policy(
    request: Request, caller: PoliciesApprove, name: PolicyPath, version: VersionPath, body: Retire, once: Once = None
) -> Response:
    """End a version, now or at a later instant; nothing takes its place."""
    policies = caller.app.policies
    return _step(
        request,
        caller,
        once,
        body,
        lambda conn: policies.retire(conn, caller.ctx, name, version, body.reason, at=body.at),
    )


@router.post(f"{VERSION}/emergency", tags=["policies"], response_model=PolicyVersionView, responses=problems(*WRITE))
def apply_in_emergency(
    request: Request,
    caller: PoliciesEmergency,
    name: PolicyPath,
    version: VersionPath,
    body: Emergency,
    once: Once = None,
) -> Response:
    """Bring a draft into force now, before anybody else has looked at it; somebody else must within the time given."""
    within = timedelta(hours=body.review_within_hours)
    return _step(
        request,
        caller,
        once,
        body,
        lambda conn: apply_at_once(
            caller.app.policies,
            conn,
            caller.ctx,
            name,
            version,
            body.reason,
            digest=body.digest,
            review_within=within,
        ),
    )


@router.post(
    f"{VERSION}/emergency-review", tags=["policies"], response_model=PolicyVersionView, responses=problems(*WRITE)
)
def review_policy_emergency(
    request: Request,
    caller: PoliciesRead,
    name: PolicyPath,
    version: VersionPath,
    body: EmergencyReview,
    once: Once = None,
) -> Response:
    """Look at an emergency change afterwards: leave it, or bring the text before it back."""

    def act(conn: Connection[Any]) -> PolicyVersion:
        expect_right(conn, caller.ctx, APPROVE, body.on_behalf_of)
        return review_emergency(
            caller.app.policies,
            conn,
            caller.ctx,
            name,
            version,
            body.outcome,
            body.justification,
            on_behalf_of=body.on_behalf_of,
        )

    return _step(request, caller, once, body, act)


@router.post(
    f"{VERSION}/evidence", tags=["policies"], status_code=201, response_model=EvidenceView, responses=problems(*WRITE)
)
def attach_policy_evidence(
    request: Request, caller: PoliciesAuthor, name: PolicyPath, version: VersionPath, body: Attach, once: Once = None
) -> Response:
    """Put something beside a version for its reviewer; it is bound to the text as it is now."""

    def act(conn: Connection[Any]) -> EvidenceView:
        piece = attach_evidence(conn, caller.ctx, name, version, body.kind, body.content)
        return evidence_view(piece, piece.digest)

    return write_once(request, caller, once, body, act, status=201)


def _step(
    request: Request,
    caller: Caller,
    once: str | None,
    body: BaseModel,
    act: Callable[[Connection[Any]], PolicyVersion],
    *,
    status: int = 200,
) -> Response:
    def take(conn: Connection[Any]) -> PolicyVersionView:
        return version_view(act(conn), caller.ctx.now)

    return write_once(request, caller, once, body, take, status=status)
