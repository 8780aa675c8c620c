"""The stories of tutorial and how-tos happen on a fresh demo: a price is asked for and granted, a limit is lowered, two
partners mean one customer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.browser import ADVICE, find_chromium

ROOT = Path(__file__).parents[2]
STORIES = {
    "price": ["held", "ask", "approval", "released", "explained"],
    "limit": ["edit", "backtest", "review", "scheduled", "before", "after"],
    "deals": ["form", "form", "being-checked", "side-by-side", "decide", "rejected"],
}


@pytest.mark.slow
@pytest.mark.timeout(1900)
def test_the_stories_of_the_how_tos_happen_as_told_and_leave_their_pictures(tmp_path: Path) -> None:
    if find_chromium() is None:
        pytest.skip(ADVICE)
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "walks.py"), "--weeks", "2", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    # What the tutorial promises, signing in included.
    assert "price: 8 clicks, 3 fields filled in" in done.stdout, done.stdout[-3000:]
    taken = sorted(path.name for path in tmp_path.glob("*.png"))
    assert taken == sorted(f"{s}-{n}-{name}.png" for s, names in STORIES.items() for n, name in enumerate(names, 1))
