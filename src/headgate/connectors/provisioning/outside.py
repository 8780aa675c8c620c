"""Speaking SCIM with an outside system: the library's client over our own guarded sockets.

What is asked again, and when, is decided here: a busy system is waited for as it asks, a question that harms nobody is
repeated after a failure, and a creation is not, because nobody knows whether it happened; the next run finds out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from scim2_client import BaseSyncSCIMClient
from scim2_client.errors import RequestNetworkException
from scim2_models import Group, ScimPolicy, ScimProvider, User

import headgate
from headgate.connectors.delivery import Blocked, Said, Wire, read_url
from headgate.connectors.delivery.core.message import host_header
from headgate.connectors.delivery.core.pace import backoff, retry_after
from headgate.kernel.clock import Clock
from headgate.kernel.errors import Invalid

SECONDS: Final = 20.0
MOST_BYTES: Final = 16_000_000
ATTEMPTS: Final = 4
LONGEST_WAIT: Final = timedelta(seconds=30)
BUSY: Final = frozenset({429, 503})
BROKEN: Final = frozenset({500, 502, 504})
MEDIA_TYPE: Final = "application/scim+json"
# What a system sends beside the standard is kept, so that writing a record back takes nothing away from it.
TOLERANT: Final = ScimPolicy(unknown=ScimPolicy.Unknown.keep)
PLAIN: Final = ScimProvider(models=[User, Group], policy=TOLERANT)


class Later(Exception):
    """The system asks to be left alone for longer than a run waits."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__(f"asks for a pause of {pause}")
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a run passes the time: `sleep` returns False when it should end instead; `chance` is uniform in [0, 1)."""

    clock: Clock
    sleep: Callable[[float], bool]
    chance: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as the library reads it."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are none are shown as such."""
        return self.content.decode("utf-8", errors="replace")


class Outside(BaseSyncSCIMClient):
    """A client for one system. Opens no transaction; knows nothing of who is whose."""

    def __init__(
        self,
        wire: Wire,
        base: str,
        token: str,
        waiting: Waiting,
        provider: ScimProvider = PLAIN,
    ) -> None:
        super().__init__(provider=provider, check_response_content_type=False)
        self._wire, self._base, self._token, self._waiting = wire, base.rstrip("/"), token, waiting

    def request(self, method: str, url: str, **kwargs: Any) -> Reply:
        """Send one request, again where that is right. Raises `RequestNetworkException` and `Later`."""
        body = b"" if kwargs.get("json") is None else json.dumps(kwargs["json"]).encode()
        query = urlencode(kwargs.get("params") or {}, quote_via=quote)
        where = f"{self._base}/{url.lstrip('/')}" + (f"?{query}" if query else "")
        headers: Mapping[str, str] = kwargs.get("headers") or {}
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                said = self._once(method, where, body, headers)
            except (Blocked, OSError, Invalid) as error:
                if last or method == "POST" or not isinstance(error, OSError):
                    raise _network(error) from None
                self._pause(backoff(attempt, self._waiting.chance(), 1.0, 20.0), error)
                continue
            pause = self._again(method, said, attempt)
            if pause is None or last:
                return Reply(said.status, said.headers, said.body)
            self._pause(pause, None)
        raise AssertionError("the last attempt returns or raises")

    def _stays_under_base_url(self, endpoint: str) -> bool:
        """Only a path below the address that was registered: nobody who describes a service sends us elsewhere."""
        parts = urlsplit(endpoint)
        return not (parts.scheme or parts.netloc or {".", ".."} & set(parts.path.split("/")))

    def _once(self, method: str, where: str, body: bytes, more: Mapping[str, str]) -> Said:
        to = read_url("url", where, self._wire.rules)
        headers = [
            ("Host", host_header(to)),
            ("Authorization", f"Bearer {self._token}"),
            ("Accept", MEDIA_TYPE),
            ("User-Agent", f"headgate/{headgate.__version__}"),
            ("Connection", "close"),
            *([("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body)))] if body else []),
            *((name, value) for name, value in more.items() if value.isascii() and value.isprintable()),
        ]
        return self._wire.exchange(method, to, headers, body, SECONDS, MOST_BYTES)

    def _again(self, method: str, said: Said, attempt: int) -> timedelta | None:
        """How long to wait before the same is asked again; None where the answer stands."""
        if said.status in BUSY:
            asked = retry_after(said.headers.get("retry-after", ""), self._waiting.clock.now())
            if asked is not None and asked > LONGEST_WAIT:
                raise Later(asked)
            drawn = backoff(attempt, self._waiting.chance(), 1.0, 20.0)
            return drawn if asked is None else asked + timedelta(seconds=self._waiting.chance())
        if said.status in BROKEN and method != "POST":
            return backoff(attempt, self._waiting.chance(), 1.0, 20.0)
        return None

    def _pause(self, pause: timedelta, error: Exception | None) -> None:
        if not self._waiting.sleep(pause.total_seconds()):
            raise _network(error or OSError("the run was ended while it waited"))


def _network(error: Exception) -> RequestNetworkException:
    return RequestNetworkException(message=str(error) or type(error).__name__)


__all__ = ["PLAIN", "TOLERANT", "Later", "Outside", "Waiting"]
