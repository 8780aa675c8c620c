"""Deals on the command line: a list, and the whole explanation of one."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.access import find_tenant
from headgate.cli.session import operator
from headgate.kernel.context import Context
from headgate.kernel.settings import Settings
from headgate.process import Incoming, ingest
from headgate.wiring import build
from tests.integration.cli.shell import Shell
from tests.scenarios.channel import partner, product


def deal(number: str, code: str, name: str) -> dict[str, Any]:
    return {
        "deal": number,
        "partner": code,
        "customer": {"name": name, "country": "DE", "domain": "acme-robotics.de"},
        "lines": [{"line": 1, "product": "S-1", "quantity": "2", "amount": "1234.50"}],
        "currency": "EUR",
        "close_on": "2099-12-31",
    }


@pytest.fixture(scope="module")
def office(module_settings: Settings) -> Shell:
    """A tenant with two partners who want the same customer, in the far future so that both come back."""
    shell = Shell(module_settings)
    shell.ok("tenant", "create", "revenue", "--name", "Revenue", "--pack", "channel_revenue")
    app = build(module_settings)
    tenant = find_tenant(app.database, "revenue")
    events = [
        ("partner.recorded", {"items": [partner("P-1", ""), partner("P-2", "")]}),
        ("product.recorded", {"items": [product("S-1", "6.00")]}),
        ("deal.submitted", deal("D-1", "P-1", "Acme Robotics GmbH")),
        ("deal.submitted", deal("D-2", "P-2", "ACME Robotics")),
    ]
    for number, (type_, data) in enumerate(events):
        now = app.clock.now()
        with app.database.transaction(tenant) as conn:
            ingest(
                conn, Context(tenant, operator(), now), app.engine, "crm", [Incoming(f"e-{number}", type_, now, data)]
            )
        app.runner().drain(tenant)
    app.close()
    return shell


def test_deals_are_listed_and_explained(office: Shell) -> None:
    listed = office.read("deals", "list", "--tenant", "revenue")
    assert {d["deal"]: d["status"] for d in listed["items"]} == {"D-1": "returned", "D-2": "returned"}
    assert listed["items"][0]["amount"] == "1234.50"
    found = office.read("explain", "deal", "D-2", "--tenant", "revenue")
    assert found["conflicts"] == []  # what came back stands in nobody's way
    assert found["decisions"][0]["row_ids"] == ["close_far"]
    told = office.ok("explain", "deal", "D-1", "--tenant", "revenue").out
    assert "Deal D-1 of P-1 with Acme Robotics GmbH (DE): returned, 1,234.50 EUR, revision 1" in told
    assert "more than a year away" in told
    assert "proof intact" in told


def test_a_status_that_is_none_is_named(office: Shell) -> None:
    failed = office.run("deals", "list", "--status", "lovely", "--tenant", "revenue")
    assert failed.code == 1
    assert "is not a status of deals" in failed.err
