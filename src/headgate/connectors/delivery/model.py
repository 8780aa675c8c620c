"""Targets, their states and attempts as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from headgate.connectors.delivery.core.breaker import Breaker
from headgate.connectors.delivery.core.pace import Bucket
from headgate.ledger import Backlog

Purpose = Literal["commands", "events"]
Status = Literal["active", "paused", "disabled"]

SUBSCRIPTION: Final = "subscription:"


@dataclass(frozen=True, slots=True)
class Target:
    """An outside system that commands go to (`purpose` commands), or a subscriber of events.

    `rate` is messages a second (None: no limit), `burst` how many may go at once after a pause, `concurrency` how many
    may be under way, over all workers. `secret_count` are in use; former ones end at the last of `secrets_until`.
    """

    code: str
    purpose: Purpose
    kind: str
    name: str
    url: str
    config: Mapping[str, Any]
    types: tuple[str, ...]
    rate: Decimal | None
    burst: int
    concurrency: int
    timeout_seconds: int
    max_attempts: int
    ordered: bool
    status: Status
    status_reason: str
    status_at: datetime
    created_at: datetime
    created_by: str
    authorized: bool
    secret_count: int
    former_until: datetime | None

    @property
    def short(self) -> str:
        """The code as people write it: a subscription's without its prefix."""
        return self.code.removeprefix(SUBSCRIPTION)


@dataclass(frozen=True, slots=True)
class TargetState:
    """How a target fares: its bucket and breaker, until when it is left alone, and the last things that happened."""

    code: str
    bucket: Bucket
    breaker: Breaker
    breaker_at: datetime | None = None
    not_before: datetime | None = None
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at delivering: when, how long it took, and what was answered (cut and redacted)."""

    id: int
    command: UUID
    target: str
    number: int
    at: datetime
    milliseconds: int
    outcome: Literal["delivered", "retry", "refused"]
    status: int | None
    error: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A target with how it fares and what it has not got yet."""

    target: Target
    state: TargetState
    backlog: Backlog


def target_of(row: tuple[Any, ...]) -> Target:
    """A row of the target queries."""
    (code, purpose, kind, name, url, config, types, secrets, authorization, rate, *rest) = row
    burst, concurrency, timeout, most, ordered, status, reason, status_at, created_at, created_by = rest
    former = [secret["until"] for secret in secrets if secret["until"]]
    return Target(
        code=code,
        purpose=purpose,
        kind=kind,
        name=name,
        url=url,
        config=config,
        types=tuple(types),
        rate=rate,
        burst=burst,
        concurrency=concurrency,
        timeout_seconds=timeout,
        max_attempts=most,
        ordered=ordered,
        status=status,
        status_reason=reason,
        status_at=status_at,
        created_at=created_at,
        created_by=created_by,
        authorized=bool(authorization),
        secret_count=len(secrets),
        former_until=datetime.fromisoformat(max(former)) if former else None,
    )


def state_of(row: tuple[Any, ...]) -> TargetState:
    """A row of the state queries."""
    code, tokens, tokens_at, breaker, failures, openings, until, reason, *rest = row
    return TargetState(code, Bucket(tokens, tokens_at), Breaker(breaker, failures, openings, until, reason), *rest)


def state_parameters(states: list[TargetState]) -> dict[str, list[Any]]:
    """States as the arrays that saving them takes."""
    return {
        "code": [s.code for s in states],
        "tokens": [s.bucket.tokens for s in states],
        "tokens_at": [s.bucket.at for s in states],
        "breaker": [s.breaker.state for s in states],
        "breaker_failures": [s.breaker.failures for s in states],
        "breaker_openings": [s.breaker.openings for s in states],
        "breaker_until": [s.breaker.until for s in states],
        "breaker_reason": [s.breaker.reason for s in states],
        "breaker_at": [s.breaker_at for s in states],
        "not_before": [s.not_before for s in states],
        "last_attempt_at": [s.last_attempt_at for s in states],
        "last_success_at": [s.last_success_at for s in states],
        "last_error": [s.last_error for s in states],
        "last_error_at": [s.last_error_at for s in states],
    }
