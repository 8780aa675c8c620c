"""The way to an identity provider and back: authorization code with PKCE, state and nonce (OpenID Connect Core 3.1).

What was asked is kept here and answered once: a state belongs to one provider and to the browser that began (a cookie
proves it), so that no answer of another provider, of another sign-in or of somebody else's browser is taken (RFC 9700).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import quote, urlencode
from uuid import UUID

from psycopg import Connection

from headgate.access.core.tokens import same, secret_hash
from headgate.access.federation import repo
from headgate.access.federation.core.id_token import Expected, Identity, NoSuchKey, read_id_token
from headgate.access.federation.discovery import Discovery, Metadata, Unreachable
from headgate.access.federation.providers import Provider
from headgate.kernel.canonical import loads
from headgate.kernel.context import Context
from headgate.kernel.errors import Unauthenticated
from headgate.kernel.phrases import phrase

LASTS: Final = timedelta(minutes=10)
_OVER = phrase("this sign-in is over or was begun in another browser; start again")
Purpose = Literal["sign_in", "test"]


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser."""

    address: str


@dataclass(frozen=True, slots=True)
class Callback:
    """What was asked, as the answer to it needs it."""

    provider: str
    purpose: Purpose
    nonce: str
    verifier: str
    redirect_uri: str
    then: str
    started_by: str | None


@dataclass(frozen=True, slots=True)
class Finished:
    """Who came back, and the ID token that ends their session there, too."""

    identity: Identity
    id_token: str


def begin(
    conn: Connection,
    ctx: Context,
    provider: Provider,
    metadata: Metadata,
    *,
    browser: str,
    redirect_uri: str,
    then: str,
    purpose: Purpose = "sign_in",
) -> Begun:
    """Keep what is asked and say where to go. `browser` is a random text that a cookie of this browser holds."""
    secret, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    # The state names the tenant: nobody is signed in yet when it comes back.
    state = f"{ctx.tenant_id.hex}.{secret}"
    conn.execute(repo.DROP_OLD_REQUESTS, {"now": ctx.now})
    conn.execute(
        repo.ADD_REQUEST,
        {
            "state_hash": secret_hash(state),
            "provider": provider.code,
            "purpose": purpose,
            "nonce": nonce,
            "verifier": verifier,
            "browser_hash": secret_hash(browser),
            "redirect_uri": redirect_uri,
            "onward": then,
            "started_by": ctx.principal.id if purpose == "test" else None,
            "expires_at": ctx.now + LASTS,
        },
    )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(("openid", *provider.scopes)),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in metadata.authorization else "?"
    return Begun(f"{metadata.authorization}{joint}{urlencode(asked)}")


def tenant_of_state(state: str) -> UUID | None:
    """The tenant that a state names; None for what is none of ours."""
    tenant, dot, secret = state.partition(".")
    if not dot or len(secret) != 43 or len(tenant) != 32:
        return None
    try:
        return UUID(hex=tenant)
    except ValueError:
        return None


def take_request(conn: Connection, state: str, browser: str, now: datetime) -> Callback:
    """What this state was for; it works once. Commit in any case. Raises `Unauthenticated`."""
    row = conn.execute(repo.TAKE_REQUEST, {"state_hash": secret_hash(state)}).fetchone()
    if row is None:
        raise Unauthenticated(_OVER)
    provider, purpose, nonce, verifier, browser_hash, redirect_uri, then, started_by, expires_at = row
    if now >= expires_at or not same(bytes(browser_hash), secret_hash(browser)):
        raise Unauthenticated(_OVER)
    return Callback(provider, purpose, nonce, verifier, redirect_uri, then, started_by)


def exchange(
    discovery: Discovery,
    provider: Provider,
    secret: str,
    callback: Callback,
    answer: Mapping[str, str],
    now: datetime,
) -> Finished:
    """From the answer in the address (`code`, `iss`, `error`) to who it is. Outside of any transaction.

    Raises `Unauthenticated`, `Unreachable`.
    """
    metadata = discovery.metadata(provider.issuer, now)
    told = answer.get("iss", "")
    if (metadata.answers_with_issuer or told) and told != provider.issuer:
        raise Unauthenticated("the answer is another identity provider's")  # RFC 9207
    if answer.get("error"):
        raise Unauthenticated(phrase("%(name)s refused: %(plain)s", name=provider.name, plain=_plain(answer["error"])))
    code = answer.get("code", "")
    if not code or len(code) > 4000:
        raise Unauthenticated("the identity provider's answer has no code")
    id_token, access_token = _tokens(discovery, metadata, provider, secret, callback, code)
    expected = Expected(provider.issuer, provider.client_id, callback.nonce, access_token)
    keys = discovery.keys(metadata, now)
    try:
        found = read_id_token(id_token, keys, expected, now, provider.groups_claim)
    except NoSuchKey:  # the issuer may have changed its keys since they were read
        again = discovery.keys(metadata, now, again=True)
        found = read_id_token(id_token, again, expected, now, provider.groups_claim)
    return Finished(found, id_token)


def _tokens(
    discovery: Discovery, metadata: Metadata, provider: Provider, secret: str, callback: Callback, code: str
) -> tuple[str, str]:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback.redirect_uri,
        "code_verifier": callback.verifier,
    }
    authorization = ""
    if secret and metadata.basic:
        joined = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
        authorization = f"Basic {base64.b64encode(joined.encode()).decode()}"
    else:
        fields["client_id"] = provider.client_id
        if secret:
            fields["client_secret"] = secret
    status, body = discovery.fetch.post(metadata.token, fields, authorization)
    try:
        document = loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Unreachable(
            phrase(
                "the token endpoint of %(name)s answers %(status)s and no JSON object",
                name=provider.name,
                status=status,
            )
        )
    if status != 200:
        raise Unauthenticated(
            phrase("%(name)s gives no token: %(plain)s", name=provider.name, plain=_plain(document.get("error")))
        )
    id_token, access_token = document.get("id_token"), document.get("access_token", "")
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise Unauthenticated(phrase("%(name)s answered without an ID token", name=provider.name))
    return id_token, access_token


def _plain(text: object) -> str:
    """What somebody else wrote, as it can be shown in a sentence."""
    return "".join(c for c in str(text) if c.isascii() and (c.isalnum() or c in " _-."))[:80] or "no reason given"
