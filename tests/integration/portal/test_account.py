"""One's own account in the portal: the same pages, within the partner's own rows."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp

from headgate.portal.app import DOORS
from tests.integration.portal.site import PASSWORD, Portal, mail, words


def set_up(portal: Portal) -> str:
    found = re.search(r'class="app-key">([A-Z2-7 ]+)<', portal.post("/portal/account/authenticator").text)
    assert found
    secret = found[1].replace(" ", "")
    portal.post("/portal/account/authenticator/confirm", {"code": pyotp.TOTP(secret).at(portal.channel.clock.now())})
    return secret


def test_people_of_partners_protect_their_accounts_too(portal: Portal) -> None:
    portal.sign_in("pia")
    secret = set_up(portal)
    asked = portal.sign_in("pia", then="/portal/deals")
    assert asked.headers["location"] == "/portal/sign-in/second?then=%2Fportal%2Fdeals"
    assert portal.get("/portal/").status_code == 303
    portal.channel.clock.move(timedelta(seconds=30))
    token = portal.token("/portal/sign-in/second")
    form = {"csrf": token, "code": pyotp.TOTP(secret).at(portal.channel.clock.now()), "then": "/portal/deals"}
    done = portal.client.post("/portal/sign-in/second", data=form, follow_redirects=False)
    assert done.headers["location"] == "/portal/deals"
    assert "Authenticator app" in words(portal.get("/portal/account"))
    portal.sign_in("otto")
    assert "Set up an app" in words(portal.get("/portal/account")), "another partner's people are not concerned"


def test_wrong_passwords_of_who_is_signed_in_lock_the_account_as_well(portal: Portal) -> None:
    portal.sign_in("pia")
    for _ in range(10):  # five lock the browser that is known, and then five the account
        assert portal.post("/portal/account/confirm", {"password": "wrong"}).status_code == 401
    right = portal.post("/portal/account/confirm", {"password": PASSWORD})
    assert right.status_code == 401, "locked, so the right one does not count either"
    channel = portal.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        said = conn.execute(
            "select action, actor from audit_entries where action like '%.locked' order by seq"
        ).fetchall()
    assert said == [("device.locked", f"user:{mail('pia')}"), ("principal.locked", f"user:{mail('pia')}")]


# Every door that wants a fresh proof. A new entry here is a decision.
SENSITIVE = {
    "/portal/export.zip",
    "/portal/company/people/{person}/role",
    "/portal/company/people/{person}/link",
    "/portal/account/authenticator",
    "/portal/account/authenticator/confirm",
    "/portal/account/authenticator/remove",
    "/portal/account/recovery-codes",
    "/portal/account/passkeys",
    "/portal/account/passkeys/{passkey}/remove",
}


def test_sensitive_acts_want_a_fresh_proof(portal: Portal) -> None:
    fresh = [door for door in DOORS if door.fresh]
    assert {door.path.replace("%7B", "{").replace("%7D", "}") for door in fresh} >= SENSITIVE
    portal.sign_in("pia")
    portal.channel.clock.move(timedelta(minutes=16))
    for door in fresh:
        path = re.sub(r"\{\w+\}", "x", door.path.replace("%7B", "{").replace("%7D", "}"))
        answer = portal.post(path, follow=False) if door.method == "POST" else portal.get(path)
        assert answer.headers.get("location", "").startswith("/portal/account/confirm?"), path
    before = portal.session
    proof = {"password": PASSWORD, "then": "/portal/export.zip"}
    done = portal.post("/portal/account/confirm", proof, follow=False)
    assert done.headers["location"] == "/portal/export.zip"
    assert portal.session != before
    assert portal.get("/portal/export.zip").headers["content-type"] == "application/zip"


def test_a_lost_password_of_a_partner_and_one_of_staff_have_links_of_their_own(portal: Portal) -> None:
    form = {"csrf": portal.token("/portal/sign-in/lost"), "tenant": portal.slug}
    staff = portal.client.post("/portal/sign-in/lost", data={**form, "email": "carl@nordwind.example"})
    partner = portal.client.post("/portal/sign-in/lost", data={**form, "email": mail("pia")})
    plain = [re.sub(r'value="[^"]*"', "", answer.text) for answer in (staff, partner)]
    assert plain[0] == plain[1]
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        ((asked,),) = conn.execute("select principal from invitations where kind = 'reset'").fetchall()
    assert asked == f"user:{mail('pia')}"
