"""Writes an export that was asked for, under a lease: it tells how far it is, and when its process dies another begins
it anew. Nothing of it can be downloaded before all of it is there."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, Final, cast
from uuid import UUID

import psycopg
from psycopg import Connection

from headgate.access.recording import record
from headgate.access.tenancy.export import ExportedTenant, export_tenant, exported_tables
from headgate.access.tenancy.exports import KEPT, TenantExport, get_export
from headgate.kernel.clock import Clock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import HeadgateError, Refused
from headgate.kernel.phrases import phrase
from headgate.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import MetaData

LEASE: Final = timedelta(seconds=60)
TELL: Final = timedelta(seconds=1)  # between two words of how far it is
MOST_ATTEMPTS: Final = 3
PIECE: Final = 1 << 20

_CLAIM = """
update tenant_exports x
set status = 'running', owner = %(owner)s, lease_until = %(lease)s, attempts = x.attempts + 1, tables_done = 0,
    rows = 0, size = 0, tables = %(tables)s, started_at = coalesce(x.started_at, %(now)s)
where x.export = (
    select export from tenant_exports
    where status in ('queued', 'running') and (lease_until is null or lease_until <= %(now)s)
    order by asked_at limit 1 for update skip locked
)
returning x.export
"""
_AFRESH = "delete from tenant_export_pieces where export = %(export)s"
# No row: somebody cancelled it, took it over, or the tenant is gone.
_TELL = """
update tenant_exports set tables_done = %(tables_done)s, rows = %(rows)s, size = %(size)s, lease_until = %(lease)s
where export = %(export)s and status = 'running' and owner = %(owner)s returning export
"""
_KEEP = "insert into tenant_export_pieces (export, place, data) values (%(export)s, %(place)s, %(data)s)"
_FINISH = """
update tenant_exports
set status = 'ready', finished_at = %(now)s, expires_at = %(expires)s, tables_done = tables, rows = %(rows)s,
    entries = %(entries)s, size = %(size)s, pieces = %(pieces)s, digest = %(digest)s, sha256 = %(sha256)s,
    lease_until = null, owner = null
where export = %(export)s and status = 'running' and owner = %(owner)s returning export
"""
_FAIL = """
update tenant_exports set status = 'failed', error = %(error)s, finished_at = %(now)s, lease_until = null, owner = null
where export = %(export)s and status = 'running' and owner = %(owner)s returning export
"""

# Signs the audit chain up to its end, so that the export has a proof of all of it.
Sign = Callable[[Connection[Any], Context], object]
GoesOn = Callable[[], bool]
# Told of an export that is ready or has failed, in the transaction that says so.
Ended = Callable[[Connection[Any], Context, TenantExport], object]


@dataclass(frozen=True, slots=True)
class Exporter:
    """What is needed to write exports: where to, which tables there are, how the chain is signed, how large a file may
    get, and who is told how one ended."""

    database: Database
    tables: Callable[[], MetaData]
    sign: Sign
    clock: Clock
    most_bytes: int
    ended: Ended


def work_export(by: Exporter, ctx: Context, owner: str, goes_on: GoesOn = lambda: True) -> TenantExport | None:
    """Take the tenant's export that waits, if any, and bring it to its end; None when there is none.

    One that was cancelled or taken over is let go, and one that `goes_on` wants left is left to another process. One
    that breaks is marked as failed, with the reason where there is one to tell; what is not our error is raised then.
    """
    metadata = by.tables()
    with by.database.transaction(ctx.tenant_id) as conn:
        now = by.clock.now()
        values = {"owner": owner, "lease": now + LEASE, "now": now, "tables": len(exported_tables(metadata))}
        row = conn.execute(_CLAIM, values).fetchone()
        if row is None:
            return None
        claimed = get_export(conn, row[0])
        conn.execute(_AFRESH, {"export": claimed.export})
        if claimed.attempts > MOST_ATTEMPTS:
            why = f"its process ended {MOST_ATTEMPTS} times before it was done; the log of the worker says more"
            _fail(by, conn, replace(ctx, now=now), claimed.export, owner, why)
            return get_export(conn, claimed.export)
    try:
        _write(by, ctx, claimed.asked_by, metadata, _Pieces(by, ctx.tenant_id, claimed.export, owner, goes_on))
    except (LeftOff, psycopg.OperationalError):
        raise  # nothing is wrong with it: it is begun anew when its lease is over
    except Exception as error:
        known = isinstance(error, HeadgateError)
        why = error.message if isinstance(error, HeadgateError) else "it broke; the log of the worker says how"
        with by.database.transaction(ctx.tenant_id) as conn:
            gone = not _fail(by, conn, replace(ctx, now=by.clock.now()), claimed.export, owner, why)
        if not known and not gone:
            raise
    with by.database.transaction(ctx.tenant_id, read_only=True) as conn:
        return get_export(conn, claimed.export)


class LeftOff(Exception):
    """The export is not this process's to write any more, or its loop ends."""


