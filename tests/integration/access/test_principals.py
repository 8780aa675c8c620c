from __future__ import annotations

from datetime import timedelta

import pytest

from headgate.access import (
    accounts_in_roles,
    authenticate,
    create_person,
    create_service,
    get_account,
    grant_role,
    list_accounts,
    load_principal,
    reactivate,
    resume_session,
    set_password,
    start_session,
    suspend,
)
from headgate.kernel.context import Principal
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW, PASSWORD


def test_a_person_is_named_by_their_mail_address_in_lower_case(database, tenant, ctx):
    with database.transaction(tenant) as conn:
        made = create_person(conn, ctx, email=" Ana@Nordwind.Example ", name=" Ana Silva ")
        assert (made.principal, made.email, made.name) == (
            "user:ana@nordwind.example",
            "ana@nordwind.example",
            "Ana Silva",
        )
        with pytest.raises(Conflict):
            create_person(conn, ctx, email="ANA@nordwind.example", name="Other")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("email", {"email": "ana"}),
        ("email", {"email": "ana@"}),
        ("email", {"email": "a b@nordwind.example"}),
        ("email", {"email": "a..b@nordwind.example"}),
        ("email", {"email": "x" * 300 + "@nordwind.example"}),
        ("name", {"name": ""}),
        ("password", {"password": "short"}),
        ("password", {"password": "nordwind nordwind"}),
        ("partner", {"partner": " "}),
    ],
)
def test_a_bad_field_is_refused_by_name(database, tenant, ctx, field, changes):
    with database.transaction(tenant) as conn, pytest.raises(Invalid) as caught:
        create_person(conn, ctx, **{"email": "ana@nordwind.example", "name": "Ana", **changes})
    assert caught.value.problems[0].field == field


def test_roles_give_the_union_of_their_permissions(database, tenant, person):
    ana = person("ana", "finance", "finance_director")
    with database.transaction(tenant) as conn:
        principal = load_principal(conn, ana, NOW)
    assert principal.roles == {"finance", "finance_director"}
    assert {"approvals.decide", "policies.approve", "quarantine.read"} <= principal.permissions
    assert "orders.write" not in principal.permissions


def test_a_role_holds_between_its_dates_only(database, tenant, ctx, person):
    ana = person("ana")
    until = NOW + timedelta(days=1)
    with database.transaction(tenant) as conn:
        grant_role(conn, ctx, ana, "finance", valid_from=NOW, valid_until=until)
        moment = timedelta(microseconds=1)
        held = [bool(load_principal(conn, ana, at).roles) for at in (NOW - moment, NOW, until - moment, until)]
        assert held == [False, True, True, False]
        assert [bool(accounts_in_roles(conn, ["finance"], at)) for at in (NOW, until)] == [True, False]


def test_a_portal_user_is_limited_to_a_partner(database, tenant, ctx):
    with database.transaction(tenant) as conn:
        made = create_person(conn, ctx, email="zoe@reseller.example", name="Zoe", partner="P-0007")
        assert load_principal(conn, made.principal, NOW).partner == "P-0007"


def test_a_service_account_has_a_short_name(database, tenant, ctx):
    with database.transaction(tenant) as conn:
        made = create_service(conn, ctx, code="webshop-1", name="Web shop")
        assert (made.principal, made.kind, made.email) == ("service:webshop-1", "service", None)
        with pytest.raises(Conflict):
            create_service(conn, ctx, code="webshop-1", name="Again")
        with pytest.raises(Invalid):
            create_service(conn, ctx, code="Web Shop", name="Bad")
        with pytest.raises(Conflict):
            set_password(conn, ctx, made.principal, PASSWORD)


def test_only_administrators_manage_accounts(database, tenant, person, acting):
    ana, clerk = person("ana"), acting(person("ben", "order_desk"))
    attempts = [
        lambda conn: create_person(conn, clerk, email="c@nordwind.example", name="C"),
        lambda conn: create_service(conn, clerk, code="c", name="C"),
        lambda conn: suspend(conn, clerk, ana),
        lambda conn: reactivate(conn, clerk, ana),
        lambda conn: set_password(conn, clerk, ana, PASSWORD),
    ]
    for attempt in attempts:
        with database.transaction(tenant) as conn, pytest.raises(Forbidden):
            attempt(conn)


def test_a_suspended_account_is_shut_out_at_once_and_let_in_again(database, tenant, ctx, person, acting):
    ana = person("ana", "finance", password=PASSWORD)
    with database.transaction(tenant) as conn:
        token = start_session(conn, acting(ana), ana).token
        suspend(conn, ctx, ana)
        with pytest.raises(Unauthenticated):
            resume_session(conn, token, NOW)
        with pytest.raises(Forbidden):
            load_principal(conn, ana, NOW)
        assert not isinstance(authenticate(conn, ctx, "ana@nordwind.example", PASSWORD), Principal)
        assert accounts_in_roles(conn, ["finance"], NOW) == []
        reactivate(conn, ctx, ana)
        assert isinstance(authenticate(conn, ctx, "ana@nordwind.example", PASSWORD), Principal)
        with pytest.raises(Unauthenticated):
            resume_session(conn, token, NOW)
        assert [e.action for e in audit_list(conn, subject=ana, limit=2)] == ["principal.active", "principal.suspended"]


def test_nobody_suspends_themselves(database, tenant, person, acting):
    ada = person("ada", "tenant_admin")
    with database.transaction(tenant) as conn, pytest.raises(Forbidden):
        suspend(conn, acting(ada), ada)


def test_a_new_password_ends_every_session(database, tenant, ctx, person, acting):
    ana = person("ana", password=PASSWORD)
    with database.transaction(tenant) as conn:
        token = start_session(conn, acting(ana), ana).token
        set_password(conn, acting(ana), ana, "another horse battery")
        with pytest.raises(Unauthenticated):
            resume_session(conn, token, NOW)
        assert isinstance(authenticate(conn, ctx, "ana@nordwind.example", "another horse battery"), Principal)
        assert not isinstance(authenticate(conn, ctx, "ana@nordwind.example", PASSWORD), Principal)


def test_a_password_is_stored_as_an_argon2id_hash_and_stands_nowhere_else(database, tenant, person, superuser):
    person("ana", password=PASSWORD)
    (stored,) = superuser.execute("select password_hash from principals where tenant_id = %s", [tenant]).fetchone()
    assert stored.startswith("$argon2id$")
    bodies = superuser.execute(
        "select string_agg(body, '') from audit_entries where tenant_id = %s", [tenant]
    ).fetchone()
    assert PASSWORD not in bodies[0]
    assert "argon2" not in bodies[0]


def test_accounts_are_listed_page_by_page(database, tenant, ctx, person):
    for name in ("cleo", "ana", "ben"):
        person(name)
    with database.transaction(tenant) as conn:
        create_service(conn, ctx, code="shop", name="Shop")
        page = list_accounts(conn, NOW, limit=2)
        assert [a.principal for a in page] == ["service:shop", "user:ana@nordwind.example"]
        rest = list_accounts(conn, NOW, after=page[-1].principal)
        assert [a.name for a in rest] == ["Ben", "Cleo"]
        assert [a.kind for a in list_accounts(conn, NOW, kind="service")] == ["service"]


def test_another_tenants_accounts_are_not_seen(database, person, make_tenant):
    ana = person("ana")
    with database.transaction(make_tenant()) as conn:
        with pytest.raises(NotFound):
            get_account(conn, ana, NOW)
        assert list_accounts(conn, NOW) == []
