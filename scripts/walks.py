"""Walk two stories through console and portal as people would, and keep the pictures that the how-tos show.

    python scripts/walks.py                       # both, on a demo that is loaded first; pictures into docs/images
    python scripts/walks.py --only limit --out DIR --weeks 4

`limit`: a pricing manager lowers a discount limit, sees whom it hits, gets it approved; it applies at its date, and an
order before and one after explain themselves. `deals`: two partners register one customer under different spellings;
the conflict is found, explained and decided, and neither sees the other. What does not happen as told ends the walk
with the step that failed and exit code 1. The clock of the demo is moved and its rules are changed: its folder is of no
use afterwards.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from headgate.access import find_tenant  # noqa: E402
from headgate.entry.web import create_web  # noqa: E402
from headgate.kernel.clock import FixedClock  # noqa: E402
from headgate.kernel.context import SYSTEM, Context, Principal  # noqa: E402
from headgate.kernel.settings import Settings  # noqa: E402
from headgate.process import Incoming, ingest  # noqa: E402
from headgate.wiring import App, build  # noqa: E402
from scripts.browser import ADVICE, FLAGS, find_chromium  # noqa: E402

OUT = ROOT / "docs" / "images"
HOME = ROOT / "artefacts" / "walk"
WEEKS = 12
PATIENCE_MS = 30_000
LIMIT = "price_deviation"
# What partners of the best tiers bought at a list price that still holds, with room for a margin: latest first.
BOUGHT = """
select p.partner, l.product, l.unit, l.contract_price, o.currency, o.storefront, o.content
from order_lines l join orders o using (order_no) join partners p on p.partner = o.partner
where p.tier in ('gold', 'platinum') and o.currency = 'EUR' and l.contract_price between 200 and 2000
  and l.unit_price = l.contract_price and l.agreement like 'TIER-%%' and o.status in ('released', 'fulfilled')
order by o.placed_at desc limit 12
"""


@dataclass(slots=True)
class Walk:
    """A demo that is served, people in front of it, and the pictures taken on the way."""

    app: App
    tenant: UUID
    clock: FixedClock
    base: str
    browser: Browser
    out: Path
    story: str
    contexts: list[BrowserContext] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    sent: int = 0

    def sits_down(self, person: str, *, phone: bool = False, portal: bool = False) -> Page:
        """Somebody of the demo in front of a browser of their own, signed in by the demo's button."""
        context = self.browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 860},
            device_scale_factor=1.5,
            has_touch=phone,
            locale="en-GB",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        root = f"{self.base}/portal" if portal else self.base
        page.goto(f"{root}/sign-in")
        page.locator(f"button[name=demo]:has-text('{person}')").click()
        page.wait_for_url(f"{root}/")
        return page

    def goes(self, page: Page, path: str) -> None:
        page.goto(self.base + path)

    def takes(self, page: Page, name: str) -> None:
        """A picture of what is seen now, from the top, numbered in the order of the story."""
        page.wait_for_load_state("networkidle")
        place = f"{self.story}-{len(self.taken) + 1}-{name}.png"
        page.screenshot(path=self.out / place, scale="css")
        self.taken.append(place)

    def sends(self, type_: str, data: Mapping[str, Any]) -> None:
        """An event, as a storefront sends it, governed at once."""
        self.sent += 1
        source = Principal("source:walk", "service", "walk")
        now = self.clock.now()
        with self.app.database.transaction(self.tenant) as conn:
            event = Incoming(f"walk-{self.sent}", type_, now, dict(data))
            ingest(conn, Context(self.tenant, source, now), self.app.engine, "webshop", [event])
        self.governs()

    def governs(self) -> None:
        """What waits, and what has become due."""
        runner = self.app.runner("walk")
        runner.drain(self.tenant)
        while runner.fire_timers(self.tenant):
            runner.drain(self.tenant)

    def works(self) -> None:
        """What a worker does beside: a backtest that waits."""
        ctx = Context(self.tenant, SYSTEM, self.clock.now())
        self.app.backtests.work(self.app.database, ctx, self.clock, "walk")

    def asks(self, sql: Any, *values: Any) -> list[tuple[Any, ...]]:
        with self.app.database.transaction(self.tenant, read_only=True) as conn:
            return conn.execute(sql, values).fetchall()

    def buys(self, number: str, below_pct: str) -> str:
        """An order of one item so many percent below its contract price, of a partner and product with nothing else
        against it; the order's number. Raises LookupError when something stops every one that is tried.
        """
        for place, (partner, product, unit, price, currency, storefront, content) in enumerate(self.asks(BOUGHT)):
            order = f"{number}-{place}"
            asked = (Decimal(price) * (100 - Decimal(below_pct)) / 100).quantize(Decimal("0.01"))
            self.sends(
                "order.submitted",
                {
                    "order": order,
                    "partner": partner,
                    "storefront": storefront,
                    "placed_at": self.clock.now().isoformat(),
                    "currency": currency,
                    "customer_reference": f"call-off {order}",
                    "ship_to": {"country": content["ship_to"]["country"], "city": content["ship_to"].get("city", "")},
                    "lines": [
                        {"line": "1", "product": product, "quantity": "2", "unit": unit, "unit_price": str(asked)}
                    ],
                },
            )
            ((_, exceptions),) = self.asks(FOUND, order)
            if not set(exceptions) - {"price_deviation"}:
                return order
        raise LookupError(f"something else stops every order that is {below_pct} % below contract")

    def status(self, order: str) -> str:
        ((status, _),) = self.asks(FOUND, order)
        return str(status)


