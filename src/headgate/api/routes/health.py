"""Whether this process lives, and whether it can serve."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from headgate.api.auth import app_of
from headgate.api.errors import KINDS, RequestRefused
from headgate.api.models.common import Shape
from headgate.api.openapi import problems
from headgate.api.strict import StrictRoute
from headgate.ledger.health import readiness

router = APIRouter(route_class=StrictRoute, tags=["health"])


class Health(Shape):
    """The state of this process."""

    status: Literal["ok"]


class HealthCheck(Shape):
    """One thing looked at. A warning keeps nothing from being served."""

    name: str
    verdict: Literal["ok", "warning", "failed"]


class Ready(Shape):
    """Whether requests may come, and what was looked at. Operators find the details on the metrics port, with
    `headgate health`, and on the screen Operations."""

    status: Literal["ok", "not_ready"]
    checks: list[HealthCheck]


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


@router.get(
    "/health/ready", responses={**problems(400, 429, 500), 503: {"model": Ready, "description": "It cannot serve."}}
)
def ready(request: Request, response: Response) -> Ready:
    """This process reaches its database, whose schema fits, and has room on its disk; 503 when it has not."""
    app = app_of(request)
    found = readiness(app.database, app.settings, app.clock.now())
    response.status_code = 200 if found.ready else 503
    checks = [HealthCheck(name=check.name, verdict=check.verdict) for check in found.checks]
    return Ready(status="ok" if found.ready else "not_ready", checks=checks)


@router.get("/problems/{code}", tags=["problems"], responses=problems(400, 404, 500))
def problem_kind(code: str) -> Kind:
    """What a problem type means and what to do about it."""
    kind = KINDS.get(code)
    if kind is None:
        raise RequestRefused("not_found", f"there is no kind of problem {code}")
    return Kind.model_validate(kind)