def _write(by: Exporter, ctx: Context, asked_by: str, metadata: MetaData, out: _Pieces) -> None:
    with by.database.transaction(ctx.tenant_id) as conn:
        by.sign(conn, replace(ctx, now=by.clock.now()))
    with by.database.snapshot(ctx.tenant_id) as conn:
        asker = replace(ctx, principal=Principal(asked_by, "person"), now=by.clock.now())
        made = export_tenant(conn, asker, metadata, cast("IO[bytes]", out), out.progress)
    out.finish(ctx, made)


def _fail(by: Exporter, conn: Connection[Any], ctx: Context, export: UUID, owner: str, why: str) -> bool:
    values = {"export": export, "owner": owner, "error": why, "now": ctx.now}
    if conn.execute(_FAIL, values).fetchone() is None:
        return False
    conn.execute(_AFRESH, {"export": export})
    record(conn, ctx, "tenant_export.failed", "tenant_export", str(export), error=why)
    by.ended(conn, ctx, get_export(conn, export))
    return True


@dataclass(slots=True)
class _Pieces:
    """The file that an export is written to: rows of a mebibyte, each committed by itself, so that nothing grows in
    memory. It only goes forward."""

    by: Exporter
    tenant: UUID
    export: UUID
    owner: str
    goes_on: GoesOn
    buffer: bytearray = field(default_factory=bytearray)
    size: int = 0
    pieces: int = 0
    rows: int = 0
    tables_done: int = 0
    rows_of_table: int = 0
    told_at: datetime | None = None
    broken: bool = False
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        """Take bytes in; whole pieces are stored. What is closed after a failure writes into the void."""
        if self.broken:
            return len(data)
        self.digest.update(data)
        self.buffer += data
        self.size += len(data)
        try:
            if self.size > self.by.most_bytes:
                most = self.by.most_bytes // 1_000_000
                raise Refused(
                    phrase(
                        "it would be larger than %(most)s MB, which is as much as this installation keeps; "
                        "whoever runs it can write it to a file with headgate tenant export",
                        most=f"{most:,}",
                    )
                )
            while len(self.buffer) >= PIECE:
                self._store(bytes(self.buffer[:PIECE]))
                del self.buffer[:PIECE]
        except BaseException:
            self.broken = True
            raise
        return len(data)

    def flush(self) -> None:
        """Nothing to do: a piece is stored when it is whole, the last one by `finish`."""

    def tell(self) -> int:
        raise io.UnsupportedOperation("it only goes forward")

    def progress(self, _table: str, count: int, done: bool) -> None:
        """Told by the export how far it is; handed on once a second."""
        self.rows += count - self.rows_of_table
        self.rows_of_table = 0 if done else count
        self.tables_done += done
        now = self.by.clock.now()
        if self.told_at is None or now - self.told_at >= TELL:
            self.told_at = now
            with self.by.database.transaction(self.tenant) as conn:
                self._go_on(conn)

    def finish(self, ctx: Context, made: ExportedTenant) -> None:
        """Store what is left and say that it is whole."""
        if self.buffer:
            self._store(bytes(self.buffer))
        now = self.by.clock.now()
        told: dict[str, Any] = {"rows": sum(made.rows.values()), "entries": made.entries, "size": self.size}
        told |= {"digest": made.digest, "sha256": self.digest.hexdigest()}
        values = {"export": self.export, "owner": self.owner, "pieces": self.pieces, "expires": now + KEPT, "now": now}
        with self.by.database.transaction(self.tenant) as conn:
            if conn.execute(_FINISH, values | told).fetchone() is None:
                raise LeftOff("the export was cancelled or taken over")
            at_end = replace(ctx, now=now)
            record(conn, at_end, "tenant_export.made", "tenant_export", str(self.export), **told)
            self.by.ended(conn, at_end, get_export(conn, self.export))

    def _store(self, data: bytes) -> None:
        with self.by.database.transaction(self.tenant) as conn:
            self._go_on(conn)
            conn.execute(_KEEP, {"export": self.export, "place": self.pieces, "data": data})
        self.pieces += 1

    def _go_on(self, conn: Connection[Any]) -> None:
        values = {"export": self.export, "owner": self.owner, "lease": self.by.clock.now() + LEASE}
        told = {"tables_done": self.tables_done, "rows": self.rows, "size": self.size}
        if not self.goes_on() or conn.execute(_TELL, values | told).fetchone() is None:
            self.broken = True
            raise LeftOff("the export was cancelled or taken over")
