"""The way in: events from outside are checked, routed and appended; nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden, HeadgateError, Invalid, Problem
from headgate.kernel.phrases import phrase
from headgate.ledger import Appended, NewEvent, append_events
from headgate.process.definitions import Router
from headgate.process.engine import INTERNAL, Engine


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event as the sender gave it, parsed but not yet routed.

    `origin` is what the sender calls the place it happened at, where that is not the source itself: part of the event's
    identity within what the source has proven to be.
    """

    event_id: str
    type: str
    time: datetime | None
    data: dict[str, Any]
    subject: str = ""
    trace: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that may not enter the log, with everything wrong about it."""

    index: int
    event_id: str
    problems: tuple[Problem, ...]


def route(
    conn: Connection[Any], ctx: Context, engine: Engine, source: str, events: Sequence[Incoming]
) -> tuple[list[NewEvent], list[Rejected]]:
    """Check each event's data and find its correlation key. Good ones and bad ones come back apart, in order."""
    return _sorted(engine.definitions.router(conn), ctx, engine, source, events)


def checked(router: Router, ctx: Context, engine: Engine, source: str, events: Sequence[Incoming]) -> list[NewEvent]:
    """The events, ready to be appended. Raises `Invalid` with every problem of every event."""
    good, bad = _sorted(router, ctx, engine, source, events)
    if bad:
        raise _invalid(bad, len(events))
    return good


def routed(router: Router, ctx: Context, source: str, events: Sequence[Incoming]) -> list[NewEvent]:
    """`checked` for events in which `faults` found none."""
    good, bad = [], []
    for index, event in enumerate(events):
        try:
            good.append(_routed(router, ctx, source, event))
        except HeadgateError as error:
            bad.append(Rejected(index, event.event_id, error.problems))
    if bad:
        raise _invalid(bad, len(events))
    return good


def _invalid(bad: Sequence[Rejected], count: int) -> Invalid:
    return Invalid(
        phrase("%(bad_count)s of %(count)s events cannot be accepted", bad_count=len(bad), count=count)
        if count > 1
        else str(bad[0].problems[0]),
        problems=[
            replace(p, field=f"events[{r.index}].{p.field}" if count > 1 else p.field) for r in bad for p in r.problems
        ],
    )


def faults(ctx: Context, engine: Engine, events: Sequence[Incoming]) -> bool:
    """Whether something is wrong with the data of any of the events, as far as can be told without the database.

    Raises `Forbidden` for what the principal may not say.
    """
    # Not any(): whatever is forbidden is to be found, also behind what is faulty.
    return bool([problem for event in events for problem in _problems(ctx, engine, event)])


def ingest(
    conn: Connection[Any], ctx: Context, engine: Engine, source: str, events: Sequence[Incoming]
) -> list[Appended]:
    """Append all or nothing. Raises `Invalid` with every problem of every event; duplicates and conflicts come back as
    their status, for the edge to answer."""
    good = checked(engine.definitions.router(conn), ctx, engine, source, events)
    return append_events(conn, ctx.now, good, lanes=engine.lanes)


def _sorted(
    router: Router, ctx: Context, engine: Engine, source: str, events: Sequence[Incoming]
) -> tuple[list[NewEvent], list[Rejected]]:
    good, bad = [], []
    for index, event in enumerate(events):
        problems = _problems(ctx, engine, event)
        if not problems:
            try:
                good.append(_routed(router, ctx, source, event))
            except HeadgateError as error:
                problems = list(error.problems)
        if problems:
            bad.append(Rejected(index, event.event_id, tuple(problems)))
    return good, bad


def _routed(router: Router, ctx: Context, source: str, event: Incoming) -> NewEvent:
    key, subject = router(event.type, event.data)
    return NewEvent(
        source=f"{source}:{event.origin}" if event.origin else source,
        event_id=event.event_id,
        type=event.type,
        subject=event.subject or subject,
        key=key,
        time=event.time,
        data=event.data,
        actor=ctx.principal.id,
        trace=event.trace or ctx.trace,
    )


def _problems(ctx: Context, engine: Engine, event: Incoming) -> list[Problem]:
    if event.type in INTERNAL or event.type in engine.definitions.noted:
        return [
            Problem(
                "type", event.type, "is made by Headgate itself and cannot be sent", "Use the API call that does it."
            )
        ]
    partner = event.data.get("partner")
    if ctx.principal.partner is not None and partner != ctx.principal.partner:
        raise Forbidden("this key may only speak for its own partner")
    validate = engine.registry.validators.get(event.type)
    return validate(event.data) if validate else []
