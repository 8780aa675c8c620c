"""From master events to records: what may be written, and which events are refused as a whole."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from headgate.channel.masters.core.reading import ItemReader, read_items
from headgate.kernel.errors import Problem
from headgate.kernel.phrases import phrase
from headgate.ledger import Refusal, StoredEvent

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One record of a master event: the event's number and time, the place in its list, and the record."""

    seq: int
    time: datetime
    index: int
    record: T


def read_events(
    events: Sequence[StoredEvent], read: Callable[[ItemReader], T]
) -> tuple[list[Item[T]], dict[int, list[Problem]]]:
    """The records of all good events in order of their numbers, and the problems of the bad ones by number."""
    items: list[Item[T]] = []
    bad: dict[int, list[Problem]] = {}
    for event in sorted(events, key=lambda event: event.seq):
        records, problems = read_items(event.data, read)
        if problems:
            bad[event.seq] = problems
        else:
            items.extend(Item(event.seq, event.time, index, record) for index, record in enumerate(records))
    return items, bad


def latest(items: Iterable[Item[T]], key: Callable[[T], K]) -> dict[K, Item[T]]:
    """One item per key: that of the latest event time; at equal times the one that came last."""
    kept: dict[K, Item[T]] = {}
    for item in items:
        name = key(item.record)
        held = kept.get(name)
        if held is None or item.time >= held.time:
            kept[name] = item
    return kept


def refusals(bad: Mapping[int, Sequence[Problem]]) -> list[Refusal]:
    """One refusal per event. Several problems are told in one, the first of them giving the field."""
    found = []
    for seq, problems in sorted(bad.items()):
        first, more = problems[0], problems[1:]
        if more:
            told = "; ".join(str(problem) for problem in more[:_SHOWN])
            rest = f"; and {len(more) - _SHOWN} more" if len(more) > _SHOWN else ""
            first = Problem(
                first.field,
                first.value,
                phrase("%(message)s; also %(told)s%(rest)s", message=first.message, told=told, rest=rest),
                first.fix,
            )
        found.append(Refusal(seq, first))
    return found
