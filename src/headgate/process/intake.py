"""The way in under load: what concurrent requests hand in shares transactions, so that one flush makes many durable.

A request hands in a `Parcel` and is told when its events are durable, or why they are not. Parcels of one tenant are
stored by one transaction at a time; what comes meanwhile waits and forms the next group, so groups grow with the load.
Whoever comes after a quiet moment is stored at once; right after a group the next one gathers for some milliseconds,
for a steady trickle would otherwise pay for a transaction each. Everything is decided parcel by parcel: each is stored
whole or not at all, and what is wrong with one never touches the others. When a group breaks for a reason that is not
the database's, its parcels are tried one by one.

Nothing grows without bound: parcels beyond the queue's bound, beyond a tenant's half of it, or of a tenant whose
backlog is too long are refused with `Busy`. Threads are started when there is work and end when there is none.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection

from headgate.access import Sender, senders_unchanged
from headgate.kernel import telemetry
from headgate.kernel.clock import Clock
from headgate.kernel.context import Context
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import Busy, Conflict, HeadgateError
from headgate.kernel.logger import Log
from headgate.kernel.phrases import phrase
from headgate.ledger import Appended, NewEvent, append_events
from headgate.process.daily import DailyUse
from headgate.process.engine import Engine
from headgate.process.ingest import Incoming, routed
from headgate.store import Database

THREADS: Final = 2
GROUP_EVENTS: Final = 1000
IDLE_SECONDS: Final = 2.0
LOOK_AGAIN_SECONDS: Final = 1.0
# From the end of a key's group to its next one, unless other keys wait: for each request of the group beyond the first,
# and at most. Who sends one after the other and alone never waits, for each is a group of one.
GATHER_EACH_SECONDS: Final = 0.01
GATHER_SECONDS: Final = 0.04
MOST_TENANTS: Final = 10_000
WAITING: Final = "select count(*) from (select from inbox limit %(most)s) counted"

log = Log("headgate.intake")
_Key = tuple[UUID, str | None]
_Kept = TypeVar("_Kept", UUID, _Key)
_Value = TypeVar("_Value", int, float)
Result = list[Appended] | Exception


class SenderChanged(HeadgateError):
    """The source or key was changed after it was let in: let it prove itself again."""

    code = "sender_changed"


class NotStored(Conflict):
    """Nothing of the request was stored, for some of its ids were used before with other bodies.

    `taken` holds for each of these the place in the request and what the log says; the refused bodies are kept.
    """

    def __init__(self, taken: Sequence[tuple[int, Appended]]) -> None:
        super().__init__("an id was used before for another body")
        self.taken = tuple(taken)


class TooLate(HeadgateError):
    """It waited longer than its sender does and was not stored."""

    code = "too_late"


@dataclass(slots=True, eq=False)
class Parcel:
    """The events of one request, in which `faults` found none.

    `deliver` is called, from another thread, with every parcel of a group that names the same one, once `result` is
    set; `ticket` is the caller's own.
    """

    ctx: Context
    sender: Sender
    events: Sequence[Incoming]
    deliver: Callable[[Sequence[Parcel]], None]
    ticket: Any = None
    since: float = field(default_factory=time.monotonic)
    result: Result | None = None

    @property
    def key(self) -> _Key:
        """What shares a transaction: what one tenant's own people, or those of one partner of it, sent."""
        return self.ctx.tenant_id, self.ctx.principal.partner


def _gathering(group: Sequence[Parcel]) -> float:
    """Seconds to let requests gather after a group: many that came at once are followed by many."""
    return min(GATHER_SECONDS, GATHER_EACH_SECONDS * (len(group) - 1))


