"""Install the reader of DMN files that common modellers use, npm's dmn-moddle, which brings the standard's schema too.

It reads what we export, in the slow tests. Without node and npm that test skips and says so.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from scripts.provider import install

FOLDER = Path(__file__).parents[1] / "tests" / "modeller"
PROGRAM = FOLDER / "read.mjs"
PACKAGE = FOLDER / "node_modules" / "dmn-moddle"
SCHEMA = PACKAGE / "resources" / "dmn" / "xsd" / "DMN13.xsd"
ADVICE = "no dmn-moddle: install node 20.12 or later with npm and run python -m scripts.modeller"


def find_modeller() -> str | None:
    """The node to run it with; None where it cannot run."""
    return shutil.which("node") if (PACKAGE / "package.json").exists() else None


def main() -> int:
    """Install it unless it is there."""
    if not find_modeller():
        install(FOLDER, "what common modellers read DMN with")
    if not find_modeller():
        print(f"The test that reads exports as modellers do will be skipped, {ADVICE}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
