"""What every request passes, as plain ASGI: a request id, security headers, a bound on the body, and the last catch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headgate.api.errors import RequestRefused, response_for

REQUEST_ID = "x-request-id"
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Answers hold prices and names, and nothing in them is to be rendered.
SECURITY_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
)


class Frame:
    """Names the request, adds the headers, and answers what no handler caught."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _FIT.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_framed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_framed)
        except Exception as error:
            if started:
                raise
            await response_for(scope, error)(scope, receive, send_framed)


class BodyLimit:
    """Refuses a body that is too large, by its stated length or while it comes in, before anyone has read it all."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app = app
        self.most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        stated = headers.get("content-length", "0")
        if not stated.isascii() or not stated.isdigit():
            raise RequestRefused("malformed", "the content length is not a number")
        if int(stated) > self.most_bytes:
            raise self._too_large()
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise RequestRefused("unsupported_media_type", "compressed bodies are not taken; send it as it is")
        seen = 0

        async def receive_bounded() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.most_bytes:
                    raise self._too_large()
            return message

        await self.app(scope, receive_bounded, send)

    def _too_large(self) -> RequestRefused:
        return RequestRefused("too_large", f"the body is larger than {self.most_bytes} bytes; send it in parts")
