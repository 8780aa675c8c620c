"""From settings to a usable database: embedded or external, migrated, entered as the restricted role."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from headgate.kernel.errors import Misconfigured
from headgate.kernel.settings import Settings
from headgate.store import embedded
from headgate.store.database import Database
from headgate.store.secrets import APP_PASSWORD, local_secret
from headgate.store.security import APP_ROLE, check_app_role
from headgate.store.stamp import step_of

if TYPE_CHECKING:
    from headgate.store.stamp import LoadTables

_TRIES: Final = 10
_PAUSE_SECONDS: Final = 0.2


def open_database(settings: Settings, load_tables: LoadTables) -> Database:
    """Open the database of these settings as the application role, migrating it first when it is behind.

    Starts or joins the embedded server unless a URL is set. With the application's URL alone, nothing is migrated here:
    `headgate migrate` does it before, with the owner's. A database that a newer release has migrated is left as it is.
    Raises `Misconfigured` when the database cannot be reached, is too old or behind, or when the application role would
    not be bound by row-level security.
    """
    if settings.database_url:
        with _explained("HEADGATE_DATABASE_URL"):
            if step_of(settings.database_url) == "behind":
                migrate(settings, load_tables)
        return _enter(app_dsn(settings), settings, None)
    if settings.app_database_url:
        with _explained("HEADGATE_APP_DATABASE_URL"):
            if step_of(settings.app_database_url) == "behind":
                raise Misconfigured(
                    "the database is behind this release; run headgate migrate with HEADGATE_DATABASE_URL, the owner's"
                )
        return _enter(settings.app_database_url, settings, None)
    server = embedded.start(settings.home)
    try:
        if step_of(server.dsn()) == "behind":
            _upgrade(server.dsn(), load_tables)
        return _enter(server.dsn(user=APP_ROLE), settings, server)
    except BaseException:
        server.release()
        raise


def migrate(settings: Settings, load_tables: LoadTables, tell: Callable[[str], None] | None = None) -> None:
    """Bring the database of these settings up to date, and set the application role's password when it needs one.

    Raises `Misconfigured` when only the application's URL is set, whose role may not change the schema.
    """
    if settings.app_database_url and not settings.database_url:
        raise Misconfigured("set HEADGATE_DATABASE_URL to the owner's URL to migrate; the application's role may not")
    if not settings.database_url:
        server = embedded.start(settings.home)
        try:
            _upgrade(server.dsn(), load_tables, tell)
        finally:
            server.release()
        return
    with _explained("HEADGATE_DATABASE_URL"):
        _upgrade(settings.database_url, load_tables, tell)
        _set_password(settings)


def owns(settings: Settings) -> bool:
    """Whether these settings reach the database as the owner of its tables."""
    return bool(settings.database_url) or not settings.app_database_url


@contextmanager
def owner_connection(settings: Settings) -> Iterator[psycopg.Connection]:
    """A connection as the owner of the tables, for what the application's role may not do. Raises `Misconfigured`."""
    if not owns(settings):
        raise Misconfigured("set HEADGATE_DATABASE_URL to the owner's URL; the application's role may not do this")
    if settings.database_url:
        with _explained("HEADGATE_DATABASE_URL"), psycopg.connect(settings.database_url) as conn:
            yield conn
        return
    server = embedded.start(settings.home)
    try:
        with psycopg.connect(server.dsn()) as conn:
            yield conn
    finally:
        server.release()


def app_dsn(settings: Settings) -> str:
    """The application role's connection string for an external database: as set, or derived from the owner's."""
    if settings.app_database_url:
        return settings.app_database_url
    password = local_secret(settings.home, APP_PASSWORD)
    return make_conninfo(settings.database_url, user=APP_ROLE, password=password)


def _upgrade(dsn: str, load_tables: LoadTables, tell: Callable[[str], None] | None = None) -> None:
    # Loaded here: Alembic takes longer to load than most commands run.
    from alembic.util import CommandError

    from headgate.store.migrate import upgrade

    try:
        upgrade(dsn, load_tables, tell=tell)
    except CommandError as error:
        raise Misconfigured(
            f"this release does not know the schema of the database ({error}); "
            "use the release that made it, or choose another HEADGATE_HOME or HEADGATE_DATABASE_URL"
        ) from error


def _set_password(settings: Settings) -> None:
    target = conninfo_to_dict(app_dsn(settings))
    if target.get("user") != APP_ROLE or not target.get("password"):
        return
    with psycopg.connect(settings.database_url, autocommit=True) as conn:
        # Hashed here, so that the password itself never reaches the server or its log.
        hashed = conn.pgconn.encrypt_password(str(target["password"]).encode(), APP_ROLE.encode(), b"scram-sha-256")
        for left in reversed(range(_TRIES)):
            try:
                conn.execute(f"alter role {APP_ROLE} password '{hashed.decode()}'")
                return
            except psycopg.errors.InternalError:
                # Roles are the whole server's, and PostgreSQL refuses one of two who change one at the same moment.
                if not left:
                    raise
                time.sleep(_PAUSE_SECONDS * random.random())  # noqa: S311 (no secret: it parts those who collide)


def _enter(dsn: str, settings: Settings, server: embedded.Server | None) -> Database:
    with _explained("HEADGATE_APP_DATABASE_URL"), psycopg.connect(dsn, connect_timeout=10) as conn:
        check_app_role(conn)
    if server is None:
        return Database(dsn, settings.pool_size, residency=settings.residency)
    return Database(
        dsn, settings.pool_size, residency=settings.residency, on_close=server.release, on_lost=server.revive
    )


@contextmanager
def _explained(setting: str) -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise Misconfigured(f"the database cannot be reached; check {setting}: {str(error).strip()}") from error
