"""The circuit breaker of a target: stops sending to a system that does not work, and tries it with one message.

States as in M. Nygard, "Release It!", 2nd edition, §5.2: closed (sending), open (waiting), half-open (one probe).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

State = Literal["closed", "open", "half_open"]

FAILURES_TO_OPEN: Final = 5
SHORTEST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` in a row; `openings` in a row without a success between them; open until `until`, for `reason`."""

    state: State = "closed"
    failures: int = 0
    openings: int = 0
    until: datetime | None = None
    reason: str = ""


CLOSED: Final = Breaker()


def allowed(breaker: Breaker, wanted: int, under_way: int, now: datetime) -> tuple[int, Breaker]:
    """How many messages may go now, and the breaker afterwards: an open one whose time is up lets one probe through."""
    if breaker.state == "closed":
        return wanted, breaker
    if breaker.state == "open" and not due(breaker, now):
        return 0, breaker
    if under_way or not wanted:
        return 0, breaker
    return 1, replace(breaker, state="half_open")


def due(breaker: Breaker, now: datetime) -> bool:
    """Whether an open breaker's time is up. One whose time lies further ahead than any pause was set by a clock that
    has since been put back; it is not waited for."""
    return breaker.until is None or now >= breaker.until or breaker.until - now > LONGEST


def succeeded(breaker: Breaker) -> Breaker:
    """After a sign of life."""
    return breaker if breaker == CLOSED else CLOSED


def failed(breaker: Breaker, reason: str, now: datetime) -> Breaker:
    """After a failure that is the target's: `FAILURES_TO_OPEN` in a row open it, one probe that fails opens it again,
    each time for twice as long (30 s to 15 min)."""
    failures = breaker.failures + 1
    if breaker.state == "open":  # a message that was under way when it opened
        return replace(breaker, failures=failures)
    if breaker.state == "closed" and failures < FAILURES_TO_OPEN:
        return replace(breaker, failures=failures)
    pause = min(SHORTEST * 2 ** min(breaker.openings, 16), LONGEST)
    return Breaker("open", failures, breaker.openings + 1, now + pause, reason)
