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


def main() -> int:
    """Install it unless it is there."""
    npm = shutil.which("npm")
    if find_provider():
        return 0
    if npm and shutil.which("node"):
        print("Installing an OpenID Connect provider for the tests…", flush=True)
        command = [npm, "ci", "--ignore-scripts", "--silent"]
        try:
            subprocess.run(command, cwd=FOLDER, capture_output=True, timeout=300, check=True)
        except (subprocess.SubprocessError, OSError):
            print(f"  this did not work: {' '.join(command)}")
    if not find_provider():
        print(f"The test with a real identity provider will be skipped, {ADVICE}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
