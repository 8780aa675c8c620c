"""Within a pipeline the server ends a transaction whose client stands still, as it does without one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from headgate.store import Database


@pytest.fixture
def single(fresh_settings) -> Iterator[Database]:
    opened = Database(fresh_settings.app_database_url, pool_size=1)
    yield opened
    opened.close()


def gone(superuser: psycopg.Connection, process: int) -> bool:
    for _ in range(3000):
        if superuser.execute("select from pg_stat_activity where pid = %s", [process]).rowcount == 0:
            return True
        threading.Event().wait(0.02)
    return False


@pytest.mark.parametrize("answered", [True, False])
def test_a_client_that_hangs_within_a_pipeline_loses_its_session(
    single: Database, superuser: psycopg.Connection, answered: bool
) -> None:
    def hang() -> None:
        with single.transaction(uuid4(), idle_seconds=0.05) as conn, conn.pipeline():
            asked = conn.execute("select 1")
            if answered:
                assert asked.fetchall() == [(1,)]
            assert gone(superuser, conn.info.backend_pid)
            conn.execute("select 2").fetchall()

    with pytest.raises((psycopg.errors.IdleInTransactionSessionTimeout, psycopg.OperationalError)):
        hang()


def test_statements_are_sent_together_and_answered_in_order(single: Database) -> None:
    with single.transaction(uuid4()) as conn, conn.pipeline():
        asked = [conn.execute("select %s::int, repeat('x', 20000)", [n]) for n in range(300)]
        assert [row[0] for cursor in asked for row in cursor] == list(range(300))
        assert conn.execute("select 1").fetchone() == (1,)


def test_the_first_error_of_a_pipeline_is_told_and_undoes_the_transaction(single: Database) -> None:
    tenant = uuid4()

    def fail() -> None:
        with single.transaction(tenant) as conn, conn.pipeline():
            conn.execute("create temporary table seen (n int)")
            conn.execute("select 1 / 0")
            conn.execute("insert into seen values (1)")
            conn.execute("select 1").fetchall()

    with pytest.raises(psycopg.errors.DivisionByZero):
        fail()
    with single.transaction(tenant) as conn:
        assert conn.execute("select to_regclass('seen')").fetchall() == [(None,)]


def test_a_connection_that_was_in_a_pipeline_goes_back_as_it_came(single: Database) -> None:
    for _ in range(3):
        with single.transaction(uuid4()) as conn, conn.pipeline():
            conn.execute("select 1")
        with single.transaction(uuid4()) as conn:
            assert conn.info.pipeline_status == psycopg.pq.PipelineStatus.OFF
            assert conn.execute("select 2").fetchone() == (2,)
