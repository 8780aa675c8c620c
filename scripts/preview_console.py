"""Look at the console without a server: render every page from sample data and photograph it.

    python scripts/preview_console.py --out build/preview                      # HTML only
    python scripts/preview_console.py --out build/preview --shots order home   # and pictures of these pages
    python scripts/preview_console.py --out build/preview --shots all --axe path/to/axe.min.js

Pictures are taken with Chromium at 390, 768 and 1440 px, light and dark, with contact sheets of each width and theme
beside them. Pages are served with the product's own
security headers, so whatever the content policy blocks fails here too. `--axe` also runs axe-core over each page.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from headgate.console import urls  # noqa: E402
from headgate.console.pages.brand import PREVIEW  # noqa: E402
from headgate.console.render import Console  # noqa: E402
from headgate.ui.assets import PREFIX, load_assets  # noqa: E402
from headgate.ui.brand import DEFAULT_BRAND, brand_css  # noqa: E402
from headgate.ui.headers import SECURITY_HEADERS  # noqa: E402
from scripts.sheets import make_sheets  # noqa: E402
from tests.unit.ui.samples import SAMPLES, page  # noqa: E402
from tests.unit.ui.samples.base import ANA  # noqa: E402

WIDTHS = (390, 768, 1440)


def render_all() -> dict[str, str]:
    """Every sample as HTML."""
    console = Console(load_assets())
    return {
        name: console.render(
            page(person=ANA if sample.signed_in else None, notices=sample.notices, saved=sample.saved),
            sample.view,
            sample.target,
        )
        for name, sample in SAMPLES.items()
    }


def serve(pages: dict[str, str]) -> ThreadingHTTPServer:
    """The pages and the assets on a free local port; addresses of partials answer their sample."""
    assets = load_assets()
    partials = {
        "/price": "part-explain-price",
        "/peek": "part-order-peek",
        "/audit/": "part-audit-entry",
        "/orders?after": "part-orders-more",
        "/orders?": "part-orders-results",
        "/go-on": "migration-through",
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path.startswith(PREFIX):
                asset = assets.get(path.rsplit("/", 1)[1])
                self._answer(asset.body, asset.media_type)
                return
            if path == urls.BRAND_PREVIEW_CSS:
                self._answer(brand_css(DEFAULT_BRAND, PREVIEW).encode(), "text/css")
                return
            name = path.strip("/") or "home"
            if self.headers.get("HX-Request"):
                name = next((part for piece, part in partials.items() if piece in self.path), name)
            body = pages.get(name)
            self._answer((body or "not found").encode(), "text/html; charset=utf-8", 200 if body else 404)

        def do_POST(self) -> None:
            """What a form that HTMX sends by itself gets: its part, as things stand a moment later."""
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def _answer(self, body: bytes, media: str, status: int = 200) -> None:
            self.send_response(status)
            for header, value in {**SECURITY_HEADERS, "Content-Type": media}.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def photograph(
    names: list[str], out: Path, pages: dict[str, str], widths: list[int], themes: list[str], axe: str
) -> int:
    """Pictures of the named pages; returns how many complaints the browser or axe had."""
    server = serve(pages)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for theme in themes:
            for width in widths:
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme="dark" if theme == "dark" else "light",
                    device_scale_factor=2 if width < 500 else 1, bypass_csp=bool(axe),
                )  # fmt: skip
                tab = context.new_page()
                tab.on("console", note)
                for name in names:
                    tab.goto(f"{base}/{name}")
                    tab.wait_for_load_state("networkidle")
                    if tab.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                        complaints.append(f"{name} at {width}: wider than the screen")
                    tab.screenshot(path=out / f"{name}-{width}-{theme}.png", full_page=True)
                    if axe:
                        complaints += [f"{name} at {width} {theme}: {each}" for each in check(tab, axe)]
                context.close()
                taken = [out / f"{name}-{width}-{theme}.png" for name in names]
                make_sheets(browser, taken, out / "sheets", width=width, theme=theme)
        browser.close()
    server.shutdown()
    for each in complaints:
        print(each)
    return len(complaints)


AXE = """
async () => {
  const only = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const told = (node) => node.html.slice(0, 140) + ' :: ' + (node.any[0] || node.all[0] || node.none[0] || {}).message;
  const { violations } = await axe.run(document, { runOnly: only });
  return violations.map((each) => each.id + ': ' + each.nodes.slice(0, 3).map(told).join(' | '));
}
"""


def check(tab: Page, axe: str) -> list[str]:
    """What axe-core finds, for WCAG 2.2 AA and its best practices."""
    tab.add_script_tag(path=axe)
    return [str(each) for each in tab.evaluate(AXE)]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, default=ROOT / "build" / "preview")
    arguments.add_argument("--shots", nargs="*", default=[], metavar="PAGE", help="pages to photograph, or 'all'")
    arguments.add_argument("--widths", nargs="*", type=int, default=list(WIDTHS))
    arguments.add_argument("--themes", nargs="*", default=["light", "dark"])
    arguments.add_argument("--axe", default="", help="path of axe.min.js")
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    pages = render_all()
    for name, html in pages.items():
        (given.out / f"{name}.html").write_text(html)
    print(f"{len(pages)} pages rendered into {given.out}")
    whole = [name for name in pages if not name.startswith("part-")]
    chosen = whole if given.shots == ["all"] else given.shots
    return 1 if chosen and photograph(chosen, given.out, pages, given.widths, given.themes, given.axe) else 0


if __name__ == "__main__":
    sys.exit(main())
