"""The SCIM server as one ASGI application. Every answer is what RFC 7644 says; one request, one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from pydantic import ValidationError
from scim2_models import (
    Context as Scope,
)
from scim2_models import (
    Error,
    ListResponse,
    PatchOp,
    ResourceType,
    ResponseParameters,
    Schema,
    SCIMException,
    ScimFilter,
    SearchRequest,
)
from scim2_models.path.expressions import Comparison
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headgate import access
from headgate.access import authenticate_api_key, parse_api_key
from headgate.api.errors import RequestRefused
from headgate.api.limits import Limits
from headgate.api.scim.resources import Groups, Kind, Users, id_of
from headgate.api.scim.service import CONFIG, MOST_RESULTS, POLICY, SERVICE
from headgate.kernel.context import Context
from headgate.kernel.errors import Busy, Conflict, Forbidden, HeadgateError, Invalid, NotFound, Unauthenticated
from headgate.ledger import parse_json
from headgate.wiring import App

PREFIX = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
MOST_BYTES = 1_000_000
_READ = ("application/scim+json", "application/json")
KINDS: Mapping[str, Kind] = {"Users": Users(), "Groups": Groups()}
# Generic over the kind of resource, which is known when a request comes.
_ASKED: Any = SearchRequest
_FILTER: Any = ScimFilter
_LIST: Any = ListResponse
_PATCHED: Any = PatchOp
_CHOSEN: Any = ResponseParameters
log = logging.getLogger("headgate.api")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a provider that has proven itself."""

    app: App
    request: Request
    ctx: Context
    body: Any
    base: str


Handler = Callable[[Asked], Response]


