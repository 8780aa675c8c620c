"""What a backup says about itself."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from headgate.kernel.errors import Invalid, invalid

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SECRETS: Final = "secrets.sealed"
_LARGEST_MANIFEST: Final = 200_000_000


@dataclass(frozen=True, slots=True)
class TableCopy:
    """One table: its columns in the order of the copy, its rows, and the SHA-256 of the copy's text."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        """Where the copy stands in the archive."""
        return f"tables/{self.name}.copy"


@dataclass(frozen=True, slots=True)
class Sequence:
    """How far the numbers of a column had been given out."""

    table: str
    column: str
    last_value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class Head:
    """Where a tenant's audit chain ended: what a restored chain must end with."""

    tenant_id: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a backup but the rows. `made_at` is RFC 3339; `revision` is the newest migration it had."""

    format: int
    headgate: str
    made_at: str
    server: str
    revision: str
    secrets: bool
    tables: tuple[TableCopy, ...]
    sequences: tuple[Sequence, ...]
    heads: tuple[Head, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    def as_text(self) -> str:
        """As it stands in the archive."""
        return json.dumps(asdict(self), indent=1)


def read_manifest(path: Path) -> Manifest:
    """What the backup in this file says about itself. Raises `Invalid` when it is not one, or of a later format."""
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(MANIFEST)
            if info.file_size > _LARGEST_MANIFEST:
                raise _not_a_backup(path, "its manifest is too large")
            given: dict[str, Any] = json.loads(archive.read(info))
            names = set(archive.namelist())
        if given["format"] != FORMAT:
            raise _not_a_backup(path, f"it has format {given['format']}, and this release reads {FORMAT}")
        manifest = Manifest(
            **{
                **given,
                "tables": tuple(TableCopy(**{**t, "columns": tuple(t["columns"])}) for t in given["tables"]),
                "sequences": tuple(Sequence(**each) for each in given["sequences"]),
                "heads": tuple(Head(**each) for each in given["heads"]),
            }
        )
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise _not_a_backup(path, f"it cannot be read ({type(error).__name__})") from error
    missing = {table.member for table in manifest.tables} - names
    if missing:
        raise _not_a_backup(path, f"it lacks {', '.join(sorted(missing)[:5])}")
    return manifest


def _not_a_backup(path: Path, why: str) -> Invalid:
    return invalid("FILE", path.name, f"is not a usable backup: {why}", "Give a file that headgate backup has written.")
