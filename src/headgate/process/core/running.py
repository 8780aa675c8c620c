"""What an advance works with: its surroundings, the calls to actions, and the working state that steps append to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from headgate.ledger.core.events import StoredEvent
from headgate.policy.core import DecisionDraft, Evaluation
from headgate.process.core.approval import Deadline, Voter
from headgate.process.core.definition import Definition, Step, at_path
from headgate.process.core.state import Approval, Case, Effect

Decide = Callable[[str, Mapping[str, object]], Evaluation]


class ActionCall(NamedTuple):
    """What a registered action gets: the case, the event, its arguments, the subject's facts, and the policies."""

    case: Case
    event: StoredEvent
    args: Mapping[str, object]
    facts: object
    decide: Decide
    now: datetime
    number: int = 0  # of decisions this event has made for the case before; part of a decision's identity


class ActionResult(NamedTuple):
    """What an action found out (`outputs`, kept in the case), what it changes (`records`), and what it decided."""

    outputs: Mapping[str, object]
    records: tuple[object, ...] = ()
    decisions: tuple[DecisionDraft, ...] = ()


Action = Callable[[ActionCall], ActionResult]


Elapsed = Callable[[datetime, datetime], timedelta]


class WorkClock(NamedTuple):
    """Whose working hours count: when so many of them are over, and how much of them lies between two instants."""

    deadline: Deadline
    elapsed: Elapsed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that an advance may know besides the case and the event.

    `deadline` is the tenant's own; `clock_of` finds a partner's, where partners or regions have calendars.
    """

    now: datetime
    deadline: Deadline
    actions: Mapping[str, Action]
    decide: Decide
    facts: object = None
    voters: Mapping[str, Voter] = field(default_factory=dict)
    processes: Mapping[str, Definition] = field(default_factory=dict)  # active versions
    versions: Mapping[tuple[str, int], Definition] = field(default_factory=dict)
    timers: Mapping[str, Sequence[str]] = field(default_factory=dict)  # names by case, of cases that are to be moved
    clock_of: Callable[[str | None], WorkClock] | None = None


@dataclass(slots=True)
class Run:
    """The working state of one advance; steps append to it. Thrown away when the event is refused."""

    definition: Definition
    case: Case
    event: StoredEvent
    around: Surroundings
    effects: list[Effect] = field(default_factory=list)
    decisions: list[DecisionDraft] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    steps: Mapping[str, StepRunner] = field(default_factory=dict)
    branch: str = ""  # whose step is being done, as a path; empty for the stage's own
    ended: bool = False  # whether something that the stage waited for has ended by this event

    def clock(self) -> WorkClock:
        """The working hours that count for the case, by the partner it is about now."""
        of = self.around.clock_of
        return of(self.case.partner) if of is not None else WorkClock(self.around.deadline, _plain)

    def deadline(self, start: datetime, hours: Decimal) -> datetime:
        """When so many working hours are over."""
        return self.clock().deadline(start, hours)

    def keep(self, step: Step, outputs: Mapping[str, object]) -> None:
        """Store a step's outputs under its id in the case's data."""
        self.case = self.case._replace(data={**self.case.data, step.id: dict(outputs)})


def put(run: Run, approval: Approval) -> None:
    """Let the case have this approval as it stands, at the stage or branch that asked for it."""
    if approval.branch:
        run.case = run.case._replace(asked={**run.case.asked, approval.branch: approval})
    else:
        run.case = run.case._replace(approval=approval)


def clock(branch: str, name: str) -> str:
    """The name of a timer: of a branch it begins with the branch, so that all of its timers can be dropped with it."""
    return f"{branch}:{name}" if branch else name


def _plain(start: datetime, end: datetime) -> timedelta:
    return max(end - start, timedelta())


StepRunner = Callable[[Run, Step], None]


def value_of(run: Run, argument: object) -> object:
    """An argument of a step: `$a.b` reads the case's data, `$event.x` the event's, anything else is itself."""
    if isinstance(argument, str) and argument.startswith("$"):
        path = _path(argument)
        if path[0] == "event":
            return at_path(run.event.data, path[1:])
        if path[0] == "case":
            return getattr(run.case, path[1], None)
        return at_path(run.case.data, path)
    return argument


def mapping_of(run: Run, argument: object) -> dict[str, object]:
    """An argument that is to be a mapping, with each of its values read; a single value stands under `value`."""
    if isinstance(argument, (dict, Mapping)):
        return {str(k): value_of(run, v) for k, v in argument.items()}
    value = value_of(run, argument)
    if isinstance(value, (dict, Mapping)):
        return dict(value)
    return {} if value is None else {"value": value}


@lru_cache(maxsize=4096)
def _path(argument: str) -> tuple[str, ...]:
    return tuple(argument[1:].split("."))


def as_amount(value: object) -> Decimal | None:
    """A step's stake as a Decimal (it is text once it has been through JSON)."""
    if isinstance(value, Decimal):
        return value
    return None if value in (None, "") else Decimal(str(value))
