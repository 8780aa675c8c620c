from __future__ import annotations

from datetime import timedelta

import pytest

from headgate.access import (
    Denied,
    authenticate,
    end_session,
    grant_role,
    list_sessions,
    resume_session,
    revoke_session,
    revoke_sessions,
    set_password,
    start_session,
)
from headgate.access.lockout import DELAYS, MOST_FAILURES
from headgate.access.sessions import ABSOLUTE, IDLE
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Forbidden, NotFound, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW, PASSWORD

MAIL = "ana@nordwind.example"


@pytest.fixture
def ana(person):
    return person("ana", "finance", password=PASSWORD)


@pytest.fixture
def sign_in(database, tenant):
    """Each attempt in a transaction of its own, as an edge does it."""

    def attempt(password=PASSWORD, email=MAIL, after=timedelta(0)):
        with database.transaction(tenant) as conn:
            return authenticate(conn, Context(tenant, SYSTEM, NOW + after), email, password)

    return attempt


def test_the_right_password_tells_who_it_is(ana, sign_in):
    found = sign_in()
    assert isinstance(found, Principal)
    assert found.id == ana
    assert found.roles == {"finance"}
    assert isinstance(sign_in(email=" Ana@Nordwind.Example"), Principal)


def test_wrong_password_and_unknown_address_get_the_same_answer(ana, sign_in):
    wrong, unknown = sign_in("wrong"), sign_in(email="nobody@nordwind.example")
    assert isinstance(wrong, Denied)
    assert isinstance(unknown, Denied)
    assert wrong.shown == unknown.shown
    assert wrong.reason != unknown.reason


@pytest.mark.parametrize("odd", ["", "ana", "\x00", "\udcff@nordwind.example", "x" * 10_000, "' or 1=1 --"])
def test_odd_addresses_are_simply_unknown(ana, sign_in, odd):
    assert isinstance(sign_in(email=odd), Denied)


def test_somebody_without_a_password_cannot_sign_in(person, sign_in):
    person("ben")
    assert isinstance(sign_in("", email="ben@nordwind.example"), Denied)


@pytest.mark.parametrize("odd", ["", "x" * 1_000_000, "\x00", "\udcff", PASSWORD + " "])
def test_odd_passwords_are_simply_wrong(ana, sign_in, odd):
    assert isinstance(sign_in(odd), Denied)


def test_too_many_wrong_passwords_lock_the_account_for_a_while(database, tenant, ana, sign_in):
    for _ in range(MOST_FAILURES):
        assert isinstance(sign_in("wrong"), Denied)
    locked = sign_in()
    assert isinstance(locked, Denied)
    assert "locked" in locked.reason
    assert isinstance(sign_in(after=DELAYS[0] - timedelta(seconds=1)), Denied)
    assert isinstance(sign_in(after=DELAYS[0]), Principal)
    with database.transaction(tenant) as conn:
        [entry] = audit_list(conn, action="principal.locked")
        assert (entry.subject, entry.actor) == (ana, "system")


def test_each_lock_lasts_longer_up_to_a_quarter_of_an_hour_and_never_for_good(ana, sign_in):
    after = timedelta(0)
    for delay in (*DELAYS, DELAYS[-1], DELAYS[-1]):
        for _ in range(MOST_FAILURES):
            sign_in("wrong", after=after)
        assert isinstance(sign_in(after=after + delay - timedelta(seconds=1)), Denied)
        after += delay
    assert isinstance(sign_in(after=after), Principal)
    for _ in range(MOST_FAILURES):
        sign_in("wrong", after=after)
    assert isinstance(sign_in(after=after + DELAYS[0]), Principal), "a right password begins anew"


def test_a_right_password_forgets_the_wrong_ones(ana, sign_in):
    for _ in range(3):
        for _ in range(MOST_FAILURES - 1):
            sign_in("wrong")
        assert isinstance(sign_in(), Principal)


def test_a_new_password_lifts_the_lock(database, tenant, ctx, ana, sign_in):
    for _ in range(MOST_FAILURES):
        sign_in("wrong")
    with database.transaction(tenant) as conn:
        set_password(conn, ctx, ana, "another horse battery")
    assert isinstance(sign_in("another horse battery"), Principal)


