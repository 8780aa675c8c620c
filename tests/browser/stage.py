"""A console served by a real server, and people in front of it with a real browser."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from headgate import access
from headgate.entry.web import create_web
from headgate.kernel.context import SYSTEM
from headgate.process import Incoming, ingest
from headgate.process.carrying import carry_out_due
from tests.scenarios.channel import STOREFRONT, Channel, partner, person

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
# Long, for machines that are busy with other tests: it costs nothing where all is well.
PATIENCE_MS = 60_000
# Refusals, and what HTMX says of a request that was under way when its page was left; one that fails says sendError.
REFUSED = re.compile(r"Failed to load resource|Response Status Error Code 4\d\d|htmx:(sendAbort|afterRequest)")


@dataclass(slots=True)
class Stage:
    """A channel behind a server. Its clock stands still unless a test moves it; orders are governed by the test."""

    channel: Channel
    base: str
    slug: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    ordered: int = 0

    def tab(
        self, name: str = "", *, phone: bool = False, dark: bool = False, script: str = "", zone: str = "Europe/Berlin"
    ) -> Page:
        """A browser of its own, signed in as somebody; nobody signs in for ''. `script` runs before each page's own;
        `zone` is where its machine stands."""
        context = self.browser.new_context(
            base_url=self.base,
            viewport=PHONE if phone else DESK,
            color_scheme="dark" if dark else "light",
            has_touch=phone,
            locale="en-GB",
            timezone_id=zone,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        if script:
            context.add_init_script(script)
        if name:
            context.add_cookies([{"name": "headgate_session", "value": self.session(name), "url": self.base}])
        page = context.new_page()
        page.on("console", lambda message: self.complaints.extend(complaints_in(message)))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", lambda r: self.complaints.append(f"{r.status} {r.url}") if r.status >= 500 else None)
        return page

    def session(self, name: str) -> str:
        """A session of somebody of the channel, without the sign-in page."""
        channel = self.channel
        with channel.app.database.transaction(channel.tenant) as conn:
            return access.start_session(conn, channel.context(SYSTEM), person(name)).token

    def order(self, *lines: tuple[str, str, str], **more: Any) -> str:
        """Submit an order of a partner of its own, so that orders are not taken for each other's duplicates; one line
        is 20 % below contract unless lines are given.
        """
        self.ordered += 1
        number = f"T-{self.ordered:03}"
        self.channel.send("partner.recorded", items=[partner(f"T-P-{self.ordered}", "A-1", name=f"Buyer {number}")])
        content = lines or (("S-1", "10", "8.00"), ("S-2", "1", "100.00"))
        self.channel.order(number, *content, **{"partner": f"T-P-{self.ordered}", **more})
        self.channel.govern()
        return number

    def many(self, count: int) -> None:
        """Submit so many orders in one batch and govern them. Each asks for another quantity: none is a duplicate."""
        channel, now = self.channel, self.channel.clock.now()
        events = [
            Incoming(
                f"many-{n}",
                "order.submitted",
                now,
                {
                    "order": f"M-{n:05}",
                    "partner": "P-1",
                    "storefront": "webshop",
                    "placed_at": now.isoformat(),
                    "currency": "EUR",
                    "ship_to": {"country": "DE"},
                    "customer_reference": f"many {n}",
                    "lines": [
                        {"line": "1", "product": "S-1", "quantity": str(n + 1), "unit": "EA", "unit_price": "10"}
                    ],
                },
            )
            for n in range(count)
        ]
        with channel.app.database.transaction(channel.tenant) as conn:
            ingest(conn, channel.context(STOREFRONT), channel.app.engine, "webshop", events)
        channel.govern()

    def approval_of(self, order: str) -> str:
        """The address of the approval that waits for an order."""
        return f"/approvals/{self.channel.approval(order).approval}"

    def let_go(self, page: Page) -> None:
        """Let the time pass in which the decision of this page can be undone; then it says what came of it."""
        expect(page.locator(".undo-toast")).to_be_visible()
        channel = self.channel
        channel.pass_time(seconds=channel.app.settings.undo_seconds)
        carry_out_due(channel.app.database, channel.app.engine, channel.clock, channel.tenant)
        channel.govern()
        page.reload()

    def close_tabs(self) -> list[str]:
        """Close every browser; what they complained about meanwhile."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        complaints, self.complaints = self.complaints, []
        return complaints


def complaints_in(message: ConsoleMessage) -> list[str]:
    """What the browser's console says that is wrong. That a page was refused (4xx) is what some journeys are about."""
    bad = message.type in ("error", "warning") and not REFUSED.search(message.text)
    return [f"{message.location.get('url', '')}: {message.text}"] if bad else []


@contextmanager
def served(channel: Channel) -> Iterator[str]:
    """The API and the console of a channel on a free local port, as `headgate serve` serves them."""
    config = uvicorn.Config(
        create_web(channel.app), host="127.0.0.1", port=0, log_level="error", access_log=False, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name=f"console-{uuid4().hex[:6]}", daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        channel.app.hearing.close()
        server.should_exit = True
        thread.join(timeout=60)
