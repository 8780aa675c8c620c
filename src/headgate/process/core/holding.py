"""A decision that is held for a moment before it counts: who may take it back, when it is due, how it ends.

It ends exactly once: undone by who made it, or carried out, or given up after it broke too often. Nothing leaves an
end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.kernel.phrases import phrase

Status = Literal["held", "undone", "carried_out", "given_up"]
MOST_SECONDS: Final = 600
MOST_TRIES: Final = 5
_AGAIN: Final = timedelta(seconds=5)
# A worker looks every other second; this leaves it two looks before a time is over.
_BEFORE: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Hold:
    """Whose decision is held, until when it can surely be undone (`due_at`), and when it is next looked at."""

    by: str
    due_at: datetime
    next_at: datetime
    status: Status = "held"
    tries: int = 0
    ended_at: datetime | None = None


def begin(by: str, now: datetime, seconds: int, over_at: Iterable[datetime] = ()) -> Hold:
    """A decision held from now on. What was decided in time must count in time: it is held shorter where the time of
    what it decides (`over_at`) is nearly over. Raises `Invalid` for a time that is none or too long."""
    if not 0 < seconds <= MOST_SECONDS:
        fix = phrase("Hold it for 1 to %(most)s seconds.", most=MOST_SECONDS)
        raise invalid("seconds", seconds, "is not a time to hold a decision for", fix)
    due = min([now + timedelta(seconds=seconds), *(over - _BEFORE for over in over_at if over > now)])
    due = max(due, now)
    return Hold(by, due, due)


def is_due(hold: Hold, now: datetime) -> bool:
    """Whether it is to be carried out now."""
    return hold.status == "held" and now >= hold.due_at and now >= hold.next_at


def undo(hold: Hold, who: str, now: datetime) -> Hold:
    """Take it back. It can be until it is carried out, which is never before it is due.

    Raises `NotFound` for anybody else (it is nobody else's to know of), `Conflict` when it has ended.
    """
    if who != hold.by:
        raise NotFound("there is no such decision")
    if hold.status == "undone":
        raise Conflict("it is undone already")
    if hold.status != "held":
        raise Conflict("it is too late to undo it: the decision is carried out")
    return replace(hold, status="undone", ended_at=now)


def carried_out(hold: Hold, now: datetime) -> Hold:
    """It counts from now on. Raises `Conflict` unless it is due."""
    if not is_due(hold, now):
        raise Conflict("it is not due")
    return replace(hold, status="carried_out", ended_at=now)


def broke(hold: Hold, now: datetime) -> Hold:
    """Carrying it out broke: it is tried again a little later, and given up after some tries."""
    if hold.status != "held":
        return hold
    tries = hold.tries + 1
    if tries >= MOST_TRIES:
        return replace(hold, status="given_up", tries=tries, ended_at=now)
    return replace(hold, tries=tries, next_at=now + _AGAIN * 2 ** (tries - 1))
