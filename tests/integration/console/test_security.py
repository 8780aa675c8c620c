"""The page Security: shown, changed with a fresh proof, refused in words, and obeyed by the sign-in page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from headgate import access
from headgate.access import SecurityRules, security_of
from headgate.access.federation import set_rules
from headgate.console.present.security import SWITCHES
from headgate.kernel.context import SYSTEM
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

PAGE = "/identity/security"


@pytest.fixture
def admin(visitor: Visitor) -> Visitor:
    return visitor.enter("tom")


def form_of(admin: Visitor) -> dict[str, str]:
    """What the form sends when nothing is touched."""
    page = admin.get(PAGE).text
    fields = dict(re.findall(r'name="([a-z_]+)" type="(?:number|text)" value="([^"]*)"', page))
    on = re.findall(r'type="checkbox" name="([a-z_:]+)" value="[a-z0-9]+" checked', page)
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert seen
    return {**fields, **dict.fromkeys(on, "on"), "seen": seen[1]}


def put(admin: Visitor, *drop: str, **more: str) -> Any:
    fields = {name: value for name, value in {**form_of(admin), **more}.items() if name not in drop}
    return admin.post(PAGE, fields)


def in_force(visitor: Visitor) -> SecurityRules:
    with visitor.channel.app.database.transaction(visitor.channel.tenant, read_only=True) as conn:
        return security_of(conn)


def test_the_form_sent_untouched_changes_nothing_and_shows_what_counts(admin: Visitor) -> None:
    fields = form_of(admin)
    assert {name: fields[name] for name in ("lock_after", "password_length", "idle_minutes")} == {
        "lock_after": "5", "password_length": "12", "idle_minutes": "120",
    }  # fmt: skip
    assert {"passwords", "passkeys", "sign_on"} <= fields.keys()
    assert "The rules are in force" in words(put(admin))
    assert in_force(admin) == SecurityRules()


def test_what_is_typed_is_in_force_at_once(admin: Visitor) -> None:
    done = put(admin, lock_after="3", password_length="20", step_up_amount="10000", **{"role:finance": "1"})
    assert "The rules are in force" in words(done)
    found = in_force(admin)
    assert (found.lock_after, found.password_length, str(found.step_up_amount)) == (3, 20, "10000")
    assert found.second_factor_roles == {"finance"}
    for _ in range(3):
        admin.sign_in("carl", "wrong")
    assert admin.sign_in("carl").status_code == 401
    assert "At least 20 characters" in admin.enter("carl").get("/account").text


def test_what_cannot_be_is_told_beside_its_field_and_kept_as_typed(admin: Visitor) -> None:
    refused = put(admin, lock_after="99", idle_minutes="soon", step_up_amount="lots")
    assert refused.status_code == 422
    assert "Is not a whole number. Use 5 to 1440." in refused.text
    assert "Is not an amount" in refused.text
    assert 'value="99"' in refused.text
    assert "Is out of range. Use 3 to 10." in put(admin, lock_after="99").text
    assert in_force(admin) == SecurityRules()


def test_two_administrators_at_once_do_not_undo_each_other(admin: Visitor) -> None:
    seen = form_of(admin)
    put(admin, lock_after="4")
    late = admin.post(PAGE, {**seen, "password_length": "30"})
    assert (late.status_code, "somebody changed these rules" in late.text.lower()) == (409, True)
    assert in_force(admin).password_length == 12


def test_nobody_but_an_administrator_with_a_fresh_proof_changes_them(admin: Visitor) -> None:
    token = admin.token(PAGE)
    fields = {**form_of(admin), "lock_after": "3"}
    admin.channel.clock.move(timedelta(minutes=16))
    stopped = admin.post(PAGE, fields, token=token, follow=False)
    assert (stopped.status_code, "/account/confirm" in stopped.headers["location"]) == (303, True)
    carl = admin.enter("carl")
    assert carl.get(PAGE).status_code == 403
    assert carl.post(PAGE, fields).status_code == 403
    assert in_force(admin) == SecurityRules()


def test_passwords_cannot_be_closed_without_another_way(admin: Visitor) -> None:
    refused = put(admin, "passwords")
    assert (refused.status_code, "identity provider" in words(refused)) == (409, True)
    refused = put(admin, "passwords", *SWITCHES)
    assert refused.status_code == 409
    assert in_force(admin) == SecurityRules(), "the rest was not put in force either"


def test_passkeys_that_are_off_are_neither_offered_nor_taken(admin: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in = f"/sign-in?tenant={admin.slug}"
    guest = Visitor(admin.channel, admin.console, admin.slug)
    guest.client.cookies.set("headgate_tenant", admin.slug)
    assert "Sign in with a passkey" in guest.get(sign_in).text
    monkeypatch.setattr("headgate.identity.outside.passkeys.tenant_of", lambda response: admin.channel.tenant)
    monkeypatch.setattr("headgate.identity.outside.passkeys.prove_passkey", lambda *a, **k: person("carl"))
    assert guest.post("/sign-in/passkey", {"response": "{}"}, token=guest.token(sign_in)).status_code == 200
    assert guest.session
    put(admin, "passkeys")
    other = Visitor(admin.channel, admin.console, admin.slug)
    other.client.cookies.set("headgate_tenant", admin.slug)
    assert "Sign in with a passkey" not in other.get(sign_in).text
    refused = other.post("/sign-in/passkey", {"response": "{}"}, token=other.token(sign_in))
    assert (refused.status_code, other.session) == (401, "")


def test_providers_are_neither_offered_nor_followed_when_sign_on_is_off(admin: Visitor) -> None:
    with admin.channel.app.database.transaction(admin.channel.tenant) as conn:
        conn.execute(
            "insert into identity_providers (provider, name, issuer, client_id, scopes, groups_claim, domains,"
            " just_in_time, status, created_at, tested_at) values ('idp', 'Idp', 'https://idp.example', 'c', '{}', '',"
            " '{}', false, 'active', now(), now())"
        )
        ctx = admin.channel.context(SYSTEM)
        access.set_security(conn, ctx, SecurityRules(sign_on=False))
    guest = Visitor(admin.channel, admin.console, admin.slug)
    guest.client.cookies.set("headgate_tenant", admin.slug)
    assert "Sign in with Idp" not in guest.get("/sign-in").text
    assert guest.get(f"/sign-in/with/idp?tenant={admin.slug}").status_code == 403
    with admin.channel.app.database.transaction(admin.channel.tenant) as conn:
        access.set_security(conn, ctx, SecurityRules())
        set_rules(conn, ctx, passwords=False, break_glass=[person("tom")])
    assert "Sign in with Idp" in guest.get("/sign-in").text
    page = words(admin.enter("tom").get(PAGE))
    assert f"Always with a password: {person('tom')}" in page
    refused = put(admin, "sign_on")
    assert (refused.status_code, "only way in" in words(refused)) == (409, True)
