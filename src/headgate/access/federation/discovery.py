"""What an issuer publishes of itself (OpenID Connect Discovery 1.0) and its keys, kept for a while.

The way out is handed in (`Fetch`), so that this floor reaches nothing by itself and what is reached is guarded.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from headgate.kernel.canonical import loads
from headgate.kernel.errors import HeadgateError
from headgate.kernel.phrases import phrase

METADATA_LIVES: Final = timedelta(hours=1)
KEYS_LIVE: Final = timedelta(minutes=10)
# A token with an unknown key makes us read the keys again, but nobody makes us read them all the time.
READ_AGAIN: Final = timedelta(seconds=30)
MOST_ISSUERS: Final = 1000
MOST_KEYS: Final = 100


class Unreachable(HeadgateError):
    """The identity provider cannot be reached, or what it answers is not what the standard says."""

    code = "unavailable"


class Fetch(Protocol):
    """Asks an address that a tenant chose, guarded. Raises `Unreachable`."""

    def check(self, field: str, url: str) -> None:
        """Raises `Invalid` for an address that may not be reached."""

    def get(self, url: str) -> tuple[int, bytes]:
        """Status and body."""

    def post(self, url: str, fields: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        """Send a form."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where an issuer does what. `basic`: it takes the client's secret in the header."""

    issuer: str
    authorization: str
    token: str
    keys: str
    end_session: str
    basic: bool
    answers_with_issuer: bool


@dataclass(slots=True)
class _Kept:
    at: datetime
    value: Any


@dataclass(slots=True)
class Discovery:
    """What was read of issuers, in bounded memory; threads share it."""

    fetch: Fetch
    _metadata: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    _keys: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def metadata(self, issuer: str, now: datetime, *, fresh: bool = False) -> Metadata:
        """The issuer's metadata. Raises `Unreachable`, also where it names another issuer (mix-up)."""
        kept = self._get(self._metadata, issuer)
        if kept is not None and not fresh and now - kept.at < METADATA_LIVES:
            found: Metadata = kept.value
            return found
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _read_metadata(issuer, self._document(url))
        for name, address in (("authorization_endpoint", found.authorization), ("token_endpoint", found.token)):
            self.fetch.check(name, address)
        self.fetch.check("jwks_uri", found.keys)
        if found.end_session:
            self.fetch.check("end_session_endpoint", found.end_session)
        self._put(self._metadata, issuer, _Kept(now, found))
        return found

    def keys(self, metadata: Metadata, now: datetime, *, again: bool = False) -> Sequence[Mapping[str, Any]]:
        """The issuer's keys. `again`: a token named one that is not among them, so read them unless just done."""
        kept = self._get(self._keys, metadata.keys)
        if kept is not None:
            age = now - kept.at
            if age < READ_AGAIN or (age < KEYS_LIVE and not again):
                found: Sequence[Mapping[str, Any]] = kept.value
                return found
        document = self._document(metadata.keys)
        listed = document.get("keys")
        if not isinstance(listed, list):
            raise Unreachable("the identity provider publishes no keys")
        found = [key for key in listed[:MOST_KEYS] if isinstance(key, dict)]
        self._put(self._keys, metadata.keys, _Kept(now, found))
        return found

    def _document(self, url: str) -> Mapping[str, Any]:
        status, body = self.fetch.get(url)
        if status != 200:
            raise Unreachable(phrase("the identity provider answers %(status)s at %(url)s", status=status, url=url))
        try:
            document = loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise Unreachable(phrase("the identity provider answers no JSON object at %(url)s", url=url))
        return document

    def _get(self, kept: OrderedDict[str, _Kept], key: str) -> _Kept | None:
        with self._lock:
            return kept.get(key)

    def _put(self, kept: OrderedDict[str, _Kept], key: str, value: _Kept) -> None:
        with self._lock:
            kept[key] = value
            kept.move_to_end(key)
            if len(kept) > MOST_ISSUERS:
                kept.popitem(last=False)


def _read_metadata(issuer: str, document: Mapping[str, Any]) -> Metadata:
    if document.get("issuer") != issuer:
        raise Unreachable(
            phrase(
                "the provider calls itself %(get)s, not %(issuer)s; copy the issuer exactly",
                get=str(document.get("issuer"))[:200],
                issuer=issuer,
            )
        )

    def address(name: str, *, needed: bool = True) -> str:
        value = document.get(name, "")
        if not isinstance(value, str) or (needed and not value):
            raise Unreachable(phrase("the identity provider's metadata has no %(name)s", name=name))
        return value

    ways = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        issuer,
        address("authorization_endpoint"),
        address("token_endpoint"),
        address("jwks_uri"),
        address("end_session_endpoint", needed=False),
        not isinstance(ways, list) or "client_secret_basic" in ways,
        document.get("authorization_response_iss_parameter_supported") is True,
    )
