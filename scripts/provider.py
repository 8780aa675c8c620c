"""Install the real OpenID Connect provider that one test signs in with: npm's oidc-provider, by a lock with digests.

Without node and npm that test skips and says so; nothing fails for the lack of it. Names no registry: npm's own setting
counts, and the digests in the lock see to it that the same bytes arrive from wherever.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tests" / "provider"
PROGRAM = FOLDER / "provider.mjs"
ADVICE = "no oidc-provider: install node 20 or later with npm and run scripts/provider.py"


def find_provider() -> str | None:
    """The node to run it with; None where it cannot run."""
    installed = (FOLDER / "node_modules" / "oidc-provider" / "package.json").exists()
    return shutil.which("node") if installed else None


def install(folder: Path, what: str) -> None:
    """Install what a folder's lock names, if node and npm are there; says so where it does not work."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        return
    print(f"Installing {what}…", flush=True)
    command = [npm, "ci", "--ignore-scripts", "--silent"]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=True)
    except (subprocess.SubprocessError, OSError):
        print(f"  this did not work: {' '.join(command)}")


def main() -> int:
    """Install it unless it is there."""
    if not find_provider():
        install(FOLDER, "an OpenID Connect provider for the tests")
    if not find_provider():
        print(f"The test with a real identity provider will be skipped, {ADVICE}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
