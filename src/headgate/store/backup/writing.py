"""Taking a backup while everything goes on: one snapshot, read by a role that can only read."""

from __future__ import annotations

import hashlib
import os
import secrets as random
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import psycopg
from psycopg import Connection, sql

import headgate
from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Conflict, Misconfigured
from headgate.kernel.settings import Settings
from headgate.store import embedded
from headgate.store.backup.manifest import FORMAT, MANIFEST, SECRETS, Head, Manifest, Sequence, TableCopy
from headgate.store.backup.sealed import read_secrets, seal
from headgate.store.security import BACKUP_ROLE

# What is done, rows so far, rows expected (an estimate while a backup is taken).
Progress = Callable[[str, int, int], None]

_SNAPSHOT: Final = (
    "begin isolation level repeatable read read only; "
    "set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0; "
    "set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; set local time zone 'UTC'; "
    f"set local role {BACKUP_ROLE}"
)
# Tables with their columns, generated ones left out, and how many rows are expected.
_TABLES: Final = """
select c.relname, array_agg(a.attname::text order by a.attnum), greatest(max(c.reltuples), 0)::bigint
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and c.relname <> 'alembic_version'
  and not exists (  -- a table of an extension
    select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
group by c.relname order by c.relname
"""
_SEQUENCES: Final = """
select t.relname, a.attname, s.oid::regclass::text
from pg_class s join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
where s.relkind = 'S' and s.relnamespace = 'public'::regnamespace order by 1, 2
"""
_HEADS: Final = "select tenant_id::text, seq, encode(hash, 'hex') from audit_heads order by tenant_id"


def back_up(
    settings: Settings, path: Path, now: datetime, *, passphrase: str | None, progress: Progress | None = None
) -> Manifest:
    """Write a backup of the settings' database to a new file, readable by its owner only.

    Without a passphrase the installation's secrets are left out and must be kept apart. The file appears under its name
    when it is complete and was read back. Raises `Conflict` when the name is taken, `Misconfigured` when the database
    cannot be reached or was last migrated by a release that knew no backups.
    """
    if path.exists():
        raise Conflict(f"{path} exists; a backup overwrites nothing, choose another name")
    sealed = seal(read_secrets(settings.home), passphrase) if passphrase is not None else None
    with _owner(settings) as conn, _new_file(path) as file:
        _begin(conn)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            tables = _copy_tables(conn, archive, progress)
            if sealed is not None:
                archive.writestr(SECRETS, sealed)
            manifest = Manifest(
                format=FORMAT,
                headgate=headgate.__version__,
                made_at=instant_text(now),
                server=f"PostgreSQL {conn.info.server_version // 10000}.{conn.info.server_version % 10000}",
                revision=_one(conn, "select version_num from alembic_version"),
                secrets=sealed is not None,
                tables=tuple(tables),
                sequences=tuple(_sequences(conn)),
                heads=tuple(Head(*row) for row in conn.execute(_HEADS.encode()).fetchall()),
            )
            archive.writestr(MANIFEST, manifest.as_text())
        file.flush()
        with zipfile.ZipFile(file) as archive:
            bad = archive.testzip()
        if bad is not None:
            raise OSError(5, "the backup could not be read back", str(path))
    return manifest


@contextmanager
def _owner(settings: Settings) -> Iterator[Connection[Any]]:
    """A connection as the owner, who may become the role that reads everything."""
    if settings.app_database_url and not settings.database_url:
        raise Misconfigured("set HEADGATE_DATABASE_URL to the owner's URL; the application's role sees one tenant only")
    server = None if settings.database_url else embedded.start(settings.home)
    try:
        with psycopg.connect(server.dsn() if server else settings.database_url, autocommit=True) as conn:
            yield conn
    finally:
        if server:
            server.release()


def _begin(conn: Connection[Any]) -> None:
    try:
        conn.execute(_SNAPSHOT.encode())
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.UndefinedObject) as error:
        raise Misconfigured(
            "this database was never migrated by a release with backups; run headgate migrate"
        ) from error


def _copy_tables(conn: Connection[Any], archive: zipfile.ZipFile, progress: Progress | None) -> list[TableCopy]:
    tables = conn.execute(_TABLES.encode()).fetchall()
    done, expected = 0, sum(rows for _, _, rows in tables)
    made = []
    for name, columns, _ in tables:
        if progress:
            progress(name, done, max(expected, done))
        copied = _copy_table(conn, archive, name, columns)
        done += copied.rows
        made.append(copied)
    if progress:
        progress("done", done, done)
    return made


def _copy_table(conn: Connection[Any], archive: zipfile.ZipFile, name: str, columns: list[str]) -> TableCopy:
    digest = hashlib.sha256()
    statement = sql.SQL("copy (select {} from {}) to stdout").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(name)
    )
    with conn.cursor() as cursor:
        with archive.open(f"tables/{name}.copy", "w", force_zip64=True) as member, cursor.copy(statement) as copy:
            for block in copy:
                digest.update(block)
                member.write(block)
        return TableCopy(name, tuple(columns), cursor.rowcount, digest.hexdigest())


def _sequences(conn: Connection[Any]) -> Iterator[Sequence]:
    for table, column, sequence in conn.execute(_SEQUENCES.encode()).fetchall():
        row = conn.execute(f"select last_value, is_called from {sequence}".encode()).fetchone()
        if row is not None:
            yield Sequence(table, column, *row)


def _one(conn: Connection[Any], query: str) -> str:
    row = conn.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name when the block ends well, and leaves nothing otherwise."""
    making = path.with_name(f".{path.name}.{random.token_hex(4)}.part")
    handle = os.open(making, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(making, path)  # unlike a rename, a link replaces nothing
        except FileExistsError:
            raise Conflict(f"{path} was made meanwhile; a backup overwrites nothing, choose another name") from None
    finally:
        with suppress(FileNotFoundError):
            making.unlink()
