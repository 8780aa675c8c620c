"""Known browsers: others cannot lock the owner out of them, and nobody gains a guess by them (OWASP device cookies)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest

from headgate.access import (
    Denied,
    Envelope,
    SecurityRules,
    authenticate,
    list_sessions,
    reset_factors,
    revoke_session,
    revoke_sessions,
    set_password,
    set_security,
    start_session,
    suspend,
)
from headgate.access.devices import (
    MOST_DEVICES,
    MOST_TOLD,
    device_mark,
    list_devices,
    owner_learns,
    recognise_device,
    remember_device,
)
from headgate.access.lockout import DELAYS, MOST_FAILURES, is_locked
from headgate.access.mfa import factors
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.ledger import audit_list
from headgate.store import Database
from tests.integration.access.conftest import NOW, PASSWORD

SEALER = Envelope((b"k" * 32,))
MAIL = "ana@nordwind.example"


@dataclass
class Home:
    """Ana's account and what her browsers and others' do with it."""

    database: Database
    tenant: UUID
    ana: str

    def act(self, work, after=timedelta(0), tenant=None):
        tenant = tenant or self.tenant
        with self.database.transaction(tenant) as conn:
            return work(conn, Context(tenant, SYSTEM, NOW + after))

    def remember(self, known=None, after=timedelta(0)):
        """The id and cookie after a sign-in."""
        agent = "Firefox"
        return self.act(lambda c, x: remember_device(c, x, SEALER, self.ana, user_agent=agent, known=known), after)

    def sign_in(self, password=PASSWORD, cookie="", after=timedelta(0)):
        def work(conn, ctx):
            def known(principal):
                return recognise_device(conn, ctx, SEALER, principal, cookie)

            return authenticate(conn, ctx, MAIL, password, known=known)

        return self.act(work, after)

    def lock(self, after=timedelta(0)):
        for _ in range(MOST_FAILURES):
            self.sign_in("wrong", after=after)
        assert self.act(lambda c, x: is_locked(c, x, self.ana), after)

    def audited(self, action):
        return self.act(lambda c, x: [e for e in audit_list(c, subject=self.ana, limit=99) if e.action == action])


@pytest.fixture
def home(database, tenant, person):
    return Home(database, tenant, person("ana", "finance", password=PASSWORD))


def test_who_guesses_elsewhere_does_not_lock_the_owner_out_of_a_known_browser(home):
    device, cookie = home.remember()
    home.lock()
    assert isinstance(home.sign_in(), Denied), "any other browser waits"
    assert isinstance(home.sign_in(cookie=cookie), Principal)
    assert home.act(lambda c, x: is_locked(c, x, home.ana)), "and what others tried is not forgotten by that"
    [spared] = home.audited("device.spared")
    assert spared.body["device"] == str(device)


def test_a_known_browser_has_as_many_guesses_as_any_and_then_is_one_of_the_others(home):
    _, cookie = home.remember()
    for _ in range(MOST_FAILURES):
        assert isinstance(home.sign_in("wrong", cookie), Denied)
    assert not home.act(lambda c, x: is_locked(c, x, home.ana)), "they count for the browser"
    assert len(home.audited("device.locked")) == 1
    for _ in range(MOST_FAILURES):
        home.sign_in("wrong", cookie)
    assert home.act(lambda c, x: is_locked(c, x, home.ana)), "from then on for the account"
    assert isinstance(home.sign_in(cookie=cookie), Denied)
    later = DELAYS[0]
    for _ in range(MOST_FAILURES):
        home.sign_in("wrong", cookie, later)
    assert isinstance(home.sign_in(cookie=cookie, after=later + DELAYS[1] - timedelta(seconds=1)), Principal), (
        "the account's first lock is over"
    )
    assert home.audited("device.locked")[0].body["until"].startswith("2026-03-02T09:03:00"), "each lock is longer"


def test_a_copy_of_a_cookie_is_worth_nothing_after_the_owners_next_sign_in(home):
    device, stolen = home.remember()
    same, fresh = home.remember(known=device)
    assert same == device
    home.lock()
    assert isinstance(home.sign_in(cookie=stolen), Denied)
    assert isinstance(home.sign_in(cookie=fresh), Principal)


def test_a_cookie_is_for_one_person_of_one_tenant(home, database, person, make_tenant):
    device, cookie = home.remember()
    ben = person("ben", "finance", password=PASSWORD)
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, cookie)) == device
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, ben, cookie)) is None
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, cookie), tenant=make_tenant()) is None
    assert device_mark(home.tenant, home.ana) != device_mark(home.tenant, ben)


def test_a_cookie_that_was_made_up_or_touched_is_none(home):
    device, cookie = home.remember()
    head, _, last = cookie.rpartition(".")
    touched = f"{head}.{last[:20]}{'B' if last[20] == 'A' else 'A'}{last[21:]}"
    forged = Envelope((b"x" * 32,)).seal(f"{device} {'a' * 43}", f"device {home.tenant} {home.ana}")
    other_secret = SEALER.seal(f"{device} {'a' * 43}", f"device {home.tenant} {home.ana}")
    other_kind = SEALER.seal(f"{device} {'a' * 43}", f"totp {home.tenant} {home.ana}")
    for wrong in ("", "x", "a.b.c.d", touched, forged, other_secret, other_kind, cookie * 10, str(device)):
        assert home.act(lambda c, x, w=wrong: recognise_device(c, x, SEALER, home.ana, w)) is None
    home.lock()
    assert isinstance(home.sign_in(cookie=forged), Denied)


@pytest.mark.parametrize("how", ["session", "sessions", "password", "suspended", "factors", "time"])
def test_a_browser_is_forgotten_with_its_session_and_with_all_that_ends_sessions(home, how, acting, person):
    adam = acting(person("adam", "tenant_admin", password=PASSWORD))
    device, cookie = home.remember()
    home.act(lambda c, x: start_session(c, x, home.ana, device=device))
    after = timedelta(0)

    def work(conn, ctx):
        if how == "session":
            revoke_session(conn, adam, list_sessions(conn, home.ana, NOW)[0].id)
        elif how == "sessions":
            revoke_sessions(conn, adam, home.ana)
        elif how == "password":
            set_password(conn, adam, home.ana, PASSWORD + " anew")
        elif how == "suspended":
            suspend(conn, adam, home.ana)
        elif how == "factors":
            reset_factors(conn, adam, home.ana, "called back")

    if how == "time":
        after = timedelta(days=90)
    home.act(work)
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, cookie), after) is None
    if how in ("session", "sessions"):
        assert len(home.audited("device.forgotten")) == 1


def test_signing_out_everywhere_else_keeps_the_browser_one_sits_at(home, acting):
    here, cookie = home.remember()
    _, elsewhere = home.remember()
    mine = home.act(lambda c, x: start_session(c, x, home.ana, device=here))
    home.act(lambda c, x: revoke_sessions(c, acting(home.ana), home.ana, keep_token=mine.token))
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, cookie)) == here
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, elsewhere)) is None


def test_a_new_password_spares_the_browser_its_owner_sits_at_and_none_that_others_name(home, acting, person):
    adam = acting(person("adam", "tenant_admin", password=PASSWORD))
    here, cookie = home.remember()
    _, elsewhere = home.remember()
    home.act(lambda c, x: set_password(c, acting(home.ana), home.ana, PASSWORD + " anew", here=here))
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, cookie)) == here
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, elsewhere)) is None
    home.act(lambda c, x: set_password(c, adam, home.ana, PASSWORD + " again", here=here))
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, cookie)) is None


def test_no_more_browsers_are_known_than_a_person_has(home):
    for minute in range(MOST_DEVICES + 3):
        home.remember(after=timedelta(minutes=minute))
    known = home.act(lambda c, x: list_devices(c, home.ana, x.now))
    assert len(known) == MOST_DEVICES
    assert min(d.created_at for d in known) == NOW + timedelta(minutes=3)


def test_a_tenant_that_does_not_want_it_lets_a_lock_spare_no_browser(home, acting, person):
    adam = acting(person("adam", "tenant_admin", password=PASSWORD))
    home.act(lambda c, x: set_security(c, adam, SecurityRules(known_devices=False)))
    device, cookie = home.remember()
    assert home.act(lambda c, x: recognise_device(c, x, SEALER, home.ana, cookie)) == device, (
        "so that a new one is told"
    )
    home.lock()
    assert isinstance(home.sign_in(cookie=cookie), Denied)


def test_the_owner_learns_of_every_browser_but_the_first_and_of_few_in_a_day(home):
    def learns(after=timedelta(0)):
        device, _ = home.remember(after=after)
        return home.act(lambda c, x: owner_learns(c, x, home.ana, device), after)

    assert learns() == ""
    assert [learns() for _ in range(MOST_TOLD + 2)] == ["told"] * (MOST_TOLD - 1) + ["last", "", ""]
    assert learns(timedelta(hours=23)) == ""
    assert learns(timedelta(days=1)) == "told"
    assert len(home.audited("device.told")) == MOST_TOLD + 1


def test_a_first_browser_is_the_first_once_even_when_all_are_forgotten(home, acting):
    home.remember()
    home.act(lambda c, x: revoke_sessions(c, acting(home.ana), home.ana))
    device, _ = home.remember()
    assert home.act(lambda c, x: owner_learns(c, x, home.ana, device)) == "told"


def test_a_code_from_a_known_browser_counts_for_it_and_is_taken_while_the_account_is_locked(home, acting):
    me = acting(home.ana)

    def enrol(conn, ctx):
        secret = factors.begin_totp(conn, me, SEALER, "Nordwind").secret
        factors.confirm_totp(conn, me, SEALER, pyotp.TOTP(secret).at(NOW))
        return secret

    totp = pyotp.TOTP(home.act(enrol))
    device, _ = home.remember()
    home.lock()
    later = timedelta(seconds=30)
    code = totp.at(NOW + later)

    def prove(text, device):
        return home.act(lambda c, x: factors.prove_code(c, x, SEALER, home.ana, text, device=device), later)

    assert prove(code, None) is None
    assert prove("000000", device) is None
    assert prove(code, device) == "totp"
    for _ in range(MOST_FAILURES):
        assert prove("000000", device) is None
    assert prove(totp.at(NOW + 2 * later), device) is None, "the browser is locked, and so is the account"
