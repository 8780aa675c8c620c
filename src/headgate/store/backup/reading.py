"""Restoring a backup into an empty database: all or nothing, every row and every checksum counted."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import Connection, sql

from headgate.kernel.errors import Conflict, Invalid, invalid
from headgate.kernel.settings import Settings
from headgate.store import embedded
from headgate.store.backup.manifest import SECRETS, Manifest, TableCopy, read_manifest
from headgate.store.backup.sealed import check_secrets, unseal, write_secrets
from headgate.store.backup.writing import Progress
from headgate.store.migrate import upgrade_to
from headgate.store.opening import migrate

if TYPE_CHECKING:
    from headgate.store.stamp import LoadTables

_BLOCK: Final = 1 << 20
_FILLED: Final = "select count(*) from pg_tables where schemaname = 'public'"
_SET_SEQUENCE: Final = "select setval(pg_get_serial_sequence(%s, %s), %s, %s)"


def restore(
    settings: Settings,
    path: Path,
    load_tables: LoadTables,
    *,
    passphrase: str | None,
    progress: Progress | None = None,
) -> Manifest:
    """Bring a backup into the settings' database, which must be empty, and migrate it to this release.

    With a passphrase the installation's secrets are put back too. Raises `Conflict` when the database holds tables or
    the home other secrets, `Invalid` when the file is damaged or the passphrase wrong: then nothing was changed.
    The audit chains are not verified here; the caller does it, through the application.
    """
    manifest = read_manifest(path)
    contents: dict[str, str] = {}
    if manifest.secrets and passphrase is not None:
        with zipfile.ZipFile(path) as archive:
            contents = unseal(archive.read(SECRETS), passphrase)
        check_secrets(settings.home, contents)
    with _target(settings) as dsn, zipfile.ZipFile(path) as archive:
        with psycopg.connect(dsn) as conn:
            found = conn.execute(_FILLED).fetchone()
        if found != (0,):
            raise Conflict("the database is not empty; a restore overwrites nothing, name a new home or a new database")
        upgrade_to(dsn, load_tables, manifest.revision, _filler(archive, manifest, progress))
        write_secrets(settings.home, contents)
        migrate(settings, load_tables)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("analyze")
    return manifest


@contextmanager
def _target(settings: Settings) -> Iterator[str]:
    if settings.database_url:
        yield settings.database_url
        return
    server = embedded.start(settings.home)
    try:
        yield server.dsn()
    finally:
        server.release()


def _filler(
    archive: zipfile.ZipFile, manifest: Manifest, progress: Progress | None
) -> Callable[[Connection[Any]], None]:
    """What fills the tables, within the transaction that made them."""

    def fill(conn: Connection[Any]) -> None:
        conn.execute(
            "set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0; "
            "set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; set local time zone 'UTC'"
        )
        done = 0
        for table in manifest.tables:
            if progress:
                progress(table.name, done, manifest.rows)
            _copy_in(conn, archive, table)
            done += table.rows
        for each in manifest.sequences:
            conn.execute(_SET_SEQUENCE, [each.table, each.column, each.last_value, each.is_called])
        if progress:
            progress("indexes and rights", done, manifest.rows)

    return fill


def _copy_in(conn: Connection[Any], archive: zipfile.ZipFile, table: TableCopy) -> None:
    digest = hashlib.sha256()
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    )
    try:
        with conn.cursor() as cursor:
            with archive.open(table.member) as member, cursor.copy(statement) as copy:
                while block := member.read(_BLOCK):
                    digest.update(block)
                    copy.write(block)
            rows = cursor.rowcount
    except (zipfile.BadZipFile, EOFError) as error:
        raise _damaged(table, "cannot be unpacked") from error
    if digest.hexdigest() != table.sha256:
        raise _damaged(table, "has another checksum than its manifest says")
    if rows != table.rows:
        raise _damaged(table, f"has {rows} rows, and its manifest says {table.rows}")


def _damaged(table: TableCopy, what: str) -> Invalid:
    return invalid("FILE", table.name, f"{what}; nothing was restored", "Use another copy of the backup.")
