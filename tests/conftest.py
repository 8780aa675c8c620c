"""Fixtures for every test: one embedded PostgreSQL per run, one database per worker, one tenant per test."""

from __future__ import annotations

import functools
import os
import re
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import filelock
import hypothesis
import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg import sql

from headgate.access import hashing
from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.policy import kept
from headgate.store import Database, create_schema, embedded, metadata
from headgate.store.security import APP_ROLE
from scripts.schema import load_tables
from tests.external import use_external

TEMPLATE = "headgate_template"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday


# How long an example takes, to be made or to be tried, depends on the machine, so it is no reason to fail.
UNHURRIED = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("headgate", deadline=None, suppress_health_check=UNHURRIED)
hypothesis.settings.load_profile("headgate")


SLOW_FILE = re.compile(r"^pytestmark = (pytest\.mark\.slow$|\[\s*pytest\.mark\.slow\b)", re.MULTILINE)
_RUN_FOLDER = "HEADGATE_TEST_RUN_FOLDER"


def pytest_configure() -> None:
    """Make the folder of this run's servers; workers of pytest-xdist inherit its name.

    Not under pytest's own temporary folder: that one is closed to other accounts each time a pytest starts, and
    PostgreSQL, which root must run as another account, would lose its data from under it.
    """
    use_external()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ[_RUN_FOLDER] = tempfile.mkdtemp(prefix="headgate-tests-")


def pytest_unconfigure() -> None:
    """Remove the folder of this run's servers, when every worker is done with them."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ.pop(_RUN_FOLDER), ignore_errors=True)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out of `-m "not slow"` the files that are slow as a whole, and of `-m slow` those that never say the word:
    every worker reads every file, and reading some (a test for each operation of the API) takes as long as running."""
    wanted = config.option.markexpr
    if wanted not in ("slow", "not slow") or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    return True if ("slow" not in text if wanted == "slow" else SLOW_FILE.search(text)) else None


@pytest.fixture(scope="session")
def run_folder() -> Path:
    """A folder that all workers of this run share, in which servers may keep their data."""
    return Path(os.environ[_RUN_FOLDER])


@pytest.fixture
def server_home(run_folder: Path) -> Iterator[Path]:
    """An empty HEADGATE_HOME of this test's own, for an embedded server."""
    home = Path(tempfile.mkdtemp(dir=run_folder))
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit tests may not connect to anything."""
    if "unit" not in request.path.relative_to(Path(__file__).parent).parts[:1]:
        return

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a unit test tried to open a connection; move it to tests/integration")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.fixture(scope="session", autouse=True)
def passwords() -> Iterator[PasswordHasher]:
    """Hash passwords with next to no work: thousands are, and strength is not what those tests are about. The hasher
    that the product uses is given to who asks for it."""
    strong = hashing._HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield strong


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Compile a stored policy once for all tests, not once for each: each builds an application of its own, which would
    keep it by its text as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "compile_stored", functools.lru_cache(maxsize=512)(kept.compile_stored))
        yield


@pytest.fixture(scope="session")
def cluster(run_folder: Path) -> Iterator[embedded.Server]:
    """The embedded server of this run, shared by all workers of pytest-xdist, with the template database made."""
    home = run_folder / "home"
    server = embedded.start(home, durable=False)
    # In every worker, not only in the one that makes the template: what a test sees does not hang on who came first.
    # A table that cannot be loaded fails in test_catalogue.py, not in every test of the others.
    load_tables(keep_going=True)
    with filelock.FileLock(home / "template.lock"):
        if not (home / "template.ready").exists():
            _admin(server, sql.SQL("drop database if exists {}"), TEMPLATE)
            _admin(server, sql.SQL("create database {} owner {}"), TEMPLATE, embedded.OWNER)
            create_schema(server.dsn(database=TEMPLATE), metadata)
            (home / "template.ready").touch()
    yield server
    server.release()


def _admin(server: embedded.Server, statement: sql.SQL, *names: str) -> None:
    with psycopg.connect(server.admin_dsn(), autocommit=True) as conn:
        conn.execute(statement.format(*map(sql.Identifier, names)))


@contextmanager
def _copy_of_template(server: embedded.Server, name: str) -> Iterator[str]:
    with filelock.FileLock(server.home / "template.lock"):
        _admin(server, sql.SQL("create database {} template {} owner {}"), name, TEMPLATE, embedded.OWNER)
    yield name
    _admin(server, sql.SQL("drop database {} with (force)"), name)


@pytest.fixture(scope="session")
def worker_database(cluster: embedded.Server) -> Iterator[str]:
    """The name of this worker's own database."""
    with _copy_of_template(cluster, f"headgate_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}") as name:
        yield name


