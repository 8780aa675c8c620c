"""An identity provider in memory that can misbehave: it stands where HTTP would be."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from headgate.access.federation import Unreachable
from headgate.kernel.canonical import canonical
from headgate.kernel.errors import invalid


@dataclass
class FakeProvider:
    """Publishes metadata and keys, takes people's consent at once, gives tokens for a code. `lie` is what the next
    answers say otherwise: claims by name, or `header:` and a header's name."""

    issuer: str = "https://idp.example"
    client_id: str = "headgate"
    secret: str = "s3cret with: odd &chars"
    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1"}))
    now: float = 0.0
    subject: str = "subject-1"
    told: dict[str, Any] = field(default_factory=dict)
    lie: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signs_with: Any = None
    answers_with_issuer: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: bool = False

    # --- what stands where HTTP would be ---

    def check(self, field: str, url: str) -> None:
        if not url.startswith("https://") or "169.254" in url:
            raise invalid(field, url, "leads to no public address")

    def get(self, url: str) -> tuple[int, bytes]:
        self.asked.append(url)
        if self.down:
            raise Unreachable("the identity provider cannot be reached")
        if url == f"{self.issuer}/.well-known/openid-configuration":
            return 200, canonical(self._metadata())
        if url == f"{self.issuer}/keys":
            public = self.key.as_dict(private=False)
            return 200, json.dumps(
                {"keys": [{**public, "use": "sig"}, {"kty": "oct", "k": "AAAA", "kid": "mac"}]}
            ).encode()
        return 404, b"{}"

    def post(self, url: str, fields: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        self.asked.append(url)
        if url != f"{self.issuer}/token" or not self._is_client(authorization):
            return 401, canonical({"error": "invalid_client"})
        asked = self.codes.pop(fields["code"], None)
        if asked is None or asked["redirect_uri"] != fields["redirect_uri"]:
            return 400, canonical({"error": "invalid_grant"})
        digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, canonical({"error": "invalid_grant"})
        token = self.id_token(asked["nonce"], "the-access-token")
        return 200, json.dumps({"id_token": token, "access_token": "the-access-token", "token_type": "Bearer"}).encode()

    # --- what a person and their browser do there ---

    def authorize(self, address: str) -> dict[str, str]:
        """The parameters that the browser is sent back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == self.client_id
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        code = f"code-{len(self.codes)}-{len(self.asked)}"
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"]}
        return {**answer, "iss": self.issuer} if self.answers_with_issuer else answer

    def id_token(self, nonce: str, access_token: str = "") -> str:
        """A token as this provider signs them."""
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.client_id,
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            **self.told,
        }
        header: dict[str, Any] = {"alg": "RS256" if isinstance(self.key, RSAKey) else "ES256", "kid": self.key.kid}
        for name, value in self.lie.items():
            where, named = (header, name.removeprefix("header:")) if name.startswith("header:") else (claims, name)
            where.pop(named, None)
            if value is not None:
                where[named] = value
        return jwt.encode(header, claims, self.signs_with or self.key, algorithms=[header["alg"]])

    def at(self, now: datetime) -> FakeProvider:
        """The same, at this time."""
        self.now = now.timestamp()
        return self

    def _is_client(self, authorization: str) -> bool:
        from urllib.parse import quote

        joined = f"{quote(self.client_id, safe='')}:{quote(self.secret, safe='')}"
        return authorization == f"Basic {base64.b64encode(joined.encode()).decode()}"

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            "authorization_response_iss_parameter_supported": self.answers_with_issuer,
            **self.metadata,
        }
