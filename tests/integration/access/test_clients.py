"""Clients of service accounts and what they get for their secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from headgate.access import (
    authenticate_api_key,
    create_api_key,
    create_service,
    grant_role,
    list_api_keys,
    load_key,
    parse_api_key,
    reactivate,
    revoke_role,
    rotate_api_key,
    suspend,
)
from headgate.access.clients import (
    NewSecret,
    OAuthRefusal,
    change_client_status,
    create_client,
    forget_tokens,
    issue_token,
    list_clients,
    retire_secrets,
    revoke_token,
    rotate_client_secret,
)
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW

ERP = "service:erp"


@pytest.fixture
def client(database, tenant, ctx) -> NewSecret:
    """A client of a service account that may send events and read orders and deals; the client not the deals."""
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="erp", name="ERP")
        grant_role(conn, ctx, ERP, "integration")
        return create_client(conn, ctx, ERP, name="ERP", scopes=["events.write", "orders.read"])


def token(database, tenant, ctx, client: NewSecret, **asked: Any):
    with database.transaction(tenant) as conn:
        return issue_token(conn, ctx, client.client, client.secret, **asked)


def test_a_secret_gets_a_token_that_stands_for_the_account_within_the_clients_scopes(database, tenant, ctx, client):
    made = token(database, tenant, ctx, client)
    assert made.seconds == 15 * 60
    assert made.scopes == ("events.write", "orders.read")
    assert made.token.startswith(f"hgt_{tenant.hex}_")
    tenant_id, principal = authenticate_api_key(database, made.token, NOW)
    assert (tenant_id, principal.id) == (tenant, ERP)
    assert principal.permissions == {"events.write", "orders.read"}


def test_a_token_may_be_asked_for_less_and_never_for_more(database, tenant, ctx, client):
    made = token(database, tenant, ctx, client, scope="orders.read")
    assert authenticate_api_key(database, made.token, NOW)[1].permissions == {"orders.read"}
    for scope in ("deals.read", "admin", "orders.read admin", "no.such", "\x07"):
        with pytest.raises(OAuthRefusal) as refused:
            token(database, tenant, ctx, client, scope=scope)
        assert refused.value.error == "invalid_scope"


def test_a_token_ends_with_its_minutes_with_its_client_and_with_its_account(database, tenant, ctx, client):
    made = token(database, tenant, ctx, client)
    authenticate_api_key(database, made.token, NOW + timedelta(minutes=14, seconds=59))
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, made.token, NOW + timedelta(minutes=15))
    with database.transaction(tenant) as conn:
        suspend(conn, ctx, ERP)
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, made.token, NOW)
    with pytest.raises(OAuthRefusal):
        token(database, tenant, ctx, client)
    with database.transaction(tenant) as conn:
        reactivate(conn, ctx, ERP)
        change_client_status(conn, ctx, client.client, "disabled")
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, made.token, NOW)
    with pytest.raises(OAuthRefusal):
        token(database, tenant, ctx, client)
    with database.transaction(tenant) as conn:
        change_client_status(conn, ctx, client.client, "active")
    token(database, tenant, ctx, client)


def test_a_role_that_is_taken_away_counts_for_tokens_that_are_out(database, tenant, ctx, client):
    made = token(database, tenant, ctx, client)
    with database.transaction(tenant) as conn:
        revoke_role(conn, ctx, ERP, "integration")
    assert authenticate_api_key(database, made.token, NOW)[1].permissions == frozenset()


def test_a_token_for_one_audience_is_refused_by_another(database, tenant, ctx, client):
    made = token(database, tenant, ctx, client, audience="api")
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, made.token, NOW, audience="scim")
    with pytest.raises(OAuthRefusal) as refused:
        token(database, tenant, ctx, client, audience="scim")
    assert refused.value.error == "invalid_target"
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="idp", name="IdP")
        grant_role(conn, ctx, "service:idp", "provisioning")
        scim = create_client(conn, ctx, "service:idp", name="IdP", scopes=["scim"], audience="scim")
    theirs = token(database, tenant, ctx, scim)
    assert authenticate_api_key(database, theirs.token, NOW, audience="scim")[1].permissions == {"scim"}
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, theirs.token, NOW)
    _, key_id, _ = parse_api_key(theirs.token)
    assert not load_key(database, tenant, key_id, NOW).active, "the way in of events is the API, too"


def test_a_wrong_secret_an_unknown_client_and_another_tenants_client_are_refused_alike(
    database, tenant, ctx, client, make_tenant
):
    other = make_tenant()
    bad = [
        replace(client, secret=client.secret[:-1] + ("A" if client.secret[-1] != "A" else "B")),
        replace(client, secret=""),
        replace(client, client=client.client[:-1] + ("0" if client.client[-1] != "0" else "1")),
        replace(client, client=client.client.replace(tenant.hex, other.hex)),
        replace(client, client="erp"),
    ]
    told = set()
    for each in bad:
        with pytest.raises(OAuthRefusal) as refused:
            token(database, tenant, ctx, each)
        told.add((refused.value.error, str(refused.value)))
    assert len(told) == 1
    with database.transaction(other) as conn, pytest.raises(OAuthRefusal):
        issue_token(conn, replace(ctx, tenant_id=other), client.client, client.secret)


def test_a_new_secret_overlaps_with_the_one_before_and_then_is_the_only_one(database, tenant, ctx, client):
    with database.transaction(tenant) as conn:
        new = rotate_client_secret(conn, ctx, client.client, keep=timedelta(hours=2))
    token(database, tenant, ctx, client)
    token(database, tenant, ctx, new)
    with database.transaction(tenant) as conn, pytest.raises(Conflict, match="still works"):
        rotate_client_secret(conn, ctx, client.client)
    later = replace(ctx, now=NOW + timedelta(hours=2))
    with pytest.raises(OAuthRefusal):
        token(database, tenant, later, client)
    token(database, tenant, later, new)
    with database.transaction(tenant) as conn:
        newest = rotate_client_secret(conn, later, client.client)
        assert retire_secrets(conn, later, client.client) == 1
        assert retire_secrets(conn, later, client.client) == 0
        assert [len(c.secrets) for c in list_clients(conn, later.now)] == [1]
    with pytest.raises(OAuthRefusal):
        token(database, tenant, later, new)
    token(database, tenant, later, newest)


def test_a_client_ends_its_own_tokens_and_no_others(database, tenant, ctx, client):
    with database.transaction(tenant) as conn:
        second = create_client(conn, ctx, ERP, name="other", scopes=["orders.read"])
    mine, theirs = token(database, tenant, ctx, client), token(database, tenant, ctx, second)
    with database.transaction(tenant) as conn:
        revoke_token(conn, ctx, client.client, client.secret, theirs.token)
        revoke_token(conn, ctx, client.client, client.secret, "junk")
        revoke_token(conn, ctx, client.client, client.secret, mine.token)
    authenticate_api_key(database, theirs.token, NOW)
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, mine.token, NOW)


def test_tokens_are_no_keys_and_are_forgotten_when_they_have_ended(database, tenant, ctx, client):
    token(database, tenant, ctx, client)
    later = NOW + timedelta(hours=1)
    with database.transaction(tenant) as conn:
        assert list_api_keys(conn) == []
        assert forget_tokens(conn, NOW, 10) == 0
        assert forget_tokens(conn, later, 10) == 1


def test_no_secret_and_no_token_stands_in_the_database_or_the_audit_trail(database, tenant, ctx, client, superuser):
    made = token(database, tenant, ctx, client)
    secret = made.token.split("_", 3)[3]
    for table in ("client_secrets", "oauth_clients", "api_keys", "audit_entries"):
        rows = superuser.execute(f"select t::text from {table} t where tenant_id = %s", [tenant]).fetchall()
        for (row,) in rows:
            assert client.secret not in row
            assert secret not in row
    with database.transaction(tenant) as conn:
        actions = [entry.action for entry in audit_list(conn, limit=50)]
    assert "client.created" in actions
    assert "token.issued" in actions


def test_clients_are_for_service_accounts_and_for_what_they_may(database, tenant, ctx, person, acting):
    someone = person("ana", "order_desk")
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="erp", name="ERP")
        with pytest.raises(Conflict, match="not a service account"):
            create_client(conn, ctx, someone, name="x", scopes=["orders.read"])
        with pytest.raises(Forbidden, match="does not have"):
            create_client(conn, ctx, ERP, name="x", scopes=["orders.read"])
        grant_role(conn, ctx, ERP, "integration")
        wrongs: list[dict[str, Any]] = [
            {"scopes": []},
            {"scopes": ["x"]},
            {"token_minutes": 0},
            {"token_minutes": 61},
            {"name": " "},
            {"audience": "all"},
        ]
        for wrong in wrongs:
            with pytest.raises(Invalid):
                create_client(conn, ctx, ERP, **({"name": "x", "scopes": ["orders.read"]} | wrong))
        with pytest.raises(Forbidden):
            create_client(conn, acting(someone), ERP, name="x", scopes=["orders.read"])
        with pytest.raises(NotFound):
            rotate_client_secret(conn, ctx, "hgc_x")
        assert list_clients(conn, NOW) == []


def test_a_key_that_is_replaced_works_on_for_the_overlap_and_the_new_one_lives_as_long(database, tenant, ctx):
    year = timedelta(days=365)
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="erp", name="ERP")
        grant_role(conn, ctx, ERP, "integration")
        old = create_api_key(conn, ctx, ERP, name="live", scopes=["orders.read"], expires_at=NOW + year)
        [listed] = list_api_keys(conn)
        later = replace(ctx, now=NOW + timedelta(days=300))
        new = rotate_api_key(conn, later, listed.key_id, keep=timedelta(hours=1))
        newest, former = list_api_keys(conn)
    assert newest.replaces == former.key_id
    assert newest.scopes == ("orders.read",)
    assert newest.expires_at == later.now + year
    authenticate_api_key(database, old, later.now)
    authenticate_api_key(database, new, later.now)
    with pytest.raises(Unauthenticated):
        authenticate_api_key(database, old, later.now + timedelta(hours=1))
    after = replace(ctx, now=later.now + timedelta(hours=2))
    with database.transaction(tenant) as conn:
        with pytest.raises(Conflict, match="does not work any more"):
            rotate_api_key(conn, after, former.key_id)
        with pytest.raises(Invalid):
            rotate_api_key(conn, after, newest.key_id, keep=timedelta(days=31))
        with pytest.raises(NotFound):
            rotate_api_key(conn, after, "0" * 16)
