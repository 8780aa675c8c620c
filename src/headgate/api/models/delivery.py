"""Targets, subscriptions, commands and attempts as shown."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from headgate.api.models.common import Body, Shape
from headgate.api.parameters import Amount, Code, Instant, LongText, Text
from headgate.connectors.delivery import Attempt, Connection, TargetChange, TargetDraft
from headgate.ledger import Backlog, Command

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000), Field(examples=["https://erp.example/hooks"])]
EventType = Annotated[str, StringConstraints(min_length=1, max_length=200), Field(examples=["order.*"])]
Rate = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,5}(\.[0-9]{1,3})?$"),
    Field(examples=["5"], description="Messages a second; 0 lifts the limit."),
]
Authorization = Annotated[
    str,
    StringConstraints(max_length=4000),
    Field(description="Sent as the Authorization header; kept sealed, never shown. Empty removes it."),
]
Hours = Annotated[int, Field(ge=0, le=720, description="How long the former secrets sign beside the new one.")]


class BreakerView(Shape):
    """Whether a target is sent to: closed (yes), open (not before `until`), half_open (one message, to see)."""

    state: Literal["closed", "open", "half_open"]
    reason: str
    until: Instant | None
    since: Instant | None


class BacklogView(Shape):
    """What has not arrived."""

    target: str
    pending: int
    due: int
    dead: int
    oldest: Instant | None


class TargetView(Shape):
    """An outside system with how it fares."""

    code: str
    kind: str
    name: str
    url: str
    rate: Amount | None
    burst: int
    concurrency: int
    timeout_seconds: int
    max_attempts: int
    ordered: bool
    authorized: bool = Field(description="Whether an Authorization header is sent.")
    secrets: int = Field(description="How many signing secrets are in use.")
    former_secrets_until: Instant | None
    status: Literal["active", "paused", "disabled"]
    status_reason: str
    status_at: Instant
    breaker: BreakerView
    not_before: Instant | None
    last_attempt_at: Instant | None
    last_success_at: Instant | None
    last_error: str
    last_error_at: Instant | None
    backlog: BacklogView
    created_at: Instant
    created_by: str


class SubscriptionView(TargetView):
    """A subscriber of events; `types` empty: all of them."""

    types: list[str]


class _Limits(Body):
    name: Text | None = None
    rate: Rate | None = None
    burst: int | None = Field(default=None, ge=1, le=10_000)
    concurrency: int | None = Field(default=None, ge=1, le=64)
    timeout_seconds: int | None = Field(default=None, ge=1, le=60)
    max_attempts: int | None = Field(default=None, ge=1, le=100)
    ordered: bool | None = None
    authorization: Authorization | None = None


class NewTarget(_Limits):
    """An outside system that commands name by its code."""

    code: Code
    url: Url
    kind: Code = "webhook"
    config: dict[str, Any] | None = None
    secret: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="whsec_… where the receiver has one already; otherwise one is made."
    )


class NewSubscription(NewTarget):
    """A receiver of events."""

    types: list[EventType] = Field(default_factory=list, max_length=100)


class ChangeTarget(_Limits):
    """What changes; the rest stays."""

    url: Url | None = None
    config: dict[str, Any] | None = None


class ChangeSubscription(ChangeTarget):
    """What changes; the rest stays."""

    types: list[EventType] | None = Field(default=None, max_length=100)


class SetStatus(Body):
    """Pause, disable or activate, and why."""

    status: Literal["active", "paused", "disabled"]
    reason: LongText = Field(min_length=3, max_length=500)


class Rotate(Body):
    """A new signing secret."""

    overlap_hours: Hours = 24
    secret: Annotated[str, StringConstraints(max_length=200)] | None = None


class CreatedTarget(Shape):
    """`secret` is shown this once."""

    target: TargetView
    secret: str


class CreatedSubscription(Shape):
    """`secret` is shown this once."""

    subscription: SubscriptionView
    secret: str


class Rotated(Shape):
    """`secret` is shown this once; the former ones sign beside it until then."""

    secret: str
    former_until: Instant


class PingView(Shape):
    """What came of a test message."""

    ok: bool
    message: UUID
    status: int | None
    error: str
    excerpt: str
    milliseconds: int


class AttemptView(Shape):
    """One try: when, how long, what was answered (the first characters, without what looks secret)."""

    id: int
    command: UUID
    number: int
    at: Instant
    milliseconds: int
    outcome: Literal["delivered", "retry", "refused"]
    status: int | None
    error: str
    excerpt: str


class CommandView(Shape):
    """A command or a message to a subscriber. `next_at` is when it may be sent (again)."""

    id: UUID
    target: str
    type: str
    subject: str
    status: Literal["pending", "sent", "dead", "dismissed"]
    attempts: int
    replays: int
    created_at: Instant
    next_at: Instant
    sent_at: Instant | None
    last_error: str | None
    case: UUID | None
    step: str
    event: int | None


class CommandDetail(CommandView):
    """With what is sent and every kept try at it, newest first."""

    idempotency_key: str
    payload: dict[str, Any]
    tries: list[AttemptView]


class Reason(Body):
    """Why; it goes into the audit chain."""

    reason: LongText = Field(min_length=3, max_length=500)


class Bulk(Reason):
    """Dead letters to act on: these ids, or those of a target, of a type, or of both (at most 500 at once)."""

    ids: list[Annotated[UUID, Field(strict=False)]] | None = Field(default=None, max_length=500)
    target: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    type: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class Acted(Shape):
    """Those that were dead letters."""

    ids: list[UUID]


def view_of(connection: Connection) -> dict[str, Any]:
    """A target or a subscription as shown."""
    target, state = connection.target, connection.state
    return {
        "code": target.short,
        "kind": target.kind,
        "name": target.name,
        "url": target.url,
        "types": list(target.types),
        "rate": target.rate,
        "burst": target.burst,
        "concurrency": target.concurrency,
        "timeout_seconds": target.timeout_seconds,
        "max_attempts": target.max_attempts,
        "ordered": target.ordered,
        "authorized": target.authorized,
        "secrets": target.secret_count,
        "former_secrets_until": target.former_until,
        "status": target.status,
        "status_reason": target.status_reason,
        "status_at": target.status_at,
        "breaker": BreakerView(
            state=state.breaker.state, reason=state.breaker.reason, until=state.breaker.until, since=state.breaker_at
        ),
        "not_before": state.not_before,
        "last_attempt_at": state.last_attempt_at,
        "last_success_at": state.last_success_at,
        "last_error": state.last_error,
        "last_error_at": state.last_error_at,
        "backlog": backlog_view(connection.backlog),
        "created_at": target.created_at,
        "created_by": target.created_by,
    }


def backlog_view(backlog: Backlog) -> BacklogView:
    """What has not arrived, as shown."""
    return BacklogView.model_validate(backlog)


def draft_of(body: NewTarget) -> TargetDraft:
    """A request as the service takes it."""
    given = body.model_dump(exclude_none=True)
    rate = Decimal(given.pop("rate", "0"))
    types = tuple(given.pop("types", ()))
    return TargetDraft(**given, types=types, rate=rate or None)


def change_of(body: ChangeTarget) -> TargetChange:
    """A request as the service takes it."""
    given = body.model_dump(exclude_none=True)
    if "rate" in given:
        given["rate"] = Decimal(given["rate"])
    if "types" in given:
        given["types"] = tuple(given["types"])
    return TargetChange(**given)


def command_view(command: Command) -> dict[str, Any]:
    """A command as shown."""
    names = ("id", "target", "type", "subject", "status", "attempts", "replays", "created_at", "next_at", "sent_at")
    return {name: getattr(command, name) for name in names} | {
        "last_error": command.last_error,
        "case": command.case_id,
        "step": command.step,
        "event": command.event_seq,
    }


def attempt_view(attempt: Attempt) -> AttemptView:
    """A try as shown."""
    return AttemptView.model_validate(attempt)


def rotated(secret: str, until: datetime) -> Rotated:
    """A new secret, shown once."""
    return Rotated(secret=secret, former_until=until)
