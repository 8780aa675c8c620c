"""Whether a database was brought up to date by this release: one query, and neither Alembic nor SQLAlchemy to load."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    LoadTables = Callable[[], MetaData]

_HERE = Path(__file__).parent
_STAMP = "select obj_description(to_regclass('public.alembic_version'), 'pg_class')"


def is_current(dsn: str) -> bool:
    """Whether the database was brought up to date by exactly this release."""
    with psycopg.connect(dsn, connect_timeout=10) as conn:
        row = conn.execute(_STAMP).fetchone()
    return row is not None and row[0] == fingerprint()


def fingerprint() -> str:
    """A digest of everything that shapes the schema: migrations, scan functions, security rules, table declarations."""
    package = _HERE.parent
    files = [*(_HERE / "migrations" / "versions").glob("*.py"), *(_HERE / "sql").glob("*.sql"), _HERE / "security.py"]
    digest = hashlib.sha256()
    for file in sorted([*files, *package.rglob("tables.py")]):
        digest.update(f"{file.relative_to(package).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    return f"headgate {digest.hexdigest()[:32]}"
