"""Provisioning outward on the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cli.shell import Shell
from tests.integration.connectors.provisioning.elsewhere import TOKEN, Elsewhere, elsewhere


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    with elsewhere() as made:
        yield made


def test_a_system_is_registered_looked_at_and_brought_up_to_date(
    shell: Shell, there: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADGATE_OUTBOUND_ALLOW", "127.0.0.0/8")
    monkeypatch.setenv("HEADGATE_TOKEN", TOKEN)
    at = ("--tenant", "outward")
    shell.ok("tenant", "create", "outward", "--name", "Outward")
    shell.ok("tenant", "add-person", "ana@nordwind.example", "--name", "Ana Lovelace", "--role", "finance", *at)
    ghost = there.add("ghost@nordwind.example")
    shell.ok("provisioning", "add", "Helpdesk", there.url, "--group", "finance=Finance team", *at)

    assert "Changes single attributes" in shell.ok("provisioning", "check", "Helpdesk", *at).out
    preview = shell.read("provisioning", "preview", "Helpdesk", *at)
    assert (preview["status"], preview["steps"], preview["orphans"]) == ("done", 2, 1)
    assert there.methods("POST") == []
    refused = shell.run("provisioning", "run", "Helpdesk", *at)
    assert (refused.code, "is paused" in refused.err) == (1, True)
    shell.ok("provisioning", "activate", "Helpdesk", *at)
    done = shell.read("provisioning", "run", "Helpdesk", *at)
    assert (done["status"], done["steps_done"]) == ("done", 2)
    assert there.members("Finance team") == {"ana@nordwind.example"}
    assert "Nothing to do" in shell.ok("provisioning", "run", "Helpdesk", *at).out
    assert ghost in shell.ok("provisioning", "orphans", "Helpdesk", *at).out
    shell.ok("provisioning", "orphans", "Helpdesk", "--deactivate", ghost, *at)
    assert there.store["Users"][ghost]["active"] is False
    told = shell.ok("provisioning", "show", "Helpdesk", "--json", *at).out + shell.ok("provisioning", "list", *at).out
    assert "Helpdesk" in told
    assert TOKEN not in told
    shell.ok("provisioning", "change", "Helpdesk", "--every", "0", "--leavers", "delete", *at)
    shell.ok("provisioning", "token", "Helpdesk", *at)
    shell.ok("provisioning", "pause", "Helpdesk", *at)
    shell.ok("provisioning", "remove", "Helpdesk", *at)
    assert shell.read("provisioning", "list", *at)["items"] == []


def test_what_cannot_be_says_which_field(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_TOKEN", TOKEN)
    shell.ok("tenant", "create", "outward2", "--name", "Outward")
    at = ("--tenant", "outward2")
    ran = shell.run("provisioning", "add", "Inside", "https://10.0.0.1/scim", *at)
    assert (ran.code, "not a public address" in ran.err) == (1, True)
    missing = shell.run("provisioning", "show", "Nothing", *at)
    assert (missing.code, "headgate provisioning list" in missing.err) == (1, True)
