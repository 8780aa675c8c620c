"""Provisioning outward in the console: add a system, look before, run, hold, confirm, orphans, who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest

from headgate import access
from headgate.connectors.delivery import Rules
from headgate.kernel.context import SYSTEM
from headgate.worker import ProvisioningLoop
from tests.integration.connectors.provisioning.elsewhere import TOKEN, Elsewhere, elsewhere
from tests.integration.console.site import Visitor, words

PAGE = "/connections/provisioning"


@pytest.fixture
def there(visitor: Visitor) -> Iterator[Elsewhere]:
    """Somebody else's server, which this installation may speak to."""
    wire = visitor.channel.app.provisioner.wire
    before = wire.rules
    wire.rules = Rules(networks=(ip_network("127.0.0.0/8"),))
    with elsewhere() as made:
        yield made
    wire.rules = before


def form(there: Elsewhere, **changes: str) -> dict[str, str]:
    """The form of a system as it is sent."""
    plain = {"name": "Help desk", "url": there.url, "token": TOKEN, "people": "staff", "partner": ""}
    more = {"of_groups": "", "group:finance": "Finance team", "match_by": "user_name", "leavers": "deactivate"}
    return plain | more | {"every": "60", "most": "10", "percent": "20"} | changes


def added(visitor: Visitor, there: Elsewhere) -> str:
    """The address of a system that was added."""
    visitor.post(PAGE, form(there))
    return re.findall(rf'href="({PAGE}/[0-9a-f-]+)"', visitor.get(PAGE).text)[0]


def work(visitor: Visitor) -> None:
    """Let a worker serve this tenant."""
    ProvisioningLoop(visitor.channel.app).serve_one(visitor.channel.tenant)


def newest(visitor: Visitor, page: str) -> str:
    """The address of its newest run."""
    return re.findall(rf'href="({PAGE}/runs/[0-9a-f-]+)"', visitor.get(page).text)[0]


def test_a_system_is_added_looked_at_switched_on_and_brought_up_to_date(visitor: Visitor, there: Elsewhere) -> None:
    visitor.enter("tom")
    assert PAGE in visitor.get("/connections").text
    assert "No system yet" in words(visitor.get(PAGE))
    page = added(visitor, there)
    assert TOKEN not in visitor.get(page).text
    assert f'href="{PAGE}" id="nav-provisioning"' in visitor.get("/").text
    assert "Waiting for a worker" in words(visitor.post(page, {"act": "preview"}))
    assert "under way already" in words(visitor.post(page, {"act": "preview"}))
    work(visitor)
    run = newest(visitor, page)
    assert visitor.get(run, part="progress").headers["hx-refresh"] == "true"
    shown = words(visitor.get(run))
    assert "Nothing was changed" in shown
    assert "Create" in shown
    assert there.methods("POST") == []
    assert "What the system can" in words(visitor.get(page))
    assert "is paused" in words(visitor.post(page, {"act": "run"}))
    assert "is switched on" in words(visitor.post(page, {"act": "activate"}))
    visitor.post(page, {"act": "run"})
    work(visitor)
    assert there.group("Finance team")["members"]
    assert "Done" in words(visitor.get(newest(visitor, page)))


@pytest.mark.slow
def test_a_held_run_waits_for_a_word_and_orphans_are_picked(visitor: Visitor, there: Elsewhere) -> None:
    visitor.enter("tom")
    page = added(visitor, there)
    visitor.post(page, {"act": "activate"})
    visitor.post(page, {"act": "run"})
    work(visitor)
    ghost = there.add("ghost@nordwind.example")
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        people = [a for a in access.list_accounts(conn, channel.clock.now()) if a.kind == "person" and not a.partner]
        gone = [a.principal for a in people if "tenant_admin" not in a.roles][:4]
        for principal in gone:
            access.suspend(conn, channel.context(SYSTEM), principal)
    channel.clock.move(timedelta(seconds=5))
    visitor.post(page, {"act": "run"})
    work(visitor)
    run = newest(visitor, page)
    assert "would end at once" in words(visitor.get(run))
    assert "Pick at least one" in words(visitor.post(run, {"act": "orphans"}))
    channel.clock.move(timedelta(seconds=5))
    visitor.post(run, {"act": "confirm"})
    work(visitor)
    assert [user["active"] for user in there.store["Users"].values()].count(False) == 4
    run = newest(visitor, page)
    assert "Read back: not active" in words(visitor.get(run))
    channel.clock.move(timedelta(seconds=5))
    visitor.post(run, {"act": "orphans", f"pick:{ghost}": "1"})
    work(visitor)
    assert there.store["Users"][ghost]["active"] is False


def test_what_is_wrong_is_told_and_what_was_typed_stays(visitor: Visitor, there: Elsewhere) -> None:
    visitor.enter("tom")
    refused = visitor.post(
        PAGE, form(there, url="https://10.0.0.1/scim", name="Kept <b>name</b>", **{"role:no_role": "1"})
    )
    assert re.search(r'name="role:no_role" value="1" checked', refused.text)
    assert refused.status_code == 422
    assert "Kept &lt;b&gt;name&lt;/b&gt;" in refused.text
    assert TOKEN not in refused.text
    assert "whole number" in words(visitor.post(PAGE, form(there, most="many")))
    page = added(visitor, there)
    assert visitor.post(page, form(there, act="change", every="7")).status_code == 422
    assert "are changed" in words(visitor.post(page, form(there, act="change", leavers="delete", every="0")))
    assert "counts from now on" in words(visitor.post(page, {"act": "token", "token": "another-token"}))
    assert "is forgotten here" in words(visitor.post(page, {"act": "remove"}))
    assert visitor.get(page).status_code == 404


def test_an_auditor_looks_and_others_do_not(visitor: Visitor, there: Elsewhere) -> None:
    visitor.enter("tom")
    page = added(visitor, there)
    visitor.enter("ada")
    shown = visitor.get(page)
    assert shown.status_code == 200
    assert 'value="check"' not in shown.text
    assert visitor.post(page, {"act": "preview"}).status_code == 403
    visitor.enter("carl")
    assert visitor.get(PAGE).status_code == 403


def test_a_check_asks_at_once_whether_the_token_is_good_and_what_the_system_can(
    visitor: Visitor, there: Elsewhere
) -> None:
    visitor.enter("tom")
    page = added(visitor, there)
    shown = visitor.get(page)
    assert "What the system can" not in words(shown)
    assert 'value="check" data-meanwhile="Asking the system …"' in shown.text
    checked = visitor.post(page, {"act": "check"})
    assert "answers, and takes the token" in words(checked)
    assert "What the system can" in words(checked)
    assert there.methods("POST", "PUT", "PATCH", "DELETE") == [], "nothing is changed there"
    visitor.post(page, {"act": "token", "token": "not-the-token"})
    refused = words(visitor.post(page, {"act": "check"}))
    assert "could not be asked" in refused
    assert "not-the-token" not in refused
