"""Whatever two tenants and a partner's portal do in the database, none ever sees or touches a row of another.

Every table has rows of two tenants and two partners, with a canary in every text. Random statements run as one of
them, over one connection of a pool, with errors, time-outs and cancellations in between.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import Table
from sqlalchemy.types import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
)

import headgate
from headgate.kernel.settings import Settings
from headgate.store import Database, metadata
from scripts.schema import load_tables

PARTNERS = ("P-1", "P-2", None)
load_tables()
TABLES = sorted(metadata.tables)


@dataclass(frozen=True)
class Actor:
    """Who acts: a tenant, and a partner of it for its portal users."""

    tenant: UUID
    partner: str | None = None


@dataclass(frozen=True)
class Land:
    """A database full of canaries. `conn` sees everything."""

    database: Database
    conn: Connection
    a: UUID
    b: UUID

    def actors(self) -> list[Actor]:
        return [Actor(self.a), Actor(self.b), Actor(self.a, "P-1")]

    def others(self, table: str, actor: Actor) -> object:
        """A digest of the rows that an actor may not touch."""
        mine = f"tenant_id = '{actor.tenant}'"
        info = metadata.tables[table].info
        if actor.partner and info["portal"] == "rows":
            column = info["partner_column"] or info["actor_column"]
            owner = actor.partner if info["partner_column"] else user(actor.tenant, actor.partner)
            mine += f" and {column} is not distinct from '{owner}'"
        elif actor.partner and info["portal"] != "open":
            mine += " and false"
        query = f"select count(*), md5(string_agg(t::text, '|' order by t::text)) from {table} t where not ({mine})"
        return self.conn.execute(query.encode()).fetchone()

    def seed(self, table: str) -> None:
        """Rows of every tenant and partner, anew."""
        self.conn.execute(f"delete from {table}".encode())
        for tenant in (self.a, self.b):
            for partner in PARTNERS:
                values = row(metadata.tables[table], tenant, partner)
                names = sql.SQL(", ").join(map(sql.Identifier, values))
                places = sql.SQL(", ").join([sql.Placeholder()] * len(values))
                statement = sql.SQL("insert into {} ({}) overriding system value values ({})")
                # Where a tenant has one row of a kind, the first stands for all.
                with contextlib.suppress(psycopg.errors.UniqueViolation):
                    self.conn.execute(statement.format(sql.Identifier(table), names, places), list(values.values()))


def user(tenant: UUID, partner: str | None) -> str:
    """The one person of each partner, who made the rows that are somebody's."""
    return f"canary-{tenant.hex}-{partner}-user"


def row(table: Table, tenant: UUID, partner: str | None) -> dict[str, object]:
    """A row with a canary of its owner in every text."""
    canary = f"canary-{tenant.hex}-{partner}-{uuid4().hex[:8]}"
    found: dict[str, object] = {"tenant_id": tenant}
    for column in table.columns:
        if column.name == "tenant_id":
            continue
        if column.name == table.info["partner_column"]:
            if partner is None and not column.nullable:
                found[column.name] = ""
            else:
                found[column.name] = partner
            continue
        found[column.name] = sample(column.type, canary)
        if column.name == table.info["actor_column"] or (table.name, column.name) == ("principals", "principal"):
            found[column.name] = user(tenant, partner)
    return found


def sample(kind: object, canary: str) -> object:
    """A value of a column's type."""
    number = uuid4().int
    if isinstance(kind, ARRAY):
        return [sample(kind.item_type, canary)]
    if isinstance(kind, Text):
        return canary
    for types, value in (
        (SmallInteger, number % 30_000),
        ((BigInteger, Integer, Numeric, Double), number % 2_000_000_000),
        (Boolean, True),
        (DateTime, "2026-03-02T09:00:00Z"),
        (Date, "2026-03-02"),
        (LargeBinary, canary.encode()),
    ):
        if isinstance(kind, types):
            return value
    if type(kind).__name__ in ("JSON", "JSONB"):
        return f'{{"canary": "{canary}"}}'
    return uuid4()


@pytest.fixture(scope="module")
def land(module_settings: Settings) -> Iterator[Land]:
    """Every table of a database of its own, with its checks taken off so that texts may be canaries."""
    database = Database(module_settings.app_database_url, pool_size=1)
    with psycopg.connect(make_conninfo(module_settings.database_url, user="postgres"), autocommit=True) as conn:
        checks = conn.execute(
            "select conrelid::regclass::text, conname from pg_constraint where contype in ('c', 'f')"
            " and connamespace = 'public'::regnamespace"
        ).fetchall()
        for table, name in checks:
            conn.execute(
                sql.SQL("alter table {} drop constraint if exists {} cascade").format(
                    sql.SQL(table), sql.Identifier(name)
                )
            )
        made = Land(database, conn, uuid4(), uuid4())
        for table in TABLES:
            made.seed(table)
        yield made
    database.close()


