"""What every request passes first: its id on every log line, its span, its count, and one line when it was answered."""

from __future__ import annotations

import logging
import re
import time
from typing import Any, Final
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headgate.kernel import telemetry
from headgate.kernel.logger import Log
from headgate.kernel.logs import bound

REQUEST_ID: Final = b"x-request-id"
_FIT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS: Final = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
# Answered thousands of times a second, or asked for by machines: a line each only where somebody wants to see all.
_QUIET: Final = ("/v1/events", "/health", "/assets", "/live", "/portal/live")
# Answers that last as long as a page is looked at; how long says nothing about how fast anything is.
_STREAMS: Final = ("/live/news", "/portal/live/news")
_API: Final = "/v1"
_EVENTS: Final = "/v1/events"
log = Log("headgate.access")
_LOGGER: Final = logging.getLogger("headgate.access")


class Watch:
    """Around the whole web, console and API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, parent = _given(scope)
        status, began = 500, time.perf_counter()

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with bound(request_id=request_id):
            try:
                with telemetry.span("http.request", parent, "server") as span:
                    try:
                        await self.app(scope, receive, send_noted)
                    finally:
                        span.set(method=_method(scope), route=_route(scope), status=status)
            finally:
                _note(scope, status, time.perf_counter() - began)


def _given(scope: Scope) -> tuple[str, str]:
    """The request's id, made here unless it came with one that fits, and the trace that it goes on with."""
    request_id, parent = "", ""
    for name, value in scope["headers"]:
        if name == REQUEST_ID:
            request_id = value.decode("latin-1")
        elif name == b"traceparent":
            parent = value.decode("latin-1")
    if not _FIT.fullmatch(request_id):
        request_id = uuid4().hex
        kept = [pair for pair in scope["headers"] if pair[0] != REQUEST_ID]
        scope["headers"] = [*kept, (REQUEST_ID, request_id.encode())]
    return request_id, parent


def _note(scope: Scope, status: int, seconds: float) -> None:
    method, route = _method(scope), _route(scope)
    telemetry.http_requests.inc(method=method, route=route, status=str(status))
    if scope["path"] not in _STREAMS:
        telemetry.http_seconds.observe(seconds, method=method, route=route)
    level = "debug" if status < 400 and scope["path"].startswith(_QUIET) else "info"
    # Asked first: to be told by the logging library that nobody wants it costs a tenth of answering an event.
    if level == "debug" and not _LOGGER.isEnabledFor(logging.DEBUG):
        return
    getattr(log, level)("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else telemetry.OTHER


def _route(scope: Scope) -> str:
    """The pattern that answered, never the address: that holds codes of orders and partners, and there is no end of
    them."""
    if scope["path"] == _EVENTS:  # answered before any route is looked for
        return _EVENTS
    found: Any = scope.get("route")
    path = getattr(found, "path", None)
    if isinstance(path, str):
        # Routes of the API are told without what they are mounted under.
        prefix = _API if scope["path"].startswith(f"{_API}/") and not path.startswith(f"{_API}/") else ""
        return prefix + path
    door = getattr(getattr(scope.get("endpoint"), "__self__", None), "door", None)
    return str(door.path).replace("%7B", "{").replace("%7D", "}") if door is not None else telemetry.OTHER
