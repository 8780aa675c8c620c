"""Take pictures of every page of the console into artefacts/screenshots, at three widths, light and dark.

    python scripts/screenshots.py               # loads a small demo first, which takes a minute or two
    python scripts/screenshots.py --home DIR    # uses the demo that lies there
    python scripts/screenshots.py --only order home --widths 390 --themes dark

Each page is asked the way people do: signed in, with scripts, under the product's content policy. What the browser
complains about, and what is wider than the screen, is printed, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from headgate.entry.web import create_web  # noqa: E402
from headgate.kernel.settings import Settings  # noqa: E402
from headgate.wiring import App, build  # noqa: E402
from scripts.browser import ADVICE, FLAGS, find_chromium  # noqa: E402

OUT = ROOT / "artefacts" / "screenshots"
WIDTHS = (390, 768, 1440)
THEMES = ("light", "dark")
WEEKS = "2"
READER = "Fay Lindqvist"  # finance: approves, and may read the audit trail
PARTNER = "Petra Sund"  # administrator of a partner: looks at the portal
RIVAL = "Bianca Conti"  # of another partner, who registered the same customer
ADMIN = "Tom Ahlers"  # administers the tenant
MENDER = "Mara Okafor"  # order desk: mends what is in quarantine


@dataclass(frozen=True, slots=True)
class Shot:
    """A page: its address, or how to find it from another one; `then` is done before the picture."""

    address: str
    find: str = ""
    then: Callable[[Page], None] | None = None
    reader: str = READER
    refused: str = "404"  # what a page may answer that is a refusal on purpose


def open_drawer(selector: str) -> Callable[[Page], None]:
    """Press something that explains itself, and wait for the drawer."""

    def press(page: Page) -> None:
        page.locator(selector).first.click()
        page.locator("#drawer-body .explain").wait_for()

    return press


def press_key(key: str) -> Callable[[Page], None]:
    """Press a key."""

    def press(page: Page) -> None:
        page.keyboard.press(key)

    return press


def peek(page: Page) -> None:
    """Glance at the first row of a list."""
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.locator("#drawer-body .explain").wait_for()


def send_empty(page: Page) -> None:
    """Send a form that is not filled in, past what the browser checks by itself."""
    page.locator("form.portal-form").evaluate("form => { form.noValidate = true }")
    page.locator("button[value=send]").click()
    page.locator("[role=alert]").wait_for()


HELD = "/orders?status=held&exception=price_deviation"
SHOTS = {
    "sign-in": Shot("/sign-in", reader=""),
    "home": Shot("/"),
    "work": Shot("/work"),
    "work-team": Shot("/work?scope=team"),
    "orders": Shot("/orders"),
    "orders-filtered": Shot("/orders?status=held&exception=credit_limit"),
    "orders-nothing": Shot("/orders?q=nothing-like-this"),
    "order-held": Shot(HELD, "a[data-row]"),
    "order-price": Shot(HELD, "a[data-row]", open_drawer("a.ask")),
    "order-released": Shot("/orders?status=released", "a[data-row]"),
    "order-peek": Shot("/orders", then=peek),
    "approval": Shot("/work", "a[data-row]"),
    "approval-path": Shot("/work", "a[data-row]", open_drawer("a:has-text('Why these')")),
    "approval-edit": Shot("/work", "a[data-row]", lambda page: page.locator("a:has-text('Change price')").click()),
    "cases": Shot("/cases"),
    "cases-closed": Shot("/cases?status=closed"),
    "case": Shot("/cases", "a[data-row]"),
    "partners": Shot("/partners"),
    "partner": Shot("/partners", "a[data-row]"),
    "agreements": Shot("/agreements"),
    "agreement": Shot("/agreements", "a[data-row]"),
    "policies": Shot("/policies"),
    "policy": Shot("/policies", "a[data-row]"),
    "audit": Shot("/audit"),
    "audit-entry": Shot("/audit", "a[data-row]"),
    "quarantine": Shot("/quarantine", reader=MENDER),
    "quarantine-item": Shot("/quarantine", "a[data-row]", reader=MENDER),
    "search": Shot("/search?q=systemhaus"),
    "keyboard": Shot("/", then=press_key("?")),
    "missing": Shot("/nothing-here"),
    "deals": Shot("/deals"),
    "deal-conflict": Shot("/deals?status=pending_approval", "a[data-row]"),
    "brand": Shot("/settings/brand", reader=ADMIN),
    "portal-sign-in": Shot("/portal/sign-in", reader=""),
    "portal-home": Shot("/portal/", reader=PARTNER),
    "portal-deals": Shot("/portal/deals", reader=PARTNER),
    "portal-deal": Shot("/portal/deals?status=approved", "a.list-row", reader=PARTNER),
    "portal-deal-form": Shot("/portal/deals/new", reader=PARTNER),
    "portal-deal-wrong": Shot("/portal/deals/new", then=send_empty, reader=PARTNER, refused="400"),
    "portal-deal-contested": Shot("/portal/deals?status=pending_approval", "a.list-row", reader=RIVAL),
    "portal-orders": Shot("/portal/orders", reader=PARTNER),
    "portal-order": Shot("/portal/orders", "a.list-row", reader=PARTNER),
    "portal-prices": Shot("/portal/prices", reader=PARTNER),
    "portal-price-form": Shot("/portal/prices/new", reader=PARTNER),
    "portal-company": Shot("/portal/company", reader=PARTNER),
    "portal-missing": Shot("/portal/nothing-here", reader=PARTNER),
}


def serve(app: App) -> tuple[uvicorn.Server, str]:
    """Console and portal on a free local port."""
    server = uvicorn.Server(uvicorn.Config(create_web(app), port=0, log_level="error", access_log=False))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    return server, f"http://127.0.0.1:{port}"


def sign_in(page: Page, base: str, reader: str) -> None:
    """Through the sign-in page's buttons for the demo."""
    root = f"{base}/portal" if reader in (PARTNER, RIVAL) else base
    page.goto(f"{root}/sign-in")
    page.locator(f"button[name=demo]:has-text('{reader}')").click()
    page.wait_for_url(f"{root}/")


