"""One map from what went wrong to RFC 9457 problem details. Every error of the API leaves through here."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from headgate.api.field_words import field_words
from headgate.kernel import errors
from headgate.kernel.canonical import canonical
from headgate.kernel.errors import HeadgateError, Problem, shorten
from headgate.ledger import Unreadable

MEDIA_TYPE = "application/problem+json"
MOST_PROBLEMS = 100

log = logging.getLogger("headgate.api")

Address = tuple[re.Pattern[str], frozenset[str]]  # the pattern of a path, and the methods it takes


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its stable code (the end of its type URI), status, title, and what a caller should do."""

    code: str
    status: int
    title: str
    advice: str


KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("malformed", 400, "The request does not fit its schema", "Mend the fields in errors and send it again."),
        Kind("unauthenticated", 401, "Who is asking is not proven", "Send a valid API key, or sign the request."),
        Kind("forbidden", 403, "Not allowed", "Ask an administrator for the permission that detail names."),
        Kind("duty_conflict", 403, "Segregation of duties", "Let another person decide."),
        Kind("tenant_suspended", 403, "The tenant is suspended", "Ask whoever runs the installation."),
        Kind("not_found", 404, "Not found", "Check the code or id; another tenant's things do not exist for this key."),
        Kind("method_not_allowed", 405, "The method is not allowed here", "Use a method of the Allow header."),
        Kind("too_slow", 408, "The request took too long to arrive", "Send it again, faster."),
        Kind("conflict", 409, "It contradicts what is stored", "Read the current state and decide again."),
        Kind("over_quota", 409, "More than the tenant may use", "Use less, or ask for a larger quota."),
        Kind("stale", 409, "It has changed since it was read", "Read it again and decide on what it says now."),
        Kind("in_progress", 409, "The same request is being worked on", "Send it again after Retry-After seconds."),
        Kind("too_large", 413, "The body is too large", "Send it in parts."),
        Kind("unsupported_media_type", 415, "The content type is not understood", "Use one that detail names."),
        Kind("beyond_the_end", 416, "Nothing of it is in that range", "Ask for bytes below the size in Content-Range."),
        Kind("headers_too_large", 431, "The headers are too large", "Send fewer and shorter headers."),
        Kind("invalid", 422, "What it says cannot be accepted", "Mend the fields in errors and send it again."),
        Kind("refused", 422, "It cannot be applied to the records", "Mend the records or the request."),
        Kind("key_reused", 422, "The idempotency key was used for another request", "Use a new key."),
        Kind("busy", 429, "Too much at once", "Send it again after Retry-After seconds."),
        Kind("internal", 500, "Something failed here", "Tell the operator the request id."),
        Kind("overloaded", 503, "Too many connections", "Try again after Retry-After seconds."),
        Kind("unavailable", 503, "The database cannot be reached", "Send it again after Retry-After seconds."),
    )
}
_BY_STATUS: Mapping[int, str] = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
}


class FieldProblem(BaseModel):
    """One thing wrong with an input."""

    field: str = Field(description="Where it stands, as a dotted path.")
    value: str = Field(description="The value as it was seen, cut to 80 characters.")
    message: str = Field(description="What is wrong with it.")
    fix: str = Field(description="How to mend it.")