@dataclass(slots=True, eq=False)
class Intake:
    """Stores parcels. `most_waiting` bounds the events in the queue, `backlog` those of a tenant in the lanes."""

    database: Database
    engine: Engine
    clock: Clock
    most_waiting: int
    backlog: int
    patience: float
    daily: DailyUse = field(default_factory=DailyUse)
    pause: Callable[[float], object] = time.sleep
    _lock: threading.Condition = field(default_factory=threading.Condition)
    _waiting: dict[_Key, deque[Parcel]] = field(default_factory=dict)
    _ready: deque[_Key] = field(default_factory=deque)
    _in_hand: set[_Key] = field(default_factory=set)
    _events: dict[_Key, int] = field(default_factory=dict)
    _total: int = 0
    _threads: int = 0
    _idle: int = 0
    _full_until: OrderedDict[UUID, float] = field(default_factory=OrderedDict)
    _room: OrderedDict[UUID, int] = field(default_factory=OrderedDict)
    _rest_until: OrderedDict[_Key, float] = field(default_factory=OrderedDict)

    @property
    def waiting(self) -> int:
        """How many events wait to be stored."""
        return self._total

    def hand_in(self, parcel: Parcel) -> None:
        """Queue a parcel. Raises `Busy` when the queue or the tenant's backlog is full or its day used up; it is
        not queued then."""
        key, count = parcel.key, max(1, len(parcel.events))
        self.daily.expect_room(key[0], parcel.ctx.now)
        with self._lock:
            if self._full_until.get(key[0], 0.0) > parcel.since:
                raise _backlogged(self.backlog)
            mine = self._events.get(key, 0)
            # One that finds nothing waiting is let in, however large: the queue holds at least one parcel.
            if mine and (mine + count > self.most_waiting // 2 or self._total + count > self.most_waiting):
                raise Busy("too many events wait to be stored; send them again in a moment", retry_after=1)
            if not mine and self._total >= self.most_waiting:
                raise Busy("too many events wait to be stored; send them again in a moment", retry_after=1)
            self._events[key] = mine + count
            self._total += count
            queue = self._waiting.get(key)
            if queue is None:
                queue = self._waiting[key] = deque()
            queue.append(parcel)
            if len(queue) == 1 and key not in self._in_hand:
                self._make_ready(key)
        telemetry.ingest_queue.set(self._total)

    def _make_ready(self, key: _Key) -> None:
        """Let a thread take the key's parcels: one that is idle, or a new one. Threads that are busy come by later."""
        self._ready.append(key)
        if self._idle >= len(self._ready):  # some are idle beside those that were woken for the keys before this one
            self._lock.notify()
        elif self._threads < THREADS:
            self._threads += 1
            threading.Thread(target=self._run, name="headgate-intake", daemon=True).start()

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException:
            with self._lock:
                self._threads -= 1  # so that another is started in its place
            raise

    def _serve(self) -> None:
        while True:
            with self._lock:
                while not self._ready:
                    self._idle += 1
                    woken = self._lock.wait(IDLE_SECONDS)
                    self._idle -= 1  # by itself: one that was woken as its time ran out is told that nobody woke it
                    if not woken and not self._ready:
                        self._threads -= 1
                        return
                key = self._ready.popleft()
                self._in_hand.add(key)
                rest = 0.0 if self._ready else self._rest(key)
            if rest > 0:
                self.pause(rest)
            with self._lock:
                group = self._take(key)
            try:
                self._store(key, group)
            finally:
                with self._lock:
                    self._in_hand.discard(key)
                    _keep(self._rest_until, key, time.monotonic() + _gathering(group))
                    if key in self._waiting:
                        self._make_ready(key)
                _deliver(group)

    def _rest(self, key: _Key) -> float:
        """Seconds to gather before the key's next group; none for as many as fill one."""
        if self._events[key] >= GROUP_EVENTS:
            return 0.0
        return self._rest_until.get(key, 0.0) - time.monotonic()

    def _take(self, key: _Key) -> list[Parcel]:
        queue = self._waiting[key]
        group: list[Parcel] = []
        events = 0
        while queue and (not group or events + len(queue[0].events) <= GROUP_EVENTS):
            group.append(queue.popleft())
            events += max(1, len(group[-1].events))
        self._total -= events
        self._events[key] -= events
        if not queue:
            del self._waiting[key], self._events[key]
        return group

    def _store(self, key: _Key, group: Sequence[Parcel]) -> None:
        """Set the result of every parcel."""
        started = time.monotonic()
        fresh = [p for p in group if started - p.since < self.patience]
        telemetry.ingest_queue.set(self._total)
        telemetry.ingest_group_size.observe(len(group))
        with telemetry.ingest_commit_seconds.time():
            self._try(key, fresh)
        for parcel in group:
            if parcel.result is None:
                parcel.result = TooLate("it could not be stored in time")

    def _try(self, key: _Key, group: Sequence[Parcel]) -> None:
        if not group:
            return
        try:
            results = self._together(key, group)
        except (psycopg.OperationalError, Busy) as error:
            # Nothing is wrong with the parcels: trying each would only take longer to say the same.
            results = [error] * len(group)
        except _Mixed as mixed:
            self._try(key, [p for place, p in enumerate(group) if place not in mixed.places])
            for place in sorted(mixed.places):
                self._alone(key, group[place])
            return
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the answer to whoever handed it in)
            if len(group) > 1:
                log.warning("a group broke and is tried one by one", size=len(group), error=type(error).__name__)
                for parcel in group:
                    self._try(key, [parcel])
                return
            results = [error]
        for parcel, result in zip(group, results, strict=True):
            parcel.result = result

    def _together(self, key: _Key, group: Sequence[Parcel]) -> list[Result]:
        """Store a group in one transaction. Raises `_Mixed` for parcels of which only a part could be stored.

        Whom a partner's key speaks for was checked before; a partner's transaction could not count the backlog.
        """
        with (
            self.daily.counting(key[0], self.clock.now()) as told,
            self.database.transaction(key[0], lookups=True) as conn,
        ):
            told.look(conn)
            results, kept = self._checked(conn, key, group)
            crashpoint("ingest.checked")
            appended = iter(
                append_events(
                    conn, self.clock.now(), [e for _, events in kept for e in events], lanes=self.engine.lanes
                )
            )
            mixed = set()
            for place, events in kept:
                mine = [next(appended) for _ in events]
                results[place] = _outcome(mine)
                if any(a.status == "conflict" for a in mine) and any(a.status == "new" for a in mine):
                    mixed.add(place)
            if mixed:
                raise _Mixed(mixed)
            told.new = sum(map(_new, results))
            crashpoint("ingest.appended")
        crashpoint("ingest.answering")
        return [result for result in results if result is not None]

    def _alone(self, key: _Key, parcel: Parcel) -> None:
        """Store one parcel of which a part may clash: then what clashed is kept, and nothing enters the log."""
        try:
            now = self.clock.now()
            with self.daily.counting(key[0], now) as told, self.database.transaction(key[0]) as conn:
                results, kept = self._checked(conn, key, [parcel])
                for _, events in kept:
                    results[0] = self._whole(conn, events)
                told.new = sum(map(_new, results))
            parcel.result = results[0]
        except Exception as error:  # noqa: BLE001 (as above)
            parcel.result = error

    def _whole(self, conn: Connection[Any], events: Sequence[NewEvent]) -> Result:
        now = self.clock.now()
        with conn.transaction() as attempt:
            appended = append_events(conn, now, events, lanes=self.engine.lanes)
            clashing = [place for place, done in enumerate(appended) if done.status == "conflict"]
            if clashing:
                raise psycopg.Rollback(attempt)
        if not clashing:
            return appended
        kept = append_events(conn, now, [events[place] for place in clashing], lanes=self.engine.lanes)
        return NotStored(list(zip(clashing, kept, strict=True)))

    def _checked(
        self, conn: Connection[Any], key: _Key, group: Sequence[Parcel]
    ) -> tuple[list[Result | None], list[tuple[int, list[NewEvent]]]]:
        """What is refused already, by place in the group, and the events of the others, ready to be appended."""
        senders = list({id(p.sender): p.sender for p in group}.values())
        unchanged = dict(zip(map(id, senders), senders_unchanged(conn, senders, self.clock.now()), strict=True))
        self._make_room(conn, key[0], sum(len(p.events) for p in group))
        router = self.engine.definitions.router(conn)
        results: list[Result | None] = [None] * len(group)
        kept: list[tuple[int, list[NewEvent]]] = []
        for place, parcel in enumerate(group):
            # Again, for a connection to the database may have been waited for: after a 503 nothing should be stored.
            if time.monotonic() - parcel.since >= self.patience:
                results[place] = TooLate("it could not be stored in time")
                continue
            if not unchanged[id(parcel.sender)]:
                results[place] = SenderChanged("the source or key has changed")
                continue
            try:
                kept.append((place, routed(router, parcel.ctx, parcel.sender.source, parcel.events)))
            except HeadgateError as error:
                results[place] = error
        return results, kept

    def _make_room(self, conn: Connection[Any], tenant: UUID, events: int) -> None:
        """Count a tenant's backlog, but only when half of the room seen last is used up: other processes use it too.

        Raises `Busy` when the lanes are too far behind.
        """
        room = self._room.get(tenant, 0) - events
        if room < 0:
            row = conn.execute(WAITING, {"most": self.backlog}).fetchone()
            left = self.backlog - (row[0] if row else 0)
            with self._lock:
                if left <= 0:
                    _keep(self._full_until, tenant, time.monotonic() + LOOK_AGAIN_SECONDS)
                else:
                    self._full_until.pop(tenant, None)
            if left <= 0:
                raise _backlogged(self.backlog)
            room = left // 2 - events
        with self._lock:
            _keep(self._room, tenant, room)


