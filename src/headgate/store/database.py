"""Transactions of the application role, each bound to one tenant by the database itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.errors import Busy, Misconfigured
from headgate.store.arrays import QuickListBinaryDumper, QuickListDumper
from headgate.store.pipelining import PipeliningConnection
from headgate.store.security import PORTAL_ROLE

_BEGIN = sql.SQL(
    "begin{mode}; select set_config('headgate.tenant', {tenant}, true), set_config('headgate.partner', {partner}, true)"
)
# A partner's transaction works as a role that cannot read the columns that are for staff; it ends with the transaction.
_AS_PARTNER = sql.SQL(", set_config('role', {role}, true)").format(role=sql.Literal(PORTAL_ROLE))
_IDLE = sql.SQL(", set_config('idle_in_transaction_session_timeout', {milliseconds}, true)")
_UNWAITED = sql.SQL(", set_config('synchronous_commit', 'off', true)")
# For transactions whose statements all look rows up by keys. A plan is made for the tables as they are and then kept:
# one made while a queue or a young table holds a few rows reads it whole, and goes on so when there are thousands.
_LOOKUPS = sql.SQL("").join(
    sql.SQL(", set_config({name}, 'off', true)").format(name=sql.Literal(name))
    for name in ("enable_seqscan", "enable_bitmapscan")
)
# Between indexes, too, the choice is a guess while a table is small, so plans are made anew from time to time.
_PLAN_SECONDS = 5.0
_PLAN_ANEW = sql.SQL("; discard plans")
_WAIT_SECONDS = 30.0
# A process that stands still, or whose machine is gone, must not keep its locks: the server ends such a session.
_SESSION = "set time zone 'UTC'; set idle_in_transaction_session_timeout = '60s'"


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What a transaction may do, and what it waits for. `mode` goes behind BEGIN."""

    mode: LiteralString = ""
    idle_seconds: float | None = None
    durable: bool = True
    lookups: bool = False


def configure(conn: Connection) -> None:
    """Make a connection read JSON exactly (numbers with a point as `Decimal`) and times in UTC; bound its silence."""
    set_json_loads(loads, context=conn)
    conn.adapters.register_dumper(list, QuickListBinaryDumper)
    conn.adapters.register_dumper(list, QuickListDumper)
    conn.execute(_SESSION)


def jsonb(value: object) -> str:
    """A value as canonical JSON text, for a `%s::jsonb` parameter or an element of a `%s::jsonb[]` one."""
    return canonical_text(value)


