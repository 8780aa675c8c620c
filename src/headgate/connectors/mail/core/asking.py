"""Whom to write to about which request, and when again: decided from what is waiting and what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from headgate.process.core.foresee import Foreseen
from headgate.process.core.state import Approval, ApprovalStep

LASTS = timedelta(days=7)
MOST_SINGLE = 5  # more at once come in one mail
MOST_TURNS = 10

# (approval, level, principal) with the number of the last mail and when it went.
Sent = Mapping[tuple[UUID, int, str], tuple[int, datetime]]
# (approval, level) with who has taken its task, and until when that sleeps.
Taken = Mapping[tuple[UUID, int], tuple[str | None, datetime | None]]
After = Callable[[str | None, datetime, Decimal], datetime]
"""When so many working hours of a partner's calendar are over."""


@dataclass(frozen=True, slots=True)
class Due:
    """A mail to write: to whom, about which step of which request, and which one it is (0: the first)."""

    principal: str
    approval: Approval
    step: ApprovalStep
    turn: int

    @property
    def ends(self) -> datetime:
        """When the request lapses."""
        return self.approval.expires_at


def due(
    waiting: Iterable[tuple[Approval, Sequence[Foreseen]]], taken: Taken, sent: Sent, after: After, now: datetime
) -> list[Due]:
    """What has to be written now: to each who can decide a step that is being asked, once, and again each time the
    step's reminder comes. Where somebody has taken the task, to them alone; to nobody while it sleeps."""
    found: dict[tuple[UUID, int, str], Due] = {}
    for approval, steps in waiting:
        for foreseen in steps:
            step = foreseen.step
            if step.status != "open" or step.only_stops:
                continue
            holder, asleep = taken.get((approval.approval, step.level), (None, None))
            if asleep is not None and asleep > now:
                continue
            people = {candidate.principal for candidate in foreseen.people}
            for principal in sorted(people & {holder} if holder in people else people):
                key = (approval.approval, step.level, principal)
                turn = _turn(step, approval.partner, sent.get(key), after, now)
                if turn is not None:
                    found.setdefault(key, Due(principal, approval, step, turn))
    return list(found.values())


def _turn(
    step: ApprovalStep, partner: str | None, last: tuple[int, datetime] | None, after: After, now: datetime
) -> int | None:
    """Which mail is next; None while none is due."""
    if last is None:
        return 0
    turn, at = last
    if step.remind_hours is None or turn + 1 >= MOST_TURNS or after(partner, at, step.remind_hours) > now:
        return None
    return turn + 1 if _has_run(step, partner, step.remind_hours * (turn + 1), after, now) else None


def _has_run(step: ApprovalStep, partner: str | None, hours: Decimal, after: After, now: datetime) -> bool:
    """Whether so many working hours of the step have passed: what was due has moved by the pauses of its clock."""
    left = step.sla_hours - hours
    if step.due_at is None:
        return True
    return after(partner, now, left) >= step.due_at if left >= 0 else after(partner, step.due_at, -left) <= now


def by_person(found: Sequence[Due]) -> dict[str, list[Due]]:
    """The mails of each person, what ends first first."""
    grouped: dict[str, list[Due]] = {}
    for each in sorted(found, key=lambda d: (d.step.due_at or d.ends, d.approval.subject)):
        grouped.setdefault(each.principal, []).append(each)
    return grouped
