"""Bringing a database's schema up to date, and checking that the migrations say what the tables say.

The tables are declared by the floors above. Whoever calls in passes `load_tables`, which imports every `tables.py` and
returns the shared metadata. Import this module only when there is something to do (`stamp.is_current` tells): it brings
Alembic and SQLAlchemy along, which take longer to load than everything else.

Others go on working meanwhile. So a statement that waits for a table longer than `LOCK_SECONDS` gives up, since whoever
comes behind it in the queue would wait as well; everything is rolled back and tried again. What takes long on a large
table, an index above all, stands in a migration's `ONLINE` and is run outside the transaction, while others write. What
a migration may do is checked by `scripts/migration_lint.py` and told in docs/operations/upgrading.md.
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
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
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from headgate.kernel.errors import Busy, Misconfigured
from headgate.store.documents import keep_documents
from headgate.store.security import secure
from headgate.store.stamp import fingerprint

if TYPE_CHECKING:
    from headgate.store.stamp import LoadTables

MINIMUM_VERSION = 150000
_HERE = Path(__file__).parent
_LOCK = 0x4865616467617465  # "Headgate": one migration at a time in a database

LOCK_SECONDS = 3
PATIENCE_SECONDS = 600
_PAUSE_SECONDS = 0.5
# The names in `create index concurrently if not exists NAME on TABLE …`, the only statement that `ONLINE` may hold.
_ONLINE = re.compile(
    r"create( unique)? index concurrently if not exists (?P<name>[a-z_0-9]+) on [a-z_0-9]+ .+", re.DOTALL
)
_INVALID = "select from pg_index where indexrelid = to_regclass(%s) and not indisvalid"

# Alembic keeps its environment in a variable of the module.
_one_thread = threading.Lock()

Tell = Callable[[str], None]


def _silent(_: str) -> None:
    return


def upgrade(dsn: str, load_tables: LoadTables, *, tell: Tell | None = None, patience: float = PATIENCE_SECONDS) -> None:
    """Run every migration that is missing, then set roles, row-level security and grants where they differ.

    All or nothing, but for indexes built online, which come after and are left out of nothing when tried again. Raises
    `Busy` when a table stays locked by others for `patience` seconds. `tell` hears what is done.
    """
    metadata = load_tables()
    tell = tell or _silent
    with _alone(dsn, tell):

        def work() -> None:
            with _schema_work(dsn) as conn:
                before = _heads(conn)
                command.upgrade(_config(conn, metadata), "heads")
                _finish(conn, metadata)
                after = _heads(conn)
                tell(f"migrated from {before or 'nothing'} to {after}" if before != after else f"at {after} already")

        _patiently(work, patience, tell)
        _build_online(dsn, _online(), tell)
        with psycopg.connect(dsn) as raw:
            _stamp(raw)


def upgrade_to(dsn: str, load_tables: LoadTables, revision: str, fill: Callable[[psycopg.Connection], None]) -> None:
    """Make the schema of an older release in an empty database and fill it, all or nothing; `upgrade` then goes on.

    Raises `Misconfigured` when this release does not know the revision: it was made by a newer one.
    """
    metadata = load_tables()
    with _alone(dsn, _silent), _schema_work(dsn) as conn:
        config = _config(conn, metadata)
        if revision not in {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}:
            raise Misconfigured(f"the backup was made by a newer release (migration {revision}); restore it with that")
        command.upgrade(config, revision)
        raw: Any = conn.connection.driver_connection
        fill(raw)


def create_schema(dsn: str, metadata: MetaData) -> None:
    """Create every declared table at once, as if all migrations had run. For tests and for new empty databases."""
    with _alone(dsn, _silent), _schema_work(dsn) as conn:
        metadata.create_all(conn)
        command.stamp(_config(conn, metadata), "heads")
        _finish(conn, metadata)
        _stamp(conn.connection.driver_connection)


def differences(dsn: str, load_tables: LoadTables) -> list[str]:
    """Migrate the (temporary) database and list where its schema and the declared tables differ; no items is good."""
    with _alone(dsn, _silent), _schema_work(dsn) as conn:
        command.upgrade(_config(conn, load_tables()), "heads")
        _build_now(conn)
        context = MigrationContext.configure(conn, opts=_COMPARE)
        return [_said(item) for item in compare_metadata(context, load_tables())]


def new_revision(dsn: str, load_tables: LoadTables, message: str) -> Path:
    """Write the next migration file from what the tables declare and the (temporary) database lacks."""
    with _alone(dsn, _silent), _schema_work(dsn) as conn, redirect_stdout(io.StringIO()):
        config = _config(conn, load_tables())
        command.upgrade(config, "heads")
        _build_now(conn)
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
    keep_documents(raw)


def _stamp(raw: Any) -> None:
    raw.execute(f"comment on table alembic_version is '{fingerprint()}'")


def _heads(conn: EngineConnection) -> str:
    return ", ".join(sorted(MigrationContext.configure(conn).get_current_heads()))


def _online() -> list[str]:
    """What the migrations want built outside the transaction, in their order."""
    script = ScriptDirectory(str(_HERE / "migrations"))
    found: list[str] = []
    for revision in reversed(list(script.walk_revisions())):
        found += getattr(revision.module, "ONLINE", ())
    for statement in found:
        if not _ONLINE.fullmatch(statement.strip()):
            raise ValueError(f"ONLINE holds only 'create index concurrently if not exists …', not: {statement}")
    return found


def _build_online(dsn: str, statements: Sequence[str], tell: Tell) -> None:
    """Build indexes while others write. One that a killed process left half-built is dropped first."""
    if not statements:
        return
    with psycopg.connect(dsn, autocommit=True) as raw:
        for statement in statements:
            found = _ONLINE.fullmatch(statement.strip())
            name = found["name"] if found else ""
            if raw.execute(_INVALID, [name]).fetchone() is not None:
                raw.execute(f"drop index concurrently {name}".encode())
            tell(f"index {name}")
            raw.execute(statement.encode())


def _build_now(conn: EngineConnection) -> None:
    """The same in a temporary database, within its transaction."""
    raw: Any = conn.connection.driver_connection
    for statement in _online():
        raw.execute(statement.replace(" concurrently", "", 1))


def _patiently(work: Callable[[], None], patience: float, tell: Tell) -> None:
    """Do it again while somebody holds a lock that it needs, with growing pauses in which others get through."""
    deadline, pause = time.monotonic() + patience, _PAUSE_SECONDS
    while True:
        try:
            work()
        except (DBAPIError, psycopg.errors.LockNotAvailable) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if not isinstance(cause, psycopg.errors.LockNotAvailable):
                raise
            if time.monotonic() + pause > deadline:
                raise Busy(
                    "a table stays locked by others, so the migration cannot go on; end long transactions "
                    "(select pid, state, query from pg_stat_activity) and run headgate migrate again"
                ) from error
        else:
            return
        tell("a table is in use, trying again")
        time.sleep(pause)
        pause = min(pause * 2, 15)


@contextmanager
def _alone(dsn: str, tell: Tell) -> Iterator[None]:
    """Let one process at a time migrate this database.

    Asked for again and again instead of waited for: who waits within a statement would be waited for by the building of
    an index. The lock ends with its connection, also when the process is killed.
    """
    with _one_thread, psycopg.connect(dsn, autocommit=True) as raw:
        waiting = False
        while raw.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
            if not waiting:
                tell("another process migrates, waiting for it")
            waiting = True
            time.sleep(_PAUSE_SECONDS)
        yield


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
    """One transaction that gives up a lock rather than let others queue behind it."""
    with _engine_connection(dsn) as conn, conn.begin():
        raw: Any = conn.connection.driver_connection
        if raw.info.server_version < MINIMUM_VERSION:
            raise Misconfigured(
                f"PostgreSQL {raw.info.server_version // 10000} is too old; HEADGATE_DATABASE_URL needs 15 or later"
            )
        raw.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
        yield conn