def create_scim(app: App, limits: Limits) -> Starlette:
    """The server over a built application; `limits` are those of the API."""

    def endpoint(handler: Handler) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                body = await request.body() if request.method in ("POST", "PUT", "PATCH") else b""
                return await run_in_threadpool(_answer, app, limits, request, body, handler)
            except Exception as error:  # noqa: BLE001 (whatever went wrong is answered as the protocol says)
                return _failed(request, error)

        return answer

    routes = [
        Route("/ServiceProviderConfig", endpoint(_config), methods=["GET"]),
        Route("/ResourceTypes", endpoint(_resource_types), methods=["GET"]),
        Route("/ResourceTypes/{id}", endpoint(_resource_type), methods=["GET"]),
        Route("/Schemas", endpoint(_schemas), methods=["GET"]),
        Route("/Schemas/{id}", endpoint(_schema), methods=["GET"]),
        Route("/Bulk", endpoint(_unsupported), methods=["POST"]),
        Route("/Me", endpoint(_unsupported), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        Route("/.search", endpoint(_search_all), methods=["POST"]),
    ]
    for name, kind in KINDS.items():
        routes += [
            Route(f"/{name}", endpoint(_of(kind, _list)), methods=["GET"]),
            Route(f"/{name}", endpoint(_of(kind, _create)), methods=["POST"]),
            Route(f"/{name}/.search", endpoint(_of(kind, _search)), methods=["POST"]),
            Route(f"/{name}/{{id}}", endpoint(_of(kind, _get)), methods=["GET"]),
            Route(f"/{name}/{{id}}", endpoint(_of(kind, _replace)), methods=["PUT"]),
            Route(f"/{name}/{{id}}", endpoint(_of(kind, _patch)), methods=["PATCH"]),
            Route(f"/{name}/{{id}}", endpoint(_of(kind, _delete)), methods=["DELETE"]),
        ]

    def told(request: Request, error: Exception) -> Response:
        return _failed(request, error)

    return Starlette(routes=routes, exception_handlers={HTTPException: told})


def _answer(app: App, limits: Limits, request: Request, body: bytes, handler: Handler) -> Response:
    """Who asks, what they sent, and the answer."""
    limits.unproven(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    now = app.clock.now()
    try:
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("send a token as Authorization: Bearer …")
        limits.ask(parse_api_key(token.strip()))
        tenant_id, principal = authenticate_api_key(app.database, token.strip(), now, audience="scim")
    except Unauthenticated:
        limits.refused(request)
        raise
    access.require(principal, "scim")
    ctx = Context(tenant_id, principal, now, trace=request.scope["state"]["request_id"])
    base = f"{str(request.base_url).rstrip('/').removesuffix(PREFIX)}{PREFIX}"
    with POLICY, SERVICE:
        return handler(Asked(app, request, ctx, _read(request, body), base))


def _read(request: Request, body: bytes) -> Any:
    if len(body) > MOST_BYTES:
        raise RequestRefused("too_large", f"the body is larger than {MOST_BYTES} bytes")
    if not body:
        return None
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in _READ:
        raise RequestRefused("unsupported_media_type", f"send {MEDIA_TYPE}")
    return parse_json("body", body)


def _of(kind: Kind, handler: Callable[[Asked, Kind], Response]) -> Handler:
    return lambda asked: handler(asked, kind)


# --- what the server is ---


def _config(asked: Asked) -> Response:
    shown = CONFIG.model_copy(update={"meta": None})
    document = shown.model_dump(scim_ctx=Scope.RESOURCE_QUERY_RESPONSE)
    meta = {"resourceType": "ServiceProviderConfig", "location": f"{asked.base}/ServiceProviderConfig"}
    return _json({**document, "meta": meta})


def _resource_types(asked: Asked) -> Response:
    return _listed([_type_shown(asked, each) for each in SERVICE.resource_types], asked)


def _resource_type(asked: Asked) -> Response:
    wanted = asked.request.path_params["id"]
    found = next((each for each in SERVICE.resource_types if str(each.id or each.name) == wanted), None)
    if found is None:
        raise NotFound("there is no such resource type")
    return _json(_type_shown(asked, found))


def _type_shown(asked: Asked, each: ResourceType) -> dict[str, Any]:
    named = str(each.id or each.name)
    document = each.model_dump(scim_ctx=Scope.RESOURCE_QUERY_RESPONSE)
    meta = {"resourceType": "ResourceType", "location": f"{asked.base}/ResourceTypes/{named}"}
    return {**document, "id": named, "meta": meta}


def _schemas(asked: Asked) -> Response:
    return _listed([_schema_shown(asked, each) for each in SERVICE.schemas], asked)


def _schema(asked: Asked) -> Response:
    wanted = asked.request.path_params["id"].casefold()
    found = next((each for each in SERVICE.schemas if str(each.id).casefold() == wanted), None)
    if found is None:
        raise NotFound("there is no such schema")
    return _json(_schema_shown(asked, found))


def _schema_shown(asked: Asked, each: Schema) -> dict[str, Any]:
    document = each.model_dump(scim_ctx=Scope.RESOURCE_QUERY_RESPONSE)
    return {**document, "meta": {"resourceType": "Schema", "location": f"{asked.base}/Schemas/{each.id}"}}


def _listed(items: list[dict[str, Any]], asked: Asked) -> Response:
    if "filter" in asked.request.query_params:
        # RFC 7644 4: whoever filters what the server says of itself is refused, so that nobody takes a part for all.
        raise Forbidden("what the server says of itself cannot be filtered")
    schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    told = {"totalResults": len(items), "startIndex": 1, "itemsPerPage": len(items), "Resources": items}
    return _json({"schemas": schemas, **told})


def _unsupported(asked: Asked) -> Response:
    return _error(501, "this is not supported; send one request for each resource")


# --- resources ---


def _list(asked: Asked, kind: Kind) -> Response:
    asked_for = dict(asked.request.query_params)
    return _found(asked, [kind], _ASKED[kind.model].model_validate(asked_for))


def _search(asked: Asked, kind: Kind) -> Response:
    wanted = _ASKED[kind.model].model_validate(asked.body or {}, scim_ctx=Scope.SEARCH_REQUEST)
    return _found(asked, [kind], wanted)


def _search_all(asked: Asked) -> Response:
    union = Users.model | Groups.model
    wanted = _ASKED[union].model_validate(asked.body or {}, scim_ctx=Scope.SEARCH_REQUEST)
    return _found(asked, list(KINDS.values()), wanted)


def _found(asked: Asked, kinds: list[Kind], wanted: Any) -> Response:
    found: list[Any] = []
    with asked.app.database.transaction(asked.ctx.tenant_id, read_only=True) as conn:
        for kind in kinds:
            resources = kind.all(conn, asked.base, **_indexed(kind, wanted.filter))
            if wanted.filter:
                matching = _FILTER[kind.model](str(wanted.filter))
                resources = [each for each in resources if matching.match(each)]
            found += resources
    if wanted.sort_by:
        found = wanted.sort(found)
    start = max(1, wanted.start_index or 1)
    count = MOST_RESULTS if wanted.count is None else min(max(0, wanted.count), MOST_RESULTS)
    page = found[start - 1 : start - 1 + count]
    model = kinds[0].model if len(kinds) == 1 else kinds[0].model | kinds[1].model
    shown = _LIST[model](total_results=len(found), start_index=start, items_per_page=len(page), resources=page)
    return _json(shown.model_dump(scim_ctx=Scope.RESOURCE_QUERY_RESPONSE, response_parameters=wanted))


def _indexed(kind: Kind, wanted: Any) -> dict[str, str]:
    """What of a filter an index answers: one comparison for equality with text, as providers send it."""
    node = None if wanted is None else wanted.ast
    if not isinstance(node, Comparison) or str(node.op).lower() != "eq" or not isinstance(node.value, str):
        return {}
    column = kind.indexed.get(str(node.attr_path).lower())
    return {} if column is None or "\0" in node.value else {column: node.value}


def _create(asked: Asked, kind: Kind) -> Response:
    given = kind.model.model_validate(asked.body, scim_ctx=Scope.RESOURCE_CREATION_REQUEST)
    with asked.app.database.transaction(asked.ctx.tenant_id) as conn:
        made, _ = kind.add(conn, asked.ctx, given, asked.base)
    return _one(asked, made, Scope.RESOURCE_CREATION_RESPONSE, 201)


def _get(asked: Asked, kind: Kind) -> Response:
    with asked.app.database.transaction(asked.ctx.tenant_id, read_only=True) as conn:
        found, _ = kind.get(conn, _id(asked), asked.base)
    known = asked.request.headers.get("if-none-match", "")
    if known and found.meta.version in [each.strip() for each in known.split(",")]:
        return Response(status_code=304, headers={"ETag": found.meta.version})
    return _one(asked, found, Scope.RESOURCE_QUERY_RESPONSE)


def _replace(asked: Asked, kind: Kind) -> Response:
    given = kind.model.model_validate(asked.body, scim_ctx=Scope.RESOURCE_REPLACEMENT_REQUEST)
    with asked.app.database.transaction(asked.ctx.tenant_id) as conn:
        old, record = kind.get(conn, _id(asked), asked.base, lock=True)
        _still(asked, old)
        given.replace(old)
        made, _ = kind.change(conn, asked.ctx, record, old, given, asked.base)
    return _one(asked, made, Scope.RESOURCE_REPLACEMENT_RESPONSE)


def _patch(asked: Asked, kind: Kind) -> Response:
    operations = _PATCHED[kind.model].model_validate(asked.body, scim_ctx=Scope.RESOURCE_PATCH_REQUEST)
    with asked.app.database.transaction(asked.ctx.tenant_id) as conn:
        old, record = kind.get(conn, _id(asked), asked.base, lock=True)
        _still(asked, old)
        new = old.model_copy(deep=True)
        made = new
        if operations.patch(new):
            made, _ = kind.change(conn, asked.ctx, record, old, new, asked.base)
    return _one(asked, made, Scope.RESOURCE_PATCH_RESPONSE)


def _delete(asked: Asked, kind: Kind) -> Response:
    with asked.app.database.transaction(asked.ctx.tenant_id) as conn:
        old, record = kind.get(conn, _id(asked), asked.base, lock=True)
        _still(asked, old)
        kind.drop(conn, asked.ctx, record)
    return Response(status_code=204)


def _id(asked: Asked) -> Any:
    return id_of(str(asked.request.path_params["id"]))


def _still(asked: Asked, old: Any) -> None:
    """RFC 7644 3.14: who names a version changes that one or nothing."""
    wanted = asked.request.headers.get("if-match", "")
    if wanted and wanted.strip() != "*" and old.meta.version not in [each.strip() for each in wanted.split(",")]:
        raise HTTPException(412, "it has changed since it was read; read it again")


def _one(asked: Asked, resource: Any, scope: Scope, status: int = 200) -> Response:
    wanted = _CHOSEN[type(resource)].model_validate(
        {k: v for k, v in asked.request.query_params.items() if k.lower() in ("attributes", "excludedattributes")}
    )
    document = resource.model_dump(scim_ctx=scope, response_parameters=wanted)
    headers = {"ETag": resource.meta.version, "Location": str(resource.meta.location)}
    return _json(document, status, headers)


# --- errors ---


def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, SCIMException):
        return _json(error.to_error().model_dump(), int(error.status))
    if isinstance(error, ValidationError):
        found = Error.from_validation_errors(error)[0]
        return _json(found.model_dump(), int(found.status or 400))
    if isinstance(error, RequestRefused):
        return _error(error.status_code, str(error.detail), "invalidSyntax" if error.status_code == 400 else "")
    if isinstance(error, HTTPException):
        words = {404: "there is nothing under this address", 405: "the method is not allowed here"}
        told = words.get(error.status_code, str(error.detail))
        return _error(error.status_code, told, headers=dict(error.headers or {}))
    if isinstance(error, HeadgateError):
        status, kind = _status_of(error)
        headers = {"WWW-Authenticate": 'Bearer realm="headgate"'} if status == 401 else {}
        if isinstance(error, Busy):
            headers = {"Retry-After": str(error.retry_after)}
        return _error(status, error.message, kind, headers)
    if isinstance(error, psycopg.errors.UniqueViolation):
        return _error(409, "another request made the same", "uniqueness")
    if isinstance(error, psycopg.OperationalError):
        return _error(503, "the database cannot be reached for now", headers={"Retry-After": "1"})
    log.error("request %s failed: SCIM", request.scope["state"]["request_id"], exc_info=error)
    return _error(500, "this should not have happened; the operator finds it by the request id")


def _status_of(error: HeadgateError) -> tuple[int, str]:
    if isinstance(error, Conflict):
        return 409, "uniqueness"
    if isinstance(error, Invalid):
        return 400, "invalidSyntax"
    plain = ((Unauthenticated, 401), (Forbidden, 403), (NotFound, 404), (Busy, 429))
    return next((status for kind, status in plain if isinstance(error, kind)), 400), ""


def _error(status: int, detail: str, kind: str = "", headers: Mapping[str, str] | None = None) -> Response:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return _json({**body, **({"scimType": kind} if kind else {})}, status, headers)


def _json(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(document, status, dict(headers or {}), MEDIA_TYPE)
