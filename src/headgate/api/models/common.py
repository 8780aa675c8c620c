"""What several answers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from headgate.api.parameters import Amount, Instant
from headgate.ledger import AuditEntry, ProofState, StoredEvent

T = TypeVar("T")


class Shape(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Body(BaseModel):
    """A request body: fields that are not known and wrong types are refused, so that a slip is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Money(Shape):
    """An amount in a currency (ISO 4217)."""

    amount: Amount
    currency: str


class PageOf(Shape, Generic[T]):
    """Some of the things asked for. `next_cursor` is empty on the last page."""

    items: list[T]
    next_cursor: str = Field(default="", description="Pass it as `cursor` to read on; empty when there is no more.")


class Proof(Shape):
    """Whether an audit entry still has its hash, its place in the chain, and the event it speaks of."""

    intact: bool
    reason: str = Field(description="Empty when intact.")
    head_seq: int = Field(description="The last entry of the chain at that moment.")


class AuditLine(Shape):
    """An entry of the audit chain."""

    seq: int
    at: Instant
    actor: str
    action: str
    subject_type: str
    subject: str
    case: UUID | None
    event: int | None
    body: dict[str, Any]
    prev: str = Field(description="Hash of the entry before, hex.")
    hash: str = Field(description="SHA-256 of this entry's canonical JSON, hex.")
    proof: Proof | None = None


class LoggedEvent(Shape):
    """An event of the log."""

    seq: int
    source: str
    id: str
    type: str
    subject: str
    time: Instant
    received_at: Instant
    actor: str
    digest: str
    data: dict[str, Any]


class FieldView(Shape):
    """One thing wrong with a row or an event."""

    field: str
    value: str
    message: str
    fix: str


def money(amount: Decimal | None, currency: str | None) -> Money | None:
    """The amount with its currency; None when there is no amount."""
    return None if amount is None else Money(amount=amount, currency=currency or "")


def audit_line(entry: AuditEntry, proofs: Mapping[int, ProofState] | None = None) -> AuditLine:
    """An entry with its proof state, where that was asked for."""
    state = (proofs or {}).get(entry.seq)
    return AuditLine(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject_type=entry.subject_type,
        subject=entry.subject,
        case=entry.case_id,
        event=entry.event_seq,
        body=entry.body,
        prev=as_hex(entry.prev),
        hash=as_hex(entry.hash),
        proof=None if state is None else Proof.model_validate(state),
    )


def as_hex(value: str | bytes) -> str:
    """A hash as hex text."""
    return value if isinstance(value, str) else bytes(value).hex()


def logged_event(event: StoredEvent) -> LoggedEvent:
    """An event as shown."""
    return LoggedEvent(
        seq=event.seq,
        source=event.source,
        id=event.event_id,
        type=event.type,
        subject=event.subject,
        time=event.time,
        received_at=event.received_at,
        actor=event.actor,
        digest=event.digest,
        data=event.data,
    )


def fields(problems: Sequence[Any]) -> list[FieldView]:
    """Problems as shown."""
    return [FieldView(**asdict(p)) for p in problems]
