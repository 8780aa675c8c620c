"""What a tenant asks of sign-ins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection

from headgate.access import security_of, set_security
from headgate.access.federation import get_rules, set_rules
from headgate.api.auth import Admin, Caller
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
    """Change rules, all or none; they count from the next request on. The last way in of those who administer stays,
    and passwords are switched off only where another way in was tested and somebody keeps theirs."""

    def act(conn: Connection[Any]) -> SecurityView:
        if body.passwords:  # opened before and closed after the rest, so that no change is in its own way
            _set_passwords(conn, caller, body)
        set_security(conn, caller.ctx, replace(security_of(conn), **body.changes()))
        if not body.passwords:
            _set_passwords(conn, caller, body)
        return security_view(security_of(conn), get_rules(conn))

    return write_once(request, caller, once, body, act)


def _set_passwords(conn: Connection[Any], caller: Caller, body: ChangeSecurity) -> None:
    before = get_rules(conn)
    passwords = before.passwords if body.passwords is None else body.passwords
    named = before.break_glass if body.break_glass is None else tuple(body.break_glass)
    if (passwords, named) != (before.passwords, before.break_glass):
        set_rules(conn, caller.ctx, passwords=passwords, break_glass=named)
