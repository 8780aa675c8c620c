"""Open pages and several serving processes: told by one of what happened at another, ended and found again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from headgate.kernel.clock import SystemClock
from headgate.kernel.settings import Settings
from tests.browser.stage import Stage

pytestmark = pytest.mark.slow
PATIENCE = 120.0
# A page asks again after one second, after two, four and so on, and never later than after a minute and a half.
FOUND_AGAIN_MS = 120_000
QUEUE = "/work?scope=unassigned"


def eventually(what: Callable[[], object]) -> None:
    """Wait until it is so."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


@dataclass(slots=True)
class Serving:
    """A `headgate serve` over a database that is there, on a port of its own that it keeps when it starts again."""

    settings: Settings
    log: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        environment = {
            **os.environ,
            "HEADGATE_HOME": str(self.settings.home),
            "HEADGATE_DATABASE_URL": self.settings.database_url,
            "HEADGATE_APP_DATABASE_URL": self.settings.app_database_url,
            "HEADGATE_LOG_LEVEL": "warning",
        }
        headgate = Path(sys.executable).parent / "headgate"
        command = [str(headgate), "serve", "--no-work", "--port", str(self.port)]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
        eventually(lambda: self.said() or self.ended())
        assert self.said(), self.told()
        self.port = int(self.said()[0])
        eventually(lambda: self.answers() or self.ended())

    def told(self) -> str:
        """Everything it printed and logged."""
        return self.log.read_text(encoding="utf-8")

    def said(self) -> list[str]:
        return re.findall(r"127\.0\.0\.1:(\d+)", self.told())

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def answers(self) -> bool:
        try:
            return httpx2.get(f"{self.base}/health/ready", timeout=PATIENCE).status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self) -> int:
        """Ask it to stop, as a service manager does, and wait for it; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE)


@dataclass(slots=True)
class Wire:
    """A stream as it comes over the network, read to its end by a thread of its own."""

    address: str
    session: str
    text: str = ""
    failed: str = ""
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        eventually(lambda: "\n\n" in self.text)

    def _read(self) -> None:
        headers = {"accept": "text/event-stream", "cookie": f"headgate_session={self.session}"}
        try:
            with httpx2.stream("GET", self.address, headers=headers, timeout=PATIENCE) as answer:
                for part in answer.iter_text():
                    self.text += part
        except httpx2.HTTPError as error:
            self.failed = repr(error)

    def end(self) -> None:
        """Wait for its end."""
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "the stream did not end"


@contextmanager
def running(serving: Serving) -> Iterator[Serving]:
    serving.start()
    try:
        yield serving
    finally:
        if not serving.ended():
            serving.stop()


@pytest.fixture
def pair(stage: Stage, module_settings: Settings, tmp_path: Path) -> Iterator[tuple[Serving, Serving]]:
    """Two processes that share nothing but the database. Their clock is the machine's."""
    stage.channel.clock.move(SystemClock().now() - stage.channel.clock.now())
    one, other = (Serving(module_settings, tmp_path / f"{name}.log") for name in ("one", "other"))
    with running(one), running(other):
        yield one, other


def follow(page: Page, address: str) -> Page:
    """A page that is told of changes."""
    page.goto(address)
    page.wait_for_selector("body[data-told]")
    return page


def take(page: Page, serving: Serving, order: str) -> None:
    """Take the task of an order, through one of the processes."""
    page.goto(f"{serving.base}{QUEUE}")
    page.locator("#rows > tr", has_text=order).get_by_role("button", name="Take").click()
    expect(page.get_by_text("The task is yours now.")).to_be_visible()


def test_what_happens_at_one_process_reaches_the_pages_of_another_also_after_a_restart(
    stage: Stage, pair: tuple[Serving, Serving]
) -> None:
    one, other = pair
    first, second = stage.order(), stage.order()
    reader, actor = stage.tab("carl"), stage.tab("carl")
    follow(reader, f"{other.base}{QUEUE}")
    wire = Wire(f"{other.base}/live/news", stage.session("fay"))
    take(actor, one, first)
    expect(reader.locator("#live")).to_contain_text("This has changed")
    reader.get_by_role("button", name="Show").click()
    expect(reader.locator("#rows > tr", has_text=first)).to_have_count(0)
    eventually(lambda: '["task"]' in wire.text)

    code = other.stop()
    wire.end()
    assert (wire.failed, "event: over" in wire.text) == ("", False), "it ends whole, and the session goes on"
    assert code in (0, -15, 143), other.told()
    assert len(other.told().splitlines()) == 1, "it waited for nobody in vain, and nothing failed"
    reader.wait_for_selector("body:not([data-told])")
    take(actor, one, second)
    expect(reader.locator("#rows > tr", has_text=second)).to_have_count(1)

    other.start()
    reader.wait_for_selector("body[data-told]", timeout=FOUND_AGAIN_MS)
    expect(reader.locator("#live")).to_contain_text("This has changed")
    reader.get_by_role("button", name="Show").click()
    expect(reader.locator("#rows > tr", has_text=second)).to_have_count(0)
    stage.complaints.clear()  # the browser's own words about the line


def test_signing_out_at_one_process_ends_the_pages_at_another(stage: Stage, pair: tuple[Serving, Serving]) -> None:
    one, other = pair
    page = stage.tab("fay")
    session = next(c["value"] for c in page.context.cookies(stage.base) if c["name"] == "headgate_session")
    follow(page, f"{other.base}/orders")
    wire = Wire(f"{other.base}/live/news", session)
    elsewhere = page.context.new_page()
    elsewhere.goto(f"{one.base}/account")
    elsewhere.locator("#sign-out").evaluate("button => button.click()")
    wire.end()
    assert wire.text.endswith("event: over\ndata: the session has ended\n\n"), wire.failed or wire.text
    expect(page.locator("#live")).to_contain_text("You are signed out")
