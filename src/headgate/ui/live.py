"""Server-sent events that tell an open page that something changed. A page then asks for itself again.

WHATWG HTML, 9.2 (server-sent events). The stream says kinds of things, never things; it ends with its session, when
the server stops, and after a while by itself, so that none outlives what it was allowed for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from headgate.kernel.clock import Clock
from headgate.store.hearing import Hearing, Listener, Place
from headgate.store.news import SESSIONS

MEDIA_TYPE: Final = "text/event-stream"
# A page that asks for itself again after news says so: it is no sign that somebody sits in front of it.
AGAIN_HEADER: Final = "x-headgate-again"
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
MOST_OF_TENANT_PERCENT: Final = 50
MOST_OF_PERSON: Final = 8
# How often the session is looked at again; also keeps proxies from taking the silence for an end.
BEAT_SECONDS: Final = 15.0
LONGEST_SECONDS: Final = 900.0
RETRY_SECONDS: Final = 30
# A page that hears this says that one has to sign in again, and does not come back.
OVER: Final = b"event: over\ndata: the session has ended\n\n"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many streams there may be in this process, and their rhythm."""

    most: int
    beat_seconds: float = BEAT_SECONDS
    longest_seconds: float = LONGEST_SECONDS


@dataclass(slots=True)
class _Heard:
    """What one stream has heard and not yet passed on."""

    loop: asyncio.AbstractEventLoop
    kinds: set[str] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def wake(self, kinds: frozenset[str]) -> None:
        """From another thread."""
        self._soon(lambda: self.kinds.update(kinds))

    def end(self) -> None:
        """From another thread: the server stops."""

        def ended() -> None:
            self.over = True

        self._soon(ended)

    def _soon(self, act: Callable[[], None]) -> None:
        def done() -> None:
            act()
            self.woken.set()

        try:
            self.loop.call_soon_threadsafe(done)
        except RuntimeError:  # the loop is closed, and the stream with it
            return


class NewsStream(Response):
    """The answer to a page that wants to be told. `alive` says, off the event loop, whether its session still is.

    Who does not ask for `text/event-stream` gets what is known at once and an end.
    """

    def __init__(
        self, hearing: Hearing, clock: Clock, place: Place, person: str, alive: Callable[[], bool], bounds: Bounds
    ) -> None:
        super().__init__(b"", media_type=MEDIA_TYPE, headers=HEADERS)
        del self.headers["content-length"]
        self._hearing, self._clock, self._place, self._person = hearing, clock, place, person
        self._alive, self._bounds = alive, bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.method != "GET" or not wants_news(request):
            self.body = self._first(request)
            await super().__call__(scope, receive, send)
            return
        heard = _Heard(asyncio.get_running_loop())
        listener = Listener(self._place, self._person, heard.wake, heard.end)
        most = self._bounds.most
        if not self._hearing.join(listener, most, -(-most * MOST_OF_TENANT_PERCENT // 100), MOST_OF_PERSON):
            busy = Response("Too many pages are open.", 503, {"Retry-After": str(RETRY_SECONDS)}, "text/plain")
            await busy(scope, receive, send)
            return
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": self._first(request), "more_body": True})
            await self._follow(heard, receive, send)
        finally:
            self._hearing.leave(listener)

    async def _follow(self, heard: _Heard, receive: Receive, send: Send) -> None:
        """Pass on what is heard until the page, the session, the server or the time ends it."""
        gone = asyncio.ensure_future(_gone(receive))
        until = heard.loop.time() + self._bounds.longest_seconds
        looked = heard.loop.time()
        try:
            while not gone.done() and not heard.over and heard.loop.time() < until:
                woken = asyncio.ensure_future(heard.woken.wait())
                await asyncio.wait(
                    {gone, woken}, timeout=self._bounds.beat_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                woken.cancel()
                heard.woken.clear()
                kinds, heard.kinds = heard.kinds, set()
                now = heard.loop.time()
                text = ""
                if SESSIONS in kinds or now - looked >= self._bounds.beat_seconds:
                    looked = now
                    if not await run_in_threadpool(self._alive):
                        await send({"type": "http.response.body", "body": OVER})
                        return
                    text = ": still here\n\n"
                if kinds - {SESSIONS}:
                    text = self._event(kinds - {SESSIONS})
                if text and not gone.done():
                    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})

    def _first(self, request: Request) -> bytes:
        """A greeting, and news at once for a page that is older than what was last heard."""
        since = since_of(request)
        missed = since is not None and self._hearing.missed(self._place, since)
        return f": news\n\n{self._event({'anything'}) if missed else ''}".encode()

    def _event(self, kinds: set[str]) -> str:
        return f"event: news\nid: {self._clock.now().isoformat()}\ndata: {json.dumps(sorted(kinds))}\n\n"


def since_of(request: Request) -> datetime | None:
    """How old a page is: what it heard last before it lost the stream, else when it was made. None: it does not say."""
    given = request.headers.get("last-event-id") or request.query_params.get("since", "")
    try:
        found = datetime.fromisoformat(given[:40])
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def wants_news(request: Request) -> bool:
    """Whether a browser follows a stream; anything else in answer makes it complain and come again."""
    return MEDIA_TYPE in request.headers.get("accept", "")


def ended() -> Response:
    """The answer to a stream of a session that has ended."""
    return Response(OVER, media_type=MEDIA_TYPE, headers=HEADERS)


def asks_again(request: Request) -> bool:
    """Whether a page asks for itself again by itself."""
    return AGAIN_HEADER in request.headers


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
