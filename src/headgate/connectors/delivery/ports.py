"""The kinds of outside systems that messages can be handed to. One kind is one port; `wiring` fills the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from headgate.connectors.delivery.core.addresses import Rules, read_url
from headgate.connectors.delivery.core.message import Fact, Secret, body_of, headers_of
from headgate.connectors.delivery.core.verdict import Answer
from headgate.connectors.delivery.wire import Wire
from headgate.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message ready to go. `id` is the same at every attempt: receivers tell repeats by it."""

    id: UUID
    fact: Fact
    url: str
    config: Mapping[str, Any]
    secrets: tuple[Secret, ...]
    authorization: str
    timeout_seconds: int
    idempotency_key: str = ""
    trace: str = ""


class DeliveryPort(Protocol):
    """A kind of outside system.

    `check` refuses (`Invalid`) a URL or configuration it cannot use, without reaching for the network. `send` hands one
    parcel over and says what was answered; whatever the outside does, it returns an `Answer` within the parcel's
    timeout and a second, and raises nothing. Handing the same parcel over twice must be the same as once for a
    receiver that minds the parcel's id.
    """

    def check(self, url: str, config: Mapping[str, Any]) -> None: ...

    def send(self, parcel: Parcel, now: datetime) -> Answer: ...


@dataclass(frozen=True, slots=True)
class WebhookPort:
    """A POST of a CloudEvent, signed by Standard Webhooks."""

    rules: Rules
    wire: Wire

    def check(self, url: str, config: Mapping[str, Any]) -> None:
        """Raises `Invalid` for a URL that may not be sent to."""
        read_url("url", url, self.rules)

    def send(self, parcel: Parcel, now: datetime) -> Answer:
        """One POST. An address that may not be reached (any more) is answered as blocked."""
        try:
            to = read_url("url", parcel.url, self.rules)
        except Invalid as error:
            return Answer(error=error.message, blocked=True)
        body = body_of(parcel.fact, {"idempotencykey": parcel.idempotency_key})
        headers = headers_of(parcel.id, body, to, parcel.secrets, parcel.authorization, parcel.trace, now)
        hidden = [parcel.authorization, *(secret.text for secret in parcel.secrets)]
        return self.wire.post(to, headers, body, parcel.timeout_seconds, now, hidden)
