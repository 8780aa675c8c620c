"""The console as one ASGI application: every way in, listed once, and what all answers pass."""

from __future__ import annotations

import re
from uuid import uuid4

import psycopg
from psycopg_pool import PoolClosed
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headgate.console import urls
from headgate.console.guard import Guarded, Site, error_response
from headgate.console.pages import (
    agreements,
    approval,
    audit,
    backtests,
    case,
    connections,
    deals,
    home,
    nowhere,
    operations,
    order,
    orders,
    partners,
    policies,
    policy_edit,
    policy_life,
    quarantine,
    reader,
    search,
    work,
)
from headgate.console.pages.entrance import Entrance
from headgate.console.render import Console
from headgate.console.visit import Door
from headgate.kernel.errors import HeadgateError
from headgate.ui.assets import PREFIX, load_assets
from headgate.ui.headers import SECURITY_HEADERS
from headgate.wiring import App

# Every page of somebody who is signed in.
DOORS: tuple[Door, ...] = (
    *home.DOORS,
    *work.DOORS,
    *orders.DOORS,
    *order.DOORS,
    *approval.DOORS,
    *case.DOORS,
    *deals.DOORS,
    *partners.DOORS,
    *agreements.DOORS,
    *policies.DOORS,
    *backtests.DOORS,
    *policy_life.DOORS,
    *policy_edit.DOORS,
    *audit.DOORS,
    *quarantine.DOORS,
    *operations.DOORS,
    *connections.DOORS,
    *search.DOORS,
    *reader.DOORS,
    *nowhere.DOORS,  # last: it takes every address that is left
)

REQUEST_ID = "x-request-id"
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")


def create_console(app: App) -> ASGIApp:
    """The console over a built application. The caller owns `app` and closes it."""
    assets = load_assets()
    site = Site(app, Console(assets), app.settings.secure_cookies)
    entrance = Entrance(site, assets)

    def failed(request: Request, error: Exception) -> Response:
        return error_response(site, request, error)

    routes = [
        Route(f"{PREFIX}/{{version}}/{{name:path}}", entrance.asset, methods=["GET"]),
        Route(urls.SIGN_IN, entrance.show, methods=["GET"]),
        Route(urls.SIGN_IN, entrance.enter, methods=["POST"]),
        *(Route(_pattern(door.path), Guarded(site, door).answer, methods=[door.method]) for door in DOORS),
    ]
    told = (HTTPException, HeadgateError, psycopg.OperationalError, PoolClosed, Exception)
    inside = Starlette(routes=routes, exception_handlers=dict.fromkeys(told, failed))
    # Around everything, so that the answer to an unexpected error has the headers too.
    return Frame(BodyLimit(inside, app.settings.request_max_bytes), secure=app.settings.secure_cookies)


def _pattern(address: str) -> str:
    """An address made for a placeholder as a route: the placeholder's braces were escaped like any code's."""
    return address.replace("%7B", "{").replace("%7D", "}")


class Frame:
    """Names the request and adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _FIT.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if self.secure:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        await self.app(scope, receive, send_framed)


class BodyLimit:
    """Refuses a body that is too large, by its stated length or while it comes in."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app = app
        self.most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isascii() or not stated.isdigit() or int(stated) > self.most_bytes:
            await Response("This is too large.", 413, media_type="text/plain")(scope, receive, send)
            return
        seen = 0

        async def receive_bounded() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.most_bytes:
                    raise HTTPException(413)
            return message

        await self.app(scope, receive_bounded, send)
