"""What wiring tells the engine: how to load and write each kind of subject, which actions and periodic jobs exist, who
projects masters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.ledger import NewEvent, Projection, Refusal, StoredEvent, Validator
from headgate.process.core.approval import Deadline, Voter
from headgate.process.core.running import Action, WorkClock
from headgate.process.core.signature import Signature
from headgate.process.core.state import Case


@dataclass(frozen=True, slots=True)
class Work:
    """One event about one subject, with its case when there is one."""

    event: StoredEvent
    subject: str
    case: Case | None


class SubjectPort(Protocol):
    """A kind of business subject.

    `load` gets a whole batch and answers with facts; `apply` keeps those facts true while the batch goes on; `flush`
    writes all changes set-based and may answer with events to append.
    """

    def load(self, conn: Connection[Any], ctx: Context, work: Sequence[Work], profile: TenantProfile) -> object: ...

    def apply(self, facts: object, records: Sequence[object]) -> None: ...

    def flush(
        self, conn: Connection[Any], ctx: Context, facts: object, records: Sequence[object]
    ) -> Sequence[NewEvent]: ...


@runtime_checkable
class StreamingPort(SubjectPort, Protocol):
    """A kind of which a batch brings many: `send` writes changes already while the batch goes on, those that it was not
    given before. `flush` gets all of them again and writes what is missing."""

    def send(self, conn: Connection[Any], facts: object, records: Sequence[object]) -> None: ...


@dataclass(frozen=True, slots=True)
class TenantProfile:
    """A tenant's currency, zone, and deadline arithmetic in its business calendar; `settings` as stored.

    `clock_of` is the arithmetic in the calendar that counts for a partner.
    """

    currency: str
    timezone: str
    deadline: Deadline
    settings: Mapping[str, Any]
    clock_of: Callable[[str | None], WorkClock] | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A case that an event brought to another stage (`came_from` is empty for a new one), as it is now."""

    event: StoredEvent
    came_from: str
    case: Case


# Told of what a batch has applied, in the batch's transaction: the events, and the cases that moved.
Listener = Callable[[Connection[Any], Context, Sequence[StoredEvent], Sequence[Move]], None]
# Refuses (Invalid) an edit that an approver may not make to a subject.
EditCheck = Callable[[Connection[Any], str, Mapping[str, Any]], None]
# Names, by kind, of what else is at issue when a subject is decided about.
Related = Callable[[Connection[Any], str], Mapping[str, Sequence[str]]]
# Done for every tenant about once a minute, in a transaction of its own; answers with events to append. Safe to repeat.
Job = Callable[[Connection[Any], Context], Sequence[NewEvent]]


@dataclass(slots=True)
class Registry:
    """Filled once by wiring, then only read."""

    profile: Callable[[Connection[Any]], TenantProfile]
    voters: Callable[[Connection[Any], Sequence[str], datetime], Mapping[str, Voter]]
    ports: dict[str, SubjectPort] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    signatures: dict[str, Signature] = field(default_factory=dict)  # of the actions: what each takes and gives
    projections: dict[str, Projection] = field(default_factory=dict)
    validators: dict[str, Validator] = field(default_factory=dict)
    edit_checks: dict[str, EditCheck] = field(default_factory=dict)
    # What else is at issue when a subject of a type is decided about, by kind: the agreements that priced an order.
    related: dict[str, Related] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)


__all__ = [
    "Job",
    "Listener",
    "Move",
    "Projection",
    "Refusal",
    "Registry",
    "StreamingPort",
    "SubjectPort",
    "TenantProfile",
    "Validator",
    "Work",
]