def visible(land: Land, actor: Actor, table: str) -> list[str]:
    """The rows that an actor sees, as text."""
    columns = [c.name for c in metadata.tables[table].columns]
    if actor.partner:
        columns = [name for name in columns if name not in metadata.tables[table].info["staff_columns"]]
    named = ", ".join(f't."{name}"' for name in columns)
    with land.database.transaction(actor.tenant, partner=actor.partner) as conn:
        return [text for (text,) in conn.execute(f"select row({named})::text from {table} t".encode())]


def foreign(texts: list[str], land: Land, actor: Actor, table: str) -> list[str]:
    """Those that bear the canary of somebody else."""
    other = land.b if actor.tenant == land.a else land.a
    marks = [f"canary-{other.hex}", str(other)]
    if actor.partner and metadata.tables[table].info["portal"] == "rows":
        marks += [f"canary-{actor.tenant.hex}-P-2", f"canary-{actor.tenant.hex}-None"]
    return [text for text in texts if any(mark in text for mark in marks)]


@pytest.mark.parametrize("table", TABLES)
def test_everybody_sees_their_own_rows_of_a_table_and_no_others(land: Land, table: str) -> None:
    for actor in land.actors():
        texts = visible(land, actor, table)
        if actor.partner and metadata.tables[table].info["portal"] in ("closed", "insert"):
            assert texts == [], "a partner's portal has nothing to look for here"
            continue
        assert texts, f"{actor} sees nothing, so it proves nothing"
        assert foreign(texts, land, actor, table) == []


SECRET = [(name, column) for name in TABLES for column in metadata.tables[name].info["staff_columns"]]


def test_what_things_cost_and_earn_and_how_domains_are_proved_is_for_staff() -> None:
    assert set(SECRET) == {
        ("products", "cost"),
        ("products", "cost_currency"),
        ("order_lines", "cost"),
        ("order_lines", "margin"),
        # And who proved a domain by what: whoever reads the text of a record could set it elsewhere.
        *(("tenant_domains", column) for column in ("claimed_by", "reason", "seen", "token")),
    }


@pytest.mark.parametrize(("table", "column"), SECRET)
@pytest.mark.parametrize(
    "statement",
    [
        "select {column} from {table}",
        "select * from {table}",
        "select t::text from {table} t",
        "select to_jsonb(t) -> '{column}' from {table} t",
        "select 1 from {table} where {column}::text > '0'",
        "select 1 from {table} order by {column}",
        "select max({column}) from {table}",
        "update {table} set {column} = null returning {column}",
        "update {table} set {column} = {column}",
        "delete from {table} where {column}::text > '1'",
        "insert into {table} select * from {table}",
        "copy {table} ({column}) to stdout",
        "with x as (select * from {table}) select * from x",
        "do $$ declare r record; begin for r in select * from {table} loop raise exception '%', r; end loop; end $$",
    ],
)
def test_a_partners_transaction_cannot_name_a_column_that_is_for_staff(
    land: Land, table: str, column: str, statement: str
) -> None:
    text = statement.format(table=table, column=column)
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        land.database.transaction(land.a, partner="P-1") as conn,
    ):
        conn.execute(text.encode()).fetchall()
    with land.database.transaction(land.a) as conn:
        assert conn.execute(f"select {column} from {table}".encode()).fetchall(), "staff read it"


def test_the_portals_role_ends_with_its_transaction(land: Land) -> None:
    with land.database.transaction(land.a, partner="P-1") as conn:
        assert conn.execute("select current_user").fetchone() == ("headgate_portal",)
    with land.database.transaction(land.a) as conn:
        assert conn.execute("select current_user").fetchone() == ("headgate_app",)