def test_the_password_of_another_tenants_account_does_not_fit(database, ana, make_tenant):
    other = make_tenant()
    with database.transaction(other) as conn:
        assert isinstance(authenticate(conn, Context(other, SYSTEM, NOW), MAIL, PASSWORD), Denied)


@pytest.fixture
def token(database, tenant, ana, acting):
    with database.transaction(tenant) as conn:
        return start_session(conn, acting(ana), ana, user_agent="Mozilla\x00/5.0\n").token


def test_a_session_brings_back_its_principal_with_todays_roles(database, tenant, ctx, ana, token):
    assert token.startswith(f"{tenant.hex}.")
    with database.transaction(tenant) as conn:
        grant_role(conn, ctx, ana, "finance_director")
        assert resume_session(conn, token, NOW).roles == {"finance", "finance_director"}


def test_only_the_hash_of_a_token_is_stored(database, tenant, token, superuser):
    secret = token.partition(".")[2]
    (row,) = superuser.execute("select s::text from sessions s where tenant_id = %s", [tenant]).fetchone()
    assert secret not in row
    assert secret.encode().hex() not in row


def test_a_session_ends_after_its_longest_time_even_in_use(database, tenant, token):
    now = NOW
    with database.transaction(tenant) as conn:
        while now < NOW + ABSOLUTE - timedelta(minutes=1):
            resume_session(conn, token, now)
            now += timedelta(hours=1)
        resume_session(conn, token, NOW + ABSOLUTE - timedelta(seconds=1))
        with pytest.raises(Unauthenticated):
            resume_session(conn, token, NOW + ABSOLUTE)


def test_an_unused_session_ends_sooner(database, tenant, token):
    with database.transaction(tenant) as conn:
        resume_session(conn, token, NOW + IDLE - timedelta(seconds=1))
        with pytest.raises(Unauthenticated):
            resume_session(conn, token, NOW + 2 * IDLE)


def test_signing_out_ends_the_session(database, tenant, token, ana, acting):
    with database.transaction(tenant) as conn:
        end_session(conn, acting(ana), token)
        end_session(conn, acting(ana), token)
        with pytest.raises(Unauthenticated):
            resume_session(conn, token, NOW)
        assert len(audit_list(conn, action="session.ended")) == 1


def test_a_forged_token_is_refused(database, tenant, token):
    with database.transaction(tenant) as conn:
        for bad in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", ""):
            with pytest.raises(Unauthenticated):
                resume_session(conn, bad, NOW)


def test_another_tenants_session_is_worth_nothing_here(database, token, make_tenant):
    other = make_tenant()
    forged = f"{other.hex}.{token.partition('.')[2]}"
    with database.transaction(other) as conn:
        for bad in (token, forged):
            with pytest.raises(Unauthenticated):
                resume_session(conn, bad, NOW)


def test_sessions_are_listed_and_revoked_one_by_one_or_all(database, tenant, token, ana, person, acting):
    stranger = acting(person("ben", "order_desk"))
    admin = acting(person("ada", "tenant_admin"))
    with database.transaction(tenant) as conn:
        others = [start_session(conn, acting(ana), ana).token for _ in range(3)]
        listed = list_sessions(conn, ana, NOW)
        assert len(listed) == 4
        assert "Mozilla/5.0" in {s.user_agent for s in listed}
        assert not any(secret.partition(".")[2] in str(listed) for secret in [token, *others])
        with pytest.raises(Forbidden):
            revoke_session(conn, stranger, listed[0].id)
        with pytest.raises(Forbidden):
            revoke_sessions(conn, stranger, ana)
        revoke_session(conn, admin, listed[0].id)
        assert len(list_sessions(conn, ana, NOW)) == 3
        for bad in ("zz", "00" * 32):
            with pytest.raises(NotFound):
                revoke_session(conn, admin, bad)
        kept = next(t for t in [token, *others] if _alive(conn, t))
        assert revoke_sessions(conn, acting(ana), ana, keep_token=kept) == 2
        assert revoke_sessions(conn, acting(ana), ana, keep_token=kept) == 0
        assert _alive(conn, kept)


def _alive(conn, token):
    try:
        resume_session(conn, token, NOW)
    except Unauthenticated:
        return False
    return True
