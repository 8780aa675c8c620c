"""How figures and rows stand in a narrow place: no figure on a line of its own, no words over others."""

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
    rendered = render_all()
    server = serve({name: rendered[name] for name in ("operations", "work-snoozed")})
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("width", [768, 900, 1100, 1440, 1900])
def test_a_fifth_figure_does_not_stand_alone(width: int, base: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{base}/operations")
    tops = page.locator("dl.figures").evaluate(FIVE)
    lines = Counter(tops)
    assert lines in (Counter(tops[:1] * 5), Counter({tops[0]: 3, tops[-1]: 2})), lines
    page.close()


def test_a_last_figure_fills_its_line_on_a_phone(base: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{base}/operations")
    three = "list => { while (list.children.length > 3) list.lastElementChild.remove(); return %s }"
    widths = page.locator("dl.figures").evaluate(three % "[list, list.lastElementChild].map(each => each.clientWidth)")
    assert widths[1] == pytest.approx(widths[0], abs=2)
    page.close()


def test_what_a_task_tells_lies_beside_each_other_on_a_phone(base: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{base}/work-snoozed")
    over = page.locator("table.tasks tbody tr").first.evaluate(
        """row => {
          const shown = Array.from(row.cells).filter(cell => cell.offsetHeight && cell.textContent.trim());
          const boxes = shown.map(cell => {
            const words = document.createRange();
            words.selectNodeContents(cell);
            return words.getBoundingClientRect();
          });
          const beside = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1;
          const above = (a, b) => a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
          const apart = (a, b) => beside(a, b) || above(a, b);
          return shown.flatMap((cell, i) => shown.slice(i + 1).map((other, j) =>
            apart(boxes[i], boxes[i + 1 + j]) ? '' : cell.className + ' over ' + other.className)).filter(Boolean);
        }"""
    )
    assert over == []
    page.close()
