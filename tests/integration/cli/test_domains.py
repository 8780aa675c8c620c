"""Domains on the command line."""

from __future__ import annotations

import pytest

from tests.domains import FakeDns
from tests.integration.cli.shell import Shell


def test_a_domain_is_added_checked_trusted_served_and_removed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    dns = FakeDns()
    monkeypatch.setattr("headgate.connectors.dns.resolver.TxtResolver.__call__", lambda self, name: dns(name))
    monkeypatch.setenv("HEADGATE_PORTAL_SUFFIXES", "portals.provider.example")
    at = ("--tenant", "proofs")
    shell.ok("tenant", "create", "proofs", "--name", "Proofs")
    assert "No domain yet" in shell.ok("tenant", "domain", "list", *at).out
    added = shell.read("tenant", "domain", "add", "Proofs.Example.", *at)
    assert (added["domain"], added["status"]) == ("proofs.example", "claimed")
    host = ("tenant", "portal", "--host", "partners.proofs.example", *at)
    refused = shell.run(*host)
    assert (refused.code, "proven to be yours" in refused.err) == (1, True)
    told = shell.ok("tenant", "domain", "check", "proofs.example", *at).out
    assert "there is no such domain" in told
    assert added["record_value"] in told
    early = shell.run("tenant", "domain", "check", "proofs.example", *at)
    assert (early.code, "a moment ago" in early.err) == (1, True)
    unsaid = shell.run("tenant", "domain", "trust", "proofs.example", "--because", " ", *at)
    assert (unsaid.code, "reason" in unsaid.err) == (1, True)
    trusted = shell.read("tenant", "domain", "trust", "proofs.example", "--because", "contract 17", *at)
    assert (trusted["status"], trusted["proof"], trusted["reason"]) == ("proven", "operator", "contract 17")
    shell.ok(*host)
    needed = shell.run("tenant", "domain", "remove", "proofs.example", *at)
    assert (needed.code, "change its host first" in needed.err) == (1, True)
    shell.ok("tenant", "portal", "--host", "proofs.portals.provider.example", "--from-address", "d@proofs.example", *at)
    shell.ok("tenant", "domain", "remove", "proofs.example", *at)
    assert shell.read("tenant", "domain", "list", *at)["items"] == []
    for wrong in ("com", "https://x.example", "portals.provider.example"):
        ran = shell.run("tenant", "domain", "add", wrong, *at)
        assert (ran.code, "domain:" in ran.err) == (1, True)
