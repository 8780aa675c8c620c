"""Find a Chromium for browser tests and screenshots; run as a program, install one where that is possible.

Without a browser those tests skip and say so; nothing fails for the lack of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What keeps it small, quiet and away from other hosts. Its own sandbox refuses to run as root, as in most containers.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE = "no Chromium found: install one or set HEADGATE_CHROMIUM to its path"


def find_chromium() -> str | None:
    """The path of a Chromium: HEADGATE_CHROMIUM, Playwright's own, or the system's."""
    named = os.environ.get("HEADGATE_CHROMIUM")
    if named:
        return named
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    """Install Chromium unless there is one: Playwright's, else the distribution's when we are root."""
    if find_chromium():
        return 0
    print("Installing Chromium for the browser tests…", flush=True)
    _try(sys.executable, "-m", "playwright", "install", "chromium")
    if not find_chromium() and shutil.which("apt-get") and os.geteuid() == 0:
        _try("apt-get", "update")
        _try("apt-get", "install", "--yes", "--no-install-recommends", "chromium")
    if not find_chromium():
        print(f"Browser tests will be skipped, {ADVICE}.")
    return 0


def _try(*command: str) -> None:
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, env=environ, capture_output=True, timeout=600, check=True)
    except (subprocess.SubprocessError, OSError):
        print(f"  this did not work: {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main())