def statements(table: str, actor: Actor, land: Land) -> list[str]:
    """What somebody might try with a table, by mistake or by malice."""
    other = land.b if actor.tenant == land.a else land.a
    columns = metadata.tables[table].columns
    text = next(
        (
            c.name
            for c in columns
            if isinstance(c.type, Text) and c.name != metadata.tables[table].info["partner_column"]
        ),
        "tenant_id",
    )
    found = [
        f"select t::text from {table} t",
        f"select t::text from {table} t where tenant_id = '{other}'",
        f"select t::text from {table} t where tenant_id is not null or true",
        f"with x as (select * from {table}) select x::text from x, {table} y limit 20",
        f"select string_agg(t::text, ',') from {table} t group by tenant_id",
        f"delete from {table} where tenant_id = '{other}' returning {table}::text",
        f"delete from {table} returning {table}::text",
        f"update {table} set tenant_id = '{other}' returning {table}::text",
        f"insert into {table} select * from {table} on conflict do nothing returning {table}::text",
        f"insert into {table} (tenant_id) values ('{other}')",
        f"lock table {table} in access exclusive mode",
        "select pg_sleep(10)",
        "select 1 / 0",
    ]
    if text != "tenant_id":
        found.append(f"update {table} set {text} = {text} || '!' returning {table}::text")
    if column := metadata.tables[table].info["partner_column"]:
        found.append(f"update {table} set {column} = 'P-2' returning {table}::text")
        found.append(f"select t::text from {table} t where {column} = 'P-2' or {column} is null")
    return found


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_statement_tells_or_touches_what_is_anothers(land: Land, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(TABLES))
    for _ in range(data.draw(st.integers(1, 4))):
        actor = data.draw(st.sampled_from(land.actors()))
        statement = data.draw(st.sampled_from(statements(table, actor, land)))
        before = land.others(table, actor)
        said: list[str] = []
        with contextlib.suppress(psycopg.Error), land.database.transaction(actor.tenant, partner=actor.partner) as conn:
            conn.execute("set local statement_timeout = 200")
            done = conn.execute(statement.encode())
            if done.description:
                said = [str(value) for (value,) in done.fetchall()]
        assert foreign(said, land, actor, table) == [], statement
        assert land.others(table, actor) == before, statement
    land.seed(table)


@pytest.mark.parametrize(
    "ending",
    ["time-out", "cancelled", "interrupted", "killed", "an open cursor", "idle too long", "a broken savepoint"],
)
def test_the_next_user_of_a_connection_inherits_nothing_however_the_last_one_ended(land: Land, ending: str) -> None:
    with (
        contextlib.suppress(psycopg.Error, KeyboardInterrupt),
        land.database.transaction(
            land.a, partner="P-1", idle_seconds=0.05 if ending == "idle too long" else None
        ) as conn,
    ):
        conn.execute("select * from orders").fetchone()
        if ending == "time-out":
            conn.execute("set local statement_timeout = 20")
            conn.execute("select pg_sleep(30)")
        if ending == "cancelled":
            threading.Timer(0.05, conn.cancel).start()
            conn.execute("select pg_sleep(30)")
        if ending == "interrupted":
            raise KeyboardInterrupt
        if ending == "killed":
            land.conn.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
            conn.execute("select 1")
        if ending == "an open cursor":
            conn.execute("declare left_open cursor for select * from orders")
        if ending == "idle too long":
            while land.conn.execute(
                "select 1 from pg_stat_activity where pid = %s", [conn.info.backend_pid]
            ).fetchone():
                threading.Event().wait(0.02)
        if ending == "a broken savepoint":
            with conn.transaction():
                conn.execute("select 1 / 0")
    with land.database.scan() as conn:
        assert conn.execute(
            "select current_setting('headgate.tenant'), current_setting('headgate.partner')"
        ).fetchone() == ("", "")
    for actor in (Actor(land.b), Actor(land.a)):
        texts = visible(land, actor, "orders")
        assert texts
        assert foreign(texts, land, actor, "orders") == []


def test_threads_that_share_connections_never_see_each_others_tenant(module_settings: Settings, land: Land) -> None:
    database = Database(module_settings.app_database_url, pool_size=2)
    leaks: list[str] = []

    def work(actor: Actor, number: int) -> None:
        for turn in range(25):
            with (
                contextlib.suppress(psycopg.Error, LookupError),
                database.transaction(actor.tenant, partner=actor.partner) as conn,
            ):
                texts = [text for (text,) in conn.execute("select t::text from orders t")]
                leaks.extend(foreign(texts, land, actor, "orders"))
                if turn % 4 == number % 4:
                    raise LookupError
                if turn % 5 == 0:
                    conn.execute("set local statement_timeout = 1; select pg_sleep(1)")

    threads = [threading.Thread(target=work, args=(actor, n)) for n, actor in enumerate(land.actors() * 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not any(thread.is_alive() for thread in threads)
    database.close()
    assert leaks == []


def test_nothing_in_the_code_sets_what_would_outlive_its_transaction() -> None:
    lasting = re.compile(r"pg_advisory_lock\(|set_config\([^()]*, false\)|\bset session\b|create temp", re.IGNORECASE)
    found = [
        f"{file}: {match[0]}"
        for file in Path(headgate.__file__).parent.rglob("*.py")
        for match in lasting.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []
