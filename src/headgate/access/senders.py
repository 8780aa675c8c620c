"""Who may send events, as the way in needs it: read once, kept in bounded memory, and looked at again where it counts.

A sender that was kept proves itself without a question to the database. What was read of it may be out of date by then,
so whoever stores its events asks `senders_unchanged` in the transaction that does: a source or key that was changed,
disabled or revoked is found out before anything of it is durable. And nobody is refused on what was kept: before that
it is read again (`SenderCache.may_read_again` bounds how often).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from headgate.access.core import checks
from headgate.access.core.roles import permissions_of
from headgate.access.core.tokens import same
from headgate.access.core.webhooks import decode_secret, verify_with_keys
from headgate.access.repo import keys as repo
from headgate.access.seal import Sealer
from headgate.access.sources import sealed_for
from headgate.access.tenants import find_tenant
from headgate.kernel.buckets import Buckets, Rate
from headgate.kernel.context import Principal
from headgate.kernel.errors import NotFound, Unauthenticated
from headgate.store import Database

_NOWHERE = UUID(int=0)
_STRANGER = bytes(32)
_TOUCH_EVERY = timedelta(minutes=1)
_READ_AGAIN = Rate(10, 20)


@dataclass(frozen=True, slots=True)
class Sender:
    """A source that signs (`kind` source) or an API key (`kind` key) that may send events.

    `source` names it in the log. `rate` and `tenant_rate` are in events per second, None where the installation's
    hold. `secrets` are what it proves itself with: signing keys, or the hash of the key's secret. `stamp` is all of it
    as read, to be compared. One that is not `active` is unknown or shut out and proves nothing; it has a secret all the
    same, so that it takes as long.
    """

    tenant_id: UUID
    kind: Literal["source", "key"]
    name: str
    source: str
    principal: Principal
    types: tuple[str, ...]
    rate: int | None
    tenant_rate: int | None
    active: bool
    secrets: tuple[bytes, ...]
    stamp: tuple[object, ...]
    suspended: bool = False  # the tenant is: who proves themselves is told so, and nothing is taken

    def prove_signature(self, headers: Mapping[str, str], body: bytes, now: datetime, tolerance: timedelta) -> None:
        """Raises `Unauthenticated` unless the body was signed by this source."""
        verify_with_keys(body, headers, self.secrets, now, tolerance)
        if not self.active:
            raise Unauthenticated("webhook-signature does not fit the body and a secret of this source")

    def prove_key(self, hashed: bytes) -> None:
        """Raises `Unauthenticated` unless this is the key's secret."""
        if not same(self.secrets[0], hashed) or not self.active:
            raise Unauthenticated("the API key is unknown, revoked or expired, or its account is suspended")


def load_source(database: Database, envelope: Sealer, tenant: str, source: str, now: datetime) -> Sender:
    """The source of the tenant with this slug. What does not exist comes back inactive and takes as many questions."""
    try:
        tenant_id = find_tenant(database, tenant)
    except NotFound:
        tenant_id = _NOWHERE
    # The database would not take every text; one that no source can have is asked for as one that no source has.
    name = source if checks.is_code(source) else "-"
    with database.transaction(tenant_id, read_only=True) as conn:
        row = _rows(conn, "source", [name], now).get(name)
    if row is None or row[2] != "active":
        return _stranger(tenant_id, "source", source)
    keys = tuple(decode_secret(envelope.open(text, sealed_for(tenant_id, source))) for text in row[4])
    principal = Principal(f"source:{source}", "service", row[1], permissions=frozenset({"events.write"}))
    return Sender(
        tenant_id,
        "source",
        source,
        source,
        principal,
        tuple(row[3]),
        row[5],
        _whole(row[6]),
        True,
        keys,
        _stamp("source", row),
        suspended=row[7] != "active",
    )


def load_key(database: Database, tenant_id: UUID, key_id: str, now: datetime) -> Sender:
    """The API key of this id. One that does not exist, has ended, or whose account is suspended comes back inactive."""
    with database.transaction(tenant_id, read_only=True) as conn:
        row = _rows(conn, "key", [key_id], now).get(key_id)
    if row is None or not row[3]:
        return _stranger(tenant_id, "key", key_id)
    _, hashed, scopes, _, account, kind, name, partner, held, extra, tenant_rate, standing, _ = row
    roles = frozenset(held)
    allowed = permissions_of(roles) | frozenset(extra)
    principal = Principal(account, kind, name, roles, allowed & frozenset(scopes), partner)
    return Sender(
        tenant_id,
        "key",
        key_id,
        account,
        principal,
        (),
        None,
        _whole(tenant_rate),
        True,
        (bytes(hashed),),
        _stamp("key", row),
        suspended=standing != "active",
    )


def senders_unchanged(conn: Connection, senders: Sequence[Sender], now: datetime) -> list[bool]:
    """Whether each of these senders of the transaction's tenant is still as it was read. Notes the use of keys."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for kind in ("source", "key"):
        names = sorted({s.name for s in senders if s.kind == kind})
        if names:
            found |= {(kind, name): row for name, row in _rows(conn, kind, names, now).items()}
    unchanged = [(row := found.get((s.kind, s.name))) is not None and _stamp(s.kind, row) == s.stamp for s in senders]
    used = {s.name for s, good in zip(senders, unchanged, strict=True) if good and s.kind == "key"}
    due = sorted(n for n in used if (last := found["key", n][-1]) is None or now - last >= _TOUCH_EVERY)
    if due:
        conn.execute(repo.TOUCH_KEYS, {"names": due, "now": now})
    return unchanged


class SenderCache:
    """Senders that were read, the last used of them. Unknown ones are kept apart, so that made-up names push out no
    sender."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, ...], Sender] = OrderedDict()
        self._unknown: OrderedDict[tuple[str, ...], Sender] = OrderedDict()
        self._readings = Buckets(most)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known) + len(self._unknown)

    def get(self, key: tuple[str, ...]) -> Sender | None:
        """What was kept under the key."""
        with self._lock:
            kept = self._known if key in self._known else self._unknown
            found = kept.get(key)
            if found is not None:
                kept.move_to_end(key)
            return found

    def keep(self, key: tuple[str, ...], sender: Sender) -> None:
        """Keep what was just read."""
        with self._lock:
            self._known.pop(key, None)
            self._unknown.pop(key, None)
            kept = self._known if sender.active else self._unknown
            kept[key] = sender
            if len(kept) > self._most:
                kept.popitem(last=False)

    def may_read_again(self, key: tuple[str, ...]) -> bool:
        """Whether to read it again before a refusal: ten times a second at most."""
        return self._readings.take(key, _READ_AGAIN, 1, time.monotonic()) == 0.0


def _rows(conn: Connection, kind: str, names: Sequence[str], now: datetime) -> dict[str, tuple[Any, ...]]:
    query = repo.SOURCES_NOW if kind == "source" else repo.KEYS_NOW
    return {row[0]: row for row in conn.execute(query, {"names": list(names), "now": now})}


def _stamp(kind: str, row: tuple[Any, ...]) -> tuple[object, ...]:
    # Of a key, the last column is its last use, which changes by itself.
    columns = row if kind == "source" else row[:-1]
    return tuple(tuple(value) if isinstance(value, list) else value for value in columns)


def _stranger(tenant_id: UUID, kind: Literal["source", "key"], name: str) -> Sender:
    nobody = Principal("nobody", "service")
    return Sender(tenant_id, kind, name, name, nobody, (), None, None, False, (_STRANGER,), ())


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
