"""Processes on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.integration.cli.shell import Shell

PACKS = Path(__file__).parents[3] / "packs"


def test_shipped_processes_have_nothing_to_mend(shell: Shell) -> None:
    files = [str(f) for f in sorted(PACKS.glob("*/processes/*.yaml"))]
    assert shell.read("processes", "lint", *files) == {"issues": []}


def test_a_mistake_is_told_with_its_place_and_an_exit_code(shell: Shell, tmp_path: Path) -> None:
    text = (PACKS / "order_governance" / "processes" / "order_return.yaml").read_text(encoding="utf-8")
    file = tmp_path / "return.yaml"
    file.write_text(text.replace("currency: $entry.currency", "money: $entry.currency"), encoding="utf-8")
    ran = shell.run("processes", "lint", str(file))
    assert ran.code == 1
    assert "return.yaml:20:" in ran.out
    assert "error settable recorded: sets 'money'" in ran.out
    file.write_text(text.replace("run: return.record", "run: return.recrod"), encoding="utf-8")
    assert shell.run("processes", "lint", str(file)).code == 0  # a warning
    assert shell.run("processes", "lint", str(file), "--strict").code == 1


def test_versions_and_stages_are_shown(shell: Shell) -> None:
    shell.ok("tenant", "create", "drawn", "--name", "Drawn", "--pack", "order_governance")
    listed = shell.read("processes", "list", "--tenant", "drawn")
    assert "order_to_release" in {p["process"] for p in listed["items"]}
    shown = shell.read("processes", "show", "order_to_release", "--tenant", "drawn")
    assert shown["stages"]["exception"]["sla"]["hours"] == "16"
    assert json.loads(shell.ok("processes", "schema").out)["title"] == "Headgate process"


def test_a_process_is_written_for_modellers_from_a_file_and_from_a_tenant(shell: Shell, tmp_path: Path) -> None:
    source = PACKS / "order_governance" / "processes" / "order_to_release.yaml"
    out = tmp_path / "order.bpmn"
    shell.ok("processes", "export", str(source), "--out", str(out))
    assert ElementTree.parse(out).getroot().get("exporter") == "Headgate"
    shell.ok("tenant", "create", "written", "--name", "Written", "--pack", "order_governance")
    stored = shell.ok("processes", "export", "order_to_release", "--tenant", "written").out
    assert "Policy approval_matrix, version" in stored  # what is in force there is told
    assert shell.ok("processes", "export", "order_to_release", "--format", "yaml", "--tenant", "written").out == (
        source.read_text(encoding="utf-8")
    )
    assert shell.ok("processes", "export", str(source), "--format", "svg").out.startswith("<svg")
    assert "is no form of a process" in shell.run("processes", "export", str(source), "--format", "visio").err
