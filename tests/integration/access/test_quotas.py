"""What a tenant may have: refused when it is used up, told before, and given back when something ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headgate.access import (
    create_api_key,
    create_service,
    create_source,
    grant_role,
    list_api_keys,
    list_sources,
    revoke_api_key,
    rotate_api_key,
    set_source,
)
from headgate.access.clients import change_client_status, create_client
from headgate.access.envelope import Envelope
from headgate.access.tenancy import Usage, expect_document_room, set_quotas, usage
from headgate.kernel.errors import OverQuota
from tests.integration.access.conftest import NOW


@pytest.fixture
def envelope(tmp_path):
    return Envelope.from_home(tmp_path)


def used(conn, name):
    return next(each for each in usage(conn, NOW) if each.name == name)


@pytest.mark.parametrize(
    ("taken", "limit", "percent", "state"),
    [(0, None, 0, "free"), (79, 100, 79, "free"), (80, 100, 80, "near"), (99, 100, 99, "near"), (100, 100, 100, "full"),
     (5, 3, 166, "full"), (0, 0, 100, "full"), (3, 4, 75, "free"), (10**9, None, 0, "free")],
)  # fmt: skip
def test_it_is_told_from_eighty_per_cent_on(taken, limit, percent, state):
    found = Usage("people", "people", taken, limit)
    assert (found.percent, found.state) == (percent, state)


def test_sources_are_counted_while_they_may_send(database, tenant, ctx, envelope):
    with database.transaction(tenant) as conn:
        set_quotas(conn, ctx, {"sources": 1})
        create_source(conn, ctx, envelope, source="shop", name="Shop")
        with pytest.raises(OverQuota, match="may have 1 sources that may send events and has 1; disable one"):
            create_source(conn, ctx, envelope, source="erp", name="ERP")
        assert [each.source for each in list_sources(conn)] == ["shop"]
        set_source(conn, ctx, "shop", status="disabled")
        create_source(conn, ctx, envelope, source="erp", name="ERP")
        with pytest.raises(OverQuota):
            set_source(conn, ctx, "shop", status="active")
        set_source(conn, ctx, "erp", types=["order.submitted"])
        assert used(conn, "sources").state == "full"


def test_keys_are_counted_while_they_work_and_can_be_replaced_at_the_limit(database, tenant, ctx):
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="erp", name="ERP")
        grant_role(conn, ctx, "service:erp", "integration")

        def key(**more):
            return create_api_key(conn, ctx, "service:erp", name="k", scopes=["events.write"], **more)

        set_quotas(conn, ctx, {"api_keys": 2})
        key()
        key(expires_at=NOW + timedelta(days=1))
        with pytest.raises(OverQuota, match="revoke one"):
            key()
        lasting = next(each for each in list_api_keys(conn) if each.expires_at is None)
        rotate_api_key(conn, ctx, lasting.key_id)
        assert used(conn, "api_keys").used == 2, "what is replaced is not counted beside what replaces it"
        revoke_api_key(conn, ctx, next(each.key_id for each in list_api_keys(conn) if each.replaces))
        assert used(conn, "api_keys").used == 2, "the former key works through its overlap"
        conn.execute("update api_keys set expires_at = %s", [NOW])
        key()
        assert used(conn, "api_keys").used == 1


def test_without_a_limit_nothing_is_refused_and_nothing_is_near(database, tenant, ctx, envelope):
    with database.transaction(tenant) as conn:
        for number in range(3):
            create_source(conn, ctx, envelope, source=f"s{number}", name="S")
        assert {each.state for each in usage(conn, NOW)} == {"free"}
        assert used(conn, "sources").used == 3


def test_clients_are_counted_while_they_may_get_tokens(database, tenant, ctx):
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="erp", name="ERP")
        grant_role(conn, ctx, "service:erp", "integration")

        def client():
            return create_client(conn, ctx, "service:erp", name="c", scopes=["events.write"]).client

        set_quotas(conn, ctx, {"oauth_clients": 1})
        first = client()
        with pytest.raises(OverQuota, match="disable one"):
            client()
        change_client_status(conn, ctx, first, "disabled")
        client()
        with pytest.raises(OverQuota):
            change_client_status(conn, ctx, first, "active")
        assert used(conn, "oauth_clients").state == "full"


@pytest.mark.parametrize(
    ("table", "number"), [("deal_files", "deal"), ("return_files", "rma"), ("price_exception_files", "request")]
)
def test_files_of_partners_are_counted_in_megabytes(database, tenant, ctx, table, number):
    with database.transaction(tenant) as conn:
        assert used(conn, "document_megabytes").used == 0
        conn.execute(
            f"insert into {table} (file, {number}, partner, name, media_type, size, sha256, content, uploaded_by,"
            " uploaded_at) values (gen_random_uuid(), 'D-1', 'P-1', 'a.pdf', 'application/pdf', 1500000, '', '',"
            " 'x', %s)",
            [NOW],
        )
        assert used(conn, "document_megabytes").used == 2
        expect_document_room(conn, 10**12)
        set_quotas(conn, ctx, {"document_megabytes": 2})
        expect_document_room(conn, 500_000)
        with pytest.raises(OverQuota, match="may keep 2 megabytes"):
            expect_document_room(conn, 500_001)
        assert used(conn, "document_megabytes").state == "full"
