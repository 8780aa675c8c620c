"""`headgate tenant limit`: rates of tenants and sources, within the installation's quota."""

from __future__ import annotations

import pytest

from headgate.kernel.settings import Settings
from tests.integration.cli.shell import Shell

TENANT = ("--tenant", "shop")


@pytest.fixture(scope="module")
def shell(module_settings: Settings) -> Shell:
    """A shell with a tenant and a source that may send anything."""
    made = Shell(module_settings)
    made.ok("tenant", "create", "shop", "--name", "Shop")
    made.ok("tenant", "add-source", "webshop", *TENANT)
    return made


def rate(shell: Shell) -> object:
    """The source's rate, as listed."""
    (source,) = shell.read("tenant", "sources", *TENANT)["items"]
    assert source["types"] == []
    return source["rate"]


def test_a_source_gets_a_rate_and_loses_it_again(shell: Shell) -> None:
    assert rate(shell) is None
    assert (
        "webshop may send 50 events per second" in shell.ok("tenant", "limit", "webshop", "--rate", "50", *TENANT).out
    )
    assert rate(shell) == 50
    assert "the installation's limit" in shell.ok("tenant", "limit", "webshop", *TENANT).out
    assert rate(shell) is None


def test_a_source_gets_no_more_than_its_tenant_and_a_tenant_no_more_than_the_quota(shell: Shell) -> None:
    shell.ok("tenant", "limit", "--rate", "20", *TENANT)
    assert "between 1 and 20" in shell.run("tenant", "limit", "webshop", "--rate", "21", *TENANT).err
    assert "between 1 and 50000" in shell.run("tenant", "limit", "--rate", "50001", *TENANT).err
    assert "between 1 and" in shell.run("tenant", "limit", "--rate", "0", *TENANT).err
    shell.ok("tenant", "limit", *TENANT)
    shell.ok("tenant", "limit", "webshop", "--rate", "21", *TENANT)


def test_a_source_that_is_not_there_gets_none(shell: Shell) -> None:
    assert "no source nowhere" in shell.run("tenant", "limit", "nowhere", "--rate", "5", *TENANT).err
