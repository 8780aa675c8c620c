"""A provider and the tenants below it: it sets them up, and the database lets it see nothing of their business."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from headgate.access import create_person, get_tenant, grant_role, load_principal
from headgate.access.tenancy import (
    acting_on,
    ask_deletion,
    confirm_deletion,
    due_deletions,
    expect_childless,
    founding_below,
    list_below,
    list_tombstones,
    looking_at,
    move_below,
    pending_deletion,
    place_in_tree,
    resume_tenant,
    set_quotas,
    suspend_tenant,
    sweep,
)
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound
from headgate.ledger import audit_list
from headgate.store import Database, metadata
from headgate.store.stewarding import founding, stewarding
from tests.conftest import create_tenant
from tests.integration.access.conftest import NOW

WAIT = timedelta(days=30)


def make_provider(database: Database, kind: str = "provider") -> tuple[UUID, Context, Context]:
    """A tenant with clients to be, and two of its people who operate tenants."""
    tenant = create_tenant(database)
    with database.transaction(tenant) as conn:
        system = Context(tenant, SYSTEM, NOW)
        place_in_tree(database, conn, system, kind=kind, parent="")
        people = []
        for name in ("olga", "otto"):
            account = create_person(conn, system, email=f"{name}@westhafen.example", name=name.title())
            grant_role(conn, system, account.principal, "operator")
            people.append(Context(tenant, load_principal(conn, account.principal, NOW), NOW))
    return tenant, people[0], people[1]


def make_client(database: Database, ctx: Context, slug: str = "", kind: str = "client") -> str:
    slug = slug or f"c-{uuid4().hex[:10]}"
    with (
        database.transaction(ctx.tenant_id) as conn,
        founding_below(
            conn, ctx, uuid4(), slug=slug, name="Client", currency="EUR", timezone="Europe/Berlin", kind=kind
        ),
    ):
        pass
    return slug


def id_of(database: Database, ctx: Context, slug: str) -> UUID:
    with database.transaction(ctx.tenant_id) as conn:
        return next(each.id for each in list_below(conn, ctx) if each.slug == slug)


@contextmanager
def act(database: Database, ctx: Context, slug: str, action: str = "client_tenant.tried"):
    with database.transaction(ctx.tenant_id) as conn, acting_on(conn, ctx, slug, action) as inside:
        yield conn, inside


def test_a_provider_makes_and_shuts_a_client_and_both_chains_tell(database: Database) -> None:
    tenant, olga, _ = make_provider(database)
    slug = make_client(database, olga)
    client = id_of(database, olga, slug)
    with act(database, olga, slug, "client_tenant.suspended") as (conn, inside):
        suspend_tenant(conn, inside, "unpaid since June")
    with act(database, olga, slug, "client_tenant.resumed") as (conn, inside):
        resume_tenant(conn, inside)
        assert set_quotas(conn, inside, {"people": 5}).quotas == {"people": 5}
    with database.transaction(tenant) as conn:
        told = [entry.action for entry in audit_list(conn, subject_type="client_tenant", subject=slug)]
        assert told == ["client_tenant.resumed", "client_tenant.suspended", "client_tenant.created"]
        (line,) = list_below(conn, olga)
        assert (line.slug, line.parent, line.depth, line.quotas) == (slug, tenant, 1, {"people": 5})
        home = get_tenant(conn).slug
    with database.transaction(client) as conn:
        entries = audit_list(conn, subject_type="tenant")
        assert [e.action for e in entries][:3] == ["tenant.quotas_set", "tenant.resumed", "tenant.suspended"]
        assert {e.actor for e in entries} == {f"provider:{home}/user:olga@westhafen.example"}


def test_within_a_client_a_provider_reads_no_row_of_its_business(database: Database) -> None:
    _, olga, _ = make_provider(database)
    slug = make_client(database, olga)
    open_to_it = {name for name, table in metadata.tables.items() if table.info["steward"]}
    assert open_to_it == {"tenants", "tenant_deletions", "provider_guests", "audit_entries", "audit_heads"}
    readable = {name for name, table in metadata.tables.items() if "select" in table.info["steward"]}
    for name in sorted(metadata.tables):
        query = psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(name))
        with act(database, olga, slug) as (conn, _):
            if name in readable:
                conn.execute(query)
                continue
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(query)
    with act(database, olga, slug) as (conn, _):
        for statement in (
            "insert into principals (principal, kind, name, created_at) values ('user:x', 'person', 'X', now())",
            "delete from tenants",
            "delete from audit_heads",
            "update audit_entries set actor = 'nobody'",
            "select * from headgate_umbrella(now())",
            "set role headgate_scan",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(statement.encode())


def test_a_failure_inside_takes_all_of_it_back_and_the_transaction_is_the_providers_again(database: Database) -> None:
    tenant, olga, _ = make_provider(database)
    slug = make_client(database, olga)
    with database.transaction(tenant) as conn:
        with pytest.raises(Conflict), acting_on(conn, olga, slug, "client_tenant.tried") as inside:
            suspend_tenant(conn, inside, "unpaid")
            suspend_tenant(conn, inside, "again")
        assert get_tenant(conn).id == tenant
        assert conn.execute("select count(*) > 0 from principals").fetchone() == (True,)
        assert list_below(conn, olga)[0].status == "active"
        assert audit_list(conn, action="client_tenant.tried") == []
        with looking_at(conn, olga, slug):
            assert get_tenant(conn).slug == slug
        assert get_tenant(conn).id == tenant


def test_nobody_reaches_beside_or_above_and_only_who_operates(database: Database) -> None:
    tenant, olga, _ = make_provider(database)
    other, uma, _ = make_provider(database)
    mine, theirs = make_client(database, olga), make_client(database, uma)
    client = id_of(database, uma, theirs)
    ana = Context(tenant, Principal("user:ana", "person", permissions=frozenset({"admin"})), NOW)
    with database.transaction(tenant) as conn:
        assert [line.slug for line in list_below(conn, olga)] == [mine]
        for slug in (theirs, get_tenant(conn).slug, "nobody", ""):
            with pytest.raises(NotFound), acting_on(conn, olga, slug, "client_tenant.tried"):
                pytest.fail("let in")
        for wrong in (client, other, tenant, uuid4()):
            with pytest.raises(NotFound), stewarding(conn, wrong):
                pytest.fail("let in")
        with pytest.raises(Forbidden):
            list_below(conn, ana)
        with pytest.raises(Conflict), founding(conn, client):
            pytest.fail("let in")
        with pytest.raises(NotFound):
            move_below(database, conn, olga, mine, kind="client", parent=theirs)
        with pytest.raises(Invalid):
            move_below(database, conn, olga, mine, kind="operator", parent=get_tenant(conn).slug)
    with database.transaction(client) as conn, pytest.raises(NotFound), stewarding(conn, other):
        pytest.fail("a client steps into its provider")
    with database.transaction(tenant, partner="P-1") as conn, pytest.raises(NotFound), stewarding(conn, tenant):
        pytest.fail("a partner steps somewhere")


def test_a_client_has_nobody_below_and_an_operator_is_of_a_provider(database: Database) -> None:
    tenant = create_tenant(database)
    with database.transaction(tenant) as conn:
        ctx = Context(tenant, SYSTEM, NOW)
        with (
            pytest.raises(Invalid, match="no tenants below"),
            founding_below(conn, ctx, uuid4(), slug="below-client", name="X", currency="EUR", timezone="Europe/Berlin"),
        ):
            pytest.fail("made")
        ana = create_person(conn, ctx, email="ana@x.example", name="Ana")
        with pytest.raises(Forbidden, match="providers"):
            grant_role(conn, ctx, ana.principal, "operator")


def test_a_deletion_that_is_due_is_carried_out_once_and_certified_to_the_provider(
    fresh_database: Database, fresh_settings
) -> None:
    database = fresh_database
    tenant, olga, otto = make_provider(database)
    slug, below = make_client(database, olga, kind="provider"), ""
    client = id_of(database, olga, slug)
    with act(database, olga, slug) as (conn, inside):
        ask_deletion(conn, inside, "the contract ended")
        with pytest.raises(DutyConflict):
            confirm_deletion(conn, inside, wait=WAIT)
    with act(database, otto, slug) as (conn, inside):
        confirm_deletion(conn, inside, wait=WAIT)
        assert pending_deletion(conn) is not None
    with database.transaction(client) as conn:
        below = get_tenant(conn).slug
    with database.transaction(tenant) as conn:
        assert [(line.status, line.slug) for line in list_below(conn, olga)] == [("deleting", below)]

    def owner():
        return psycopg.connect(fresh_settings.database_url)

    def swept(now):
        return [each.slug for each in sweep(database, owner, lambda: metadata, now)]

    assert due_deletions(database, NOW + WAIT - timedelta(seconds=1)) == []
    child = create_tenant(database)
    with database.transaction(child) as conn:
        place_in_tree(database, conn, Context(child, SYSTEM, NOW), kind="client", parent=slug)
    assert swept(NOW + WAIT) == [], "one with tenants below it waits"
    with pytest.raises(Conflict, match="below nobody"):
        expect_childless(database, client)
    with database.transaction(child) as conn:
        place_in_tree(database, conn, Context(child, SYSTEM, NOW), kind="client", parent="")
    assert swept(NOW + WAIT) == [slug]
    assert swept(NOW + WAIT) == []
    (stone,) = list_tombstones(database)
    assert (stone.slug, stone.parent) == (slug, tenant)
    with database.transaction(tenant) as conn:
        (entry,) = audit_list(conn, action="tenant.deleted")
        assert entry.body["head"] == (stone.head or b"").hex()
        assert entry.body["rows"]["tenants"] == 1
        assert entry.body["confirmed_by"].endswith("/user:otto@westhafen.example")
        assert list_below(conn, olga) == []
