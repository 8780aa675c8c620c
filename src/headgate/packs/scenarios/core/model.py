"""A scenario as values: what is given, what happens, what is expected. Everything knows its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headgate.policy.core.source import Node


@dataclass(frozen=True, slots=True)
class Given:
    """What there is before anything happens. A scenario's own comes after its file's.

    `records` are master events in order (type, items); `agreements` are drafted, approved and activated; `policies`
    are changes of the pack's tables; `defaults` are completed into the data of events by type.
    """

    people: tuple[tuple[str, tuple[str, ...], int], ...] = ()
    records: tuple[tuple[str, Node], ...] = ()
    agreements: tuple[Node, ...] = ()
    delegations: tuple[Node, ...] = ()
    policies: tuple[Node, ...] = ()
    defaults: Mapping[str, Node] = field(default_factory=dict)
    events: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happens.

    `kind` is send (an event comes in), decide (a person decides an approval), tell (a partner is asked or answers, a
    task is done, an outside system says how a command went), wait, until, or jobs (periodic work is done). `name` is
    the event type, the outcome, what is told, the span or the instant. `refused` is the text that a refusal must hold;
    None where the act is to be taken.
    """

    kind: str
    name: str
    line: int
    by: str = ""
    subject: str = ""
    reason: str = ""
    behalf: str = ""
    data: Node | None = None
    event_id: str = ""
    source: str = "scenario"
    digest: str = ""
    refused: str | None = None
    expected: Node | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. `at` is the local time at which it begins."""

    name: str
    file: str
    line: int
    at: str
    given: Given
    acts: tuple[Act, ...]
    expected: Node | None


@dataclass(frozen=True, slots=True)
class Story:
    """A file of scenarios with what they share."""

    file: str
    title: str
    timezone: str
    currency: str
    given: Given
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as expected, at a line. `about` is the subject it is about, where there is one."""

    line: int
    where: str
    expected: str
    got: str
    about: str = ""
