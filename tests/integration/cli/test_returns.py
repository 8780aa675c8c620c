"""Returns on the command line: a list, and the whole explanation of one."""

from __future__ import annotations

import pytest

from headgate.kernel.settings import Settings
from tests.integration.cli.shell import Shell
from tests.scenarios.channel import Channel
from tests.scenarios.conftest import channel

__all__ = ["channel"]


@pytest.fixture
def office(channel: Channel, settings: Settings) -> Shell:
    """A return of two switches that came back broken and was credited."""
    channel.order("O-1", ("S-1", "5", "10.00"))
    channel.govern()
    channel.ship("O-1", ("1", "5"))
    channel.govern()
    line = {"line": "1", "quantity": "2"}
    asked = {**line, "reason": "defective"}
    channel.send("rma.requested", rma="RMA-1", partner="P-1", order="O-1", wanted="credit", lines=[asked])
    channel.govern()
    now = channel.clock.now().isoformat()
    channel.send("rma.received", rma="RMA-1", receipt="GR-1", received_at=now, lines=[line])
    channel.govern()
    channel.send("rma.inspected", rma="RMA-1", lines=[{**line, "condition": "defective"}])
    channel.govern()
    return Shell(settings)


def test_returns_are_listed_and_explained(office: Shell, channel: Channel) -> None:
    tenant = ("--tenant", f"t-{channel.tenant.hex}")
    (listed,) = office.read("returns", "list", *tenant)["items"]
    assert (listed["rma"], listed["status"], listed["credit"]) == ("RMA-1", "credited", "20.00")
    assert office.read("returns", "list", "--order", "O-9", *tenant)["items"] == []
    found = office.read("explain", "return", "RMA-1", *tenant)
    assert {d["policy"] for d in found["decisions"]} >= {"return_rules", "return_disposition"}
    told = office.ok("explain", "return", "RMA-1", *tenant).out
    for text in (
        "Return RMA-1 of P-1, order O-1: credited, credit wanted",
        "credited before tax: 20.00 EUR",
        "line 1: 2 EA of S-1, defective; received 2",
        "2 defective: credit, 20.00",
        "proof intact",
    ):
        assert text in told, (text, told)


def test_a_return_that_is_none_is_named(office: Shell, channel: Channel) -> None:
    tenant = ("--tenant", f"t-{channel.tenant.hex}")
    failed = office.run("explain", "return", "RMA-9", *tenant)
    assert (failed.code, "RMA-9" in failed.err) == (1, True)
    wrong = office.run("returns", "list", "--status", "lovely", *tenant)
    assert (wrong.code, "is not a status of returns" in wrong.err) == (1, True)
