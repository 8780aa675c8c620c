"""The document served at /v1/openapi.json: every error status of every route, and nothing the routes do not do."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from headgate.api.errors import KINDS, MEDIA_TYPE, ProblemDetails

_REF = {"$ref": "#/components/schemas/ProblemDetails"}
_ALWAYS = (400, 401, 403, 429, 500, 503)
READ = (*_ALWAYS,)
FIND = (*_ALWAYS, 404)
WRITE = (*_ALWAYS, 404, 409, 413, 415, 422)

SIGNATURE = {
    "type": "apiKey",
    "in": "header",
    "name": "webhook-signature",
    "description": "Standard Webhooks: with `webhook-id` and `webhook-timestamp`, over the bytes of the body, under a "
    "secret of the source that `?source=` names.",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """The `responses` of a route for these statuses."""
    return {status: _problem(status) for status in sorted(set(statuses))}


def _problem(status: int) -> dict[str, Any]:
    kinds = [kind for kind in KINDS.values() if kind.status == status]
    found: dict[str, Any] = {
        "description": "; ".join(f"`{kind.code}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": _REF}},
    }
    if status == 401:
        found["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}}
    return found


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        model = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(model.pop("$defs", {}))
        schemas["ProblemDetails"] = model
        document["components"].setdefault("securitySchemes", {})["webhookSignature"] = SIGNATURE
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for path in document["paths"].values():
            for operation in path.values():
                _without_default(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _without_default(operation: dict[str, Any]) -> None:
    """Take out the framework's own 422, which this API never sends."""
    answer = operation.get("responses", {}).get("422", {})
    if "application/json" in answer.get("content", {}):
        del operation["responses"]["422"]
