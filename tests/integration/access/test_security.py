"""A tenant's own rules for sign-ins: each counts where it should, and no change locks everybody out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headgate.access import (
    Denied,
    SecurityRules,
    authenticate,
    create_person,
    list_sessions,
    read_session,
    save_role,
    security_of,
    set_password,
    set_security,
    start_session,
)
from headgate.access.federation import set_rules
from headgate.access.lockout import is_locked
from headgate.access.mfa.factors import people_without
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Conflict, Forbidden, Invalid, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW, PASSWORD

MAIL = "ana@nordwind.example"


@pytest.fixture
def tom(person):
    return person("tom", "tenant_admin", password=PASSWORD)


@pytest.fixture
def ana(person):
    return person("ana", "finance", password=PASSWORD)


@pytest.fixture
def ask(database, tenant, acting, tom):
    """Change rules as the administrator."""

    def change(**rules):
        with database.transaction(tenant) as conn:
            set_security(conn, acting(tom), replace(security_of(conn), **rules))

    return change


@pytest.fixture
def sign_in(database, tenant):
    def attempt(password=PASSWORD, after=timedelta(0)):
        with database.transaction(tenant) as conn:
            return authenticate(conn, Context(tenant, SYSTEM, NOW + after), MAIL, password)

    return attempt


def passkey_of(conn, principal):
    conn.execute(
        "insert into passkeys (credential_id, principal, name, rp_id, user_handle, public_key, sign_count, transports,"
        " synced, created_at) values ('k', %s, 'Key', 'localhost', 'h', 'p', 0, '{}', false, now())",
        (principal,),
    )


def test_a_tenant_without_rules_has_those_of_before():
    rules = SecurityRules()
    assert (rules.absolute, rules.idle, rules.fresh) == (timedelta(hours=12), timedelta(hours=2), timedelta(minutes=15))
    assert rules.locks == tuple(timedelta(minutes=m) for m in (1, 2, 5, 15))
    assert (rules.password_length, rules.lock_after) == (12, 5)
    assert rules.passkeys
    assert rules.sign_on


def test_a_change_is_audited_with_what_it_was_and_only_administrators_make_it(database, tenant, ask, ana, acting):
    ask(lock_after=3, password_length=16)
    with database.transaction(tenant) as conn:
        [entry] = [e for e in audit_list(conn, limit=5) if e.action == "security.changed"]
        assert entry.body["before"] == {"lock_after": 5, "password_length": 12}
        assert entry.body["after"] == {"lock_after": 3, "password_length": 16}
        with pytest.raises(Forbidden):
            set_security(conn, acting(ana), SecurityRules())
    ask(lock_after=3)
    with database.transaction(tenant) as conn:
        assert len([e for e in audit_list(conn, limit=9) if e.action == "security.changed"]) == 1, "nothing changed"


@pytest.mark.parametrize(
    "rules",
    [
        {"password_length": 11},
        {"password_length": 65},
        {"lock_after": 2},
        {"lock_after": 11},
        {"lock_minutes": 4},
        {"lock_minutes": 1441},
        {"idle_minutes": 4},
        {"session_hours": 169},
        {"second_factor_roles": frozenset({"no_role"})},
    ],
)
def test_no_rule_leaves_its_bounds(ask, rules):
    with pytest.raises(Invalid):
        ask(**rules)


def test_a_role_of_the_tenants_own_may_need_a_second_factor(database, tenant, acting, tom, ask):
    with database.transaction(tenant) as conn:
        save_role(conn, acting(tom), "clerk", title="Clerk", description="Reads", permissions=["orders.read"])
    ask(second_factor_roles=frozenset({"clerk"}))
    with database.transaction(tenant) as conn:
        assert security_of(conn).needs_second_factor(["clerk"])


def test_wrong_passwords_lock_after_as_many_as_the_tenant_says_and_for_as_long(ana, ask, sign_in):
    ask(lock_after=3, lock_minutes=60)
    waits = [timedelta(minutes=m) for m in (1, 2, 5, 15, 60, 60)]
    after = timedelta(0)
    for wait in waits:
        for _ in range(3):
            assert isinstance(sign_in("wrong", after), Denied)
        assert isinstance(sign_in(after=after + wait - timedelta(seconds=1)), Denied)
        after += wait
    assert isinstance(sign_in(after=after), Principal)


def test_a_password_that_is_chosen_is_as_long_as_the_tenant_says(database, tenant, ana, ask, acting, ctx, sign_in):
    ask(password_length=24)
    assert isinstance(sign_in(), Principal), "one that was chosen before still counts"
    with database.transaction(tenant) as conn:
        with pytest.raises(Invalid, match="shorter than 24"):
            set_password(conn, acting(ana), ana, "correct horse battery a")
        with pytest.raises(Invalid, match="shorter than 24"):
            create_person(conn, ctx, email="new@nordwind.example", name="New", password="correct horse battery a")
        set_password(conn, acting(ana), ana, "correct horse battery stap")


def test_sessions_end_as_early_as_the_tenant_says(database, tenant, ana, ask, acting):
    ask(session_hours=2, idle_minutes=30, step_up_minutes=5)
    with database.transaction(tenant) as conn:
        made = start_session(conn, acting(ana), ana)
        assert made.expires_at == NOW + timedelta(hours=2)
        live = read_session(conn, made.token, NOW + timedelta(minutes=6))
        assert not live.is_fresh(NOW + timedelta(minutes=6))
        with pytest.raises(Unauthenticated):
            read_session(conn, made.token, NOW + timedelta(minutes=30))
        assert list_sessions(conn, ana, NOW + timedelta(minutes=31)) == []


def test_a_shorter_rule_ends_sessions_that_are_older_than_it_allows(database, tenant, ana, ask, acting):
    with database.transaction(tenant) as conn:
        token = start_session(conn, acting(ana), ana).token
    ask(session_hours=1, idle_minutes=1440)
    with database.transaction(tenant) as conn, pytest.raises(Unauthenticated):
        read_session(conn, token, NOW + timedelta(minutes=61))


def test_the_last_way_in_of_administrators_stays_open(database, tenant, tom, ask, acting):
    ask(passkeys=False)
    ask(passkeys=True)
    with database.transaction(tenant) as conn:
        passkey_of(conn, tom)
        conn.execute("update principals set password_hash = null where principal = %s", (tom,))
    with pytest.raises(Conflict, match="passkeys is the last way in"):
        ask(passkeys=False)
    with database.transaction(tenant) as conn:
        assert security_of(conn).passkeys, "nothing was half done"


def test_sign_on_stays_while_passwords_are_switched_off_and_the_other_way_round(database, tenant, tom, ask, acting):
    with database.transaction(tenant) as conn:
        conn.execute(
            "insert into identity_providers (provider, name, issuer, client_id, scopes, groups_claim, domains,"
            " just_in_time, status, created_at, tested_at) values ('idp', 'Idp', 'https://idp.example', 'c', '{}', '',"
            " '{}', false, 'active', now(), now())"
        )
    ask(sign_on=False)
    with database.transaction(tenant) as conn, pytest.raises(Conflict, match="sign-on by an identity provider"):
        set_rules(conn, acting(tom), passwords=False, break_glass=[tom])
    ask(sign_on=True)
    with database.transaction(tenant) as conn:
        set_rules(conn, acting(tom), passwords=False, break_glass=[tom])
    with pytest.raises(Conflict, match="only way in"):
        ask(sign_on=False)


def test_who_would_have_to_set_up_a_second_factor_is_counted(database, tenant, tom, ana):
    with database.transaction(tenant) as conn:
        assert people_without(conn, NOW) == {"tenant_admin": 1, "finance": 1}
        passkey_of(conn, ana)
        assert people_without(conn, NOW) == {"tenant_admin": 1}


def test_a_code_counts_like_a_password_towards_the_tenants_own_number(database, tenant, ana, ask):
    from headgate.access.mfa.factors import prove_code
    from tests.integration.access.test_second_factors import SEALER

    ask(lock_after=3)
    ctx = Context(tenant, SYSTEM, NOW)
    with database.transaction(tenant) as conn:
        for _ in range(3):
            assert not is_locked(conn, ctx, ana)
            assert prove_code(conn, ctx, SEALER, ana, "000000") is None
        assert is_locked(conn, ctx, ana)
