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


def test_one_decision_of_several_in_a_model_is_taken(shell: Shell, tmp_path: Path) -> None:
    table = """<decisionTable hitPolicy="UNIQUE"><input><inputExpression typeRef="number"><text>age</text>
      </inputExpression></input><output name="{name}"/>
      <rule><inputEntry><text>&gt;= 18</text></inputEntry><outputEntry><text>"yes"</text></outputEntry></rule>
      </decisionTable>"""
    decisions = "".join(
        f'<decision id="{name}" name="{name}"><variable name="{name}" typeRef="string"/>'
        f'<informationRequirement><requiredInput href="#a"/></informationRequirement>'
        f"{table.format(name=name)}</decision>"
        for name in ("grown_up", "may_drive")
    )
    file = tmp_path / "two.dmn"
    file.write_text(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:m">'
        f'<inputData id="a" name="age"><variable name="age" typeRef="number"/></inputData>{decisions}</definitions>'
    )
    look = ("policies", "import", str(file), "--check", "--tenant", "exchange", "--json")
    assert [each["policy"] for each in shell.run(*look).json()["policies"]] == ["grown_up", "may_drive"]
    assert [each["policy"] for each in shell.run(*look, "--decision", "may_drive").json()["policies"]] == ["may_drive"]
    missing = shell.run(*look, "--decision", "may_fly")
    assert (missing.code, "Choose one of grown_up, may_drive" in missing.err) == (1, True)
    dora = ("dora@exchange.example", "--name", "Dora", "--tenant", "exchange")
    shell.ok("tenant", "add-person", *dora)
    refused = shell.run("policies", "import", str(file), "--as", "dora@exchange.example", "--tenant", "exchange")
    assert (refused.code, "policies.author" in refused.err) == (1, True)
