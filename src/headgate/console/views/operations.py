"""Operations: what waits, for how long, and what went wrong in the tenant's own flow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from headgate.console.views.common import View

# So many lanes are drawn one under the other; of more, those in trouble are, and all of them as one small picture.
LANES_DRAWN = 6


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs somebody: what is wrong, what to do, and where. `tone` is risk or breach."""

    tone: str
    text: str
    advice: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane with events to apply. `behind`: how long its first event waits; `owner`: empty when nobody holds it.

    `tone` is done while it keeps up, waiting when it is behind or tries an event again, breach when it is far behind.
    """

    lane: int
    waiting: int
    retrying: int
    oldest: datetime
    behind: timedelta
    owner: str
    tone: str = "done"


@dataclass(frozen=True, slots=True)
class RetryRow:
    """An event that could not be applied so far."""

    seq: int
    type: str
    subject: str
    attempts: int
    again_at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A target that gets nothing at the moment. `state` says why: switched off, breaker open, or being tried."""

    code: str
    name: str
    state: str
    until: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class UnheardRow:
    """Commands that wait for a system that is not set up: what they ask of it, and since when the first waits."""

    target: str
    waiting: int
    oldest: datetime | None
    asks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What is used of what the tenant may have; `limit` None is as much as it likes. `tone` is done, risk or breach."""

    words: str
    used: int
    limit: int | None
    percent: int
    tone: str


@dataclass(frozen=True, slots=True)
class OperationsView(View):
    """Events wait or are retried, messages out are due or dead.

    `signed` of `entries` audit entries are under a checkpoint.
    """

    template: ClassVar[str] = "operations.html"
    nav: ClassVar[str] = "operations"

    as_of: datetime
    concerns: tuple[Concern, ...]
    waiting: int
    oldest: datetime | None
    retrying: int
    parked: int
    rows: int
    due: int
    dead: int
    oldest_due: datetime | None
    signed: int
    entries: int
    signed_at: datetime | None
    lanes: tuple[LaneRow, ...]
    retries: tuple[RetryRow, ...]
    targets: tuple[TargetRow, ...]
    usage: tuple[UsageRow, ...] = ()
    unheard: tuple[UnheardRow, ...] = ()

    @property
    def worst(self) -> LaneRow | None:
        """The lane whose first event waits longest."""
        return max(self.lanes, key=lambda lane: lane.behind, default=None)

    @property
    def troubled(self) -> tuple[LaneRow, ...]:
        """The lanes that do not keep up, the furthest behind first."""
        return tuple(
            sorted((each for each in self.lanes if each.tone != "done"), key=lambda lane: (-lane.behind, lane.lane))
        )

    @property
    def drawn(self) -> tuple[LaneRow, ...]:
        """The lanes worth a bar of their own: all where they are few, else those in trouble."""
        return self.lanes if len(self.lanes) <= LANES_DRAWN else self.troubled[:LANES_DRAWN]

    @property
    def by_lane(self) -> tuple[LaneRow, ...]:
        """All lanes in their order, for the small picture; none where each has a bar of its own."""
        return tuple(sorted(self.lanes, key=lambda lane: lane.lane)) if len(self.lanes) > LANES_DRAWN else ()


@dataclass(frozen=True, slots=True)
class UsageView(View):
    """What is used of what the tenant may have, thing by thing."""

    template: ClassVar[str] = "usage.html"
    nav: ClassVar[str] = "usage"

    rows: tuple[UsageRow, ...]

    @property
    def full(self) -> bool:
        """Whether something cannot be added to."""
        return any(each.tone == "breach" for each in self.rows)

    @property
    def near(self) -> bool:
        """Whether 80 per cent of something are gone."""
        return any(each.tone == "risk" for each in self.rows)
