"""A whole tenant in one file: a ZIP of JSON lines per table, the proof of its audit chain, and a manifest with digests.

    manifest.json          format, tenant, when, per file rows and SHA-256, which columns were left out and why
    tables/<table>.ndjson  every row as JSON, in the order of its key
    audit.bundle           the signed audit chain, as `headgate audit export` writes it

What could let anybody in (hashes of passwords, secrets, tokens, keys) is left out: who reads
a file may not act with it.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from psycopg import Connection, sql

from headgate.access.tenants import get_tenant
from headgate.kernel.canonical import canonical, instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Invalid, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger.export import Scope, export_bundle

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

FORMAT: Final = "headgate-tenant/1"
MANIFEST: Final = "manifest.json"
# Columns and tables by what they are called, so that one that comes later is left out before anybody thinks of it.
SECRET: Final = re.compile(r"secret|password|token|sealed|private|recovery|otp|credential|challenge|cookie")
_SECRET_TABLES: Final = re.compile(
    r"session|token|secret|idempotency|invitation|challenge|recovery|otp|passkey|credential"
)
# Exports that are kept are not in the next one.
_PIECES: Final = "tenant_export_pieces"
# Rows that are read at once: more while they are small, and never many of a table that may hold files.
_MOST_ROWS, _MOST_WITH_BYTES = 2000, 16
_PAGE_BYTES: Final = 1 << 20

# Told of a table and of how many of its rows are written so far; of its last page, that it is done.
Progress = Callable[[str, int, bool], None]


@dataclass(frozen=True, slots=True)
class ExportedTenant:
    """What was written: files with their rows, and the digest of the manifest, which names every other digest."""

    rows: dict[str, int]
    entries: int
    digest: str


def secret_columns(table: Table) -> list[str]:
    """The columns of a table that are left out."""
    return [column.name for column in table.columns if SECRET.search(column.name)]


def left_out(name: str) -> bool:
    """Whether a table is left out as a whole: it holds ways in, answers kept for minutes, or exports."""
    return name == _PIECES or _SECRET_TABLES.search(name) is not None


def exported_tables(metadata: MetaData) -> list[str]:
    """The tables that an export has, in the order in which it is written."""
    from headgate.store.tables import tenant_tables  # takes its time to load

    return [table.name for table in tenant_tables(metadata) if not left_out(table.name)]


def export_tenant(
    conn: Connection[Any], ctx: Context, metadata: MetaData, out: IO[bytes], progress: Progress | None = None
) -> ExportedTenant:
    """Write all that the transaction's tenant has. The transaction must see one moment (`Database.snapshot`); the chain
    must have been signed up to its end before."""
    from headgate.store.tables import tenant_tables  # takes its time to load

    tenant = get_tenant(conn)
    files: dict[str, dict[str, object]] = {}
    rows: dict[str, int] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in tenant_tables(metadata):
            if left_out(table.name):
                continue
            hidden = secret_columns(table)
            name = f"tables/{table.name}.ndjson"
            with archive.open(name, "w", force_zip64=True) as file:
                count, digest = _write_table(conn, table, hidden, file, progress)
            files[name] = {"rows": count, "sha256": digest} | ({"left_out": hidden} if hidden else {})
            rows[table.name] = count
        proof = hashlib.sha256()
        with archive.open("audit.bundle", "w", force_zip64=True) as file:

            def write(data: bytes) -> None:

                proof.update(data)
                file.write(data)

            told = export_bundle(conn, ctx, Scope(first=1), write)
        files["audit.bundle"] = {"rows": told.entries, "sha256": proof.hexdigest()}
        manifest = canonical(
            {
                "format": FORMAT,
                "tenant": str(tenant.id),
                "slug": tenant.slug,
                "name": tenant.name,
                "at": instant_text(ctx.now),
                "by": ctx.principal.id,
                "audit_size": told.size,
                "files": files,
                "left_out": sorted(t.name for t in tenant_tables(metadata) if left_out(t.name)),
            }
        )
        archive.writestr(MANIFEST, manifest)
    return ExportedTenant(rows, told.entries, hashlib.sha256(manifest).hexdigest())


def check_export(file: IO[bytes]) -> dict[str, Any]:
    """The manifest of an export, after every digest and every count was looked at again. Raises `Invalid`."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
            if manifest.get("format") != FORMAT:
                raise invalid("format", manifest.get("format"), phrase("is not %(format)s", format=FORMAT))
            wanted = manifest["files"]
            if {*wanted, MANIFEST} != set(archive.namelist()):
                raise Invalid("the export has other files than its manifest names")
            for name, told in wanted.items():
                digest, lines = hashlib.sha256(), 0
                with archive.open(name) as member:
                    while piece := member.read(1 << 20):
                        digest.update(piece)
                        lines += piece.count(b"\n")
                if digest.hexdigest() != told["sha256"] or (name.startswith("tables/") and lines != told["rows"]):
                    raise Invalid(
                        phrase("%(name)s is not as its manifest says; the export was changed or damaged", name=name)
                    )
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise Invalid(phrase("this is not an export of a tenant: %(error)s", error=error)) from None
    return manifest


def _write_table(
    conn: Connection[Any], table: Table, hidden: list[str], file: IO[bytes], progress: Progress | None
) -> tuple[int, str]:
    """Rows as JSON lines through a cursor of the server's, a page at a time: count and digest."""
    key = [sql.Identifier(column.name) for column in table.primary_key.columns]
    query = sql.SQL("select (to_jsonb(t) - %s::text[])::text from {} t order by {}").format(
        sql.Identifier(table.name), sql.SQL(", ").join(key)
    )
    most = _MOST_WITH_BYTES if any(_holds_bytes(column.type) for column in table.columns) else _MOST_ROWS
    digest, count, page = hashlib.sha256(), 0, 1
    with conn.cursor(name="export") as cursor:
        cursor.execute(query, [hidden])
        while rows := cursor.fetchmany(page):
            data = "".join(f"{text}\n" for (text,) in rows).encode()
            digest.update(data)
            file.write(data)
            count += len(rows)
            page = min(most, page * 4) if len(data) < _PAGE_BYTES else max(1, page // 4)
            if progress:
                progress(table.name, count, False)
    if progress:
        progress(table.name, count, True)
    return count, digest.hexdigest()


def _holds_bytes(kind: object) -> bool:
    return type(kind).__name__ in ("BYTEA", "LargeBinary")
