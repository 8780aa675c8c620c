"""Reading what an address that a tenant chose answers, guarded like deliveries: for identity providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from headgate.access.federation import Unreachable
from headgate.connectors.delivery.core.addresses import Destination, Rules, read_url
from headgate.connectors.delivery.wire import Blocked, Wire
from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase

SECONDS: Final = 10.0
MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Asks with GET and posts forms, to public addresses over https or where the installation allows others."""

    rules: Rules
    wire: Wire

    def check(self, field: str, url: str) -> None:
        """Raises `Invalid` for an address that may not be reached."""
        read_url(field, url, self.rules)

    def get(self, url: str) -> tuple[int, bytes]:
        """Status and body. Raises `Unreachable`."""
        return self._ask("GET", url, [], b"")

    def post(self, url: str, fields: Mapping[str, str], authorization: str) -> tuple[int, bytes]:
        """Send a form. Raises `Unreachable`."""
        headers = [("content-type", "application/x-www-form-urlencoded")]
        if authorization:
            headers.append(("authorization", authorization))
        return self._ask("POST", url, headers, urlencode(fields).encode("ascii"))

    def _ask(self, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> tuple[int, bytes]:
        try:
            to = read_url("address", url, self.rules)
        except Invalid as error:
            raise Unreachable(
                phrase("the identity provider may not be reached: %(message)s", message=error.message)
            ) from None
        try:
            return self.wire.fetch(method, to, [*_common(to, body), *headers], body, SECONDS, MOST_BYTES)
        except (Blocked, OSError) as error:
            raise Unreachable(phrase("the identity provider cannot be reached: %(error)s", error=error)) from None


def _common(to: Destination, body: bytes) -> list[tuple[str, str]]:
    usual = to.port == (443 if to.secure else 80)
    host = f"[{to.host}]" if ":" in to.host else to.host
    return [
        ("host", host if usual else f"{host}:{to.port}"),
        ("accept", "application/json"),
        ("user-agent", "Headgate"),
        *([("content-length", str(len(body)))] if body else []),
    ]
