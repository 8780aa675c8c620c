"""Transactions keep tenants apart in the database, whatever happened on the connection before."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from sqlalchemy import Column, MetaData, Text

from headgate.kernel.settings import Settings
from headgate.store import Database, create_schema, jsonb, tenant_table

TENANT_NOW = "select current_setting('headgate.tenant', true), current_setting('headgate.partner', true)"
ADD = "insert into notes (note, partner) values (%s, %s)"
NOTES = "select note from notes order by note"


@pytest.fixture
def single(fresh_settings: Settings) -> Iterator[Database]:
    """A database with one connection, so that each transaction meets what the one before left behind.

    It has a table of its own, secured like every other: the business tables may change, the promise may not.
    """
    declared = MetaData()
    columns = (Column("note", Text), Column("partner", Text))
    tenant_table("notes", *columns, primary_key=("note",), partner_column="partner", on=declared)
    create_schema(fresh_settings.database_url, declared)
    opened = Database(fresh_settings.app_database_url, pool_size=1)
    yield opened
    opened.close()


def notes(conn: Connection) -> list[str]:
    return [row[0] for row in conn.execute(NOTES)]


def add(database: Database, tenant_id: UUID, note: str, partner: str | None = None) -> None:
    with database.transaction(tenant_id) as conn:
        conn.execute(ADD, [note, partner])


def test_two_tenants_do_not_see_each_other(single: Database) -> None:
    one, two = uuid4(), uuid4()
    add(single, one, "of one")
    add(single, two, "of two")
    with single.transaction(one) as conn:
        assert notes(conn) == ["of one"]
        assert conn.execute("update notes set note = 'changed' where note = 'of two'").rowcount == 0
        assert conn.execute("delete from notes where note = 'of two'").rowcount == 0
    with single.transaction(two) as conn:
        assert notes(conn) == ["of two"]


def test_a_row_cannot_be_written_for_another_tenant(single: Database) -> None:
    one, two = uuid4(), uuid4()
    add(single, one, "mine")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), single.transaction(one) as conn:
        conn.execute("insert into notes (tenant_id, note) values (%s, 'smuggled')", [two])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), single.transaction(one) as conn:
        conn.execute("update notes set tenant_id = %s", [two])
    with single.transaction(two) as conn:
        assert notes(conn) == []


@pytest.mark.parametrize("ending", ["commit", "error in python", "error in the database", "session-wide setting"])
def test_the_tenant_does_not_leak_into_what_the_connection_does_next(single: Database, ending: str) -> None:
    one, two = uuid4(), uuid4()
    add(single, one, "secret")

    def leave() -> None:
        with single.transaction(one, partner="P-1") as conn:
            if ending == "error in python":
                raise LookupError
            if ending == "error in the database":
                conn.execute("select 1/0")
            if ending == "session-wide setting":
                conn.execute("select set_config('headgate.tenant', %s, false)", [str(one)])

    expected = {"error in python": LookupError, "error in the database": psycopg.errors.DivisionByZero}.get(ending)
    if expected:
        with pytest.raises(expected):
            leave()
    else:
        leave()

    with single.transaction(two) as conn:
        assert conn.execute(TENANT_NOW).fetchone() == (str(two), "")
        assert notes(conn) == []
    with single.scan() as conn:
        assert conn.execute(TENANT_NOW).fetchone() == ("", "")


def test_without_a_tenant_tables_refuse_on_a_new_and_on_a_used_connection(
    single: Database, fresh_settings: Settings
) -> None:
    add(single, uuid4(), "secret")
    with psycopg.connect(fresh_settings.app_database_url) as fresh, pytest.raises(psycopg.errors.UndefinedObject):
        notes(fresh)
    with pytest.raises(psycopg.errors.InvalidTextRepresentation), single.scan() as conn:
        notes(conn)
    with pytest.raises(psycopg.errors.InvalidTextRepresentation), single._pool.connection() as conn:
        notes(conn)


def test_an_exception_rolls_everything_back(single: Database) -> None:
    tenant_id = uuid4()
    with pytest.raises(KeyError), single.transaction(tenant_id) as conn:
        conn.execute(ADD, ["half", None])
        raise KeyError
    with single.transaction(tenant_id) as conn:
        assert notes(conn) == []


def test_a_swallowed_database_error_is_raised_at_the_end_instead_of_losing_the_work(single: Database) -> None:
    tenant_id = uuid4()
    with pytest.raises(psycopg.errors.InFailedSqlTransaction), single.transaction(tenant_id) as conn:
        conn.execute(ADD, ["lost otherwise", None])
        with pytest.raises(psycopg.errors.DivisionByZero):
            conn.execute("select 1/0")
    with single.transaction(tenant_id) as conn:
        assert notes(conn) == []


def test_a_savepoint_inside_keeps_what_came_before_it(single: Database) -> None:
    tenant_id = uuid4()
    with single.transaction(tenant_id) as conn:
        conn.execute(ADD, ["kept", None])
        with pytest.raises(psycopg.errors.DivisionByZero), conn.transaction():
            conn.execute(ADD, ["undone", None])
            conn.execute("select 1/0")
    with single.transaction(tenant_id) as conn:
        assert notes(conn) == ["kept"]


def test_ending_the_transaction_inside_is_refused(single: Database) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="only its opener"), single.transaction(uuid4()) as conn:
        conn.commit()


def test_read_only_transactions_refuse_to_write(single: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), single.transaction(uuid4(), read_only=True) as conn:
        conn.execute(ADD, ["no", None])


def test_a_portal_user_sees_and_writes_only_their_partners_rows(single: Database) -> None:
    tenant_id = uuid4()
    add(single, tenant_id, "of P-1", "P-1")
    add(single, tenant_id, "of P-2", "P-2")
    add(single, tenant_id, "of nobody", None)
    with single.transaction(tenant_id) as conn:
        assert notes(conn) == ["of P-1", "of P-2", "of nobody"]
    with single.transaction(tenant_id, partner="P-1") as conn:
        assert notes(conn) == ["of P-1"]
        assert conn.execute("delete from notes").rowcount == 1
        conn.execute(ADD, ["new", "P-1"])
    for partner in ("P-2", None):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), single.transaction(tenant_id, partner="P-1") as conn:
            conn.execute(ADD, ["foreign", partner])


def test_hostile_partner_codes_are_only_text(single: Database) -> None:
    tenant_id = uuid4()
    code = "x'); select set_config('headgate.partner', '', true); --\\"
    add(single, tenant_id, "of P-1", "P-1")
    with single.transaction(tenant_id, partner=code) as conn:
        assert conn.execute(TENANT_NOW).fetchone() == (str(tenant_id), code)
        assert notes(conn) == []


def test_a_tenant_must_be_a_uuid(single: Database) -> None:
    with pytest.raises(ValueError, match="hexadecimal"), single.transaction("'; drop table notes; --"):  # type: ignore[arg-type]
        pass


def test_dead_connections_are_replaced_before_anything_was_done(single: Database, fresh_settings: Settings) -> None:
    tenant_id = uuid4()
    add(single, tenant_id, "before")
    with single.transaction(tenant_id) as conn:
        victim = conn.info.backend_pid
    with psycopg.connect(fresh_settings.app_database_url) as other:
        other.execute("select pg_terminate_backend(%s)", [victim])
    with single.transaction(tenant_id) as conn:
        assert conn.info.backend_pid != victim
        assert notes(conn) == ["before"]


def test_json_is_read_exactly_and_times_in_utc(single: Database) -> None:
    with single.transaction(uuid4()) as conn:
        row = conn.execute(
            "select %s::jsonb, %s::jsonb[], '2026-03-02T10:00+01'::timestamptz",
            [jsonb({"b": Decimal("1.10"), "a": 1}), ['{"n": 0.1}', jsonb([])]],
        ).fetchone()
    assert row is not None
    assert row[0] == {"a": 1, "b": "1.10"}
    assert row[1] == [{"n": Decimal("0.1")}, []]
    assert row[2].isoformat() == "2026-03-02T09:00:00+00:00"


def test_a_transaction_that_does_not_wait_for_the_disk_is_seen_at_once_and_the_next_one_waits_again(
    single: Database,
) -> None:
    tenant = uuid4()
    with single.transaction(tenant, durable=False) as conn:
        assert conn.execute("show synchronous_commit").fetchone() == ("off",)
        conn.execute(ADD, ("quick", None))
    with single.transaction(tenant) as conn:
        assert conn.execute("show synchronous_commit").fetchone() == ("on",)
        assert notes(conn) == ["quick"]


def test_work_by_keys_is_planned_by_indexes_and_the_next_transaction_is_not(single: Database) -> None:
    tenant = uuid4()
    asked = "select current_setting('enable_seqscan'), current_setting('enable_bitmapscan')"
    for _ in range(2):
        with single.transaction(tenant, lookups=True) as conn:
            assert conn.execute(asked).fetchone() == ("off", "off")
        with single.transaction(tenant) as conn:
            assert conn.execute(asked).fetchone() == ("on", "on")
    with single.scan(lookups=True) as conn:
        assert conn.execute(asked).fetchone() == ("off", "off")


def test_a_plan_made_for_an_empty_table_is_not_kept(single: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.store.database._PLAN_SECONDS", 0)
    tenant = uuid4()
    generic = "select generic_plans from pg_prepared_statements where statement = %s"
    for number in range(3):
        with single.transaction(tenant, lookups=True) as conn:
            for _ in range(8):  # prepared and planned once for all after some
                conn.execute(NOTES, prepare=True)
            conn.execute(ADD, [f"note {number}", None])
            plans = conn.execute(generic, [NOTES]).fetchone()
            assert plans is not None
            assert plans[0] > 0
            assert notes(conn) == [f"note {n}" for n in range(number + 1)]


def test_the_planner_expects_staff_to_see_the_rows_of_their_tenant(single: Database, fresh_settings: Settings) -> None:
    tenant = uuid4()
    with single.transaction(tenant) as conn:
        conn.execute("insert into notes (note, partner) select n::text, null from generate_series(1, 1000) n")
    with psycopg.connect(fresh_settings.database_url, autocommit=True) as owner:
        owner.execute("analyze notes")
    with single.transaction(tenant) as conn:
        (plan,) = conn.execute("explain (format json) select from notes").fetchone() or ([],)
    assert 500 < plan[0]["Plan"]["Plan Rows"] <= 1000
