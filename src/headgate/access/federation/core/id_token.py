"""ID tokens of OpenID Connect: which are believed, and what they say (OpenID Connect Core 1.0, 3.1.3.7; RFC 8725).

Issuer, audience, algorithms and the kind of key are pinned by us; a token's own header chooses nothing but one of the
issuer's published keys.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from headgate.access.federation.core.weak_rsa import is_roca
from headgate.kernel.errors import Unauthenticated
from headgate.kernel.phrases import phrase

# Signatures by a key that only the issuer has. HS256 would be one by the client's secret, `none` by nobody.
ALGORITHMS: Final[Mapping[str, str]] = {
    "RS256": "RSA",
    "PS256": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "Ed25519": "OKP",
    "EdDSA": "OKP",
}
_HASHES: Final = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "Ed25519": hashlib.sha512}
SKEW: Final = timedelta(minutes=2)
OLDEST: Final = timedelta(minutes=15)
LONGEST_TOKEN: Final = 64_000
LONGEST_SUBJECT: Final = 255
SMALLEST_RSA: Final = 2048
MOST_GROUPS: Final = 1000


class NoSuchKey(Unauthenticated):
    """The token names a key that the issuer had not published when its keys were read."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say to be the answer to our question."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an issuer says somebody is. `email` is empty unless the issuer says that it verified it."""

    issuer: str
    subject: str
    name: str
    email: str
    groups: tuple[str, ...]
    claims: Mapping[str, Any]


def read_id_token(
    token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, now: datetime, groups_claim: str
) -> Identity:
    """Who signed in, by an ID token and the issuer's published keys (JWKs).

    Raises `NoSuchKey` where reading the keys again may help, `Unauthenticated` with what is wrong otherwise.
    """
    payload, algorithm = verified_payload(token, keys)
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise Unauthenticated("the ID token does not say anything that can be read")
    _check(claims, expected, now)
    _check_hash(claims, expected.access_token, algorithm)
    return _identity(claims, groups_claim)


def verified_payload(token: str, keys: Sequence[Mapping[str, Any]]) -> tuple[bytes, str]:
    """What is signed by one of the issuer's published keys (JWKs), and the algorithm it is signed with.

    Raises as `read_id_token` does.
    """
    header = _header(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Unauthenticated("the ID token is not signed in a way that is accepted here")
    key = _key(header, keys, algorithm)
    try:
        payload = jws.deserialize_compact(token, key, algorithms=[algorithm]).payload
    except (JoseError, ValueError, TypeError, AssertionError):
        payload = None
    if payload is None:
        raise Unauthenticated("the signature of the ID token does not fit")
    return payload, algorithm


def _header(token: str) -> Mapping[str, Any]:
    if len(token) > LONGEST_TOKEN or token.count(".") != 2 or not token.isascii():
        raise Unauthenticated("the ID token is no signed token in its compact form")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, AttributeError):
        raise Unauthenticated("the ID token cannot be read") from None
    if "crit" in header or "b64" in header:
        raise Unauthenticated("the ID token asks for something that is not understood here")
    if str(header.get("typ", "JWT")).lower() not in ("jwt", "application/jwt"):
        raise Unauthenticated("this token is for another purpose than signing in")
    return header


def _key(header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]], algorithm: str) -> RSAKey | ECKey | OKPKey:
    """The one published key that the header means. Keys that come along in a header (jwk, jku, x5u) do not count."""
    kid = header.get("kid")
    fitting = [key for key in keys if _fits(key, algorithm) and (kid is None or key.get("kid") == kid)]
    if not fitting:
        raise NoSuchKey("the identity provider has published no key that this ID token names")
    if len(fitting) > 1:
        raise Unauthenticated("the ID token does not say which of several keys signed it")
    public = {name: fitting[0][name] for name in ("kty", "n", "e", "crv", "x", "y") if name in fitting[0]}
    try:
        made = import_key(public)
    except (JoseError, ValueError, TypeError):
        raise Unauthenticated("the identity provider published a key that cannot be read") from None
    if isinstance(made, RSAKey) and made.raw_value.key_size < SMALLEST_RSA:
        raise Unauthenticated(
            phrase(
                "the identity provider signs with a key of less than %(smallest_rsa)s bits", smallest_rsa=SMALLEST_RSA
            )
        )
    if isinstance(made, RSAKey) and is_roca(made.public_key.public_numbers().n):
        raise Unauthenticated("the identity provider signs with a key that can be computed (ROCA, CVE-2017-15361)")
    if not isinstance(made, (RSAKey, ECKey, OKPKey)):
        raise Unauthenticated("the identity provider published a key of another kind")
    return made


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    operations = key.get("key_ops")
    return (
        key.get("kty") == ALGORITHMS[algorithm]
        and key.get("use", "sig") == "sig"
        and (operations is None or "verify" in operations)
        and key.get("alg", algorithm) == algorithm
    )


def _check(claims: Mapping[str, Any], expected: Expected, now: datetime) -> None:
    if claims.get("iss") != expected.issuer:
        raise Unauthenticated("the ID token is another issuer's")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in named:
        raise Unauthenticated("the ID token is meant for another application")
    party = claims.get("azp")
    if (len(named) > 1 or party is not None) and party != expected.client_id:
        raise Unauthenticated("the ID token was asked for by another application")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise Unauthenticated("the ID token does not answer this sign-in")
    ends, made = _instant(claims, "exp"), _instant(claims, "iat")
    if now.timestamp() >= ends + SKEW.total_seconds():
        raise Unauthenticated("the ID token has expired; are the clocks right?")
    if made > now.timestamp() + SKEW.total_seconds():
        raise Unauthenticated("the ID token is from the future; are the clocks right?")
    if made < (now - OLDEST - SKEW).timestamp():
        raise Unauthenticated("the ID token is too old; are the clocks right?")
    if "nbf" in claims and _instant(claims, "nbf") > now.timestamp() + SKEW.total_seconds():
        raise Unauthenticated("the ID token is not valid yet; are the clocks right?")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise Unauthenticated("the ID token names nobody")


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        raise Unauthenticated(phrase("the ID token has no %(name)s", name=name))
    return float(value)


def _check_hash(claims: Mapping[str, Any], access_token: str, algorithm: str) -> None:
    """`at_hash` binds the access token to the ID token (3.1.3.6): the left half of a hash."""
    told = claims.get("at_hash")
    if told is None:
        return
    made = _HASHES["Ed25519" if algorithm in ("EdDSA", "Ed25519") else algorithm[-3:]](access_token.encode()).digest()
    half = base64.urlsafe_b64encode(made[: len(made) // 2]).rstrip(b"=").decode()
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), half.encode()):
        raise Unauthenticated("the access token is not the one that the ID token came with")


def _identity(claims: Mapping[str, Any], groups_claim: str) -> Identity:
    verified = claims.get("email_verified") is True
    email = claims.get("email")
    name = claims.get("name") or claims.get("preferred_username") or claims.get("email") or claims["sub"]
    listed = claims.get(groups_claim) if groups_claim else None
    groups = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
    kept = dict.fromkeys(group for group in groups[:MOST_GROUPS] if isinstance(group, str) and group)
    return Identity(
        claims["iss"],
        claims["sub"],
        "".join(c for c in str(name) if c.isprintable())[:200],
        email.strip().lower() if verified and isinstance(email, str) else "",
        tuple(kept),
        claims,
    )
