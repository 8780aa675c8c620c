"""`headgate account mails`: what somebody gets, shown and changed from the terminal."""

from __future__ import annotations

import pytest

from headgate.kernel.settings import Settings
from tests.integration.cli.shell import Shell

TENANT = ("--tenant", "shop")
ANA = "ana@shop.example"


@pytest.fixture(scope="module")
def shell(module_settings: Settings) -> Shell:
    """A shell with a tenant and two people."""
    made = Shell(module_settings)
    made.ok("tenant", "create", "shop", "--name", "Shop")
    for name, role in (("ana", "channel_manager"), ("ben", "order_desk")):
        made.ok("tenant", "add-person", f"{name}@shop.example", "--name", name, "--role", role, *TENANT)
    return made


def wanted(shell: Shell) -> dict[str, bool]:
    found = shell.read("account", "mails", ANA, *TENANT)
    return {kind["kind"]: kind["wanted"] for kind in found["kinds"]}


def test_what_somebody_gets_is_shown_and_changed(shell: Shell) -> None:
    assert wanted(shell) == dict.fromkeys(("approvals", "reminders", "reviews", "escalations"), True), (
        "what her role can get"
    )
    shell.ok("account", "mails", ANA, "--stop", "approvals", "--stop", "escalations", "--language", "de", *TENANT)
    shell.ok("account", "mails", ANA, "--want", "escalations", "--as", ANA, *TENANT)
    found = shell.read("account", "mails", ANA, *TENANT)
    assert found["language"] == "de"
    assert (wanted(shell)["approvals"], wanted(shell)["escalations"]) == (False, True)
    said = shell.ok("account", "mails", ANA, *TENANT).out
    assert "reads mails in de language, times in the organisation's zone" in said
    assert "Requests for your decision" in said


def test_what_comes_once_a_day_is_chosen_with_its_hour(shell: Shell) -> None:
    shell.ok("account", "mails", ANA, "--digest", "reminders", "--hour", "7", *TENANT)
    found = shell.read("account", "mails", ANA, *TENANT)
    assert found["digest_hour"] == 7
    assert {kind["kind"]: kind["when"] for kind in found["kinds"]}["reminders"] == "digest"
    said = shell.ok("account", "mails", ANA, *TENANT).out
    assert "Their daily digest comes at 07:00." in said
    assert "in the daily digest" in said
    shell.ok("account", "mails", ANA, "--want", "reminders", *TENANT)


def test_how_somebody_reads_is_shown_and_changed(shell: Shell) -> None:
    assert "in their browser's zone" in shell.ok("account", "reading", ANA, *TENANT).out
    shell.ok("account", "reading", ANA, "--timezone", "Asia/Tokyo", "--region", "CH", *TENANT)
    found = shell.read("account", "reading", ANA, "--region", "", "--as", ANA, *TENANT)
    assert (found["timezone"], found["region"]) == ("Asia/Tokyo", "")
    assert "reads times in Asia/Tokyo" in shell.ok("account", "reading", ANA, *TENANT).out
    for arguments, said in (
        (("--timezone", "Mars"), "is not a time zone"),
        (("--region", "QQ"), "is no region"),
        (("--region", "CH", "--as", "ben@shop.example"), "permission admin"),
    ):
        ran = shell.run("account", "reading", ANA, *arguments, *TENANT)
        assert ran.code != 0
        assert said in ran.err + ran.out
    assert shell.read("account", "reading", ANA, *TENANT) == found
    shell.ok("account", "reading", ANA, "--timezone", "", *TENANT)


def test_what_cannot_be_chosen_is_refused(shell: Shell) -> None:
    for arguments, said in (
        (("--stop", "security"), "is no kind of mail"),
        (("--stop", "messages"), "is no kind of mail"),
        (("--stop", "exports"), "is no kind of mail"),
        (("--stop", "reminders", "--want", "reminders"), "is named by --want, too"),
        (("--hour", "24"), "is no hour of the day"),
        (("--timezone", "Mars"), "is not a time zone"),
        (("--language", "xx"), "is not a language"),
        (("--stop", "reminders", "--as", "ben@shop.example"), "permission admin"),
    ):
        ran = shell.run("account", "mails", ANA, *arguments, *TENANT)
        assert ran.code == 1
        assert said in ran.err
    assert wanted(shell)["reminders"]
