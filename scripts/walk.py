"""A demo that is served, people in front of it, and the pictures taken on the way: what the stories are told with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import Browser, BrowserContext, Page

from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.process import Incoming, ingest
from headgate.process.carrying import carry_out_due
from headgate.wiring import App

PATIENCE_MS = 60_000  # long, for machines that are busy: it costs nothing where all is well
# Tells what a hand does: presses of a button or a link, and fields that were filled in.
HAND = """
  for (const kind of ['click', 'change'])
    document.addEventListener(kind, event => {
      if (kind === 'change' || (event.isTrusted && event.detail > 0)) window.headgateHand(kind);
    }, true);
"""
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
    clicks: int = 0
    fields: int = 0

    def sits_down(self, person: str, *, phone: bool = False, portal: bool = False) -> Page:
        """Somebody of the demo in front of a browser of their own, signed in by the demo's button."""
        context = self.browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 860},
            device_scale_factor=1.5,
            has_touch=phone,
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        context.expose_function("headgateHand", partial(self.does))  # Playwright marks what it is given
        context.add_init_script(HAND)
        self.contexts.append(context)
        page = context.new_page()
        root = f"{self.base}/portal" if portal else self.base
        page.goto(f"{root}/sign-in")
        page.locator(f"button[name=demo]:has-text('{person}')").click()
        page.wait_for_url(f"{root}/")
        return page

    def does(self, kind: str) -> None:
        """Count what a hand did."""
        if kind == "click":
            self.clicks += 1
        else:
            self.fields += 1

    def goes(self, page: Page, path: str) -> None:
        page.goto(self.base + path)

    def takes(self, page: Page, name: str) -> None:
        """A picture of what is seen now, from the top, numbered in the order of the story."""
        # Not until the network is idle: a page that is told of changes keeps a connection open.
        page.wait_for_load_state("load")
        page.evaluate("document.fonts.ready.then(() => true)")
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

    def lets_count(self) -> None:
        """The moment passes in which decisions can be undone."""
        self.clock.move(timedelta(seconds=self.app.settings.undo_seconds))
        carry_out_due(self.app.database, self.app.engine, self.clock, self.tenant)
        self.governs()

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