def photograph(browser: Browser, base: str, names: list[str], width: int, theme: str) -> list[str]:
    """Pictures of the named pages at one width in one theme; what the browser complained about."""
    complaints: list[str] = []
    for reader in dict.fromkeys(SHOTS[name].reader for name in names):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            device_scale_factor=2 if width < 500 else 1,
            locale="en-GB",
        )
        page = context.new_page()
        place = ["home"]

        def note(message: ConsoleMessage, place: list[str] = place) -> None:
            if message.type == "error" and SHOTS[place[0]].refused not in message.text:
                complaints.append(f"{place[0]} at {width} {theme}: {message.text}")

        page.on("console", note)
        if reader:
            sign_in(page, base, reader)
        for name in (each for each in names if SHOTS[each].reader == reader):
            place[0] = name
            shot = SHOTS[name]
            page.goto(base + shot.address)
            if shot.find:
                page.goto(base + str(page.locator(shot.find).first.get_attribute("href")))
            if shot.then:
                shot.then(page)
            page.wait_for_load_state("networkidle")
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                complaints.append(f"{name} at {width} {theme}: wider than the screen")
            page.screenshot(
                path=OUT / f"{name}-{width}-{theme}.png", full_page=page.locator("dialog[open]").count() == 0
            )
        context.close()
    return complaints


def demo_home(given: Path | None) -> Path:
    """The data folder of a demo, loaded when there is none."""
    home = given or ROOT / "artefacts" / "demo"
    if not (home / "secrets" / "demo-logins.json").exists():
        print("Loading a demo…", flush=True)
        command = [str(Path(sys.executable).with_name("headgate")), "demo", "--no-serve", "--weeks", WEEKS]
        subprocess.run(command, env=os.environ | {"HEADGATE_HOME": str(home)}, check=True)
    return home


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--home", type=Path, help="data folder of a loaded demo")
    arguments.add_argument("--only", nargs="*", default=list(SHOTS), choices=list(SHOTS), metavar="PAGE")
    arguments.add_argument("--widths", nargs="*", type=int, default=list(WIDTHS))
    arguments.add_argument("--themes", nargs="*", default=list(THEMES), choices=THEMES)
    chosen = arguments.parse_args()
    path = find_chromium()
    if path is None:
        print(ADVICE)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    app = build(Settings(home=demo_home(chosen.home)))
    server, base = serve(app)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for theme in chosen.themes:
            for width in chosen.widths:
                complaints += photograph(browser, base, chosen.only, width, theme)
        browser.close()
    server.should_exit = True
    app.close()
    print(f"{len(chosen.only) * len(chosen.themes) * len(chosen.widths)} pictures in {OUT.relative_to(ROOT)}")
    for each in complaints:
        print(each)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
