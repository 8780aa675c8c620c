"""From settings to a database: embedded and external, migrated once, entered as the restricted role."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import MetaData

from headgate.kernel.errors import Misconfigured
from headgate.kernel.settings import Settings
from headgate.store import embedded, local_secret, metadata, migrate_database, open_database
from headgate.store.migrate import create_schema, upgrade
from headgate.store.opening import app_dsn
from headgate.store.secrets import APP_PASSWORD
from headgate.store.stamp import is_current
from scripts.schema import load_tables

pytestmark = pytest.mark.slow

WHO = "select current_user, current_setting('headgate.tenant')"


def not_needed() -> MetaData:
    raise AssertionError("the schema is current, so the tables need not be loaded")


@pytest.fixture(scope="module")
def guarded(run_folder: Path) -> Iterator[embedded.Server]:
    """A server that asks the application role for its password, as an external one does."""
    server = embedded.start(Path(tempfile.mkdtemp(dir=run_folder)), durable=False)
    rules = "local all headgate_app scram-sha-256\nlocal all all trust\n"
    (server.home / "pgdata" / "pg_hba.conf").write_text(rules)
    with psycopg.connect(server.admin_dsn(), autocommit=True) as conn:
        conn.execute("select pg_reload_conf()")
    yield server
    server.release()


@pytest.fixture
def external(guarded: embedded.Server, tmp_path: Path) -> Iterator[Settings]:
    """Settings that name a new database on that server by its owner's URL only."""
    name = f"external_{uuid4().hex}"
    with psycopg.connect(guarded.admin_dsn(), autocommit=True) as conn:
        conn.execute(f"create database {name} owner {embedded.OWNER}".encode())
    url = f"postgresql://{embedded.OWNER}@/{name}?host={guarded.sockets}"
    yield Settings(home=tmp_path / "home", database_url=url)
    with psycopg.connect(guarded.admin_dsn(), autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)".encode())


def opens(settings: Settings, load: Callable[[], MetaData] = not_needed) -> tuple[object, ...]:
    tenant_id = uuid4()
    database = open_database(settings, load)
    with database.transaction(tenant_id) as conn:
        row = conn.execute(WHO).fetchone()
    database.close()
    assert row is not None
    assert row[1] == str(tenant_id)
    return row


def test_the_embedded_database_opens_as_the_restricted_role_and_stops_when_closed(server_home: Path) -> None:
    settings = Settings(home=server_home)
    assert opens(settings, MetaData)[0] == "headgate_app"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=str(server_home / "pgdata"), user="postgres", dbname="postgres")
    opens(settings)


def test_an_external_database_is_migrated_and_entered_with_a_generated_password(external: Settings) -> None:
    assert opens(external, MetaData)[0] == "headgate_app"
    secret = external.home / "secrets" / APP_PASSWORD
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.parent.stat().st_mode & 0o777 == 0o700
    assert secret.read_text() in app_dsn(external)
    opens(external)


def test_the_password_never_reaches_the_server(external: Settings, guarded: embedded.Server) -> None:
    migrate_database(external, MetaData)
    with psycopg.connect(guarded.admin_dsn()) as conn:
        row = conn.execute("select rolpassword from pg_authid where rolname = 'headgate_app'").fetchone()
    assert row is not None
    assert row[0].startswith("SCRAM-SHA-256$")


def test_a_home_without_the_right_password_is_told_how_to_mend_it(external: Settings, tmp_path: Path) -> None:
    migrate_database(external, MetaData)
    elsewhere = dataclasses.replace(external, home=tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="HEADGATE_APP_DATABASE_URL"):
        open_database(elsewhere, not_needed)
    migrate_database(elsewhere, MetaData)
    opens(elsewhere)


def test_the_application_url_may_be_given_and_its_password_is_set(external: Settings) -> None:
    given = dataclasses.replace(
        external, app_database_url=make_conninfo(external.database_url, user="headgate_app", password="it's given")
    )
    opens(given, MetaData)
    assert not (external.home / "secrets").exists()


def test_an_application_url_with_the_owners_role_is_refused(fresh_settings: Settings, cluster: embedded.Server) -> None:
    as_owner = dataclasses.replace(fresh_settings, app_database_url=fresh_settings.database_url)
    with pytest.raises(Misconfigured, match=r"headgate_owner owns tables.*HEADGATE_APP_DATABASE_URL"):
        open_database(as_owner, not_needed)


def test_an_unreachable_database_names_the_setting(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url=f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(Misconfigured, match="HEADGATE_DATABASE_URL"):
        open_database(settings, not_needed)


def test_an_owner_without_the_right_to_create_roles_is_told_so(server_home: Path) -> None:
    server = embedded.start(server_home, durable=False)
    with psycopg.connect(server.admin_dsn(), autocommit=True) as conn:
        conn.execute("create role plain login")
        conn.execute("create database plain owner plain")
    settings = Settings(home=server_home, database_url=server.dsn(user="plain", database="plain"))
    with pytest.raises(Misconfigured, match="CREATEROLE"):
        open_database(settings, MetaData)
    server.release()


def test_processes_that_open_a_new_database_together_migrate_it_once(external: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: opens(external, MetaData)[0], range(4))) == ["headgate_app"] * 4


def test_creating_the_schema_twice_changes_nothing(fresh_settings: Settings) -> None:
    load_tables(keep_going=True)
    create_schema(fresh_settings.database_url, metadata)
    assert is_current(fresh_settings.database_url)


def test_a_table_that_no_migration_creates_is_named(external: Settings) -> None:
    from sqlalchemy import Column, Text

    from headgate.store import tenant_table

    declared = MetaData()
    tenant_table("forgotten", Column("code", Text), primary_key=("code",), on=declared)
    with pytest.raises(Misconfigured, match="no migration creates forgotten"):
        upgrade(external.database_url, lambda: declared)
    assert not is_current(external.database_url)


def test_a_local_secret_stays_the_same_and_is_made_once_when_asked_for_together(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: local_secret(tmp_path, "signing"), range(32)))
    assert len(made) == 1
    assert local_secret(tmp_path, "signing") in made
    assert local_secret(tmp_path, "other") not in made
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == ["other", "signing"]
