"""What the tenant uses of what it may."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from headgate.access.tenancy import usage
from headgate.api.auth import Admin
from headgate.api.models.common import PageOf, Shape
from headgate.api.openapi import READ, problems
from headgate.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["access"])


class UsageView(Shape):
    """How much of something is used. Without a `limit` there is none."""

    name: str
    words: str
    used: int
    limit: int | None
    percent: int = Field(description="Whole per cent, rounded down; 0 without a limit.")
    state: Literal["free", "near", "full"] = Field(description="near from 80 per cent on; full: nothing can be added.")


@router.get("/usage", responses=problems(*READ))
def read_usage(caller: Admin) -> PageOf[UsageView]:
    """What the tenant uses of what it may have of this installation."""
    with caller.reading() as conn:
        found = usage(conn, caller.ctx.now)
    return PageOf(items=[UsageView.model_validate(each) for each in found])
