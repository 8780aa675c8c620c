"""One-time codes and recovery codes: enrolled with proof, taken once, reset by somebody else only."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest

from headgate.access import (
    Denied,
    Envelope,
    SecurityRules,
    authenticate,
    factors_of,
    get_tenant,
    list_sessions,
    reset_factors,
    rules_of,
    set_security,
    start_session,
)
from headgate.access.lockout import MOST_FAILURES
from headgate.access.mfa import factors, pending
from headgate.access.mfa.core import codes
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Conflict, Forbidden, Invalid, Unauthenticated
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW, PASSWORD

SEALER = Envelope((b"k" * 32,))
STEP = timedelta(seconds=30)


@pytest.fixture
def ana(person):
    return person("ana", "finance", password=PASSWORD)


@pytest.fixture
def enrolled(database, tenant, ana, acting):
    """Ana with an authenticator app in use: its secret and her recovery codes. Code of the present step is used up."""
    with database.transaction(tenant) as conn:
        made = factors.begin_totp(conn, acting(ana), SEALER, "Nordwind")
        shown = factors.confirm_totp(conn, acting(ana), SEALER, pyotp.TOTP(made.secret).at(NOW))
    return made.secret, shown


@pytest.fixture
def prove(database, tenant, ana):
    def attempt(code, after=timedelta(0)):
        with database.transaction(tenant) as conn:
            return factors.prove_code(conn, Context(tenant, SYSTEM, NOW + after), SEALER, ana, code)

    return attempt


def test_an_app_counts_only_once_a_code_of_it_was_typed(database, tenant, ana, acting):
    with database.transaction(tenant) as conn:
        made = factors.begin_totp(conn, acting(ana), SEALER, "Nord:wind")
        assert made.address.startswith("otpauth://totp/Nord%20wind:ana%40nordwind.example?secret=")
        assert not factors_of(conn, ana).on
        with pytest.raises(Invalid):
            factors.confirm_totp(conn, acting(ana), SEALER, "000000")
        assert not factors_of(conn, ana).on
        assert len(factors.confirm_totp(conn, acting(ana), SEALER, pyotp.TOTP(made.secret).at(NOW))) == 10
        assert factors_of(conn, ana).on
        with pytest.raises(Conflict):
            factors.begin_totp(conn, acting(ana), SEALER, "Nordwind")
    with database.transaction(tenant) as conn:
        ((stored,),) = conn.execute("select secret from totp_secrets").fetchall()
        assert made.secret not in stored
        assert [e.action for e in audit_list(conn, subject=ana)][:2] == ["recovery_codes.made", "totp.added"]


def test_a_code_is_taken_once_and_no_older_one_after_it(enrolled, prove):
    totp = pyotp.TOTP(enrolled[0])
    assert prove(totp.at(NOW)) is None, "it confirmed the app"
    later = 3 * STEP
    assert prove(totp.at(NOW + later), later) == "totp"
    assert prove(totp.at(NOW + later), later) is None
    assert prove(totp.at(NOW + later - STEP), later) is None
    assert prove(totp.at(NOW + later + STEP), later) == "totp", "a clock that is a step ahead"
    assert prove(totp.at(NOW + later + 3 * STEP), later) is None


@pytest.mark.parametrize("odd", ["", "12345", "1234567", "１２３４５６", "abcdef", "\x00" * 6, "9" * 100_000])
def test_odd_codes_are_simply_wrong(enrolled, prove, odd):
    assert prove(odd) is None


def test_a_recovery_code_is_taken_once_however_it_is_typed(database, tenant, ana, enrolled, prove):
    first = enrolled[1][0]
    assert prove(f" {first.upper().replace('-', ' ')} ") == "recovery"
    assert prove(first) is None
    with database.transaction(tenant) as conn:
        assert factors_of(conn, ana).codes_left == 9
        [entry] = audit_list(conn, action="recovery_code.used")
        assert entry.body["left"] == 9
        stored = conn.execute("select string_agg(encode(code_hash, 'hex'), '') from recovery_codes").fetchone()
    assert enrolled[1][1].replace("-", "") not in str(stored)


def test_new_recovery_codes_end_the_ones_before(database, tenant, ana, enrolled, prove, acting):
    with database.transaction(tenant) as conn:
        fresh = factors.new_codes(conn, acting(ana))
    assert prove(enrolled[1][0]) is None
    assert prove(fresh[0]) == "recovery"


def test_wrong_codes_lock_the_account_although_the_password_is_right(database, tenant, enrolled, prove):
    for _ in range(MOST_FAILURES):
        with database.transaction(tenant) as conn:
            found = authenticate(conn, Context(tenant, SYSTEM, NOW), "ana@nordwind.example", PASSWORD)
        assert isinstance(found, Principal)
        prove("000000")
    with database.transaction(tenant) as conn:
        locked = authenticate(conn, Context(tenant, SYSTEM, NOW), "ana@nordwind.example", PASSWORD)
    assert isinstance(locked, Denied)
    assert "locked" in locked.reason


def test_removing_the_app_takes_the_recovery_codes_along(database, tenant, ana, enrolled, acting):
    with database.transaction(tenant) as conn:
        factors.remove_totp(conn, acting(ana))
        left = factors_of(conn, ana)
        with pytest.raises(Conflict):
            factors.new_codes(conn, acting(ana))
    assert (left.on, left.codes_left) == (False, 0)


def test_an_administrator_resets_what_somebody_lost_with_a_reason_and_never_their_own(
    database, tenant, ana, enrolled, person, acting
):
    tom = person("tom", "tenant_admin")
    with database.transaction(tenant) as conn:
        start_session(conn, acting(ana), ana)
    with database.transaction(tenant) as conn:
        with pytest.raises(Forbidden):
            reset_factors(conn, acting(ana), tom, "I would like to")
        with pytest.raises(Forbidden):
            reset_factors(conn, acting(tom), tom, "lost my phone")
        with pytest.raises(Invalid):
            reset_factors(conn, acting(tom), ana, " ")
        assert reset_factors(conn, acting(tom), ana, "phone lost, called back").on
        assert not factors_of(conn, ana).on
        assert list_sessions(conn, ana, NOW) == []
        [entry] = audit_list(conn, action="second_factor.reset")
        assert (entry.actor, entry.subject, entry.body["reason"]) == (tom, ana, "phone lost, called back")


def test_a_sign_in_waits_for_its_second_factor_ten_minutes_and_five_tries(database, tenant, ana):
    ctx = Context(tenant, SYSTEM, NOW)
    with database.transaction(tenant) as conn:
        token = pending.begin_pending(conn, ctx, ana, ("password",))
        assert pending.read_pending(conn, token, NOW).principal == ana
        for _ in range(pending.MOST_ATTEMPTS):
            pending.take_attempt(conn, token, NOW)
        with pytest.raises(Unauthenticated):
            pending.take_attempt(conn, token, NOW)
        with pytest.raises(Unauthenticated):
            pending.read_pending(conn, token, NOW)
        other = pending.begin_pending(conn, ctx, ana, ("password",))
        with pytest.raises(Unauthenticated):
            pending.read_pending(conn, other, NOW + pending.LASTS)


def test_rules_are_checked_when_they_are_set_and_read_with_patience(database, tenant, person, acting):
    tom = person("tom", "tenant_admin")
    with database.transaction(tenant) as conn:
        for wrong in (
            SecurityRules(frozenset({"no_role"})),
            SecurityRules(session_hours=0),
            SecurityRules(idle_minutes=1),
            SecurityRules(step_up_minutes=10_000),
        ):
            with pytest.raises(Invalid):
                set_security(conn, acting(tom), wrong)
        set_security(conn, acting(tom), SecurityRules(frozenset({"finance"}), session_hours=1))
        kept = rules_of(get_tenant(conn).settings["security"])
    assert kept.needs_second_factor(["finance"])
    assert not kept.needs_second_factor(["auditor"])
    assert kept.absolute == timedelta(hours=1)
    assert rules_of({"session_hours": "ten", "second_factor_roles": 7, "step_up_amount": "NaN"}) == SecurityRules()


def test_recovery_codes_of_one_person_are_none_of_anothers():
    [code, *_] = codes.new_recovery_codes()
    assert codes.recovery_hash("user:a", code) != codes.recovery_hash("user:b", code)
