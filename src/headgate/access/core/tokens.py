"""Session tokens and API keys: their text, and what of them is stored.

A session token is `<tenant id, 32 hex>.<secret>`, an API key `hgk_<tenant id, 32 hex>_<key id, 16 hex>_<secret>`, an
access token the same with `hgt_`. All name their tenant, so that the database can be asked within that tenant's bounds;
a forged tenant finds no row.
Secrets are 256 random bits, so a plain SHA-256 is enough to store them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from uuid import UUID

from headgate.kernel.errors import Unauthenticated

_SESSION = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")
_API_KEY = re.compile(r"hg[kt]_([0-9a-f]{32})_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


def session_token(tenant_id: UUID, secret: str) -> str:
    """The token that goes into the cookie."""
    return f"{tenant_id.hex}.{secret}"


def parse_session_token(token: str) -> tuple[UUID, bytes]:
    """The tenant and the hash of a session token. Raises `Unauthenticated`."""
    match = _SESSION.fullmatch(token)
    if match is None:
        raise Unauthenticated("the session is not valid; sign in again")
    return UUID(match[1]), secret_hash(match[2])


def api_key(tenant_id: UUID, key_id: str, secret: str) -> str:
    """The text of an API key."""
    return f"hgk_{tenant_id.hex}_{key_id}_{secret}"


def access_token(tenant_id: UUID, key_id: str, secret: str) -> str:
    """The text of an access token, which a client got for its secret."""
    return f"hgt_{tenant_id.hex}_{key_id}_{secret}"


def parse_api_key(text: str) -> tuple[UUID, str, bytes]:
    """The tenant, key id and secret's hash of an API key or access token. Raises `Unauthenticated`."""
    match = _API_KEY.fullmatch(text)
    if match is None:
        raise Unauthenticated("this is no API key (it begins with hgk_) and no access token (hgt_)")
    return UUID(match[1]), match[2], secret_hash(match[3])


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def same(one: bytes, other: bytes) -> bool:
    """Equality in a time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)
