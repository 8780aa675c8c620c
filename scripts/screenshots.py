"""Take pictures of every page of console and portal into artefacts/screenshots, at three widths, light and dark.

    python scripts/screenshots.py               # loads a small demo first, which takes a minute or two
    python scripts/screenshots.py --home DIR    # uses the demo that lies there
    python scripts/screenshots.py --only order-held home --widths 390 --themes dark
    python scripts/screenshots.py --language de

Each page is asked the way people do: signed in, with scripts, under the product's content policy. What the browser
complains about, what is wider than the screen and what could not be found is printed, and makes the exit code 1.
Contact sheets of each width and theme go to artefacts/sheets. `scripts/preview_console.py` does the same with the
states a demo seldom has: it draws them from the samples of the tests.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from headgate.entry.web import create_web  # noqa: E402
from headgate.kernel.settings import Settings  # noqa: E402
from headgate.wiring import App, build  # noqa: E402
from scripts.browser import ADVICE, FLAGS, find_chromium  # noqa: E402
from scripts.sheets import make_sheets  # noqa: E402
from scripts.shots import PARTNER, RIVAL, SHOTS, Shot  # noqa: E402

OUT = ROOT / "artefacts" / "screenshots"
SHEETS = ROOT / "artefacts" / "sheets"
WIDTHS = (390, 768, 1440)
THEMES = ("light", "dark")
LANGUAGES = ("en", "de")
WEEKS = "2"


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


def go(page: Page, base: str, shot: Shot) -> None:
    """To the page itself: `find` may name several links, each to be found on the page the last one led to."""
    page.goto(base + shot.address)
    for selector in filter(None, shot.find.split(" >> ")):
        page.goto(base + str(page.locator(selector).first.get_attribute("href", timeout=5_000)))
    if shot.then:
        shot.then(page)
    page.wait_for_load_state("networkidle")


def picture(name: str, width: int, theme: str) -> Path:
    """Where the picture of a page lies."""
    return OUT / f"{name}-{width}-{theme}.png"


def photograph(browser: Browser, base: str, names: list[str], width: int, theme: str, language: str) -> list[str]:
    """Pictures of the named pages at one width in one theme; what the browser complained about."""
    complaints: list[str] = []
    for reader in dict.fromkeys(SHOTS[name].reader for name in names):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            device_scale_factor=2 if width < 500 else 1,
            locale="de-DE" if language == "de" else "en-GB",
            timezone_id="Europe/Berlin",
        )
        page = context.new_page()
        place = ["sign-in"]

        def note(message: ConsoleMessage, place: list[str] = place) -> None:
            if message.type == "error" and SHOTS[place[0]].refused not in message.text:
                complaints.append(f"{place[0]} at {width} {theme}: {message.text}")

        page.on("console", note)
        if reader:
            sign_in(page, base, reader)
        for name in (each for each in names if SHOTS[each].reader == reader):
            place[0] = name
            picture(name, width, theme).unlink(missing_ok=True)
            try:
                go(page, base, SHOTS[name])
            except BrowserError as error:
                complaints.append(f"{name} at {width} {theme}: {str(error).splitlines()[0]}")
                continue
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                complaints.append(f"{name} at {width} {theme}: wider than the screen")
            whole = page.locator("dialog[open]").count() == 0
            page.screenshot(path=picture(name, width, theme), full_page=whole)
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
    arguments.add_argument("--language", default="en", choices=LANGUAGES)
    chosen = arguments.parse_args()
    path = find_chromium()
    if path is None:
        print(ADVICE)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    app = build(Settings(home=demo_home(chosen.home)))
    logging.disable(logging.INFO)  # each picture is ten requests: what is wrong would drown in them
    server, base = serve(app)
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for theme in chosen.themes:
            for width in chosen.widths:
                complaints += photograph(browser, base, chosen.only, width, theme, chosen.language)
                taken = [shot for each in chosen.only if (shot := picture(each, width, theme)).exists()]
                make_sheets(browser, taken, SHEETS, width=width, theme=theme)
        browser.close()
    server.should_exit = True
    app.close()
    print(f"Pictures in {OUT.relative_to(ROOT)}, sheets of them in {SHEETS.relative_to(ROOT)}")
    for each in complaints:
        print(each)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
