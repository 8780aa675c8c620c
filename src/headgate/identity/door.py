"""The door of an edge, as whoever is not signed in yet stands before it: what the steps of signing in need of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from headgate.access import Denied
from headgate.identity.views import Step
from headgate.identity.where import Where
from headgate.kernel.context import Context, Principal
from headgate.ui.cookies import Cookies
from headgate.wiring import App

OUT_OF_DATE = "This page was out of date. Try again now."


@dataclass(frozen=True, slots=True)
class Door:
    """An edge, as the steps of signing in know it.

    `lets_in` says whether somebody belongs to this edge, `not_here` answers those who do not; `draw` makes a page of a
    step, `fail` shows the first page with an error, `wait` is how many seconds an address has to wait,
    `form` reads a post. `ours` refuses (`Unauthenticated`) a tenant whose pages these are not; `tenant_of` finds the
    tenant by its short name, or without one. `staff`: this edge is for the tenant's own people. `enter` shows the first
    page to who has just chosen a password. `permit` refuses a sign-in of one's own where the tenant wants that of its
    identity provider.
    """

    app: App
    cookies: Cookies
    where: Where
    secure: bool
    lets_in: Callable[[Principal], bool]
    not_here: str
    draw: Callable[[Request, Step, int], Response]
    fail: Callable[[Request, str, int], Response]
    wait: Callable[[Request], float]
    form: Callable[[Request], Any]
    ours: Callable[[Request, UUID], None]
    tenant_of: Callable[[Request, str], UUID | None]
    staff: bool
    enter: Callable[[Request, str, str], Response]
    permit: Callable[[Connection[Any], Context, Principal], Principal | Denied] = lambda conn, ctx, found: found

    def get(self, answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
        """An endpoint that reads."""

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return endpoint

    def post(self, answer: Callable[[Request, Mapping[str, str]], Response]) -> Callable[[Request], Any]:
        """An endpoint that takes a form."""

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request, await self.form(request))

        return endpoint


def patience(seconds: float) -> str:
    """What an address is told that has to wait."""
    return f"Too many attempts from your network. Try again in {max(1, round(seconds / 60))} min."
