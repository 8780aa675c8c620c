"""Figures beside each other: however narrow their place is, none stands on a line of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from scripts.preview_console import render_all, serve

pytestmark = pytest.mark.slow
FIVE = """list => {
  while (list.children.length > 5) list.lastChild.remove();
  while (list.children.length < 5) list.append(list.firstElementChild.cloneNode(true));
  return Array.from(list.children).map(each => Math.round(each.getBoundingClientRect().top));
}"""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = serve({"operations": render_all()["operations"]})
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("width", [768, 900, 1100, 1440, 1900])
def test_a_fifth_figure_does_not_stand_alone(width: int, base: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{base}/operations")
    tops = page.locator("dl.figures").evaluate("list => { list.querySelectorAll('br').forEach(b => b.remove()); }")
    tops = page.locator("dl.figures").evaluate(FIVE)
    lines = Counter(tops)
    assert lines in (Counter(tops[:1] * 5), Counter({tops[0]: 3, tops[-1]: 2})), lines
    page.close()
