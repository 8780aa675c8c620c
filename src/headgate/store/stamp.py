"""Whether a database was brought up to date by this release: one query, and neither Alembic nor SQLAlchemy to load.

The stamp is a comment on Alembic's table, which every role may read: a digest of what shapes the schema, and the newest
migration. A database may also be ahead: while a new release is rolled out, processes of the one before go on, and one
that starts again must leave what the newer has made (docs/operations/upgrading.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psycopg

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    LoadTables = Callable[[], MetaData]

Step = Literal["current", "behind", "ahead"]

_HERE = Path(__file__).parent
_STAMP = "select obj_description(to_regclass('public.alembic_version'), 'pg_class')"


def is_current(dsn: str) -> bool:
    """Whether the database was brought up to date by exactly this release."""
    return step_of(dsn) == "current"


def step_of(dsn: str) -> Step:
    """How the database stands to this release, over a connection of its own."""
    with psycopg.connect(dsn, connect_timeout=10) as conn:
        return compared(read_stamp(conn))


def read_stamp(conn: psycopg.Connection) -> str:
    """What the last migration left; empty for a database that was never migrated. Any role may ask."""
    row = conn.execute(_STAMP).fetchone()
    return row[0] or "" if row else ""


def compared(stamp: str) -> Step:
    """How a stamp stands to this release: migrations have rising numbers, so a higher one means ahead."""
    if stamp == fingerprint():
        return "current"
    return "ahead" if _revision(stamp) > _revision(fingerprint()) else "behind"


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """The stamp of this release: a digest of migrations, scan functions, security rules and table declarations, and the
    newest migration's number."""
    package = _HERE.parent
    versions = sorted((_HERE / "migrations" / "versions").glob("[0-9]*.py"))
    files = [*versions, *(_HERE / "sql").glob("*.sql"), _HERE / "security.py", _HERE / "documents.py"]
    digest = hashlib.sha256()
    for file in sorted([*files, *package.rglob("tables.py")]):
        digest.update(f"{file.relative_to(package).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    newest = versions[-1].name.partition("_")[0] if versions else ""
    return f"headgate {digest.hexdigest()[:32]} {newest}"


def _revision(stamp: str) -> str:
    words = stamp.split(" ")
    return words[2] if len(words) == 3 else ""
