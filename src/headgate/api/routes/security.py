"""What a tenant asks of sign-ins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection

from headgate.access import security_of, set_security
from headgate.access.federation import get_rules
from headgate.api.auth import Admin
from headgate.api.idempotency import Once, write_once
from headgate.api.models.security import ChangeSecurity, SecurityView, security_view
from headgate.api.openapi import READ, WRITE, problems
from headgate.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["access"])


@router.get("/security", responses=problems(*READ))
def read_security(caller: Admin) -> SecurityView:
    """The rules in force."""
    with caller.reading() as conn:
        return security_view(security_of(conn), get_rules(conn))


@router.patch("/security", response_model=SecurityView, responses=problems(*WRITE))
def change_security(request: Request, caller: Admin, body: ChangeSecurity, once: Once = None) -> Response:
    """Change rules; they count from the next request on. The last way in of those who administer stays."""

    def act(conn: Connection[Any]) -> SecurityView:
        set_security(conn, caller.ctx, replace(security_of(conn), **body.changes()))
        return security_view(security_of(conn), get_rules(conn))

    return write_once(request, caller, once, body, act)
