"""Migrating while others go on working: nobody queues behind it, and a newer database is left as it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import MetaData

from headgate.kernel.errors import Busy, Misconfigured
from headgate.kernel.settings import Settings
from headgate.store import embedded, migrate_database, open_database
from headgate.store.migrate import PATIENCE_SECONDS, _build_online, upgrade
from headgate.store.security import APP_ROLE
from headgate.store.stamp import compared, fingerprint, is_current
from scripts.schema import load_tables

pytestmark = pytest.mark.slow

UNSTAMP = "comment on table alembic_version is 'headgate of another day'"
LOCKED = "lock table {} in access exclusive mode"
UNIQUE = "create index concurrently if not exists events_by_time on events (tenant_id, time)"


def not_needed() -> MetaData:
    raise AssertionError("nothing is to be migrated, so the tables need not be loaded")


@pytest.fixture
def owner(fresh_settings: Settings) -> Iterator[psycopg.Connection]:
    """The owner's connection to a database of the test's own that is one stamp behind."""
    with psycopg.connect(fresh_settings.database_url, autocommit=True) as conn:
        conn.execute(UNSTAMP)
        yield conn


def test_what_stands_as_it_should_is_not_locked_again(fresh_settings: Settings, owner: psycopg.Connection) -> None:
    with owner.transaction():
        for table in ("events", "inbox", "audit_entries", "outbox"):
            owner.execute(f"lock table {table} in row exclusive mode".encode())  # as whoever writes holds it
        upgrade(fresh_settings.database_url, load_tables, patience=0)
    assert is_current(fresh_settings.database_url)


@pytest.mark.parametrize(
    "spoil",
    [
        "drop policy backup on events",
        "alter table events no force row level security",
        "alter table events disable row level security",
        f"grant delete on events to {APP_ROLE}",
        f"alter policy tenant on events to {APP_ROLE} using (true)",
    ],
)
def test_what_differs_is_set_right_again(fresh_settings: Settings, owner: psycopg.Connection, spoil: str) -> None:
    look = """
    select relrowsecurity, relforcerowsecurity, relacl::text, (
      select array_agg(row(polname, polroles, pg_get_expr(polqual, polrelid))::text order by polname)
      from pg_policy where polrelid = c.oid)
    from pg_class c where relname = 'events'
    """
    before = owner.execute(look).fetchone()
    owner.execute(spoil.encode())
    assert owner.execute(look).fetchone() != before
    upgrade(fresh_settings.database_url, load_tables)
    assert owner.execute(look).fetchone() == before


def test_a_table_in_use_is_waited_for_without_others_queueing(
    fresh_settings: Settings, owner: psycopg.Connection
) -> None:
    owner.execute("drop policy backup on events")
    said: list[str] = []
    told = threading.Event()

    def tell(text: str) -> None:
        said.append(text)
        if "in use" in text:
            told.set()

    with psycopg.connect(fresh_settings.database_url) as busy:
        busy.execute(LOCKED.format("events").encode())
        thread = threading.Thread(
            target=upgrade, args=(fresh_settings.database_url, load_tables), kwargs={"tell": tell}
        )
        thread.start()
        assert told.wait(60)
        # It has given up for the moment, so nothing of it stands in anyone's way.
        waiting = owner.execute("select count(*) from pg_locks where relation = 'events'::regclass and not granted")
        assert waiting.fetchone() == (0,)
        assert not is_current(fresh_settings.database_url)
    thread.join(300)
    assert is_current(fresh_settings.database_url)
    assert any(text.startswith("at ") for text in said)


def test_a_table_that_stays_locked_ends_it_with_advice_and_nothing_done(
    fresh_settings: Settings, owner: psycopg.Connection
) -> None:
    owner.execute("drop policy backup on events")
    with psycopg.connect(fresh_settings.database_url) as busy:
        busy.execute(LOCKED.format("events").encode())
        with pytest.raises(Busy, match="pg_stat_activity"):
            upgrade(fresh_settings.database_url, load_tables, patience=0)
    assert not is_current(fresh_settings.database_url)
    assert PATIENCE_SECONDS > 60


def test_processes_wait_for_the_one_that_migrates(fresh_settings: Settings, owner: psycopg.Connection) -> None:
    told = threading.Event()
    with psycopg.connect(fresh_settings.database_url, autocommit=True) as first:
        first.execute("select pg_advisory_lock(%s)", [0x4865616467617465])
        thread = threading.Thread(
            target=upgrade, args=(fresh_settings.database_url, load_tables), kwargs={"tell": lambda _: told.set()}
        )
        thread.start()
        assert told.wait(60)
        assert not is_current(fresh_settings.database_url)
    thread.join(300)
    assert is_current(fresh_settings.database_url)


def test_a_database_that_a_newer_release_migrated_is_opened_and_left_as_it_is(fresh_settings: Settings) -> None:
    newer = "headgate 00112233445566778899aabbccddeeff 9999"
    with psycopg.connect(fresh_settings.database_url, autocommit=True) as conn:
        conn.execute(f"comment on table alembic_version is '{newer}'".encode())
    assert compared(newer) == "ahead"
    open_database(fresh_settings, not_needed).close()
    assert not is_current(fresh_settings.database_url)


def test_stamps_of_older_releases_are_behind() -> None:
    for stamp in ("", "headgate 00112233445566778899aabbccddeeff", "headgate 00112233445566778899aabbccddeeff 0001"):
        assert compared(stamp) == "behind"
    assert compared(fingerprint()) == "current"


def test_the_applications_url_alone_is_enough_once_the_owner_has_migrated(
    fresh_settings: Settings, owner: psycopg.Connection
) -> None:
    alone = replace(fresh_settings, database_url="")
    with pytest.raises(Misconfigured, match="headgate migrate"):
        open_database(alone, not_needed)
    with pytest.raises(Misconfigured, match="HEADGATE_DATABASE_URL"):
        migrate_database(alone, load_tables)
    migrate_database(fresh_settings, load_tables)
    open_database(alone, not_needed).close()
    assert not (alone.home / "pgdata").exists()


def test_an_index_is_built_while_others_write_and_one_left_half_built_is_built_again(
    fresh_settings: Settings, owner: psycopg.Connection, cluster: embedded.Server
) -> None:
    _build_online(fresh_settings.database_url, [UNIQUE], lambda _: None)
    name = owner.info.dbname
    with psycopg.connect(cluster.admin_dsn(name), autocommit=True) as admin:
        admin.execute("update pg_index set indisvalid = false where indexrelid = 'events_by_time'::regclass")
        before = admin.execute("select 'events_by_time'::regclass::oid").fetchone()
        _build_online(fresh_settings.database_url, [UNIQUE], lambda _: None)
        after = admin.execute(
            "select indexrelid, indisvalid from pg_index where indexrelid = 'events_by_time'::regclass"
        ).fetchone()
    assert before is not None
    assert after is not None
    assert after[0] != before[0]
    assert after[1] is True


def test_a_killed_migration_leaves_nothing(server_home: Path) -> None:
    server = embedded.start(server_home, durable=False)

    def die() -> MetaData:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upgrade(server.dsn(), die)
    with psycopg.connect(server.dsn()) as conn:
        assert conn.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)
    server.release()
