"""Policies in the files of other tools on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.kernel.settings import Settings
from tests.integration.cli.shell import Shell


@pytest.fixture(scope="module")
def shell(module_settings: Settings) -> Shell:
    """A tenant with the shipped policies and an author."""
    found = Shell(module_settings)
    found.ok("tenant", "create", "exchange", "--name", "Exchange", "--pack", "order_governance")
    person = ("ana@exchange.example", "--name", "Ana", "--role", "channel_manager")
    found.ok("tenant", "add-person", *person, "--tenant", "exchange")
    return found


@pytest.mark.parametrize("form", ["xlsx", "csv", "dmn", "jdm", "yaml"])
def test_a_policy_goes_out_is_looked_at_and_comes_in(shell: Shell, form: str, tmp_path: Path) -> None:
    file = tmp_path / f"price_deviation.{form}"
    told = shell.ok(
        "policies", "export", "price_deviation", "--format", form, "--out", str(file), "--tenant", "exchange"
    )
    assert f"wrote {file}" in told.out
    told = shell.ok("policies", "import", str(file), "--check", "--tenant", "exchange")
    assert "10 of 10 tests pass; would be drafted" in told.out
    made = shell.ok(
        "policies", "import", str(file), "--as", "ana@exchange.example", "--tenant", "exchange", "--json"
    )  # fmt: skip
    assert made.json()["drafted"][0]["status"] == "draft"


def test_what_cannot_be_read_is_said_and_nothing_is_drafted(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("id,in a: number,out b: number\nx,> 1,many\n")
    refused = shell.run("policies", "import", str(file), "--as", "ana@exchange.example", "--tenant", "exchange")
    assert refused.code == 1
    assert "bad.csv, C2: column b: 'many' is not a number" in refused.err
    nobody = shell.run("policies", "import", str(file), "--tenant", "exchange")
    assert nobody.code == 1
    assert "Name who drafts it, or only look with --check." in nobody.err
