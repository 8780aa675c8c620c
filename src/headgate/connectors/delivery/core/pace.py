"""When to send (again): exponential backoff with full jitter, Retry-After, and a token bucket.

Time and chance come in as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

BASE_SECONDS = 5.0
LONGEST_SECONDS = 3600.0
LONGEST_RETRY_AFTER = timedelta(days=1)


def backoff(attempt: int, chance: float, base: float = BASE_SECONDS, longest: float = LONGEST_SECONDS) -> timedelta:
    """The pause after the attempt with this number (from 1); `chance` is uniform in [0, 1).

    `random_between(0, min(longest, base * 2 ** (attempt - 1)))`: "full jitter" of M. Brooker, "Exponential Backoff And
    Jitter", AWS Architecture Blog, 4 March 2015. Senders that failed together do not come back together.
    """
    # The power is bounded before it is taken: attempt numbers may be large.
    ceiling = min(longest, base * 2.0 ** min(max(attempt, 1) - 1, 62))
    return timedelta(seconds=ceiling * chance)


def retry_after(value: str, now: datetime) -> timedelta | None:
    """What a `Retry-After` header (RFC 9110 §10.2.3) asks for: whole seconds or an HTTP date; at most a day.

    None for what is neither, so that a strange header changes nothing. A date that has passed is no pause.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        asked = timedelta(seconds=min(int(text[:12]), LONGEST_RETRY_AFTER.total_seconds()))
        return min(asked, LONGEST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), LONGEST_RETRY_AFTER)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket as it stood at `at`. One token is one message."""

    tokens: float
    at: datetime


def refill(bucket: Bucket, rate: float, burst: int, now: datetime) -> Bucket:
    """The bucket at `now`: `rate` tokens a second, never more than `burst`.

    A clock that was set back adds nothing and takes nothing: counting goes on from the new time.
    """
    passed = max((now - bucket.at).total_seconds(), 0.0)
    return Bucket(min(bucket.tokens + passed * rate, float(burst)), now)


def take(bucket: Bucket, rate: float | None, burst: int, wanted: int, now: datetime) -> tuple[int, Bucket]:
    """How many of `wanted` messages may go now, and the bucket afterwards. No rate means no limit."""
    if rate is None:
        return wanted, Bucket(float(burst), now)
    full = refill(bucket, rate, burst, now)
    granted = max(0, min(wanted, int(full.tokens + 1e-9)))
    return granted, Bucket(max(full.tokens - granted, 0.0), now)


def give_back(bucket: Bucket, burst: int, unused: int) -> Bucket:
    """The bucket after messages that had been granted turned out not to be there."""
    return Bucket(min(bucket.tokens + unused, float(burst)), bucket.at)


def next_token(bucket: Bucket, rate: float | None, now: datetime) -> datetime:
    """When the next message may go."""
    if rate is None or bucket.tokens >= 1:
        return now
    return now + timedelta(seconds=(1.0 - bucket.tokens) / rate)
