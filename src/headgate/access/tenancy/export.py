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
_PAGE: Final = 2000

Progress = Callable[[str, int], None]


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
    """Whether a table is left out as a whole: it holds ways in, or answers kept for minutes."""
    return _SECRET_TABLES.search(name) is not None


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
                count, digest = _write_table(conn, table, hidden, file)
            files[name] = {"rows": count, "sha256": digest} | ({"left_out": hidden} if hidden else {})
            rows[table.name] = count
            if progress:
                progress(table.name, count)
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
                raise invalid("format", manifest.get("format"), f"is not {FORMAT}")
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
                    raise Invalid(f"{name} is not as its manifest says; the export was changed or damaged")
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise Invalid(f"this is not an export of a tenant: {error}") from None
    return manifest


def _write_table(conn: Connection[Any], table: Table, hidden: list[str], file: IO[bytes]) -> tuple[int, str]:
    """Rows as JSON lines through a cursor of the server's, a page at a time: count and digest."""
    key = [sql.Identifier(column.name) for column in table.primary_key.columns]
    query = sql.SQL("select (to_jsonb(t) - %s::text[])::text from {} t order by {}").format(
        sql.Identifier(table.name), sql.SQL(", ").join(key)
    )
    digest, count = hashlib.sha256(), 0
    with conn.cursor(name="export") as cursor:
        cursor.itersize = _PAGE
        cursor.execute(query, [hidden])
        while rows := cursor.fetchmany(_PAGE):
            data = "".join(f"{text}\n" for (text,) in rows).encode()
            digest.update(data)
            file.write(data)
            count += len(rows)
    return count, digest.hexdigest()
