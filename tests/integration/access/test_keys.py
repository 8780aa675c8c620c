from __future__ import annotations

from datetime import timedelta

import pytest

from headgate.access import (
    authenticate_api_key,
    check_api_key,
    create_api_key,
    create_service,
    grant_role,
    list_api_keys,
    revoke_api_key,
    revoke_role,
    suspend,
)
from headgate.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW

SHOP = "service:webshop-1"


@pytest.fixture
def key(database, tenant, ctx):
    """A key of a service account that may send events and read orders, limited to sending."""
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="webshop-1", name="Web shop")
        grant_role(conn, ctx, SHOP, "integration")
        return create_api_key(conn, ctx, SHOP, name="live", scopes=["events.write"])


def test_a_key_stands_for_its_account_within_its_scopes(database, tenant, key):
    assert key.startswith(f"hgk_{tenant.hex}_")
    tenant_id, principal = authenticate_api_key(database, key, NOW)
    assert tenant_id == tenant
    assert principal.id == SHOP
    assert principal.permissions == {"events.write"}


def test_a_scope_is_worth_no_more_than_the_account_has(database, tenant, ctx, key):
    with database.transaction(tenant) as conn:
        revoke_role(conn, ctx, SHOP, "integration")
        assert check_api_key(conn, key, NOW).permissions == frozenset()


def test_only_the_hash_of_a_key_is_stored(tenant, key, superuser):
    secret = key.split("_", 3)[3]
    (row,) = superuser.execute("select k::text from api_keys k where tenant_id = %s", [tenant]).fetchone()
    assert secret not in row
    assert secret.encode().hex() not in row


def test_a_wrong_secret_another_key_id_and_junk_are_refused(database, key):
    prefix, tenant_hex, key_id, secret = key.split("_", 3)
    other = ("A" if secret[0] != "A" else "B") + secret[1:]
    for bad in (
        f"{prefix}_{tenant_hex}_{key_id}_{other}",
        f"{prefix}_{tenant_hex}_{'0' * 16}_{secret}",
        "hgk_x",
        "",
        "Bearer",
    ):
        with pytest.raises(Unauthenticated):
            authenticate_api_key(database, bad, NOW)


def test_another_tenants_key_is_refused(database, key, make_tenant):
    other = make_tenant()
    _, _, rest = key.split("_", 2)
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, f"hgk_{other.hex}_{rest}", NOW)
    with database.transaction(other) as conn, pytest.raises(Unauthenticated):
        check_api_key(conn, key, NOW)


def test_a_revoked_key_is_refused_at_once(database, tenant, ctx, key):
    [listed] = _keys(database, tenant)
    with database.transaction(tenant) as conn:
        revoke_api_key(conn, ctx, listed.key_id)
        revoke_api_key(conn, ctx, listed.key_id)
        assert len(audit_list(conn, action="api_key.revoked")) == 1
        with pytest.raises(NotFound):
            revoke_api_key(conn, ctx, "0" * 16)
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, key, NOW)
    assert _keys(database, tenant)[0].status == "revoked"


def test_an_expired_key_is_refused(database, tenant, ctx, key):
    with database.transaction(tenant) as conn:
        short = create_api_key(
            conn, ctx, SHOP, name="short", scopes=["orders.read"], expires_at=NOW + timedelta(hours=1)
        )
    authenticate_api_key(database, short, NOW + timedelta(minutes=59))
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, short, NOW + timedelta(hours=1))


def test_a_suspended_accounts_key_is_refused(database, tenant, ctx, key):
    with database.transaction(tenant) as conn:
        suspend(conn, ctx, SHOP)
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, key, NOW)


def test_last_use_is_noted_about_once_a_minute(database, tenant, key):
    for seconds in (0, 30, 59, 60):
        authenticate_api_key(database, key, NOW + timedelta(seconds=seconds))
        expected = NOW if seconds < 60 else NOW + timedelta(minutes=1)
        assert _keys(database, tenant)[0].last_used == expected


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["everything"]}),
        ("name", {"name": ""}),
        ("expires_at", {"expires_at": NOW}),
        ("expires_at", {"expires_at": NOW.replace(tzinfo=None) + timedelta(days=1)}),
    ],
)
def test_a_bad_field_is_refused_by_name(database, tenant, ctx, key, field, changes):
    with database.transaction(tenant) as conn, pytest.raises(Invalid) as caught:
        create_api_key(conn, ctx, SHOP, **{"name": "n", "scopes": ["events.write"], **changes})
    assert caught.value.problems[0].field == field


def test_nobody_gets_a_key_for_more_than_they_may_or_for_somebody_else(database, tenant, ctx, key, person, acting):
    ana = acting(person("ana", "finance"))
    with database.transaction(tenant) as conn:
        own = create_api_key(conn, ana, ana.principal.id, name="report", scopes=["orders.read"])
        assert check_api_key(conn, own, NOW).permissions == {"orders.read"}
        with pytest.raises(Forbidden):
            create_api_key(conn, ana, ana.principal.id, name="more", scopes=["admin"])
        with pytest.raises(Forbidden):
            create_api_key(conn, ana, SHOP, name="theirs", scopes=["events.write"])
        with pytest.raises(Forbidden):
            revoke_api_key(conn, ana, key.split("_")[2])
        with pytest.raises(NotFound):
            create_api_key(conn, ctx, "service:none", name="n", scopes=["orders.read"])
        assert len(list_api_keys(conn, principal=ana.principal.id)) == 1


def _keys(database, tenant):
    with database.transaction(tenant) as conn:
        return list_api_keys(conn)
