"""Exports that a tenant's own administrators ask for: asked here, written by a worker (`exporting`), downloaded for a
time, and removed.

The file lies in the database, so it is where the tenant's data may be, isolated and deleted with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from headgate.access.recording import record
from headgate.access.sessions import GUEST
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Forbidden, NotFound
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.store.database import Database

KEPT: Final = timedelta(days=7)
MOST_KEPT: Final = 3
MOST_LISTED: Final = 50
UNDER_WAY: Final = "An export is under way already. Wait for it, or cancel it."
TOO_MANY: Final = f"{MOST_KEPT} exports are kept already. Remove one first."

_FIELDS = """
    export, status, asked_by, asked_at, started_at, finished_at, attempts, tables, tables_done, rows, entries, size,
    pieces, digest, sha256, error, expires_at, ended_by, ended_at
"""
_LIST = f"select {_FIELDS} from tenant_exports order by asked_at desc, export desc limit %(most)s"
_GET = f"select {_FIELDS} from tenant_exports where export = %(export)s"
_KEPT = "select count(*) from tenant_exports where status = 'ready'"
_ASK = """
insert into tenant_exports (export, status, asked_by, asked_at) values (%(export)s, 'queued', %(by)s, %(now)s)
on conflict do nothing returning export
"""
_END = """
update tenant_exports set status = %(to)s, ended_by = %(by)s, ended_at = %(now)s, lease_until = null, owner = null
where export = %(export)s and status = any(%(from)s) returning export
"""
_DROP = "delete from tenant_export_pieces where export = any(%(exports)s)"
_OVER = """
update tenant_exports set status = 'removed', ended_at = %(now)s where status = 'ready' and expires_at <= %(now)s
returning export
"""
# All but the last are as long as the first.
_WIDTH = "select octet_length(data) from tenant_export_pieces where export = %(export)s and place = 0"
_PIECE = """
select p.data from tenant_export_pieces p join tenant_exports e on e.export = p.export
where p.export = %(export)s and p.place = %(place)s and e.status = 'ready'
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a file, from the first to the last, both counted from 0 and both in it."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TenantExport:
    """An export. `tables_done` of `tables` are written; `digest` is of its manifest and `sha256` of the file, in hex;
    `ended_by` cancelled or removed it, nobody where its time was over."""

    export: UUID
    status: str
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    tables: int
    tables_done: int
    rows: int
    entries: int
    size: int
    pieces: int
    digest: str
    sha256: str
    error: str
    expires_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None

    @property
    def under_way(self) -> bool:
        """Whether it waits or is being written."""
        return self.status in ("queued", "running")

    @property
    def file_name(self) -> str:
        """What a download is called."""
        return f"export-{self.asked_at:%Y-%m-%d}-{self.export}.zip"

    def state(self, now: datetime) -> str:
        """Where it stands: one whose time is over counts as removed, whether its bytes are gone or not yet."""
        over = self.status == "ready" and self.expires_at is not None and self.expires_at <= now
        return "removed" if over else self.status


def ask_export(conn: Connection[Any], ctx: Context) -> TenantExport:
    """Let a worker write all that the tenant has. Raises `Conflict` while another is under way, or too many are kept.

    Whether the principal may is checked by the caller."""
    _expect_own(ctx)
    (kept,) = conn.execute(_KEPT).fetchone() or (0,)
    if kept >= MOST_KEPT:
        raise Conflict(TOO_MANY)
    export = new_id(ctx.now)
    if conn.execute(_ASK, {"export": export, "by": ctx.principal.id, "now": ctx.now}).fetchone() is None:
        raise Conflict(UNDER_WAY)
    record(conn, ctx, "tenant_export.asked", "tenant_export", str(export))
    return get_export(conn, export)


def list_exports(conn: Connection[Any]) -> list[TenantExport]:
    """Exports of the transaction's tenant, newest first."""
    with conn.cursor(row_factory=class_row(TenantExport)) as cursor:
        return cursor.execute(_LIST, {"most": MOST_LISTED}).fetchall()


def get_export(conn: Connection[Any], export: UUID) -> TenantExport:
    """One export. Raises `NotFound`."""
    with conn.cursor(row_factory=class_row(TenantExport)) as cursor:
        found = cursor.execute(_GET, {"export": export}).fetchone()
    if found is None:
        raise NotFound(phrase("there is no export %(export)s", export=export))
    return found


def end_export(conn: Connection[Any], ctx: Context, export: UUID) -> TenantExport:
    """Cancel one that is under way, or remove one that is kept; its bytes are gone at once. Raises `NotFound`,
    `Conflict`."""
    found = get_export(conn, export)
    to = "cancelled" if found.under_way else "removed"
    values = {"export": export, "to": to, "by": ctx.principal.id, "now": ctx.now}
    wanted = ["queued", "running"] if found.under_way else ["ready"]
    if conn.execute(_END, values | {"from": wanted}).fetchone() is None:
        raise Conflict(phrase("this export is %(status)s already", status=get_export(conn, export).status))
    conn.execute(_DROP, {"exports": [export]})
    record(conn, ctx, f"tenant_export.{to}", "tenant_export", str(export))
    return get_export(conn, export)


def downloadable(conn: Connection[Any], ctx: Context, export: UUID) -> TenantExport:
    """An export that can be downloaded by who acts. Raises `NotFound`, and `Conflict` for one that is not ready or no
    more."""
    _expect_own(ctx)
    found = get_export(conn, export)
    state = found.state(ctx.now)
    if state != "ready":
        raise Conflict(phrase("this export is %(state)s; nothing of it can be downloaded", state=state))
    return found


def note_download(conn: Connection[Any], ctx: Context, export: UUID, part: Part | None = None) -> TenantExport:
    """The same with the note of who downloads it, or which part of it."""
    found = downloadable(conn, ctx, export)
    told: dict[str, Any] = {"sha256": found.sha256, "size": found.size}
    if part is not None:
        told |= {"first": part.first, "last": part.last}
    record(conn, ctx, "tenant_export.downloaded", "tenant_export", str(export), **told)
    return found


def bytes_of(database: Database, tenant: UUID, export: TenantExport, part: Part | None = None) -> Iterator[bytes]:
    """The file or a part of it, piece by piece, each in a transaction of its own: whoever reads slowly holds nothing
    up. Raises `Conflict` where it was removed meanwhile, so that half a file is not taken for a whole one."""
    if not export.size:
        return
    first, last = (part.first, part.last) if part else (0, export.size - 1)
    with database.transaction(tenant, read_only=True) as conn:
        row = conn.execute(_WIDTH, {"export": export.export}).fetchone()
    width = row[0] if row else export.size
    for place in range(first // width, last // width + 1):
        with database.transaction(tenant, read_only=True) as conn:
            row = conn.execute(_PIECE, {"export": export.export, "place": place}).fetchone()
        if row is None:
            raise Conflict("the export was removed while it was read")
        begins = place * width
        yield bytes(row[0][max(0, first - begins) : last - begins + 1])


def _expect_own(ctx: Context) -> None:
    """Guests of a provider may be given an administrator's role, to set things up; they do not take the data away."""
    if ctx.principal.id.startswith(GUEST):
        raise Forbidden("guests of a provider do not take a tenant's data away")


def forget_exports(conn: Connection[Any], ctx: Context) -> int:
    """Remove the exports whose time is over; how many."""
    over = [row[0] for row in conn.execute(_OVER, {"now": ctx.now})]
    if over:
        conn.execute(_DROP, {"exports": over})
        for export in over:
            record(conn, ctx, "tenant_export.removed", "tenant_export", str(export))
    return len(over)
