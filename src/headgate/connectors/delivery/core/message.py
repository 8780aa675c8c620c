"""A message on the wire: a CloudEvent in structured JSON, signed by Standard Webhooks.

CloudEvents 1.0.2 §3 (JSON format), Standard Webhooks 1.0 (https://www.standardwebhooks.com): the signature covers
`<id>.<timestamp>.<body>`; while a secret is being replaced there is one signature for each valid secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import headgate
from headgate.access.core.webhooks import sign
from headgate.connectors.delivery.core.addresses import Destination
from headgate.kernel.canonical import canonical, instant_text
from headgate.kernel.errors import invalid

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
LONGEST_AUTHORIZATION: Final = 4000


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told: an event of the log, or a command."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret in the clear; `until` is when it stops being used, None for the newest."""

    text: str
    until: datetime | None = None


def source_of(tenant_id: UUID, source: str) -> str:
    """The CloudEvents source: a URI reference that names the tenant and where the fact came from."""
    return f"urn:headgate:{tenant_id}:{quote(source, safe='')}"


def body_of(fact: Fact, extensions: Mapping[str, str] | None = None) -> bytes:
    """The CloudEvent in structured mode."""
    return canonical(
        {
            "specversion": "1.0",
            "id": fact.id,
            "source": fact.source,
            "type": fact.type,
            **({"subject": fact.subject} if fact.subject else {}),
            "time": instant_text(fact.time),
            "datacontenttype": "application/json",
            **{name: value for name, value in (extensions or {}).items() if value},
            "data": dict(fact.data),
        }
    )


def headers_of(
    message: UUID,
    body: bytes,
    to: Destination,
    secrets: Sequence[Secret],
    authorization: str,
    trace: str,
    now: datetime,
) -> list[tuple[str, str]]:
    """The headers of an attempt at `now`. Every value is ours or was checked, so none can end its line.

    `webhook-id` and `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header, a quoted string) are the message's
    own id: the same at every attempt.
    """
    # Nothing of a message is read by `now` again: an attempt has one time.
    stamp = now.replace(microsecond=0)
    fields = [
        ("Host", host_header(to)),
        ("Content-Type", CONTENT_TYPE),
        ("Content-Length", str(len(body))),
        ("User-Agent", f"headgate/{headgate.__version__}"),
        ("Accept", "application/json, text/plain;q=0.5, */*;q=0.1"),
        ("Connection", "close"),
        ("Idempotency-Key", f'"{message}"'),
        ("webhook-id", str(message)),
        ("webhook-timestamp", str(int(stamp.timestamp()))),
    ]
    valid = [s.text for s in secrets if s.until is None or now < s.until]
    if valid:
        fields.append(("webhook-signature", " ".join(sign(text, str(message), stamp, body) for text in valid)))
    if authorization:
        fields.append(("Authorization", authorization))
    if trace:
        fields.append(("traceparent", trace))
    return fields


def host_header(to: Destination) -> str:
    """Host and, where it is not the scheme's own, port."""
    host = f"[{to.host}]" if ":" in to.host else to.host
    return host if to.port == (443 if to.secure else 80) else f"{host}:{to.port}"


def check_authorization(value: str) -> str:
    """The value of an Authorization header. Raises `Invalid` for what could begin another header."""
    text = value.strip()
    if len(text) > LONGEST_AUTHORIZATION or not text.isascii() or not text.isprintable():
        raise invalid(
            "authorization", "", "is not the value of a header", "Write one line such as Bearer and the token."
        )
    return text
