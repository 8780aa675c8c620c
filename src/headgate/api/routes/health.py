"""Whether this process lives, and whether it can serve."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request

from headgate.api.auth import app_of
from headgate.api.errors import KINDS, RequestRefused
from headgate.api.models.common import Shape
from headgate.api.openapi import problems
from headgate.api.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["health"])


class Health(Shape):
    """The state of this process."""

    status: Literal["ok"]


class Kind(Shape):
    """A kind of problem."""

    code: str
    status: int
    title: str
    advice: str


@router.get("/health/live", responses=problems(400, 500))
def live() -> Health:
    """This process answers."""
    return Health(status="ok")


@router.get("/health/ready", responses=problems(400, 429, 500, 503))
def ready(request: Request) -> Health:
    """This process reaches its database."""
    with app_of(request).database.scan():
        return Health(status="ok")


@router.get("/problems/{code}", tags=["problems"], responses=problems(400, 404, 500))
def problem_kind(code: str) -> Kind:
    """What a problem type means and what to do about it."""
    kind = KINDS.get(code)
    if kind is None:
        raise RequestRefused("not_found", f"there is no kind of problem {code}")
    return Kind.model_validate(kind)
