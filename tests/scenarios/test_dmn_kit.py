"""The DMN compatibility kit, level 2: every case, as the standard says and as a policy decides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.dmn_tck import report, run

KIT = Path(__file__).parents[3] / "shared" / "data" / "dmn_tck_level2"
# Cases by folder that no policy decides: a policy has no power operator, calls no knowledge model, reads at least one
# fact, and refuses a fact that is null unless its table asks for null.
NOT_AS_POLICY = {
    "0008-LX-arithmetic": 3,
    "0009-invocation-arithmetic": 3,
    "0100-feel-constants": 2,
    "0101-feel-constants": 6,
    "0102-feel-constants": 4,
    "0105-feel-math": 33,
    "0106-feel-ternary-logic": 10,
    "0107-feel-ternary-logic-not": 1,
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not KIT.is_dir(), reason="the DMN compatibility kit is not at ../shared/data/dmn_tck_level2"),
]


def test_every_case_of_the_kit_gives_what_the_standard_expects(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = run(KIT)
    with capsys.disabled():
        sys.stdout.write(f"\n{report(outcomes)}\n")
    assert len({o.folder for o in outcomes}) == 28
    assert [o for o in outcomes if o.verdict == "failed"] == []
    assert [o for o in outcomes if o.table and o.verdict != "pass"] == []
    assert sum(o.way == "model" and o.verdict == "pass" for o in outcomes) == 126
    missing = [o.folder for o in outcomes if o.way == "policy" and o.verdict == "not supported"]
    assert {folder: missing.count(folder) for folder in missing} == NOT_AS_POLICY


def test_the_report_of_the_kit_can_be_printed_by_hand() -> None:
    script = Path(__file__).parents[2] / "scripts" / "dmn_tck.py"
    done = subprocess.run([sys.executable, script, KIT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "decision tables, as policy: 51 pass, 0 not supported, 0 failed" in done.stdout
