"""A process definition as values: stages, steps, transitions, service levels.

Conditions are literal matches on what earlier steps produced; anything richer belongs in a decision table, where it is
versioned, tested and explained.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

STEP_KINDS = (
    "run",
    "decide",
    "approve",
    "task",
    "timer",
    "command",
    "roll_back",
    "emit",
    "set",
    "wait",
    "subcase",
    "parallel",
)
# Words that came later: in a step of an older kind they are what they were then, arguments of its own.
_LATER = ("wait", "subcase", "parallel")
JOINS = ("all", "any")
SETTABLE = ("partner", "stake", "currency", "exceptions", "owner_role")
BUILT_IN_EVENTS = (
    "approval.approved",
    "approval.edited",
    "approval.rejected",
    "approval.returned",
    "approval.expired",
    "task.completed",
    "command.delivered",
    "command.failed",
    "parent.cancelled",
    "sla.warned",
    "sla.breached",
    "sla.escalated",
    "case.asked",
    "case.answered",
)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: `kind` says how, `name` what (action, policy, title, target, process), `args` with which values.

    A `parallel` step has `branches`: lists of steps by name, each done one after the other, side by side with the rest.
    """

    id: str
    kind: str
    name: str
    args: Mapping[str, object] = field(default_factory=dict)
    branches: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """True when the value at `path` (dotted, into the case's data) is one of `values`."""

    path: tuple[str, ...]
    values: tuple[object, ...]  # compared, not hashed: what stands in a case's data may be a list


@dataclass(frozen=True, slots=True)
class Transition:
    """Where to go when all conditions hold; `to` None stays; `refuse` turns the event away with that message."""

    to: str | None
    when: tuple[Condition, ...] = ()
    steps: tuple[Step, ...] = ()
    refuse: str = ""


@dataclass(frozen=True, slots=True)
class ClockPause:
    """Why a stage's clock stands still: from the event `on` to any of the events `until`."""

    because: str
    on: str
    until: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who steps in so many business hours after a breach: told by a task, or (`reassign`) given the open work."""

    after: Decimal
    role: str
    reassign: bool = False


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Business hours allowed in a stage, and the share of them after which a warning fires.

    `target` is what is aimed for; with `announce`, what happens to the clock is put into the log for whoever listens.
    """

    hours: Decimal
    warn: Decimal
    target: Decimal | None = None
    pauses: tuple[ClockPause, ...] = ()
    chain: tuple[Escalation, ...] = ()
    announce: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `final` names the case's outcome when the stage ends it; `exception` marks one off the straight
    path."""

    id: str
    title: str
    enter: tuple[Step, ...] = ()
    go: tuple[Transition, ...] = ()
    on: Mapping[str, tuple[Transition, ...]] = field(default_factory=dict)
    sla: ServiceLevel | None = None
    owner: str = ""
    exception: bool = False
    final: str = ""


@dataclass(frozen=True, slots=True)
class EventRule:
    """How an event type finds its case: a key template over the event's data, and whether it may start one."""

    key: str
    subject: str
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole case type, in one version. `stages[initial]` is where new cases begin."""

    process: str
    version: int
    title: str
    subject: str
    events: Mapping[str, EventRule]
    stages: Mapping[str, Stage]
    initial: str
    owner: str = ""
    digest: str = ""
    children: frozenset[str] = frozenset()  # the processes that its steps start cases of


def kind_in(words: Collection[str]) -> str | None:
    """The kind of a step by the words it is written with; None when they name none, or several."""
    found = [kind for kind in STEP_KINDS if kind in words]
    older = [kind for kind in found if kind not in _LATER]
    found = older or found
    return found[0] if len(found) == 1 else None


def needed(step: Step) -> int:
    """How many branches of a `parallel` step must be done before the case goes on."""
    join = step.args.get("join", "all")
    if join == "all":
        return len(step.branches)
    return 1 if join == "any" else int(str(join))


def within(steps: Iterable[Step]) -> Iterator[Step]:
    """Steps with those of their branches, in the order in which they stand."""
    for step in steps:
        yield step
        for branch in step.branches.values():
            yield from within(branch)


def fill(template: str, data: Mapping[str, object]) -> str:
    """A key or subject from its template: `{field}` is replaced by the event's data. Missing fields become empty."""
    return "".join([str(data.get(part, "")) if named else part for part, named in _parts(template)])


@lru_cache(maxsize=4096)
def _parts(template: str) -> tuple[tuple[str, bool], ...]:
    """The template cut at its placeholders: every second part is a field's name."""
    return tuple((part, bool(index % 2)) for index, part in enumerate(_PLACEHOLDER.split(template)))


def placeholders(template: str) -> tuple[str, ...]:
    """The fields a template needs."""
    return tuple(_PLACEHOLDER.findall(template))


def at_path(data: Mapping[str, object], path: tuple[str, ...]) -> object:
    """The value at a dotted path, or None when any part of it is absent."""
    value: object = data
    for part in path:
        # Mostly it is a dict; to ask whether something is a Mapping takes ten times as long.
        if not isinstance(value, (dict, Mapping)) or part not in value:
            return None
        value = value[part]
    return value


def matches(transition: Transition, data: Mapping[str, object]) -> bool:
    """Whether every condition of a transition holds for the case's data."""
    return all(at_path(data, c.path) in c.values for c in transition.when)
