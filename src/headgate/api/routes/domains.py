"""Domains that a tenant proves to be its own: its portal is served below them, and its mails come from them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from psycopg import Connection
from pydantic import StringConstraints

from headgate.access import domains
from headgate.api.auth import Admin
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import Body, PageOf
from headgate.api.models.domains import DomainView, domain_view
from headgate.api.openapi import FIND, READ, WRITE, problems
from headgate.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["access"], prefix="/domains")
DomainPath = Annotated[str, Path(min_length=1, max_length=253, pattern=r"^[^\u0000/]*$", examples=["example.com"])]
Name = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[^\u0000]*$")]


class ClaimDomain(Body):
    """A domain that is the tenant's."""

    domain: Name


@router.get("", responses=problems(*READ))
def list_own_domains(caller: Admin) -> PageOf[DomainView]:
    """All of them by name, at most 50, each with the record that proves it and what the last check found."""
    with caller.reading() as conn:
        return PageOf(items=[domain_view(each) for each in domains.list_domains(conn)])


@router.post("", status_code=201, response_model=DomainView, responses=problems(*WRITE))
def claim_own_domain(request: Request, caller: Admin, body: ClaimDomain, once: Once = None) -> Response:
    """Claim one. It counts once its record is there."""

    def act(conn: Connection[Any]) -> DomainView:
        return domain_view(domains.claim_domain(conn, caller.ctx, body.domain, caller.app.prover.rules))

    return write_once(request, caller, once, body, act, status=201)


@router.get("/{domain}", responses=problems(*FIND))
def get_own_domain(caller: Admin, domain: DomainPath) -> DomainView:
    """One of them."""
    with caller.reading() as conn:
        return domain_view(domains.get_domain(conn, domain))


@router.post("/{domain}/check", responses=problems(*FIND))
def check_own_domain(caller: Admin, domain: DomainPath) -> DomainView:
    """Look for its record now, once in ten seconds. `found` says what came of it."""
    return domain_view(caller.app.prover.ask(caller.ctx, domain))


@router.delete("/{domain}", status_code=204, responses=problems(*FIND, 409))
def remove_own_domain(caller: Admin, domain: DomainPath) -> Response:
    """Give one up. Refused while the portal's host needs it."""
    with caller.writing() as conn:
        domains.remove_domain(conn, caller.ctx, domain, caller.app.prover.rules)
    return Response(status_code=204)
