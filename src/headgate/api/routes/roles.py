"""Roles, what can be allowed, duties that stay apart, and what is allowed in spite of them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection

from headgate.access import (
    PERMISSIONS,
    ROLES,
    approve_mitigation,
    ask_mitigation,
    confirm_role,
    decide_matrix,
    end_mitigation,
    list_custom_roles,
    list_matrices,
    list_mitigations,
    matrix_in_force,
    propose_matrix,
    retire_role,
    save_role,
)
from headgate.access.core.groups import group_of
from headgate.access.core.roles import STAFF_PERMISSIONS
from headgate.access.duties import get_custom_role, holder_counts
from headgate.api.auth import Admin, DutiesDecide, RolesRead
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import PageOf
from headgate.api.models.roles import (
    AskMitigation,
    Confirm,
    DecideMatrix,
    DutiesView,
    MatrixVersionView,
    MitigationView,
    Permission,
    ProposeMatrix,
    RoleView,
    SaveRole,
    mitigation_view,
    role_view,
    rule_view,
    shipped_view,
    version_view,
)
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.parameters import VersionPath
from headgate.api.strict import StrictRoute
from headgate.kernel.errors import NotFound

router = APIRouter(route_class=StrictRoute, tags=["access"])
RolePath = Annotated[str, Path(min_length=1, max_length=63, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
MitigationPath = Annotated[UUID, Path()]


@router.get("/permissions", responses=problems(*READ))
def list_permissions(caller: RolesRead) -> PageOf[Permission]:
    """What can be allowed, in plain words."""
    return PageOf(
        items=[
            Permission(permission=name, words=words, group=group_of(name), own_roles=name in STAFF_PERMISSIONS)
            for name, words in PERMISSIONS.items()
        ]
    )


@router.get("/roles", responses=problems(*READ))
def list_roles(caller: RolesRead) -> PageOf[RoleView]:
    """Every role, shipped ones first, with what it allows and how many hold it."""
    with caller.reading() as conn:
        own, counts = list_custom_roles(conn), holder_counts(conn, caller.ctx.now)
    shipped = [_shipped(role, counts.get(role, 0)) for role in ROLES]
    return PageOf(items=shipped + [role_view(each, counts.get(each.role, 0)) for each in own])


@router.get("/roles/{role}", responses=problems(*FIND))
def read_role(caller: RolesRead, role: RolePath) -> RoleView:
    """One role."""
    with caller.reading() as conn:
        return _role(conn, caller.ctx.now, role)


@router.post("/roles/{role}/revisions", status_code=201, response_model=RoleView, responses=problems(*WRITE))
def save_own_role(request: Request, caller: Admin, role: RolePath, body: SaveRole, once: Once = None) -> Response:
    """Make a role of one's own or change it. What goes beyond the caller's own permissions waits for a confirmation;
    what would break the matrix of duties, in the role or in who holds it, is refused."""

    def act(conn: Connection[Any]) -> RoleView:
        save_role(conn, caller.ctx, role, title=body.title, description=body.description, permissions=body.permissions)
        return _role(conn, caller.ctx.now, role)

    return write_once(request, caller, once, body, act, status=201)


@router.post("/roles/{role}/confirm", response_model=RoleView, responses=problems(*WRITE))
def confirm_own_role(request: Request, caller: RolesRead, role: RolePath, body: Confirm, once: Once = None) -> Response:
    """Let a proposed role have what its maker does not hold: by somebody else who holds it."""

    def act(conn: Connection[Any]) -> RoleView:
        confirm_role(conn, caller.ctx, role)
        return _role(conn, caller.ctx.now, role)

    return write_once(request, caller, once, body, act)


@router.post("/roles/{role}/retire", response_model=RoleView, responses=problems(*WRITE))
def retire_own_role(request: Request, caller: Admin, role: RolePath, body: Confirm, once: Once = None) -> Response:
    """Take a role that nobody holds out of use."""

    def act(conn: Connection[Any]) -> RoleView:
        retire_role(conn, caller.ctx, role)
        return _role(conn, caller.ctx.now, role)

    return write_once(request, caller, once, body, act)


@router.get("/duties", responses=problems(*READ))
def read_duties(caller: RolesRead) -> DutiesView:
    """Which permissions stay apart, and the versions of that matrix."""
    with caller.reading() as conn:
        found, known = matrix_in_force(conn), list_matrices(conn)
    return DutiesView(
        version=found.version,
        rules=[rule_view(rule) for rule in found.rules],
        versions=[version_view(each) for each in known],
    )


@router.post("/duties/versions", status_code=201, response_model=MatrixVersionView, responses=problems(*WRITE))
def propose_duties(request: Request, caller: Admin, body: ProposeMatrix, once: Once = None) -> Response:
    """Propose a version of the matrix; it counts when somebody else approved it."""

    def act(conn: Connection[Any]) -> MatrixVersionView:
        return version_view(propose_matrix(conn, caller.ctx, [each.model_dump() for each in body.rules], body.note))

    return write_once(request, caller, once, body, act, status=201)


@router.post("/duties/versions/{version}/decision", response_model=MatrixVersionView, responses=problems(*WRITE))
def decide_duties(
    request: Request, caller: DutiesDecide, version: VersionPath, body: DecideMatrix, once: Once = None
) -> Response:
    """Put a proposed version into force or turn it down: not by who proposed it."""

    def act(conn: Connection[Any]) -> MatrixVersionView:
        decide_matrix(conn, caller.ctx, version, approve=body.outcome == "approve", reason=body.reason)
        return next(version_view(each) for each in list_matrices(conn) if each.version == version)

    return write_once(request, caller, once, body, act)


@router.get("/mitigations", responses=problems(*READ))
def list_duty_mitigations(
    caller: RolesRead, principal: Annotated[str, Query(max_length=200, pattern=r"^[^\u0000]*$")] = ""
) -> PageOf[MitigationView]:
    """Conflicts that are allowed for a while, and what keeps watch; newest first."""
    with caller.reading() as conn:
        found = list_mitigations(conn, [principal] if principal else None)
    return PageOf(items=[mitigation_view(each, caller.ctx.now) for each in found])


@router.post("/mitigations", status_code=201, response_model=MitigationView, responses=problems(*WRITE))
def ask_for_mitigation(request: Request, caller: Admin, body: AskMitigation, once: Once = None) -> Response:
    """Ask that somebody may hold two duties for a time; somebody else approves it."""

    def act(conn: Connection[Any]) -> MitigationView:
        made = ask_mitigation(
            conn,
            caller.ctx,
            principal=body.principal,
            first=body.first,
            second=body.second,
            control=body.control,
            valid_until=body.valid_until,
        )
        return mitigation_view(made, caller.ctx.now)

    return write_once(request, caller, once, body, act, status=201)


@router.post("/mitigations/{mitigation}/approve", response_model=MitigationView, responses=problems(*WRITE))
def agree_to_mitigation(
    request: Request, caller: DutiesDecide, mitigation: MitigationPath, body: Confirm, once: Once = None
) -> Response:
    """Agree to a mitigation: neither who asked for it nor who it is for."""

    def act(conn: Connection[Any]) -> MitigationView:
        return mitigation_view(approve_mitigation(conn, caller.ctx, mitigation), caller.ctx.now)

    return write_once(request, caller, once, body, act)


@router.post("/mitigations/{mitigation}/end", response_model=MitigationView, responses=problems(*WRITE))
def end_duty_mitigation(
    request: Request, caller: DutiesDecide, mitigation: MitigationPath, body: Confirm, once: Once = None
) -> Response:
    """End a mitigation, or turn it down; roles that lean on it show as a conflict from then on."""

    def act(conn: Connection[Any]) -> MitigationView:
        return mitigation_view(end_mitigation(conn, caller.ctx, mitigation), caller.ctx.now)

    return write_once(request, caller, once, body, act)


def _shipped(role: str, holders: int) -> RoleView:
    return shipped_view(role, role.replace("_", " ").capitalize(), ROLES[role], holders)


def _role(conn: Connection[Any], now: Any, role: str) -> RoleView:
    counts = holder_counts(conn, now)
    if role in ROLES:
        return _shipped(role, counts.get(role, 0))
    try:
        return role_view(get_custom_role(conn, role), counts.get(role, 0))
    except NotFound:
        raise NotFound("there is no such role") from None
