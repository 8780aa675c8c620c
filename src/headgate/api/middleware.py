"""What every request passes, as plain ASGI: a request id, security headers, a bound on the body, and the last catch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headgate.api.errors import RequestRefused, response_for

REQUEST_ID = "x-request-id"
_REQUEST_ID = REQUEST_ID.encode()
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


_SECURITY = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())

HOLD = "headgate.hold"
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
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == _REQUEST_ID), "")
        request_id = given if _FIT.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_framed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = list(message.get("headers", ()))
                there = {name for name, _ in headers}
                headers += [pair for pair in _SECURITY if pair[0] not in there]
                headers.append((_REQUEST_ID, request_id.encode()))
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self.app(scope, receive, send_framed)
        except Exception as error:
            if started:
                raise
            await response_for(scope, error)(scope, receive, send_framed)


@dataclass(slots=True)
class Bodies:
    """What bodies may have: one, and all together that are being read or worked on; `held` is what they have now."""

    most_bytes: int
    most_held: int
    held: int = 0


class BodyLimit:
    """Refuses a body that is too large, by its stated length or while it comes in, before anyone has read it all; and
    one more body when those at hand fill the memory they may have together.

    Compressed bodies are refused, unless `unpacks` says that the application unpacks gzip, within the same bound.
    """

    def __init__(self, app: ASGIApp, bodies: Bodies, *, unpacks: bool = False) -> None:
        self.app = app
        self.bodies = bodies
        self.unpacks = unpacks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._check(scope)
        seen, bodies = 0, self.bodies

        def hold(more: int) -> None:
            nonlocal seen
            seen += more
            bodies.held += more
            if bodies.held > bodies.most_held:
                raise RequestRefused("busy", "too much is being received; send it again in a moment", (), CLOSE)

        async def receive_bounded() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                came = len(message.get("body", b""))
                if seen + came > bodies.most_bytes:
                    raise self._too_large()
                hold(came)
            return message

        # For an application that unpacks: what it has then counts as well, until the request is answered.
        scope[HOLD] = hold
        try:
            await self.app(scope, receive_bounded, send)
        finally:
            bodies.held -= seen

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
        if stated and (len(stated) > 20 or int(stated) > self.bodies.most_bytes):
            raise self._too_large()
        coding = encoding.strip().lower()
        if coding not in (b"", b"identity") and not (coding == b"gzip" and self.unpacks):
            raise RequestRefused(
                "unsupported_media_type", "send the body as it is; only events may be compressed, with gzip", (), CLOSE
            )

    def _too_large(self) -> RequestRefused:
        return RequestRefused(
            "too_large", f"the body is larger than {self.bodies.most_bytes} bytes; send it in parts", (), CLOSE
        )
