"""Personal data from the command line: found, erased by two people, held, and kept as long as the tenant says."""

from __future__ import annotations

import uuid

import pytest

from tests.integration.cli.shell import Shell


@pytest.fixture
def slug(shell: Shell) -> str:
    """A tenant with somebody who asks and somebody who decides."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    shell.ok("tenant", "create", name, "--name", "Nord", "--currency", "EUR")
    shell.ok("tenant", "add-person", "olga@nord.example", "-t", name, "--name", "Olga", "--role", "privacy_officer")
    shell.ok("tenant", "add-person", "adam@nord.example", "-t", name, "--name", "Adam", "--role", "tenant_admin")
    return name


OLGA = ("--as", "olga@nord.example", "--because", "asked by the person")
ADAM = ("--as", "adam@nord.example", "--because", "checked the request")


def test_two_people_erase_and_one_does_not(shell, slug):
    assert shell.read("privacy", "find", "person:Jane Doe", "-t", slug)["count"] == 0
    request = shell.read("privacy", "erase", "person:Jane Doe", "-t", slug, *OLGA)["id"]
    assert "may not decide erasures" in shell.run("privacy", "decide", request, "approve", "-t", slug, *OLGA).err
    assert "may not ask" in shell.run("privacy", "erase", "order:1", "-t", slug, *ADAM).err
    assert shell.read("privacy", "decide", request, "approve", "-t", slug, *ADAM)["status"] == "done"
    (row,) = shell.read("privacy", "requests", "-t", slug)["items"]
    assert (row["status"], row["sought"]) == ("done", "")
    assert "Jane" not in shell.ok("audit", "search", "-t", slug, "--json").out


def test_a_hold_is_placed_listed_and_lifted(shell, slug):
    hold = shell.read("privacy", "hold", "everything", "-t", slug, *OLGA)["id"]
    request = shell.read("privacy", "erase", "person:Jane Doe", "-t", slug, *OLGA)["id"]
    assert "legal hold" in shell.run("privacy", "decide", request, "approve", "-t", slug, *ADAM).err
    assert [h["id"] for h in shell.read("privacy", "holds", "-t", slug)["items"]] == [hold]
    shell.ok("privacy", "lift", hold, "-t", slug, *OLGA)
    assert "Nothing is on hold" in shell.ok("privacy", "holds", "-t", slug).out


def test_rules_are_shown_and_set(shell, slug):
    assert "for ever" in shell.ok("privacy", "retention", "-t", slug).out
    options = ("--class", "quarantine", "--days", "10", "--as", "adam@nord.example")
    rows = {r["data_class"]: r["days"] for r in shell.read("privacy", "retention", "-t", slug, *options)["items"]}
    assert rows["quarantine"] == 10
    assert "belong together" in shell.run("privacy", "retention", "-t", slug, "--days", "3").err
    assert shell.read("privacy", "purge", "-t", slug) == {}
    assert "order.submitted" in shell.ok("privacy", "fields", "-t", slug).out


@pytest.mark.parametrize("what", ["Jane", "street:x", "person:ab", "case:1"])
def test_what_cannot_be_sought_is_said(shell, slug, what):
    ran = shell.run("privacy", "find", what, "-t", slug)
    assert (ran.code, "Error" in ran.err) == (1, True)
