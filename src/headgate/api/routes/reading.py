"""How pages and mails are written for the caller: language of mails, time zone, region."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from psycopg import Connection
from pydantic import Field, StringConstraints

from headgate.access.mailing import NO_CHOICE, choices_of, choose_reading
from headgate.api.auth import Caller, Oneself
from headgate.api.idempotency import Once, write_once
from headgate.api.models.common import Body, Shape
from headgate.api.openapi import READ, WRITE, problems
from headgate.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["access"])
BY_KEY = "API key"
Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\u0000]*$")]


class ChooseReading(Body):
    """What shall change; what is left out stays."""

    timezone: Name | None = Field(
        default=None, description="Such as `Europe/Berlin`; empty: pages follow the browser, mails the organisation."
    )
    region: Name | None = Field(
        default=None, description="How numbers and dates are written: `DE`, `CH`, `US`, …; empty: as is usual."
    )
    language: Name | None = Field(
        default=None, description="Of mails: `en`, `de`; empty for the organisation's. A browser keeps that of pages."
    )


class ReadingView(Shape):
    """What the caller has chosen."""

    timezone: str = Field(description="Empty: pages follow the browser, mails the organisation.")
    region: str = Field(description="Empty: as is usual for the language and the organisation.")
    language: str = Field(description="Of mails. Empty: the organisation's.")


@router.get("/me/reading", responses=problems(*READ))
def read_my_reading(caller: Oneself) -> ReadingView:
    """In which time zone, and in which region's way, pages and mails are written for the caller."""
    with caller.reading() as conn:
        return _view(conn, caller)


@router.patch("/me/reading", response_model=ReadingView, responses=problems(*WRITE))
def choose_my_reading(request: Request, caller: Oneself, body: ChooseReading, once: Once = None) -> Response:
    """Choose how pages and mails are written for the caller. Days of business stay the organisation's."""

    def act(conn: Connection[Any]) -> ReadingView:
        choose_reading(conn, caller.ctx, language=body.language, timezone=body.timezone, region=body.region, by=BY_KEY)
        return _view(conn, caller)

    return write_once(request, caller, once, body, act)


def _view(conn: Connection[Any], caller: Caller) -> ReadingView:
    me = caller.ctx.principal.id
    found = choices_of(conn, [me]).get(me, NO_CHOICE)
    return ReadingView(timezone=found.timezone, region=found.region, language=found.language)
