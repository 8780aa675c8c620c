"""What an event is in the log, and the digest that binds all of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson

from headgate.kernel.canonical import instant_text


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be appended.

    `source` and `event_id` together name it for ever within the tenant. `key` is the correlation key: events of one key
    are applied one after the other. `time` None means the sender gave none; the time of receipt is stored.
    """

    source: str
    event_id: str
    type: str
    subject: str
    key: str
    time: datetime | None
    data: dict[str, Any]
    actor: str
    trace: str = ""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the log holds it. `digest` is hex; see `event_digest`."""

    seq: int
    source: str
    event_id: str
    type: str
    subject: str
    key: str
    lane: int
    time: datetime
    received_at: datetime
    data: dict[str, Any]
    actor: str
    digest: str
    trace: str = field(default="")


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of one event: its place in the log, or that of the event which came first under the same id.

    `duplicate`: the same id with the same type, subject and data came before. `conflict`: the same id with another
    body; nothing is applied, and both bodies are kept for inspection, the refused one as conflict `kept`.
    """

    seq: int
    status: Literal["new", "duplicate", "conflict"]
    kept: int = 0


def event_digest(source: str, event_id: str, type_: str, subject: str, key: str, time: datetime, data: bytes) -> bytes:
    """SHA-256 of the canonical JSON of `{data, id, key, source, subject, time, type}`; `data` is canonical already.

    `time` is written as UTC with microseconds and `Z`. Anyone can repeat this from an export with json and hashlib.
    """
    return digest_of_stored(source, event_id, type_, subject, key, instant_text(time), data)


def digest_of_stored(source: str, event_id: str, type_: str, subject: str, key: str, time: str, data: bytes) -> bytes:
    """`event_digest` for a time that is text already, as verification reads it from the database."""
    # The members are given in sorted order, so no sorting is asked for: a Fragment cannot be looked into.
    body = {
        "data": orjson.Fragment(data),
        "id": event_id,
        "key": key,
        "source": source,
        "subject": subject,
        "time": time,
        "type": type_,
    }
    return hashlib.sha256(orjson.dumps(body)).digest()