FOUND = "select status, exceptions from orders where order_no = %s"


def at_row(page: Page, row: str, column: int) -> None:
    """Walk to a cell of the rule's row by arrows only."""
    grid = page.locator(".editor-grid").first
    names = [each.strip() for each in grid.locator("tbody tr > :first-child").all_inner_texts()]
    place = next(index for index, name in enumerate(names) if name.startswith(row))
    grid.locator("tbody td").first.focus()
    page.keyboard.press("Control+Home")
    for key, times in (("ArrowDown", place), ("ArrowRight", column)):
        for _ in range(times):
            page.keyboard.press(key)


def types(page: Page, text: str) -> None:
    """Replace the text of the cell that is edited."""
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def limit(walk: Walk) -> None:
    """A discount limit is lowered: from whom it hits to the day it decides."""
    before = walk.buys("WALK-BEFORE", "4")
    assert walk.status(before) == "flagged", "4 % below contract is let through for the best tiers today"

    carl = walk.sits_down("Carl Winter")
    walk.goes(carl, f"/policies/{LIMIT}")
    carl.get_by_role("button", name="Propose a change").click()
    expect(carl.locator(".editor-grid").first).to_be_visible()
    at_row(carl, "top_tier_margin", 2)
    carl.keyboard.press("Enter")
    types(carl, "(2..3]")
    state = carl.locator(".editor-bar [role=status]")
    expect(state).to_contain_text("failing test")
    walk.takes(carl, "edit")
    at_row(carl, "top_tier_margin", 7)
    carl.keyboard.press("Enter")
    types(carl, "{deviation_pct} % below contract; up to 3 % is let through for {tier} partners")
    tests = carl.get_by_role("grid", name="The tests")
    for old, new, value in (
        ("a gold partner goes through at 5 %", "a gold partner goes through at 3 %", "3.00"),
        ("a gold partner waits beyond 5 %", "a gold partner waits beyond 3 %", "3.01"),
    ):
        cells = tests.locator("tbody tr", has_text=old).locator("td")
        cells.nth(2).dblclick()
        types(carl, value)
        cells.nth(0).dblclick()
        types(carl, new)
    expect(state).to_contain_text("No errors")
    carl.keyboard.press("Control+s")
    expect(state).to_contain_text("Saved. No errors")
    carl.get_by_role("link", name="To the version").click()

    today = walk.clock.now().date()
    carl.get_by_role("link", name="Try it on the past").click()
    carl.get_by_label("First day").fill((today - timedelta(days=90)).isoformat())
    carl.get_by_label("Last day").fill(today.isoformat())
    carl.get_by_role("button", name="Try it on the past").click()
    carl.wait_for_url("**/backtests/**")
    walk.works()
    carl.reload()
    expect(carl.get_by_role("heading", level=1)).to_contain_text("would have come out otherwise")
    walk.takes(carl, "backtest")
    walk.goes(carl, f"/policies/{LIMIT}/versions/2")
    carl.get_by_role("button", name="Send to review").click()
    expect(carl.get_by_role("main")).to_contain_text("It waits for somebody else")

    fiona = walk.sits_down("Fiona Reyes")
    walk.goes(fiona, f"/policies/{LIMIT}/versions/2")
    fiona.get_by_role("link", name="Review the change").click()
    changes = fiona.get_by_role("region", name="Changes in the decision table")
    expect(changes.locator("tr", has_text="top_tier_margin").first.locator("del").first).to_contain_text("(2..5]")
    expect(fiona.get_by_role("region", name="Evidence")).to_contain_text(re.compile("otherwise|flip"))
    walk.takes(fiona, "review")
    start = (walk.clock.now() + timedelta(days=1)).date()
    fiona.get_by_label("Why", exact=True).fill("Agreed in the pricing round; finance carries it")
    fiona.get_by_label("Decides from").fill(f"{start}T00:00")
    fiona.get_by_role("button", name="Approve version 2").click()
    expect(fiona.locator(".head .pill")).to_have_text("Scheduled")
    walk.takes(fiona, "scheduled")

    between = walk.buys("WALK-BETWEEN", "4")
    assert walk.status(between) == "flagged", "until its date, the old limit decides"
    walk.clock.move(timedelta(days=2))
    walk.governs()
    after = walk.buys("WALK-AFTER", "4")
    assert walk.status(after) == "held", "from its date, the new limit decides"

    carl = walk.sits_down("Carl Winter")
    for order, version, says, name in (
        (before, 1, "up to 5 %", "before"),
        (after, 2, "more than the tolerance", "after"),
    ):
        walk.goes(carl, f"/orders/{order}")
        expect(carl.get_by_role("main")).to_contain_text(says)
        check = carl.locator(".checks details", has_text="Price against contract").first
        if check.get_attribute("open") is None:
            check.locator("summary").click()
        check.get_by_role("link", name="Show the evaluation").click()
        drawer = carl.get_by_role("dialog", name="Explanation")
        expect(drawer).to_contain_text(f"{LIMIT}@{version}")
        walk.takes(carl, name)


