"""From a tenant's backlog to the words of the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from headgate.access.tenancy import Usage
from headgate.console import urls
from headgate.console.present.connections import SAID
from headgate.console.views.operations import (
    Concern,
    LaneRow,
    OperationsView,
    RetryRow,
    TargetRow,
    UnheardRow,
    UsageRow,
    UsageView,
)
from headgate.kernel.phrases import Opening, figure, phrase, worded
from headgate.ledger.backlog import LaneLag, TargetTrouble, TenantBacklog, Unheard, age

# From here on an event waits longer than a few batches take.
LATE = timedelta(minutes=1)
VERY_LATE = timedelta(minutes=15)
UNSIGNED_LONG = timedelta(days=1)
_TONES = {"free": "done", "near": "risk", "full": "breach"}


def operations_view(found: TenantBacklog, used: Sequence[Usage], now: datetime) -> OperationsView:
    """The screen."""
    signed = found.checkpoint
    return OperationsView(
        as_of=now,
        concerns=(*_concerns(found, now), *map(_shortage, (each for each in used if each.state != "free"))),
        waiting=found.waiting,
        oldest=found.oldest,
        retrying=found.retrying,
        parked=found.parked,
        rows=found.rows,
        due=found.due,
        dead=found.dead,
        oldest_due=found.oldest_due,
        signed=signed.size,
        entries=signed.entries,
        signed_at=signed.at,
        lanes=tuple(_lane(each, now) for each in found.lanes),
        retries=tuple(
            RetryRow(each.seq, each.type, each.subject, each.attempts, each.again_at, each.error)
            for each in found.retries
        ),
        targets=tuple(TargetRow(each.code, each.name, _state(each), each.until, each.error) for each in found.troubles),
        usage=_usage(used),
        unheard=tuple(_unheard(each) for each in found.unheard),
    )


def _unheard(found: Unheard) -> UnheardRow:
    return UnheardRow(found.target, found.waiting, found.oldest, tuple(SAID.get(name, name) for name in found.types))


def usage_view(used: Sequence[Usage]) -> UsageView:
    """The page of its own: what is scarcest first."""
    return UsageView(_usage(sorted(used, key=lambda each: -each.percent)))


def _usage(used: Sequence[Usage]) -> tuple[UsageRow, ...]:
    return tuple(
        UsageRow(Opening(worded(each.words)), each.used, each.limit, each.percent, _TONES[each.state]) for each in used
    )


def _concerns(found: TenantBacklog, now: datetime) -> Iterator[Concern]:
    """What needs somebody, worst first."""
    if found.checkpoint.alarm:
        yield Concern(
            "breach",
            phrase("The history is not the one that was signed"),
            phrase("Verify the audit chain now."),
            urls.AUDIT,
        )
    waits = age(found.oldest, now)
    if waits > LATE:
        yield Concern(
            "breach" if waits > VERY_LATE else "risk",
            phrase("Events wait longer than they should"),
            phrase("See whether workers run, and whether one event is tried again and again."),
        )
    if found.dead:
        yield Concern(
            "breach",
            phrase("%(dead)s commands were given up", dead=figure(found.dead)),
            phrase("See why, mend it, and send them again."),
        )
    if age(found.oldest_due, now) > VERY_LATE:
        yield Concern(
            "risk",
            phrase("One command waits to be sent for longer than it should")
            if found.due == 1
            else phrase("%(due)s commands wait to be sent for longer than they should", due=figure(found.due)),
            phrase("See which systems do not answer."),
            urls.CONNECTIONS,
        )
    if found.troubles:
        one = len(found.troubles) == 1
        text = (
            phrase("One target gets nothing")
            if one
            else phrase("%(troubles)s targets get nothing", troubles=figure(len(found.troubles)))
        )
        yield Concern("risk", text, phrase("Ask its owner; what waits for it is kept."))
    if found.parked:
        text = (
            phrase("One event was put aside")
            if found.parked == 1
            else phrase("%(parked)s events were put aside", parked=figure(found.parked))
        )
        yield Concern("risk", text, phrase("Read the reason, mend the records, and replay."), urls.QUARANTINE)
    if found.retrying:
        text = (
            phrase("One event is being tried again")
            if found.retrying == 1
            else phrase("%(retrying)s events are tried again", retrying=figure(found.retrying))
        )
        yield Concern("risk", text, phrase("It holds back only what comes after it for the same order."))
    unsigned = found.checkpoint.entries > found.checkpoint.size
    if unsigned and found.checkpoint.at is not None and now - found.checkpoint.at > UNSIGNED_LONG:
        yield Concern(
            "risk", phrase("No checkpoint was signed for a day"), phrase("See whether workers run."), urls.AUDIT
        )


def _shortage(used: Usage) -> Concern:
    """What is used up, or nearly."""
    of = phrase(
        "%(used)s of %(most)s %(words)s", used=figure(used.used), most=figure(used.limit or 0), words=worded(used.words)
    )
    advice = phrase("Ask whoever runs this installation for more, or end what is not needed.")
    text = (
        phrase("Nothing can be added: %(of)s", of=of)
        if used.state == "full"
        else phrase("Nearly used up: %(of)s", of=of)
    )
    return Concern(_TONES[used.state], text, advice)


def _lane(lane: LaneLag, now: datetime) -> LaneRow:
    behind = age(lane.oldest, now)
    tone = "breach" if behind > VERY_LATE else "waiting" if behind > LATE or lane.retrying else "done"
    return LaneRow(lane.lane, lane.waiting, lane.retrying, lane.oldest, behind, lane.owner or "", tone)


def _state(target: TargetTrouble) -> str:
    if target.status == "disabled":
        return phrase("switched off")
    return {"open": phrase("not tried for now"), "half_open": phrase("being tried")}.get(target.breaker, target.breaker)
