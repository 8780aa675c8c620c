"""Passkeys in the console: made, used once per challenge, for this host only, named, removed."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from headgate.ledger import audit_list
from tests.authenticator import Device, b64
from tests.integration.console.site import Visitor, words
from tests.integration.console.test_account import mailed
from tests.scenarios.channel import person


def offered(page: Any, kind: str) -> tuple[dict[str, Any], str]:
    """The options that a page offers for making or using a passkey, and the sealed challenge."""
    pattern = rf'data-passkey="{kind}" data-options="([^"]+)".*?name="sealed" value="([^"]+)"'
    form = re.search(pattern, page.text, re.DOTALL)
    assert form, words(page)
    return json.loads(html.unescape(form[1])), form[2]


def make(visitor: Visitor, device: Device, name: str = "Laptop") -> Any:
    options, sealed = offered(visitor.get("/account"), "create")
    return visitor.post("/account/passkeys", {"response": device.make(options), "sealed": sealed, "name": name})


def ask(visitor: Visitor) -> tuple[dict[str, Any], dict[str, str]]:
    """The sign-in page of a browser in which nobody is signed in: options, and what the form carries."""
    visitor.client.cookies.clear()
    page = visitor.client.get("/sign-in")
    options, sealed = offered(page, "get")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    return options, {"csrf": csrf[1], "sealed": sealed, "then": "/orders"}


def send(visitor: Visitor, form: dict[str, str], response: str) -> Any:
    return visitor.client.post("/sign-in/passkey", data={**form, "response": response}, follow_redirects=False)


@pytest.fixture
def device(visitor: Visitor) -> Device:
    """Carl's device, with a passkey for this console."""
    visitor.sign_in("carl")
    made = Device()
    assert len(re.findall(r"<li><code>", make(visitor, made).text)) == 10, "recovery codes come with the first factor"
    return made


def test_a_passkey_lets_its_owner_in_without_a_password(visitor: Visitor, device: Device) -> None:
    options, form = ask(visitor)
    assert options["userVerification"] == "required"
    assert "carl" not in json.dumps(options)
    done = send(visitor, form, device.use(options))
    assert (done.status_code, done.headers["location"]) == (303, "/orders")
    assert "by passkey" in words(visitor.get("/account"))


def test_an_answer_is_taken_once(visitor: Visitor, device: Device) -> None:
    options, form = ask(visitor)
    answer = device.use(options)
    cookies = dict(visitor.client.cookies)
    assert send(visitor, form, answer).status_code == 303
    visitor.client.cookies.clear()
    for name, value in cookies.items():
        visitor.client.cookies.set(name, value, domain="localhost.local", path="/sign-in")
    assert send(visitor, form, answer).status_code == 401


def test_an_answer_for_another_browser_host_page_or_key_is_refused(visitor: Visitor, device: Device) -> None:
    options, form = ask(visitor)
    _, foreign = ask(visitor)
    assert send(visitor, {**foreign, "sealed": form["sealed"]}, device.use(options)).status_code == 401
    for wrong in (
        replace(device, origin="http://evil.example"),
        replace(device, rp_id="evil.example"),
        replace(device, key=Device().key),
        replace(device, flags=0x01),  # present, but not unlocked
        replace(device, id=b"x" * 32),
        replace(device, handle=b"x" * 32),
        replace(device, handle=b""),
        replace(device, count=-1),  # signs with count 0 after a device that counted: a copy, or nothing to tell
    ):
        options, form = ask(visitor)
        if wrong.count == -1:
            good = replace(device, count=10)
            assert send(visitor, form, good.use(options)).status_code == 303
            options, form = ask(visitor)
        assert send(visitor, form, wrong.use(options)).status_code == 401, wrong
        assert visitor.session == ""


def test_a_passkey_is_a_second_factor_beside_the_password_and_a_fresh_proof(visitor: Visitor, device: Device) -> None:
    assert visitor.sign_in("carl").headers["location"].startswith("/sign-in/second")
    page = visitor.client.get("/sign-in/second")
    options, sealed = offered(page, "get")
    csrf = visitor.token("/sign-in/second")
    form = {"csrf": csrf, "sealed": sealed, "response": device.use(options)}
    assert visitor.client.post("/sign-in/second", data=form, follow_redirects=False).status_code == 303
    options, sealed = offered(visitor.get("/account/confirm"), "get")
    before = visitor.session
    proof = {"sealed": sealed, "response": device.use(options), "then": "/account"}
    assert visitor.post("/account/confirm/passkey", proof, follow=False).status_code == 303
    assert visitor.session != before
    assert visitor.post("/account/confirm/passkey", proof).status_code == 401, "once"


def test_a_passkey_is_named_removed_and_all_of_it_is_written_down(visitor: Visitor, device: Device) -> None:
    page = visitor.get("/account")
    act = re.search(r'action="(/account/passkeys/[^/"]+)/name"', page.text)
    assert act
    assert "new name" in words(visitor.post(f"{act[1]}/name", {"name": "Old laptop"}))
    assert "is empty" in words(visitor.post(f"{act[1]}/name", {"name": " "}))
    assert "Old laptop" in visitor.get("/account").text
    assert "removed" in words(visitor.post(f"{act[1]}/remove"))
    assert visitor.post(f"{act[1]}/remove").status_code == 404
    options, form = ask(visitor)
    assert send(visitor, form, device.use(options)).status_code == 401
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        told = [e.action for e in audit_list(conn, limit=50) if e.action.startswith("passkey.")]
    assert told == ["passkey.removed", "passkey.named", "passkey.added"]


def test_a_passkey_that_is_all_that_lets_its_owner_in_is_not_removed(visitor: Visitor, device: Device) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("update principals set password_hash = null where principal = %s", [person("carl")])
    act = f"/account/passkeys/{b64(device.id)}/remove"
    assert "all that lets you in" in visitor.post(act).text
    options, form = ask(visitor)
    assert send(visitor, form, device.use(options)).status_code == 303
    second = Device()
    make(visitor, second, "Phone")
    assert "removed" in words(visitor.post(act))
    assert "all that lets you in" in visitor.post(f"/account/passkeys/{b64(second.id)}/remove").text
    told = [said for _, said, _ in mailed(visitor)]
    assert told == [
        "The passkey Laptop was added to your account.",
        "The passkey Laptop was removed from your account.",
        "The passkey Phone was added to your account.",
    ]


def test_somebody_elses_passkey_is_neither_named_nor_removed(visitor: Visitor, device: Device) -> None:
    visitor.sign_in("fay")
    assert visitor.post(f"/account/passkeys/{b64(device.id)}/name", {"name": "Mine"}).status_code == 404
    assert visitor.post(f"/account/passkeys/{b64(device.id)}/remove").status_code == 404
    options, sealed = offered(visitor.get("/account"), "create")
    again = visitor.post("/account/passkeys", {"response": device.make(options), "sealed": sealed, "name": "x"})
    assert "known already" in words(again)
    options, sealed = offered(visitor.get("/account"), "create")
    visitor.sign_in("rita")
    stolen = visitor.post("/account/passkeys", {"response": Device().make(options), "sealed": sealed, "name": "x"})
    assert "out of date" in words(stolen)