def registers(walk: Walk, page: Page, customer: str, domain: str, amount: str) -> str:
    """Fill in the form of a deal on the phone, and send it; its number."""
    page.get_by_role("link", name="Register a deal").first.click()
    page.locator("#customer_name").fill(customer)
    page.get_by_label("Country").select_option("DE")
    page.get_by_label(re.compile("^Web or mail domain")).fill(domain)
    page.get_by_label("Expected close").fill((walk.clock.now() + timedelta(days=70)).date().isoformat())
    ((product,),) = walk.asks("select product from products order by family, product limit 1")
    page.locator("#line_1_product").fill(product)
    page.locator("#line_1_quantity").fill("12")
    page.locator("#line_1_amount").fill(amount)
    walk.takes(page, "form")
    page.get_by_role("button", name="Send the registration").click()
    expect(page.get_by_text("Your registration was sent")).to_be_visible()
    walk.governs()
    page.reload()
    number = re.search(r"DR-[0-9A-F]{12}", page.url)
    assert number, page.url
    return number[0]


def deals(walk: Walk) -> None:
    """Two partners mean one customer; a channel manager decides, and neither sees the other."""
    petra = walk.sits_down("Petra Sund", phone=True, portal=True)
    first = registers(walk, petra, "Hollenstedt Wasserbau GmbH", "hollenstedt-wasserbau.de", "310000")
    bianca = walk.sits_down("Bianca Conti", phone=True, portal=True)
    second = registers(walk, bianca, "Wasserbau Holenstedt", "www.hollenstedt-wasserbau.de", "40000")
    expect(bianca.get_by_text("We are checking this registration").first).to_be_visible()
    walk.takes(bianca, "being-checked")

    ana = walk.sits_down("Ana Brandt")
    walk.goes(ana, f"/deals/{second}")
    expect(ana.get_by_role("heading", name=re.compile("of 100: Deal")).first).to_be_visible()
    expect(ana.get_by_role("main")).to_contain_text("hollenstedt-wasserbau.de")
    expect(ana.get_by_role("main")).to_contain_text(first)
    walk.takes(ana, "side-by-side")
    ana.get_by_role("link", name="Decide").click()
    ana.locator("#justification").fill("The other partner was first and met the customer twice")
    walk.takes(ana, "decide")
    ana.locator("#decision button[name=outcome][value=reject]").click()
    expect(ana.locator("#decision button[name=outcome]")).to_have_count(0)
    walk.governs()

    bianca.reload()
    expect(bianca.locator(".pill").first).to_have_text(re.compile("Rejected"))
    bianca.get_by_text("Appeal", exact=True).click()
    ((holder,),) = walk.asks(
        "select p.name from deals d join partners p on p.partner = d.partner where d.deal = %s", first
    )
    for secret in (first, str(holder), "Hollenstedt Wasserbau", "was first"):
        assert secret not in bianca.content(), f"a rival's page shows {secret!r}"
    walk.takes(bianca, "rejected")
    petra.reload()
    for secret in (second, "Wasserbau Holenstedt"):
        assert secret not in petra.content(), f"a rival's page shows {secret!r}"


STORIES: dict[str, Callable[[Walk], None]] = {"limit": limit, "deals": deals}


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
    with served(home) as (app, clock, base), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        tenant = find_tenant(app.database, "nordwind")
        for name in stories:
            walk = Walk(app, tenant, clock, base, browser, out, name)
            STORIES[name](walk)
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
