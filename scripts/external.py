"""Run the tests that meet a database against the PostgreSQL of this machine's packages instead of the embedded one.

    python scripts/external.py                      # Debian's, /usr/lib/postgresql/15 or a later one
    HEADGATE_TEST_POSTGRES=/opt/pg/bin python scripts/external.py tests/integration/store

Where there is none it says so and ends well: this is a check for machines that have one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGED = Path("/usr/lib/postgresql")
OLDEST = 15
# Everything between SQL and a scenario; what only draws screens or parses files meets no other database here.
SHARE = (
    "tests/integration/store",
    "tests/integration/ledger",
    "tests/integration/access",
    "tests/integration/policy",
    "tests/integration/process",
    "tests/integration/channel",
    "tests/integration/worker",
    "tests/integration/connectors",
    "tests/scenarios/test_order_lifecycle.py",
    "tests/scenarios/test_reservations.py",
    "tests/scenarios/test_acceptance_traps.py",
    "tests/scenarios/api/test_events.py",
)

# About the embedded server's own programs, which processes of their own start there.
ASIDE = ("--ignore=tests/integration/store/test_embedded.py",)


def find_binaries() -> Path | None:
    """The programs of the oldest packaged server that we support."""
    named = os.environ.get("HEADGATE_TEST_POSTGRES")
    if named:
        return Path(named)
    versions = sorted(int(p.name) for p in PACKAGED.glob("[0-9]*") if p.name.isdigit() and int(p.name) >= OLDEST)
    return next((PACKAGED / str(v) / "bin" for v in versions if (PACKAGED / str(v) / "bin" / "initdb").exists()), None)


def main(arguments: list[str]) -> int:
    binaries = find_binaries()
    if binaries is None:
        print(f"There is no PostgreSQL {OLDEST} or later under {PACKAGED}; nothing was tried.")
        return 0
    told = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=True)
    print(told.stdout.strip())
    shared = subprocess.run([str(binaries / "pg_config"), "--sharedir"], capture_output=True, text=True, check=False)
    vectors = Path(shared.stdout.strip()) / "extension" / "vector.control"
    print("pgvector is there." if vectors.exists() else "pgvector is not packaged here: tried without vectors.")
    options = ["-n", os.environ.get("WORKERS", "auto"), "--maxprocesses", "8", "--dist", "loadfile", "-m", "not slow"]
    command = [sys.executable, "-m", "pytest", *options, *ASIDE, *(arguments or SHARE)]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, "HEADGATE_TEST_POSTGRES": str(binaries)}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
