"""The stream that tells open pages of changes: who gets it, what ends it, and that asking again leaves no trace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest

from headgate import access
from headgate.access import list_sessions, revoke_sessions
from headgate.access.scim import users
from headgate.kernel.context import SYSTEM
from headgate.process.handling import Act, handle
from headgate.ui import live
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

PATIENCE = 60.0
AGAIN = {"x-headgate-again": "yes"}


@dataclass
class Stream:
    """A request that is answered for as long as somebody looks, on an event loop of its own."""

    app: Any
    cookie: str
    path: str = "/live/news"
    query: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"accept": "text/event-stream"})
    status: int = 0
    text: str = ""
    over: bool = False

    def __post_init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.changed = asyncio.Condition()
        self.leave = asyncio.Event()
        self.thread = Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.running: Future[None] = asyncio.run_coroutine_threadsafe(self._run(), self.loop)

    async def _run(self) -> None:
        given = {**self.headers, "host": "localhost", "cookie": self.cookie}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
        }
        await self.app(scope, self._receive, self._send)
        async with self.changed:
            self.over = True
            self.changed.notify_all()

    async def _receive(self) -> MutableMapping[str, Any]:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        async with self.changed:
            self.status = message.get("status", self.status)
            self.text += message.get("body", b"").decode()
            self.changed.notify_all()

    def until(self, told: Callable[[Stream], bool]) -> bool:
        """Whether it comes to that, sooner or later."""

        async def wait() -> bool:
            async with self.changed:
                await self.changed.wait_for(lambda: told(self))
            return True

        return asyncio.run_coroutine_threadsafe(wait(), self.loop).result(PATIENCE)

    def close(self) -> None:
        """Look away; the answer ends."""
        self.loop.call_soon_threadsafe(self.leave.set)
        self.running.result(PATIENCE)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE)
        self.loop.close()


@pytest.fixture
def streams(visitor: Visitor) -> Iterator[Callable[..., Stream]]:
    """Opens streams as whoever the visitor is at the time; waits until they are told of changes."""
    opened: list[Stream] = []
    app = visitor.channel.app
    app.news.open()

    def follow(query: str = "", ready: bool = True, **more: Any) -> Stream:
        first = "news" if app.hearing.listening else "anything"
        made = Stream(visitor.console, f"headgate_session={visitor.session}", query=query, **more)
        opened.append(made)
        if ready:
            assert made.until(lambda s: first in s.text)
        return made

    yield follow
    for each in opened:
        each.close()
    app.hearing.close()
    app.news.close()


@pytest.mark.parametrize("how", ["suspended", "deprovisioned", "another password"])
def test_a_stream_ends_at_once_with_the_account_it_belongs_to(
    visitor: Visitor, streams: Callable[..., Stream], how: str
) -> None:
    channel = visitor.channel
    visitor.enter("carl")
    with patch.object(live.Bounds, "__init__", _unhurried):
        stream = streams()
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(SYSTEM)
        if how == "suspended":
            access.suspend(conn, ctx, person("carl"))
        elif how == "another password":
            access.set_password(conn, ctx, person("carl"), "quite another horse battery")
        else:
            told = users.Person("carl@nordwind.example", "Carl", "carl@nordwind.example", True, None, {})
            made = users.add_user(conn, ctx, told)
            users.drop_user(conn, ctx, made)
    assert stream.until(lambda s: s.over), "sooner than the next beat"
    assert stream.text.endswith("event: over\ndata: the session has ended\n\n")


def test_a_batch_a_claim_and_a_message_are_told_and_nothing_of_them(
    visitor: Visitor, streams: Callable[..., Stream]
) -> None:
    visitor.enter("carl")
    stream = streams()
    channel = visitor.channel
    channel.order("O-1", ("S-1", "10", "8.00"), customer_reference="PO 1")
    channel.govern()
    assert stream.until(lambda s: '"order"' in s.text)
    task = visitor.get("/work?scope=unassigned").text.partition('name="task" value="')[2].partition('"')[0]
    visitor.post("/tasks/act", {"act": "take", "tasks": task}, follow=False)
    assert stream.until(lambda s: '"task"' in s.text)
    said = stream.text  # more may come
    assert "O-1" not in said
    assert "P-1" not in said
    assert said.count("event: news") == said.count("\nid: ") >= 2


def test_who_does_not_ask_for_a_stream_gets_an_end(visitor: Visitor) -> None:
    answer = visitor.enter("carl").get("/live/news?since=2020-01-01T00:00:00Z")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert "anything" in answer.text, "nobody has listened so far, so the page may be old"
    assert visitor.get("/live/news?since=yesterday").text == ": news\n\n"
    assert not visitor.channel.app.hearing.listening


def test_a_page_made_before_the_last_news_is_told_at_once(visitor: Visitor, streams: Callable[..., Stream]) -> None:
    visitor.enter("carl")
    first = streams()
    channel = visitor.channel
    channel.clock.move(timedelta(minutes=5))
    made = channel.clock.now()
    channel.clock.move(timedelta(seconds=1))
    channel.order("O-2", ("S-1", "10", "8.00"))
    channel.govern()
    assert first.until(lambda s: '"order"' in s.text)
    asked = made.isoformat().replace("+", "%2B")
    assert streams(f"since={asked}").status == 200
    later = (made + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    quiet = streams(f"since={later}", ready=False)
    assert quiet.until(lambda s: "news" in s.text)
    assert "anything" not in quiet.text
    headers = {"accept": "text/event-stream", "last-event-id": made.isoformat()}
    again = streams(f"since={later}", headers=headers, ready=False)
    assert again.until(lambda s: "anything" in s.text), "what was heard last counts more than when the page was made"


def test_a_stream_ends_when_its_session_is_revoked_and_others_go_on(
    visitor: Visitor, streams: Callable[..., Stream]
) -> None:
    visitor.enter("fay")
    other = streams()
    visitor.enter("carl")
    stream = streams()
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(access.load_principal(conn, person("tom"), channel.clock.now()))
        assert revoke_sessions(conn, ctx, person("carl"))
    assert stream.until(lambda s: s.over)
    assert stream.text.endswith("event: over\ndata: the session has ended\n\n")
    late = streams(ready=False)
    assert late.until(lambda s: s.over)
    assert (late.status, late.text) == (200, live.OVER.decode()), "a page that comes back later hears the same"
    channel.order("O-1", ("S-1", "10", "8.00"))
    channel.govern()
    assert other.until(lambda s: '"order"' in s.text)
    assert not other.over


def test_a_session_that_runs_out_is_noticed_at_the_next_beat(visitor: Visitor, streams: Callable[..., Stream]) -> None:
    visitor.enter("carl")
    with patch.object(live.Bounds, "__init__", _hurried):
        stream = streams()
        visitor.channel.clock.move(timedelta(days=30))
        assert stream.until(lambda s: s.over)
    assert "event: over" in stream.text


def _unhurried(bounds: live.Bounds, most: int) -> None:
    for name, value in (("most", most), ("beat_seconds", 3600.0), ("longest_seconds", 3600.0)):
        object.__setattr__(bounds, name, value)


def _hurried(bounds: live.Bounds, most: int) -> None:
    for name, value in (("most", most), ("beat_seconds", 0.05), ("longest_seconds", 60.0)):
        object.__setattr__(bounds, name, value)


def test_a_stream_ends_by_itself_after_a_while_and_when_the_server_stops(
    visitor: Visitor, streams: Callable[..., Stream]
) -> None:
    visitor.enter("carl")
    with patch.object(live.Bounds, "__init__", _brief):
        assert streams(ready=False).until(lambda s: s.over)
    while not visitor.channel.app.hearing.listening:  # it began with the stream that is over
        time.sleep(0.01)
    last = streams()
    visitor.channel.app.hearing.close()
    assert last.until(lambda s: s.over)
    assert "event: over" not in last.text, "the page comes back to whichever process is there"
    assert streams(ready=False).until(lambda s: s.over and s.status == 503)


def _brief(bounds: live.Bounds, most: int) -> None:
    for name, value in (("most", most), ("beat_seconds", 0.01), ("longest_seconds", 0.05)):
        object.__setattr__(bounds, name, value)


def test_one_person_holds_only_so_many_streams(visitor: Visitor, streams: Callable[..., Stream]) -> None:
    visitor.enter("carl")
    kept = [streams() for _ in range(live.MOST_OF_PERSON)]
    refused = streams(ready=False)
    assert refused.until(lambda s: s.over)
    assert refused.status == 503
    kept[0].close()
    kept[0].close = lambda: None  # type: ignore[method-assign]
    assert streams().status == 200


def test_asking_again_is_no_use_of_a_session_and_takes_no_message_away(visitor: Visitor) -> None:
    visitor.enter("carl")
    channel = visitor.channel

    def seen() -> object:
        with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
            return list_sessions(conn, person("carl"), channel.clock.now())[0].last_seen

    before = seen()
    channel.order("O-1", ("S-1", "10", "8.00"))
    channel.govern()
    task = visitor.get("/work?scope=unassigned").text.partition('name="task" value="')[2].partition('"')[0]
    visitor.post("/tasks/act", {"act": "take", "tasks": task}, follow=False)
    channel.clock.move(timedelta(minutes=10))
    for path in ("/work", "/live/navigation?at=work", "/orders"):
        answer = visitor.client.get(path, headers=AGAIN)
        assert answer.status_code == 200
        assert "The task is yours now." not in answer.text
    assert seen() == before
    assert "The task is yours now." in words(visitor.get("/work"))
    assert seen() == channel.clock.now()


def test_the_navigation_alone_has_the_readers_counts(visitor: Visitor, held: Visitor) -> None:
    answer = visitor.enter("carl").get("/live/navigation?at=orders")
    assert answer.text.strip().startswith('<nav class="nav" id="nav"')
    assert 'id="nav-orders" data-go="o" aria-current="page"' in answer.text
    assert answer.text.count("aria-current") == 1
    assert "/settings/brand" not in answer.text, "nothing that the reader may not open"
    assert "aria-current" not in visitor.get('/live/navigation?at="><script>').text
    assert "<script" not in visitor.get('/live/navigation?at="><script>').text


def test_who_looks_with_consent_is_not_told_and_their_pages_do_not_ask(visitor: Visitor) -> None:
    page = visitor.enter("carl").get("/work").text
    assert 'data-live="/live/news"' in page
    assert "data-live-page" in page
    assert "data-live-page" not in visitor.get("/people/nobody").text
    assert "data-live-page" not in visitor.get("/account").text


def test_nothing_that_is_only_looked_at_is_told(visitor: Visitor, streams: Callable[..., Stream]) -> None:
    visitor.enter("carl")
    stream = streams()
    channel = visitor.channel
    channel.order("O-1", ("S-1", "10", "8.00"))
    channel.govern()
    assert stream.until(lambda s: '"order"' in s.text)
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(access.load_principal(conn, person("carl"), channel.clock.now()))
        row = conn.execute("select task from tasks where status = 'open'").fetchone()
        assert row is not None
        handle(conn, ctx, channel.app.engine, [row[0]], Act("take"), only_check=True)
        handle(conn, ctx, channel.app.engine, [row[0]], Act("take"))
    assert stream.until(lambda s: '"task"' in s.text)
    assert stream.text.count('"task"') == 1
