"""Bringing a database's schema up to date, and checking that the migrations say what the tables say.

The tables are declared by the floors above. Whoever calls in passes `load_tables`, which imports every `tables.py` and
returns the shared metadata. Import this module only when there is something to do (`stamp.is_current` tells): it brings
Alembic and SQLAlchemy along, which take longer to load than everything else.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.engine import Connection as EngineConnection
from sqlalchemy.pool import NullPool

from headgate.kernel.errors import Misconfigured
from headgate.store.security import secure
from headgate.store.stamp import fingerprint

if TYPE_CHECKING:
    from headgate.store.stamp import LoadTables

MINIMUM_VERSION = 150000
_HERE = Path(__file__).parent
_LOCK = 0x4865616467617465  # "Headgate": one migration at a time in a database

# Alembic keeps its environment in a variable of the module, and PostgreSQL frees the lock as soon as a statement fails.
_one_thread = threading.Lock()


def upgrade(dsn: str, load_tables: LoadTables) -> None:
    """Run every migration that is missing, then set roles, row-level security and grants again, all or nothing."""
    metadata = load_tables()
    with _schema_work(dsn) as conn:
        command.upgrade(_config(conn, metadata), "heads")
        _finish(conn, metadata)


def create_schema(dsn: str, metadata: MetaData) -> None:
    """Create every declared table at once, as if all migrations had run. For tests and for new empty databases."""
    with _schema_work(dsn) as conn:
        metadata.create_all(conn)
        command.stamp(_config(conn, metadata), "heads")
        _finish(conn, metadata)


def differences(dsn: str, load_tables: LoadTables) -> list[str]:
    """Migrate the (temporary) database and list where its schema and the declared tables differ; no items is good."""
    with _schema_work(dsn) as conn:
        command.upgrade(_config(conn, load_tables()), "heads")
        context = MigrationContext.configure(conn, opts=_COMPARE)
        return [_said(item) for item in compare_metadata(context, load_tables())]


def new_revision(dsn: str, load_tables: LoadTables, message: str) -> Path:
    """Write the next migration file from what the tables declare and the (temporary) database lacks."""
    with _schema_work(dsn) as conn, redirect_stdout(io.StringIO()):
        config = _config(conn, load_tables())
        command.upgrade(config, "heads")
        number = f"{len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1:04}"
        made = command.revision(config, message, autogenerate=True, rev_id=number)
    if made is None or isinstance(made, list):
        raise RuntimeError("alembic wrote no revision")
    return Path(made.path)


def _said(item: Any) -> str:
    """One difference in words, for example `add_table orders`."""
    if isinstance(item, list):
        return "; ".join(map(_said, item))
    return " ".join(str(getattr(part, "name", None) or part) for part in item if part is not None)


_COMPARE: dict[str, Any] = {"compare_type": True, "compare_server_default": False}


def _config(conn: EngineConnection, metadata: MetaData) -> Config:
    config = Config(attributes={"connection": conn, "metadata": metadata})
    config.set_main_option("script_location", str(_HERE / "migrations").replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    return config


def _finish(conn: EngineConnection, metadata: MetaData) -> None:
    missing = set(metadata.tables) - set(inspect(conn).get_table_names())
    if missing:
        raise Misconfigured(f"no migration creates {', '.join(sorted(missing))}; run: make migration m='what changes'")
    raw: Any = conn.connection.driver_connection
    secure(raw, metadata)
    raw.execute(f"comment on table alembic_version is '{fingerprint()}'")


@contextmanager
def _engine_connection(dsn: str) -> Iterator[EngineConnection]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()


@contextmanager
def _schema_work(dsn: str) -> Iterator[EngineConnection]:
    """One transaction under a lock, so that processes starting together migrate one after the other."""
    with _one_thread, _engine_connection(dsn) as conn, conn.begin():
        raw: Any = conn.connection.driver_connection
        if raw.info.server_version < MINIMUM_VERSION:
            raise Misconfigured(
                f"PostgreSQL {raw.info.server_version // 10000} is too old; HEADGATE_DATABASE_URL needs 15 or later"
            )
        raw.execute(f"select pg_advisory_xact_lock({_LOCK})")
        yield conn