@pytest.fixture(scope="session")
def database(cluster: embedded.Server, worker_database: str) -> Iterator[Database]:
    """This worker's database, as the application sees it. Its rows outlive a test: use a fresh `tenant`."""
    opened = Database(cluster.dsn(user=APP_ROLE, database=worker_database), pool_size=20)
    yield opened
    opened.close()


@pytest.fixture
def settings(cluster: embedded.Server, worker_database: str, tmp_path: Path) -> Settings:
    """Settings of an installation whose database is this worker's."""
    return _settings(cluster, worker_database, tmp_path)


def _settings(server: embedded.Server, name: str, home: Path) -> Settings:
    return Settings(
        home=home / "home",
        database_url=server.dsn(database=name),
        app_database_url=server.dsn(user=APP_ROLE, database=name),
    )


@pytest.fixture
def fresh_settings(cluster: embedded.Server, tmp_path: Path) -> Iterator[Settings]:
    """Settings with a database of the test's own: nobody else's rows, for tests that look across tenants."""
    with _copy_of_template(cluster, f"headgate_{uuid.uuid4().hex}") as name:
        yield _settings(cluster, name, tmp_path)


@pytest.fixture(scope="module")
def module_settings(cluster: embedded.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with a database of the test file's own, for what is slow to make and only looked at."""
    with _copy_of_template(cluster, f"headgate_{uuid.uuid4().hex}") as name:
        yield _settings(cluster, name, tmp_path_factory.mktemp("installation"))


@pytest.fixture
def fresh_database(fresh_settings: Settings) -> Iterator[Database]:
    """The application's view of a database of the test's own."""
    opened = Database(fresh_settings.app_database_url, pool_size=20)
    yield opened
    opened.close()


@pytest.fixture
def superuser(cluster: embedded.Server, worker_database: str) -> Iterator[psycopg.Connection]:
    """A connection bound by nothing, to look at the catalogue and to tamper with rows. Not for arranging a test."""
    with psycopg.connect(cluster.admin_dsn(worker_database), autocommit=True) as conn:
        yield conn


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at Monday 2 March 2026, 09:00 UTC."""
    return FixedClock(NOW)


@pytest.fixture
def make_tenant(database: Database) -> Callable[[], UUID]:
    """Makes further tenants in the worker's database."""
    return lambda: create_tenant(database)


@pytest.fixture
def tenant(database: Database) -> UUID:
    """A tenant of this test's own, with EUR and Berlin time."""
    return create_tenant(database)


def create_tenant(database: Database) -> UUID:
    """A tenant with a row in `tenants`, in EUR and Berlin time."""
    tenant_id = uuid.uuid4()
    with database.transaction(tenant_id) as conn:
        if conn.execute("select to_regclass('tenants') is not null").fetchone() == (True,):
            conn.execute(
                "insert into tenants (slug, name, currency, timezone, created_at) values (%s, %s, %s, %s, %s)",
                [f"t-{tenant_id.hex}", "Test tenant", "EUR", "Europe/Berlin", NOW],
            )
    return tenant_id
