"""Revisions of master data and the bounded cache that trusts them.

Writers call `bump` in the transaction that changes a noun. Readers compare stamps in the transaction that uses the
data: equal stamps mean that nothing was committed in between (and nothing written in this transaction either).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from psycopg import Connection

from headgate.store import Later

_BUMP = """
insert into channel_revisions (noun, revision) values (%s, 1)
on conflict (tenant_id, noun) do update
set revision = channel_revisions.revision + 1, stamp = gen_random_uuid()
returning revision
"""

_STAMP = """
select tenant_id, stamp, coalesce(current_setting('headgate.partner', true), '')
from channel_revisions where noun = %s
"""
# One row, whatever was recorded: a noun without a stamp has never been written.
_STAMPS = """
select current_setting('headgate.tenant')::uuid, coalesce(current_setting('headgate.partner', true), ''),
    coalesce(array_agg(noun), '{}'), coalesce(array_agg(stamp), '{}')
from channel_revisions
"""
_NEVER = UUID(int=0)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_NOTHING = object()


def bump(conn: Connection[Any], noun: str) -> int:
    """Say that master data of this noun changed; returns the new revision. Call it after the change, before commit."""
    row = conn.execute(_BUMP, (noun,)).fetchone()
    assert row is not None
    return int(row[0])


class _Shelf:
    """What is remembered of one noun of one tenant at one stamp; absent keys are remembered as absent."""

    __slots__ = ("entries", "size", "stamp")

    def __init__(self, stamp: UUID) -> None:
        self.stamp = stamp
        self.entries: dict[Any, Any] = {}
        self.size = 0


def _one(_value: object) -> int:
    return 1


class Cache(Protocol):
    """What loaders of masters ask: a `RevisionCache`, or what it knew at one moment."""

    def take(
        self,
        conn: Connection[Any],
        noun: str,
        keys: Collection[K],
        load: Callable[[list[K]], Mapping[K, V]],
        *,
        weigh: Callable[[V], int] = _one,
    ) -> dict[K, V]:
        """See `RevisionCache.take`."""
        ...


@dataclass(frozen=True, slots=True)
class StampedCache:
    """A cache with the stamps of all nouns as they stood at one moment of a transaction.

    It is as fresh as that moment: make it after waiting for locks, and anew after masters were written in the same
    transaction. Use it in the transaction that made it only.
    """

    cache: RevisionCache
    tenant: UUID
    limited: bool
    stamps: Mapping[str, UUID]

    def take(
        self,
        conn: Connection[Any],
        noun: str,
        keys: Collection[K],
        load: Callable[[list[K]], Mapping[K, V]],
        *,
        weigh: Callable[[V], int] = _one,
    ) -> dict[K, V]:
        """See `RevisionCache.take`. What was never written is remembered as well, until it is written."""
        if self.limited:
            return dict(load(list(keys)))
        return self.cache.taken(self.tenant, self.stamps.get(noun, _NEVER), noun, keys, load, weigh)


class RevisionCache:
    """Remembers loaded values per tenant and noun while the noun's stamp stays the same.

    `limit` bounds the weight of all tenants' entries together; the shelf that was not used for longest goes first.
    A process makes one and passes it to the loaders. Values must be immutable, for they are shared between threads.
    """

    def __init__(self, limit: int = 300_000) -> None:
        self._limit = limit
        self._shelves: OrderedDict[tuple[UUID, str], _Shelf] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._size

    def take(
        self,
        conn: Connection[Any],
        noun: str,
        keys: Collection[K],
        load: Callable[[list[K]], Mapping[K, V]],
        *,
        weigh: Callable[[V], int] = _one,
    ) -> dict[K, V]:
        """The values of the keys that exist; `load` is called once, with the keys that are not remembered.

        The stamp is read before the data: a commit in between can then only make the remembered data newer than its
        stamp, and the next reader loads again. A transaction that is limited to a partner sees fewer rows than the
        tenant has, so it neither reads nor fills the cache. `weigh` says how much room a value takes.
        """
        row = conn.execute(_STAMP, (noun,)).fetchone()
        if row is None or row[2]:
            return dict(load(list(keys)))
        return self.taken(row[0], row[1], noun, keys, load, weigh)

    def at_once(self, conn: Connection[Any]) -> StampedCache:
        """The cache with the stamps of all nouns read now, for a reader of several: one question instead of one each.

        As with `take`, what is remembered can only be newer than its stamp, and is then loaded again.
        """
        return self.ask_at_once(conn)()

    def ask_at_once(self, conn: Connection[Any]) -> Later[StampedCache]:
        """`at_once`, not waited for yet: as of when the statements before it are done."""
        asked = conn.execute(_STAMPS)

        def answer() -> StampedCache:
            row = asked.fetchone()
            assert row is not None
            tenant, partner, nouns, stamps = row
            return StampedCache(self, tenant, bool(partner), dict(zip(nouns, stamps, strict=True)))

        return answer

    def taken(
        self,
        tenant: UUID,
        stamp: UUID,
        noun: str,
        keys: Collection[K],
        load: Callable[[list[K]], Mapping[K, V]],
        weigh: Callable[[V], int],
    ) -> dict[K, V]:
        """`take` for a stamp that was read before, in the same transaction."""
        found: dict[K, V] = {}
        wanted: list[K] = []
        with self._lock:
            entries = self._shelf(tenant, noun, stamp).entries
            for key in keys:
                value = entries.get(key)
                if value is None:
                    wanted.append(key)
                elif value is not _NOTHING:
                    found[key] = value
        if wanted:
            loaded = load(wanted)
            found.update(loaded)
            with self._lock:
                self._fill(self._shelf(tenant, noun, stamp), wanted, loaded, weigh)
        return found

    def _shelf(self, tenant: UUID, noun: str, stamp: UUID) -> _Shelf:
        shelf = self._shelves.get((tenant, noun))
        if shelf is None or shelf.stamp != stamp:
            if shelf is not None:
                self._size -= shelf.size
            shelf = self._shelves[tenant, noun] = _Shelf(stamp)
        self._shelves.move_to_end((tenant, noun))
        return shelf

    def _fill(self, shelf: _Shelf, wanted: list[K], loaded: Mapping[K, V], weigh: Callable[[V], int]) -> None:
        for key in wanted:
            if key in shelf.entries:
                continue
            value = loaded.get(key)
            weight = 1 if value is None else weigh(value)
            if shelf.size + weight > self._limit:
                self._size -= shelf.size
                shelf.entries.clear()
                shelf.size = 0
            if weight <= self._limit:
                shelf.entries[key] = _NOTHING if value is None else value
                shelf.size += weight
                self._size += weight
        while self._size > self._limit:
            _, dropped = self._shelves.popitem(last=False)
            self._size -= dropped.size
