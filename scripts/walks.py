"""Walk three stories through console and portal as people would, and keep the pictures that the how-tos show.

    python scripts/walks.py                       # all, on a demo that is loaded first; pictures into docs/images
    python scripts/walks.py --only limit --out DIR --weeks 4

`price`: a partner asks for a price on the phone, an approver agrees on the phone, and the order goes out. `limit`: a
pricing manager lowers a discount limit, sees whom it hits, gets it approved; it applies at its date, and an order
before and one after explain themselves. `deals`: two partners register one customer under different spellings; the
conflict is found, explained and decided, and neither sees the other. Of each it tells how many clicks and filled fields
it takes, signing in included, and how long the browser took, pictures included. What does not happen as told ends the
walk with the step that failed and exit code 1. The clock of the demo is moved and its rules are changed: its folder is
of no use afterwards.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from headgate.access import find_tenant  # noqa: E402
from headgate.entry.web import create_web  # noqa: E402
from headgate.kernel.clock import FixedClock  # noqa: E402
from headgate.kernel.settings import Settings  # noqa: E402
from headgate.wiring import App, build  # noqa: E402
from scripts.browser import ADVICE, FLAGS, find_chromium  # noqa: E402
from scripts.stories import STORIES  # noqa: E402
from scripts.walk import PATIENCE_MS, Walk  # noqa: E402

OUT = ROOT / "docs" / "images"
HOME = ROOT / "artefacts" / "walk"
WEEKS = 12


def load(home: Path, weeks: int) -> None:
    """A demo in a folder of its own."""
    print(f"Loading a demo of {weeks} weeks…", flush=True)
    command = [str(Path(sys.executable).with_name("headgate")), "demo", "--no-serve", "--weeks", str(weeks)]
    subprocess.run(command, env=os.environ | {"HEADGATE_HOME": str(home)}, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def served(home: Path) -> Iterator[tuple[App, FixedClock, str]]:
    """Console and portal of the demo on a free local port, with a clock that is moved by hand."""
    clock = FixedClock(datetime.now(UTC))
    app = build(Settings(home=home), clock)
    server = uvicorn.Server(uvicorn.Config(create_web(app), port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield app, clock, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        app.close()


def walk_all(home: Path, out: Path, stories: list[str], chromium: str) -> list[str]:
    """Walk the stories on the demo that lies in `home`; the names of the pictures taken."""
    out.mkdir(parents=True, exist_ok=True)
    taken: list[str] = []
    expect.set_options(timeout=PATIENCE_MS)
    with served(home) as (app, clock, base), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        tenant = find_tenant(app.database, "nordwind")
        for name in stories:
            walk = Walk(app, tenant, clock, base, browser, out, name)
            began = time.monotonic()
            STORIES[name](walk)
            seconds = time.monotonic() - began
            print(f"{name}: {walk.clicks} clicks, {walk.fields} fields filled in, {seconds:.0f} s", flush=True)
            for context in walk.contexts:
                context.close()
            taken += walk.taken
        browser.close()
    return taken


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, default=OUT, help="folder of the pictures")
    arguments.add_argument("--weeks", type=int, default=WEEKS, help="weeks of the demo that is loaded")
    arguments.add_argument("--only", nargs="*", default=list(STORIES), choices=list(STORIES), metavar="STORY")
    arguments.add_argument("--home", type=Path, help="a loaded demo, which the walk changes")
    chosen = arguments.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print(ADVICE)
        return 1
    if chosen.home is None:
        shutil.rmtree(HOME, ignore_errors=True)
        load(HOME, chosen.weeks)
    taken = walk_all(chosen.home or HOME, chosen.out, chosen.only, chromium)
    print(f"{len(taken)} pictures in {chosen.out}: {', '.join(taken)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