class Database:
    """The pool of the application role's connections. Threads may share it; processes may not."""

    def __init__(
        self,
        app_dsn: str,
        pool_size: int = 10,
        *,
        residency: str = "",
        on_close: Callable[[], None] | None = None,
        on_lost: Callable[[], None] | None = None,
    ) -> None:
        defaults = {"connect_timeout": "10", "application_name": "headgate"}
        self.residency = residency
        self._on_close = on_close
        self._on_lost = on_lost
        self._dsn = make_conninfo("", **(defaults | conninfo_to_dict(app_dsn)))
        self._size = pool_size
        self._pool: ConnectionPool[PipeliningConnection] = ConnectionPool(
            self._dsn,
            connection_class=PipeliningConnection,
            # Statements outside `transaction` run on their own, without a tenant, and so find no tenant's rows.
            kwargs={"autocommit": True},
            min_size=1,
            max_size=pool_size,
            timeout=_WAIT_SECONDS,
            configure=configure,
            name="headgate",
            open=True,
        )

    @contextmanager
    def transaction(
        self,
        tenant_id: UUID,
        *,
        partner: str | None = None,
        read_only: bool = False,
        idle_seconds: float | None = None,
        durable: bool = True,
        lookups: bool = False,
    ) -> Iterator[Connection]:
        """One transaction that sees and writes only this tenant's rows (and, with `partner`, only that partner's).

        Commits on normal exit and rolls back on an exception. A failed statement whose error was swallowed inside
        raises `InFailedSqlTransaction` at the end, because nothing could be committed. Raises `Busy` when no
        connection becomes free. With `idle_seconds` the server ends it when it hears nothing for so long in between.
        `durable=False` does not wait for the disk: everybody sees the commit at once, and it is on disk before any
        later durable one; only a server that crashes within a second can lose it. For leases, never for business.
        `lookups=True` is for work that finds all its rows by keys, however small the tables were when it began: the
        server does not read tables as a whole in it where there is another way.
        """
        tenant = str(UUID(str(tenant_id)))
        mode: LiteralString = " read only" if read_only else ""
        with self._begun(tenant, partner or "", _Bounds(mode, idle_seconds, durable, lookups)) as conn:
            yield conn

    @contextmanager
    def snapshot(self, tenant_id: UUID) -> Iterator[Connection]:
        """A read-only transaction of a tenant that sees everything as it stood at its first question."""
        tenant = str(UUID(str(tenant_id)))
        with self._begun(tenant, "", _Bounds(" isolation level repeatable read read only")) as conn:
            yield conn

    @contextmanager
    def scan(self, *, lookups: bool = False) -> Iterator[Connection]:
        """A read-only transaction without a tenant. Only the `headgate_*` functions answer in it; tables refuse.
        `lookups` as in `transaction`.

        Where this installation has a label of residency, what is due is that of tenants with the same label."""
        with self._begun("", "", _Bounds(" read only", lookups=lookups)) as conn:
            if self.residency:
                conn.execute("select set_config('headgate.residency', %s, true)", [self.residency])
            yield conn

    def listen(self, channel: str) -> Connection:
        """A connection of its own, outside the pool, that hears what is notified on a channel. The caller closes it."""
        conn = psycopg.connect(self._dsn, autocommit=True)
        try:
            conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        except BaseException:
            conn.close()
            raise
        return conn

    def notify(self, channel: str, payloads: Sequence[str]) -> None:
        """Tell whoever listens on a channel, each payload once; waits for no disk."""
        with self._begun("", "", _Bounds(durable=False)) as conn:
            conn.execute("select pg_notify(%s, told) from unnest(%s::text[]) as told", (channel, list(payloads)))

    def revive(self) -> None:
        """Start the embedded server again if it is gone. An external one is only waited for."""
        if self._on_lost:
            self._on_lost()

    def pool_state(self) -> dict[str, int]:
        """Connections in use and idle, and how many callers wait for one."""
        stats = self._pool.get_stats()
        size, idle = stats.get("pool_size", 0), stats.get("pool_available", 0)
        return {"used": size - idle, "idle": idle, "waiting": stats.get("requests_waiting", 0)}

    def close(self) -> None:
        """Close the connections and let go of the embedded server. Calling it again does nothing."""
        self._pool.close()
        on_close, self._on_close = self._on_close, None
        if on_close:
            on_close()

    @contextmanager
    def _begun(self, tenant: str, partner: str, bounds: _Bounds) -> Iterator[Connection]:
        begin = _BEGIN.format(mode=sql.SQL(bounds.mode), tenant=sql.Literal(tenant), partner=sql.Literal(partner))
        if partner:
            begin += _AS_PARTNER
        if bounds.idle_seconds is not None:
            begin += _IDLE.format(milliseconds=sql.Literal(str(int(bounds.idle_seconds * 1000))))
        if not bounds.durable:
            begin += _UNWAITED
        if bounds.lookups:
            begin += _LOOKUPS
        conn = self._connection(begin, anew=bounds.lookups)
        try:
            try:
                yield conn
            except BaseException:
                if not conn.closed:
                    conn.rollback()
                raise
            status = conn.info.transaction_status
            if status == TransactionStatus.INERROR:
                conn.rollback()
                raise psycopg.errors.InFailedSqlTransaction("a statement failed and its error was not passed on")
            if status != TransactionStatus.INTRANS:
                raise psycopg.ProgrammingError("the transaction was ended inside; only its opener may commit")
            conn.commit()
        finally:
            self._pool.putconn(conn)

    def _connection(self, begin: sql.Composed, *, anew: bool) -> PipeliningConnection:
        """A connection with the transaction begun; with `anew`, it keeps no plan that is old. Nothing was done yet, so
        a dead one is simply replaced."""
        for attempt in range(self._size + 1):
            try:
                conn = self._pool.getconn()
            except (PoolTimeout, TooManyRequests):
                raise Busy("every database connection is in use", retry_after=2) from None
            now = time.monotonic()
            old = anew and now - conn.planned_at >= _PLAN_SECONDS
            try:
                conn.execute(begin + _PLAN_ANEW if old else begin)
            except psycopg.OperationalError:
                dead = conn.closed or conn.broken
                self._pool.putconn(conn)
                if not dead or attempt == self._size:
                    raise
                with suppress(Misconfigured):  # the next try says what is wrong
                    self.revive()
            except BaseException:
                self._pool.putconn(conn)
                raise
            else:
                if old:
                    conn.planned_at = now
                return conn
        raise AssertionError("unreachable")
