"""The pictures that a person looks at: no page is left out of them."""

from __future__ import annotations

from pathlib import Path

from scripts.sheets import page_of, parts
from scripts.shots import SHOTS
from tests.browser.test_every_page import NAMES

# Names of states that the demo seldom has; the samples of scripts/preview_console.py have them.
SELDOM = {"approval-credit", "approval-decided", "held-decision", "mitigations"}


def test_every_page_that_is_checked_in_a_browser_is_photographed_too() -> None:
    assert set(NAMES) - set(SHOTS) - SELDOM == set()


def test_a_sheet_shows_each_picture_once_under_its_name() -> None:
    pictures = [Path(f"/tmp/{n}.png") for n in range(7)]
    sheets = parts(pictures, 3)
    assert [len(each) for each in sheets] == [3, 3, 1]
    assert [path for each in sheets for path in each] == pictures
    page = page_of([Path("/tmp/<b>.png")], columns=2, rows=2)
    assert "&lt;b&gt;" in page
    assert "%3Cb%3E" in page
