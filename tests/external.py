"""Let every server that a test starts be another PostgreSQL than the embedded one (`make test-external`)."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

from headgate.store import embedded

VARIABLE = "HEADGATE_TEST_POSTGRES"
# The embedded server's own locale, which older ones do not have.
_NOT_BEFORE_17 = {"--locale-provider", "--builtin-locale"}


def use_external() -> None:
    """Start the programs that the variable names; without it, change nothing."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    binaries = Path(folder)
    told = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    major = int(re.findall(r"\d+", told)[0])
    plain = embedded._run

    def run(home: Path, program: str, *arguments: str) -> Any:
        kept = list(arguments)
        if program == "initdb" and major < 17:
            for option in _NOT_BEFORE_17:
                at = kept.index(option)
                del kept[at : at + 2]
        return plain(home, program, *kept)

    embedded._binaries = lambda: binaries
    embedded._run = run
    embedded.MAJOR = major
