"""What we export as DMN, read by what common modellers read it with, and held against the standard's own schema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import xmlschema

from headgate.policy import parse_policy
from headgate.policy.exchange import write_table
from scripts.modeller import ADVICE, PROGRAM, SCHEMA, find_modeller
from tests.unit.policy.exchange.test_dmn import EVERYTHING

NODE = find_modeller()
SHIPPED = sorted((Path(__file__).parents[2] / "packs").glob("*/policies/*.yaml"))

pytestmark = [pytest.mark.slow, pytest.mark.skipif(NODE is None, reason=ADVICE)]


def test_every_export_is_valid_dmn_and_opens_in_a_modeller_without_a_remark(tmp_path: Path) -> None:
    tables = {file.stem: parse_policy(file.read_text(encoding="utf-8"), file.name) for file in SHIPPED}
    tables["everything"] = parse_policy(EVERYTHING, "everything.yaml")
    files = {name: tmp_path / f"{name}.dmn" for name in tables}
    for name, table in tables.items():
        files[name].write_bytes(write_table(table, "dmn").data)
    schema = xmlschema.XMLSchema(SCHEMA, allow="local", defuse="always")
    assert {name: [str(e.reason) for e in schema.iter_errors(file)] for name, file in files.items()} == {
        name: [] for name in files
    }
    # The schema does refuse what is wrong.
    broken = files["everything"].read_text(encoding="utf-8").replace("<decisionTable", "<decisionTabel", 1)
    assert list(schema.iter_errors(broken.replace("</decisionTable", "</decisionTabel", 1)))
    command = [str(NODE), str(PROGRAM), *map(str, files.values())]
    done = subprocess.run(command, cwd=PROGRAM.parent, capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(done.stdout)
    for name, table in tables.items():
        told = found[str(files[name])]
        assert told["warnings"] == []
        (read,) = told["tables"]
        # A word of FEEL is no name there, and the export says so.
        assert read["inputs"] == ["in_" if column.name == "in" else column.name for column in table.inputs]
        assert read["outputs"] == [column.name for column in table.outputs]
        assert read["hitPolicy"] == table.hit.upper().replace("_", " ")
        assert len(read["rules"]) == len(table.rows)
