"""`POST /oauth/token` and `/oauth/revoke`: the token endpoint of service accounts, in the words of OAuth 2.

RFC 6749 4.4 (client credentials), RFC 7009 (revocation), RFC 8414 (what this server is). Errors are those of
RFC 6749 5.2 and not problem details, for that is what client libraries read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headgate.access import PERMISSIONS
from headgate.access.clients import OAuthRefusal, issue_token, parse_client_id, revoke_token
from headgate.api.auth import app_of
from headgate.api.limits import Limits
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Busy

PREFIX = "/oauth"
METADATA = "/.well-known/oauth-authorization-server"
MOST_BYTES = 16_000
MOST_FIELDS = 20
_NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client says of itself; `basic` when it said so in the Authorization header."""

    client: str
    secret: str
    basic: bool


async def token(request: Request) -> Response:
    """A token for a client's secret."""
    return await _answered(request, _issue)


async def revoke(request: Request) -> Response:
    """End a token."""
    return await _answered(request, _revoke)


async def metadata(request: Request) -> Response:
    """What this authorization server can do (RFC 8414)."""
    base = str(request.base_url).rstrip("/")
    return JSONResponse(
        {
            "issuer": base,
            "token_endpoint": f"{base}{PREFIX}/token",
            "revocation_endpoint": f"{base}{PREFIX}/revoke",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": list(PERMISSIONS),
        }
    )


ROUTES = (
    Route(f"{PREFIX}/token", token, methods=["POST"]),
    Route(f"{PREFIX}/revoke", revoke, methods=["POST"]),
    Route(METADATA, metadata, methods=["GET"]),
)


async def _answered(request: Request, act: Any) -> Response:
    basic = False
    try:
        proof, fields = await _read(request)
        basic = proof.basic
        return await run_in_threadpool(act, request, proof, fields)
    except OAuthRefusal as refusal:
        return _refusal(refusal.error, str(refusal), basic=basic or refusal.error == "invalid_client")
    except Busy as busy:
        return JSONResponse(
            {"error": "temporarily_unavailable", "error_description": busy.message},
            429,
            {**_NOT_KEPT, "Retry-After": str(busy.retry_after)},
        )
    except psycopg.OperationalError:
        return JSONResponse(
            {"error": "temporarily_unavailable", "error_description": "the database cannot be reached for now"},
            503,
            {**_NOT_KEPT, "Retry-After": "1"},
        )


def _issue(request: Request, proof: Proof, fields: Mapping[str, str]) -> Response:
    if fields.get("grant_type") != "client_credentials":
        raise OAuthRefusal("unsupported_grant_type", "use grant_type=client_credentials")
    made = _with_client(
        request,
        proof,
        lambda conn, ctx: issue_token(
            conn,
            ctx,
            proof.client,
            proof.secret,
            scope=fields.get("scope", ""),
            audience=fields.get("audience", ""),
        ),
    )
    body = {"access_token": made.token, "token_type": "Bearer", "expires_in": made.seconds}
    return JSONResponse({**body, "scope": " ".join(made.scopes)}, 200, _NOT_KEPT)


def _revoke(request: Request, proof: Proof, fields: Mapping[str, str]) -> Response:
    given = fields.get("token", "")
    if not given:
        raise OAuthRefusal("invalid_request", "token is missing")
    _with_client(request, proof, lambda conn, ctx: revoke_token(conn, ctx, proof.client, proof.secret, given))
    return Response(status_code=200, headers=_NOT_KEPT)


def _with_client(request: Request, proof: Proof, act: Any) -> Any:
    """What is done in a transaction of the client's tenant; wrong proofs are counted by address."""
    app = app_of(request)
    limits: Limits = request.app.state.gate.limits
    limits.unproven(request)
    tenant_id = parse_client_id(proof.client)
    if tenant_id is None:
        limits.refused(request)
        raise OAuthRefusal("invalid_client", "client_id is none of this server; it begins with hgc_")
    # By the whole proof: whoever only knows the id uses up nothing of its owner's.
    limits.ask((proof.client, hashlib.sha256(proof.secret.encode()).digest()))
    ctx = Context(tenant_id, SYSTEM, app.clock.now(), trace=request.scope["state"]["request_id"])
    try:
        with app.database.transaction(tenant_id) as conn:
            return act(conn, ctx)
    except OAuthRefusal as refusal:
        if refusal.error == "invalid_client":
            limits.refused(request)
        raise


async def _read(request: Request) -> tuple[Proof, Mapping[str, str]]:
    """Who asks, and the fields of the form. A field given twice, or two ways of proving oneself, are refused."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media != "application/x-www-form-urlencoded":
        raise OAuthRefusal("invalid_request", "send application/x-www-form-urlencoded")
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise OAuthRefusal("invalid_request", "the request is too large")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise OAuthRefusal("invalid_request", "the form cannot be read") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OAuthRefusal("invalid_request", "a field is given twice")
    if any("\0" in value for value in fields.values()):
        raise OAuthRefusal("invalid_request", "a field has characters that no field has")
    header = request.headers.get("authorization", "")
    if header:
        if "client_secret" in fields:
            raise OAuthRefusal("invalid_request", "prove yourself in the header or in the form, not in both")
        proof = _basic(header)
        if fields.get("client_id", proof.client) != proof.client:
            raise OAuthRefusal("invalid_request", "client_id is not the client of the header")
        return proof, fields
    client, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    if not client or not secret:
        raise OAuthRefusal("invalid_client", "send client_id and client_secret, in the header or in the form")
    return Proof(client, secret, basic=False), fields


def _basic(header: str) -> Proof:
    """RFC 6749 2.3.1: id and secret are form-encoded before they are joined."""
    scheme, _, encoded = header.partition(" ")
    refused = OAuthRefusal("invalid_client", "the Authorization header is no Basic header of a client")
    if scheme.lower() != "basic":
        raise refused
    try:
        client, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        raise refused from None
    if not colon:
        raise refused
    return Proof(unquote_plus(client), unquote_plus(secret), basic=True)


def _refusal(error: str, message: str, *, basic: bool) -> Response:
    status = 401 if error == "invalid_client" else 400
    headers = {**_NOT_KEPT, **({"WWW-Authenticate": 'Basic realm="headgate"'} if basic and status == 401 else {})}
    return JSONResponse({"error": error, "error_description": message}, status, headers)
