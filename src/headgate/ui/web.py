"""What every HTML edge passes: its frame of headers, the limit of a body, errors in words, static files."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote
from uuid import uuid4

import psycopg
from psycopg_pool import PoolClosed
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headgate.kernel.errors import (
    Busy,
    Conflict,
    DutyConflict,
    Forbidden,
    HeadgateError,
    Invalid,
    NotFound,
    Problem,
    Refused,
    Stale,
    Suspended,
    Unauthenticated,
)
from headgate.kernel.phrases import Phrase, joined, sentence
from headgate.ui.assets import CACHE_CONTROL, Assets
from headgate.ui.headers import SECURITY_HEADERS

REQUEST_ID = "x-request-id"
WELL_KNOWN = "/.well-known/{name:path}"
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
# The most specific first.
_STATUS: tuple[tuple[type[HeadgateError], int], ...] = (
    (Stale, 409),
    (Conflict, 409),
    (Refused, 409),
    (Forbidden, 403),
    (NotFound, 404),
    (Unauthenticated, 401),
    (Busy, 503),
    (Invalid, 400),
)
# Whose text tells the reader more than the page's own words.
_TELLING = (Conflict, Refused, DutyConflict, Suspended, Invalid)


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


def told(error: Exception) -> tuple[int, str]:
    """The status for an error and what a reader is told about it; the unexpected is told as such: 500 and nothing."""
    if isinstance(error, HeadgateError):
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        telling = isinstance(error, _TELLING) and not isinstance(error, Stale)
        return status, sentence(error.message) if telling else ""
    if isinstance(error, HTTPException):
        return (error.status_code if error.status_code in (400, 404, 413, 429, 503) else 404), ""
    if isinstance(error, (psycopg.OperationalError, PoolClosed)):
        return 503, ""
    return 500, ""


def problem_told(problem: Problem, label: str = "") -> Phrase:
    """One thing wrong with a form, as sentences: 'Reason is missing. Say why.'"""
    first = sentence(joined(" ", [label, problem.message]) if label else problem.message)
    return joined(" ", [first, problem.fix]) if problem.fix else first


def path_for_logs(request: Request) -> str:
    """What was asked for, without what stands in its places: a link in a mail is a secret, and many read logs."""
    path = request.url.path
    for name, value in sorted(request.path_params.items(), key=lambda each: -len(str(each[1]))):
        path = path.replace(str(value), f"{{{name}}}") if str(value) else path
    return path


def is_local(request: Request) -> bool:
    """Whether the browser runs on this machine, with nothing in between."""
    headers = request.headers
    if any(name in headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")):
        return False
    name = headers.get("host", "").rsplit(":", 1)[0]
    try:
        near = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    return near and name in _LOCAL_NAMES


def asset_response(assets: Assets, request: Request) -> Response:
    """A static file; its address holds the version, so it may be kept for ever."""
    try:
        found = assets.get(request.path_params["name"])
    except NotFound:
        return Response("There is no such file.", 404, media_type="text/plain")
    headers = {"Vary": "Accept-Encoding"}
    if request.path_params["version"] == assets.version:
        headers["Cache-Control"] = CACHE_CONTROL
    body = found.body
    if found.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = found.gzipped, "gzip"
    return Response(body, headers=headers, media_type=found.media_type)


def well_known(request: Request, account: str) -> Response:
    """Where password managers send their users to change a password; nothing else is well known here, and is said not
    to be, for they ask. Source: W3C, A Well-Known URL for Changing Passwords."""
    if request.path_params["name"] == "change-password":
        return RedirectResponse(f"{account}#password-title", 303)
    return Response("There is nothing here.", 404, media_type="text/plain")


def attachment(name: str, media_type: str, content: bytes) -> Response:
    """Bytes that are saved, never shown: whatever they are, they are nobody's page."""
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in " ._-()" else "_" for c in name)
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, headers=headers, media_type=media_type)


def host_of(header: str) -> str:
    """The host name of a Host header: in lower case, without port and final dot."""
    name = header.strip().lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    return name.rstrip(".")
