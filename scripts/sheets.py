"""Contact sheets: many pictures of pages on a few big ones, so that a person can look over all of them quickly."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser

COLUMNS = {390: 5, 768: 4, 1440: 2}  # by the width of the screen; another width has two
ROWS = {390: 1, 768: 1, 1440: 2}
WIDE, TALL = 1680, 1500  # a sheet, in pixels
_STYLE = """
body { margin: 0; padding: 12px; background: #888; font: 600 14px system-ui, sans-serif; }
main { display: grid; gap: 12px; }
figure { margin: 0; overflow: hidden; background: #fff; }
figcaption { padding: 2px 6px; background: #222; color: #fff; }
img { display: block; inline-size: 100%; block-size: auto; }
"""


def parts(pictures: Sequence[Path], size: int) -> list[list[Path]]:
    """The pictures in their order, so many a sheet; the last one holds what is left."""
    return [list(pictures[at : at + size]) for at in range(0, len(pictures), size)]


def page_of(pictures: Sequence[Path], columns: int, rows: int) -> str:
    """A sheet as a page: each picture under its name, from its top, cut where its place ends."""
    height = (TALL - 24 - 12 * (rows - 1)) // rows
    cells = "".join(
        f"<figure><figcaption>{html.escape(name)}</figcaption><img src='{html.escape(address)}'></figure>"
        for name, address in ((each.stem, each.absolute().as_uri()) for each in pictures)
    )
    grid = f"grid-template-columns: repeat({columns}, 1fr); grid-auto-rows: {height}px"
    return f"<!doctype html><meta charset='utf-8'><style>{_STYLE}main {{ {grid} }}</style><main>{cells}</main>"


def make_sheets(browser: Browser, pictures: Sequence[Path], out: Path, *, width: int, theme: str) -> list[Path]:
    """Sheets of the pictures of one width and theme; those that lay there before make room."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{width}-{theme}-*.png"):
        old.unlink()
    columns, rows = COLUMNS.get(width, 2), ROWS.get(width, 2)
    page = browser.new_page(viewport={"width": WIDE, "height": TALL})
    made = []
    for number, chosen in enumerate(parts(pictures, columns * rows), 1):
        source = out.absolute() / "sheet.html"
        source.write_text(page_of(chosen, columns, rows))
        page.goto(source.as_uri(), wait_until="load")
        made.append(out / f"{width}-{theme}-{number:02}.png")
        page.screenshot(path=made[-1])
        source.unlink()
    page.close()
    return made
