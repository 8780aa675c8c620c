"""What an answer means: the effect is there, try again, or give up; and whether the system as a whole is at fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from headgate.connectors.delivery.core.pace import backoff

# Refusals that time can mend (RFC 9110, RFC 8470 for 425, RFC 6585 for 429).
TRY_AGAIN: Final = frozenset({408, 409, 425, 429})
# Refusals that the next message would get as well: wrong credentials, a wrong address. The breaker counts them, so
# that a mistake in the configuration stops the flow instead of killing every message in it.
OF_THE_TARGET: Final = frozenset({401, 403, 404, 405, 410})
GONE: Final = 410
LONGEST_REASON: Final = 300

Kind = Literal["delivered", "retry", "refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt. `status` is None when no answer came, and `error` says why in words. `blocked` is set
    when the address may not be reached from here, which trying again does not change."""

    status: int | None = None
    error: str = ""
    excerpt: str = ""
    seconds: float = 0.0
    retry_after: timedelta | None = None
    blocked: bool = False

    def __str__(self) -> str:
        if self.status is None:
            return self.error[:LONGEST_REASON]
        said = f": {self.excerpt}" if self.excerpt else ""
        return f"answered {self.status}{said}"[:LONGEST_REASON]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`pause_target` holds back everything for the target until then, because it asked for that."""

    kind: Kind
    reason: str = ""
    next_at: datetime | None = None
    target_failed: bool = False
    pause_target: datetime | None = None


def judge(answer: Answer, attempt: int, most: int, chance: float, now: datetime) -> Verdict:
    """The verdict on the attempt with this number (from 1) of at most `most`."""
    status = answer.status
    if status is not None and 200 <= status < 300:
        return Verdict("delivered")
    if answer.blocked or (status is not None and 400 <= status < 500 and status not in TRY_AGAIN):
        return Verdict("refused", str(answer), target_failed=answer.blocked or status in OF_THE_TARGET)
    reason = (
        f"{answer} (a redirect, which is not followed)" if status is not None and 300 <= status < 400 else str(answer)
    )
    pause = backoff(attempt, chance)
    paused = None
    if answer.retry_after is not None:
        pause = max(pause, answer.retry_after)
        paused = now + answer.retry_after if status in (429, 503) else None
    # A busy system works; one that says so with 429 is not at fault.
    at_fault = status is None or status not in TRY_AGAIN
    if attempt >= most:
        return Verdict("refused", f"{reason} (attempt {attempt} of {most})", None, at_fault, paused)
    return Verdict("retry", reason, now + pause, at_fault, paused)