class ProblemDetails(BaseModel):
    """Problem details of RFC 9457."""

    type: str = Field(description="`/problems/<code>`, a stable name of the kind of problem.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="The address that was asked.")
    request_id: str = Field(description="Names this request in the logs.")
    errors: list[FieldProblem]


class RequestRefused(HTTPException):
    """A request that is refused before any service sees it, as one of `KINDS`."""

    def __init__(
        self, code: str, detail: str, problems: Sequence[Problem] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(KINDS[code].status, detail, headers)
        self.code = code
        self.problems = tuple(problems)


def unreadable(error: errors.Invalid) -> RequestRefused:
    """An error of reading a body: 400 when it is no JSON at all, 422 for what a well-formed one says."""
    code = "malformed" if isinstance(error, Unreadable) else "invalid"
    return RequestRefused(code, error.message, error.problems)


def problem_response(
    scope: Scope,
    code: str,
    detail: str,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response for a problem of this kind."""
    kind = KINDS[code]
    body = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": quote(scope.get("path", "/"), safe="/~:@!$&'()*+,;="),
        "request_id": scope.get("state", {}).get("request_id", ""),
        "errors": [
            {"field": p.field, "value": _shown(p.value), "message": p.message, "fix": p.fix}
            for p in problems[:MOST_PROBLEMS]
        ],
    }
    extra = dict(headers or {})
    if kind.status == 401:
        extra.setdefault("WWW-Authenticate", 'Bearer realm="headgate"')
    if code in ("busy", "in_progress", "overloaded", "unavailable"):
        extra.setdefault("Retry-After", "1")
    return Response(canonical(_whole(body)), kind.status, extra, MEDIA_TYPE)


def response_for(scope: Scope, error: Exception) -> Response:
    """The response for any exception. What nobody foresaw is logged and answered without its text."""
    if isinstance(error, RequestRefused):
        return problem_response(scope, error.code, error.detail, error.problems, error.headers)
    if isinstance(error, RequestValidationError):
        problems = [_problem(e) for e in error.errors()]
        detail = str(problems[0]) if problems else "the request does not fit its schema"
        return problem_response(scope, "malformed", detail, problems)
    if isinstance(error, HTTPException):
        code = _BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "malformed")
        detail = f"{scope.get('method', '')} {scope.get('path', '')}: {error.detail}".strip()
        return problem_response(scope, code, detail, headers=error.headers)
    if isinstance(error, HeadgateError) and (known := code_of(error)):
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, errors.Busy) else None
        return problem_response(scope, known, error.message, error.problems, headers)
    if isinstance(error, (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)):
        return problem_response(scope, "busy", "another request changed the same records; send it again")
    if isinstance(error, ClientDisconnect):  # nobody is there to read it, and nothing went wrong here
        return problem_response(scope, "too_slow", "the client has gone")
    request_id = scope.get("state", {}).get("request_id", "")
    log.error("request %s failed: %s %s", request_id, scope.get("method"), scope.get("path"), exc_info=error)
    if isinstance(error, psycopg.OperationalError):
        return problem_response(scope, "unavailable", "the database cannot be reached for now")
    return problem_response(scope, "internal", "this should not have happened; the operator finds it by the request id")


def code_of(error: HeadgateError) -> str:
    """The kind of an error of the kernel's tree, of its nearest class that has one; empty: tell nothing."""
    codes = (vars(cls).get("code") for cls in type(error).__mro__)
    return next((code for code in codes if isinstance(code, str) and code in KINDS), "")


def add_handlers(app: FastAPI, addresses: Sequence[Address]) -> None:
    """Answer every exception of the application with problem details."""

    def handle(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            path = request.scope["path"]
            # Of several, the longest is meant: a code that may hold slashes fits what stands below it as well.
            fitting = [(len(pattern.pattern), methods) for pattern, methods in addresses if pattern.match(path)]
            allowed = max(fitting, key=lambda one: one[0], default=(0, frozenset[str]()))[1]
            error.headers = {"Allow": ", ".join(sorted(allowed))}
        return response_for(request.scope, error)

    for kind in (HTTPException, RequestValidationError, HeadgateError):
        app.add_exception_handler(kind, handle)


def _problem(error: Mapping[str, Any]) -> Problem:
    """A pydantic error in our words."""
    kind, context = str(error.get("type", "")), error.get("ctx") or {}
    value = "" if kind in ("missing", "json_invalid") else _seen(error.get("input"))
    if kind == "json_invalid":
        return Problem(_path(error.get("loc", ())), value, f"is not JSON: {context.get('error', '')}")
    message, fix = field_words(kind, context, str(error.get("msg", "")))
    return Problem(_path(error.get("loc", ())), value, message, fix)


def _path(loc: Sequence[object]) -> str:
    """A pydantic location as a dotted path, without the part of the request it stands in."""
    parts = list(loc)
    if len(parts) > 1 and parts[0] in ("body", "query", "path", "header", "cookie"):
        parts = parts[1:]
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "body"


def _seen(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else shorten(value)


def _shown(value: str) -> str:
    """A value as text that any log or screen can take."""
    cut = shorten(value)
    return cut if cut.isprintable() else cut.encode("unicode_escape").decode()


def _whole(value: Any) -> Any:
    """The same with half surrogates replaced, for a value may quote what the sender broke."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {k: _whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_whole(v) for v in value]
    return value
