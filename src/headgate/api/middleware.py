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


# The rest of what is refused unread is not waited for.
CLOSE: Mapping[str, str] = MappingProxyType({"Connection": "close"})


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
    """Refuses a body that is too large, by its stated length or while it comes in, before anyone has read it all; and
    one more body when those that are being read or worked on fill the memory they may have together.

    Compressed bodies are refused but for the paths that unpack them themselves.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, most_held: int, unpacking: frozenset[str]) -> None:
        self.app = app
        self.most_bytes = most_bytes
        self.most_held = most_held
        self.unpacking = unpacking
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._check(scope)
        seen = 0

        async def receive_bounded() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                came = len(message.get("body", b""))
                seen += came
                self.held += came
                if seen > self.most_bytes:
                    raise self._too_large()
                if self.held > self.most_held:
                    raise RequestRefused(
                        "busy", "too many bytes are being received; send it again in a moment", (), CLOSE
                    )
            return message

        try:
            await self.app(scope, receive_bounded, send)
        finally:
            self.held -= seen

    def _check(self, scope: Scope) -> None:
        stated = encoding = b""
        for name, value in scope["headers"]:
            if name == b"content-length":
                stated = value
            elif name == b"content-encoding":
                encoding = value
        if stated and not stated.isdigit():
            raise RequestRefused("malformed", "the content length is not a number")
        # Python refuses to read numbers of thousands of digits; one of twenty is too large whatever it says.
        if stated and (len(stated) > 20 or int(stated) > self.most_bytes):
            raise self._too_large()
        coding = encoding.strip().lower()
        if coding not in (b"", b"identity") and not (coding == b"gzip" and scope["path"] in self.unpacking):
            raise RequestRefused(
                "unsupported_media_type", "send the body as it is; only events may be compressed, with gzip", (), CLOSE
            )

    def _too_large(self) -> RequestRefused:
        return RequestRefused(
            "too_large", f"the body is larger than {self.most_bytes} bytes; send it in parts", (), CLOSE
        )
