"""The life of a tenant: shut and opened, placed, limited, exported, and deleted by two people but for a tombstone."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from headgate.access import (
    Envelope,
    create_api_key,
    create_service,
    create_source,
    expect_open,
    get_tenant,
    grant_role,
    load_principal,
    reactivate,
    start_session,
    suspend,
)
from headgate.access.tenancy import (
    ask_deletion,
    check_export,
    confirm_deletion,
    delete_tenant,
    export_tenant,
    list_tenants,
    list_tombstones,
    pending_deletion,
    place_in_tree,
    resume_tenant,
    set_quotas,
    set_residency,
    suspend_tenant,
    umbrella,
    withdraw_deletion,
)
from headgate.access.tenancy.export import left_out, secret_columns
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound, OverQuota, Suspended
from headgate.ledger import audit_list, checkpoint_now
from headgate.store import Database, metadata
from headgate.store.tables import tenant_tables
from tests.conftest import create_tenant
from tests.integration.access.conftest import NOW

OLGA = Principal("user:olga@operator.example", "person", "Olga", permissions=frozenset({"tenants.operate"}))
OTTO = replace(OLGA, id="user:otto@operator.example")
WAIT = timedelta(days=30)


def slug_of(database: Database, tenant: UUID) -> str:
    with database.transaction(tenant) as conn:
        return get_tenant(conn).slug


def test_a_suspended_tenant_is_shut_but_its_administrators_look_on(database, tenant, person):
    ada, ana = person("ada", "tenant_admin"), person("ana", "order_desk")
    olga = Context(tenant, OLGA, NOW)
    with database.transaction(tenant) as conn:
        suspend_tenant(conn, olga, "unpaid since June")
        with pytest.raises(Conflict):
            suspend_tenant(conn, olga, "again")
        expect_open(conn, load_principal(conn, ada, NOW), writes=False)
        with pytest.raises(Suspended, match=r"unpaid since June.*nothing can be changed"):
            expect_open(conn, load_principal(conn, ada, NOW), writes=True)
        with pytest.raises(Suspended, match="nobody but its administrators"):
            start_session(conn, olga, ana)
        start_session(conn, olga, ada)
        resume_tenant(conn, olga)
        start_session(conn, olga, ana)
        told = [entry.action for entry in audit_list(conn, subject_type="tenant")]
        assert told == ["tenant.resumed", "tenant.suspended"]


def test_only_the_operator_does_this(database, tenant, person, acting):
    ada = acting(person("ada", "tenant_admin"))
    with database.transaction(tenant) as conn:
        for act in (
            lambda: suspend_tenant(conn, ada, "mine"),
            lambda: ask_deletion(conn, ada, "mine"),
            lambda: set_quotas(conn, ada, {"people": 1000}),
            lambda: set_residency(conn, ada, "us"),
            lambda: place_in_tree(database, conn, ada, kind="operator", parent=""),
        ):
            with pytest.raises(Forbidden):
                act()
        assert get_tenant(conn).status == "active"
        with pytest.raises(Forbidden, match="whoever runs"):
            grant_role(conn, Context(tenant, SYSTEM, NOW), ada.principal.id, "operator")


def test_workers_pass_over_who_is_suspended_and_lose_nothing(fresh_database: Database):
    tenants = [create_tenant(fresh_database) for _ in range(2)]
    for tenant in tenants:
        with fresh_database.transaction(tenant) as conn:
            conn.execute(
                "insert into events (source, event_id, type, subject, key, lane, time, received_at, data, digest,"
                " actor) values ('s', 'e', 't', 's', 'k', 0, %s, %s, '{}', '', 'a')",
                [NOW, NOW],
            )
            conn.execute("insert into inbox (lane, seq) select lane, seq from events")

    def due(database: Database = fresh_database) -> set[UUID]:
        with database.scan() as conn:
            return {row[0] for row in conn.execute("select tenant_id from headgate_due_lanes(%s, 10)", [NOW])}

    assert due() == set(tenants)
    with fresh_database.transaction(tenants[0]) as conn:
        suspend_tenant(conn, Context(tenants[0], OLGA, NOW), "unpaid")
    assert due() == {tenants[1]}
    with fresh_database.scan() as conn:
        assert conn.execute("select tenant_id from headgate_served_tenants()").fetchall() == [(tenants[1],)]
    with fresh_database.transaction(tenants[0]) as conn:
        resume_tenant(conn, Context(tenants[0], OLGA, NOW))
    assert due() == set(tenants)


def test_a_worker_with_a_label_takes_only_tenants_of_that_place(fresh_database: Database, fresh_settings: Any):
    here, there, anywhere = (create_tenant(fresh_database) for _ in range(3))
    for tenant, label in ((here, "eu"), (there, "us")):
        with fresh_database.transaction(tenant) as conn:
            set_residency(conn, Context(tenant, OLGA, NOW), label)
    labelled = Database(fresh_settings.app_database_url, pool_size=1, residency="eu")
    try:
        for database, wanted in ((labelled, {here}), (fresh_database, {here, there, anywhere})):
            with database.scan() as conn:
                assert {t for (t,) in conn.execute("select tenant_id from headgate_served_tenants()")} == wanted
    finally:
        labelled.close()


def test_data_is_not_labelled_for_a_place_where_it_is_not(database, tenant):
    olga = Context(tenant, OLGA, NOW)
    with database.transaction(tenant) as conn:
        with pytest.raises(Invalid, match="which is eu"):
            set_residency(conn, olga, "us", here="eu")
        with pytest.raises(Invalid, match="label"):
            set_residency(conn, olga, "E U")
        assert set_residency(conn, olga, "eu", here="eu").residency == "eu"


def test_quotas_are_whole_numbers_with_known_names(database, tenant):
    olga = Context(tenant, OLGA, NOW)
    with database.transaction(tenant) as conn:
        assert set_quotas(conn, olga, {"people": 5}).quotas == {"people": 5}
        assert set_quotas(conn, olga, {"people": None}).quotas == {}
        for wrong in ({"cats": 1}, {"people": -1}):
            with pytest.raises(Invalid):
                set_quotas(conn, olga, wrong)


def test_a_tenant_has_no_more_people_than_it_may(database, tenant, ctx, person):
    with database.transaction(tenant) as conn:
        set_quotas(conn, Context(tenant, OLGA, NOW), {"people": 2})
    ana = person("ana")
    person("ben")
    with pytest.raises(OverQuota, match="may have 2 active people of its own and has 2"):
        person("carl")
    with database.transaction(tenant) as conn:
        suspend(conn, ctx, ana)
    person("dora")
    with database.transaction(tenant) as conn, pytest.raises(OverQuota):
        reactivate(conn, ctx, ana)
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="erp", name="machines are no people")


def test_an_export_has_every_row_no_way_in_and_a_proof(database, tenant, ctx, person, tmp_path):
    person("ana", "finance", password="correct horse battery")
    envelope = Envelope.from_home(tmp_path)
    with database.transaction(tenant) as conn:
        account = create_service(conn, ctx, code="erp", name="ERP")
        grant_role(conn, ctx, account.principal, "integration")
        key = create_api_key(conn, ctx, account.principal, name="erp", scopes=["events.write"])
        secret = create_source(conn, ctx, envelope, source="shop", name="Shop")
        sealed = conn.execute("select secrets[1] from sources").fetchone()[0]
        hashed = conn.execute("select password_hash from principals where password_hash is not null").fetchone()[0]
        checkpoint_now(conn, ctx, envelope, lanes=4)
    out = io.BytesIO()
    with database.snapshot(tenant) as conn:
        told = export_tenant(conn, ctx, metadata, out)
        entries = conn.execute("select count(*) from audit_entries").fetchone()[0]
    manifest = check_export(io.BytesIO(out.getvalue()))
    assert told.entries == entries == manifest["files"]["audit.bundle"]["rows"]
    assert told.rows["principals"] == 2
    with zipfile.ZipFile(io.BytesIO(out.getvalue())) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        people = [json.loads(line) for line in archive.read("tables/principals.ndjson").splitlines()]
        assert hashlib.sha256(archive.read("manifest.json")).hexdigest() == told.digest
    assert {row["tenant_id"] for row in people} == {str(tenant)}
    for way_in in (key, secret, sealed, hashed):
        assert way_in.encode() not in everything
    for table in tenant_tables(metadata):
        assert left_out(table.name) or f"tables/{table.name}.ndjson" in manifest["files"], table.name
    assert secret_columns(metadata.tables["principals"]) == ["password_hash"]


@pytest.mark.parametrize("damage", ["row", "gone", "more", "noise"])
def test_a_changed_export_is_found_out(database, tenant, ctx, tmp_path, person, damage):
    person("ana")
    with database.transaction(tenant) as conn:
        checkpoint_now(conn, ctx, Envelope.from_home(tmp_path), lanes=4)
    out = io.BytesIO()
    with database.snapshot(tenant) as conn:
        export_tenant(conn, ctx, metadata, out)
    with zipfile.ZipFile(out) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "tables/principals.ndjson"
    match damage:
        case "row":
            members[name] = members[name].replace(b"Ana", b"Eve")
        case "gone":
            del members[name]
        case "more":
            members["tables/more.ndjson"] = b"{}\n"
    changed = io.BytesIO()
    if damage == "noise":
        changed.write(b"not a zip")
    else:
        with zipfile.ZipFile(changed, "w") as archive:
            for each, data in members.items():
                archive.writestr(each, data)
    with pytest.raises(Invalid):
        check_export(io.BytesIO(changed.getvalue()))


def test_a_deletion_takes_two_people_and_time_and_leaves_nothing_but_a_tombstone(
    fresh_database: Database, fresh_settings: Any
):
    tenant, other = create_tenant(fresh_database), create_tenant(fresh_database)
    olga, otto = Context(tenant, OLGA, NOW), Context(tenant, OTTO, NOW)
    slug = slug_of(fresh_database, tenant)
    fill(fresh_settings.database_url, tenant, other)
    with psycopg.connect(fresh_settings.database_url) as owner:
        with pytest.raises(Conflict, match="asked for by one and confirmed"), owner.transaction():
            delete_tenant(owner, metadata, tenant, NOW)
        with fresh_database.transaction(tenant) as conn:
            ask_deletion(conn, olga, "the contract ended")
            with pytest.raises(Conflict, match="already"):
                ask_deletion(conn, otto, "the contract ended")
            with pytest.raises(DutyConflict):
                confirm_deletion(conn, olga, wait=WAIT)
            made = confirm_deletion(conn, otto, wait=WAIT)
            assert made.not_before == NOW + WAIT
            assert get_tenant(conn).status == "deleting"
        with pytest.raises(Conflict, match="waits until 2026-04-01"), owner.transaction():
            delete_tenant(owner, metadata, tenant, NOW + WAIT - timedelta(seconds=1))
        before = counts(fresh_settings.database_url, other)
        with owner.transaction():
            gone = delete_tenant(owner, metadata, tenant, NOW + WAIT)
        with pytest.raises(NotFound), owner.transaction():
            delete_tenant(owner, metadata, tenant, NOW + WAIT)
    left = {table for table, rows in counts(fresh_settings.database_url, tenant).items() if rows}
    assert left == {"tenant_tombstones"}
    assert gone["audit_entries"] >= 3
    assert counts(fresh_settings.database_url, other) == before, "nobody else lost a row"
    assert sum(before.values()) > len(before) // 2, "there was something to lose"
    [stone] = list_tombstones(fresh_database)
    assert (stone.slug, stone.asked_by, stone.confirmed_by) == (slug, OLGA.id, OTTO.id)
    assert [line.id for line in list_tenants(fresh_database)] == [other]


def test_a_deletion_can_be_taken_back(database, tenant):
    olga, otto = Context(tenant, OLGA, NOW), Context(tenant, OTTO, NOW)
    with database.transaction(tenant) as conn:
        with pytest.raises(NotFound):
            withdraw_deletion(conn, olga)
        ask_deletion(conn, olga, "a mistake")
        confirm_deletion(conn, otto, wait=WAIT)
        assert withdraw_deletion(conn, otto).status == "suspended"
        assert pending_deletion(conn) is None
        assert resume_tenant(conn, olga).status == "active"


def counts(dsn: str, tenant: UUID) -> dict[str, int]:
    """How many rows a tenant has in every table of the catalogue that has such a column."""
    with psycopg.connect(dsn) as conn:
        tables = conn.execute(
            "select table_name from information_schema.columns"
            " where table_schema = 'public' and column_name = 'tenant_id' order by 1"
        ).fetchall()
        conn.execute("set role headgate_backup")
        query = "select 1 from {} where tenant_id = %s"
        return {
            name: len(conn.execute(psycopg.sql.SQL(query).format(psycopg.sql.Identifier(name)), [tenant]).fetchall())
            for (name,) in tables
        }


def fill(dsn: str, *tenants: UUID) -> None:
    """One row of each tenant in every table of the catalogue, whatever it means, past row security."""
    samples = {
        "uuid": "gen_random_uuid()",
        "bytea": "'x'::bytea",
        "jsonb": "'{}'::jsonb",
        "json": "'{}'::json",
        "timestamp with time zone": "now()",
        "date": "current_date",
        "boolean": "false",
        "ARRAY": "'{}'",
        "text": "'x'",
    }
    with psycopg.connect(dsn) as conn:
        found = conn.execute(
            "select table_name, column_name, data_type, is_identity from information_schema.columns"
            " where table_schema = 'public' and is_nullable = 'NO' and column_default is null"
            " and table_name in (select table_name from information_schema.columns where column_name = 'tenant_id')"
            " order by table_name, ordinal_position"
        ).fetchall()
        tables: dict[str, dict[str, str]] = {}
        for table, column, kind, identity in found:
            if identity == "NO" and column != "tenant_id":
                tables.setdefault(table, {})[column] = samples.get(kind, "1")
        for table in {t.name for t in tenant_tables(metadata)} - {"tenants", "tenant_tombstones", "tenant_deletions"}:
            columns = tables.get(table, {})
            name = psycopg.sql.Identifier(table)
            for check in conn.execute(
                "select conname from pg_constraint where contype in ('c', 'f') and conrelid = %s::regclass", [table]
            ).fetchall():
                conn.execute(
                    psycopg.sql.SQL("alter table {} drop constraint {}").format(name, psycopg.sql.Identifier(check[0]))
                )
            conn.execute(psycopg.sql.SQL("alter table {} no force row level security").format(name))
            for tenant in tenants:
                names = ["tenant_id", *columns]
                values = [f"'{tenant}'::uuid", *columns.values()]
                statement = f'insert into "{table}" ({", ".join(names)}) values ({", ".join(values)})'
                conn.execute(statement.encode())
            conn.execute(psycopg.sql.SQL("alter table {} force row level security").format(name))


def test_an_umbrella_reads_those_below_and_nobody_beside_and_writes_none(fresh_database: Database):
    provider, mine, theirs, other = (create_tenant(fresh_database) for _ in range(4))
    for tenant, kind, above in (
        (provider, "provider", None),
        (other, "provider", None),
        (mine, "client", provider),
        (theirs, "client", other),
    ):
        with fresh_database.transaction(tenant) as conn:
            parent = slug_of(fresh_database, above) if above else ""
            place_in_tree(fresh_database, conn, Context(tenant, OLGA, NOW), kind=kind, parent=parent)
    with fresh_database.transaction(mine) as conn:
        conn.execute(
            "insert into principals (principal, kind, name, created_at) values ('user:x', 'person', 'X', %s)", [NOW]
        )
    system = Context(provider, SYSTEM, NOW)
    with fresh_database.transaction(provider, read_only=True) as conn:
        assert [(row.id, row.people) for row in umbrella(conn, system, NOW - WAIT)] == [(mine, 1)]
        with pytest.raises(Forbidden):
            umbrella(conn, Context(provider, Principal("user:x", "person"), NOW), NOW)
    with fresh_database.transaction(mine, read_only=True) as conn:
        assert umbrella(conn, system, NOW) == [], "a child sees neither its sibling nor what is above"
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with refused, fresh_database.transaction(provider, partner="P-1", read_only=True) as conn:
        conn.execute("select * from headgate_umbrella(%s)", [NOW])
    with fresh_database.scan() as conn:
        assert conn.execute("select * from headgate_umbrella(%s)", [NOW]).fetchall() == []
    with fresh_database.transaction(provider) as conn:
        # The only way down is the function, and the database knows it as one that only reads.
        assert conn.execute("update principals set name = 'Y'").rowcount == 0
        volatility = conn.execute("select provolatile from pg_proc where proname = 'headgate_umbrella'").fetchone()
        assert volatility == ("s",)
        with pytest.raises(psycopg.errors.Error), conn.transaction():
            conn.execute("update headgate_umbrella(now()) set name = 'Y'")


def test_a_tree_is_no_ring_and_clients_have_none_below(fresh_database: Database):
    one, two = create_tenant(fresh_database), create_tenant(fresh_database)
    slugs = [slug_of(fresh_database, tenant) for tenant in (one, two)]

    def place(tenant: UUID, kind: str, parent: str) -> None:
        with fresh_database.transaction(tenant) as conn:
            place_in_tree(fresh_database, conn, Context(tenant, OLGA, NOW), kind=kind, parent=parent)

    with pytest.raises(Conflict, match="make it a provider"):
        place(two, "client", slugs[0])
    place(one, "provider", "")
    place(two, "provider", slugs[0])
    with pytest.raises(Conflict, match="below"):
        place(one, "provider", slugs[1])
    with pytest.raises(Conflict, match="below"):
        place(one, "provider", slugs[0])
    with pytest.raises(NotFound):
        place(one, "provider", "nobody")
    with pytest.raises(Invalid):
        place(one, "king", "")