class _Mixed(Exception):
    """Parcels, by place, of which a part is new and a part clashes."""

    def __init__(self, places: set[int]) -> None:
        super().__init__("only a part could be stored")
        self.places = places


def _outcome(appended: list[Appended]) -> Result:
    clashing = [(place, done) for place, done in enumerate(appended) if done.status == "conflict"]
    return NotStored(clashing) if clashing else appended


def _new(result: Result | None) -> int:
    return sum(done.status == "new" for done in result) if isinstance(result, list) else 0


def _keep(kept: OrderedDict[_Kept, _Value], key: _Kept, value: _Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST_TENANTS:
        kept.popitem(last=False)


def _backlogged(bound: int) -> Busy:
    return Busy(
        phrase("%(bound)s events of this tenant wait to be applied; send it again when they are fewer", bound=bound),
        retry_after=5,
    )


def _deliver(group: Sequence[Parcel]) -> None:
    boxes: dict[int, list[Parcel]] = {}
    for parcel in group:
        boxes.setdefault(id(parcel.deliver), []).append(parcel)
    for parcels in boxes.values():
        try:
            parcels[0].deliver(parcels)
        except RuntimeError as error:  # an event loop that has ended meanwhile
            log.warning("nobody waits for the answer any more", error=type(error).__name__)
