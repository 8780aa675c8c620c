"""Between requests and the intake: who sends, kept and looked at again, and results brought back to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import psycopg
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from headgate import access
from headgate.access import Sender, SenderCache, load_key, load_source, parse_api_key
from headgate.api.errors import RequestRefused
from headgate.api.limits import Limits
from headgate.kernel.context import Context
from headgate.kernel.errors import Suspended, Unauthenticated
from headgate.ledger import Appended
from headgate.process import Incoming, Intake, NotStored, Parcel, SenderChanged, TooLate
from headgate.wiring import App

_Loop = asyncio.AbstractEventLoop
_Deliver = Callable[[Sequence[Parcel]], None]
LATE = "the events could not be stored in time; send them again, a repeat is answered like the first"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says it is: under `key` the sender is kept, `load` reads it, `prove` raises `Unauthenticated`."""

    key: tuple[str, ...]
    load: Callable[[], Sender]
    prove: Callable[[Sender], None]


@dataclass(slots=True, eq=False)
class Gate:
    """One of each process; `limits` are also those of the other routes."""

    app: App
    limits: Limits
    intake: Intake
    senders: SenderCache = field(default_factory=SenderCache)
    _boxes: WeakKeyDictionary[_Loop, _Deliver] = field(default_factory=WeakKeyDictionary)

    @classmethod
    def over(cls, app: App) -> Gate:
        """With the bounds of the application's settings."""
        s = app.settings
        intake = Intake(app.database, app.engine, app.clock, s.ingest_queue, s.backlog, s.ingest_seconds)
        return cls(app, Limits(s), intake)

    async def sender(
        self, request: Request, headers: Mapping[str, str], body: bytes, source: str, now: datetime
    ) -> tuple[Sender, Claim]:
        """Who sends, proven. Raises `Unauthenticated`, or `Busy` for an address that was wrong too often."""
        self.limits.unproven(request)
        try:
            claim = self._claim(headers, body, source, now)
            return await self._proven(claim), claim
        except Unauthenticated:
            self.limits.refused(request)
            raise

    async def again(self, claim: Claim) -> Sender:
        """The sender, read anew, because what was kept turned out to be changed or is about to be held against it."""
        found = await run_in_threadpool(claim.load)
        self.senders.keep(claim.key, found)
        claim.prove(found)
        if found.suspended:
            raise Suspended("the tenant is suspended; keep what you send and send it when it is resumed")
        return found

    async def store(self, ctx: Context, sender: Sender, events: Sequence[Incoming]) -> list[Appended]:
        """What became of the events, once they are durable. Raises what is wrong with them, `SenderChanged`, `Busy`, or
        the refusal of a request whose events could not be stored for now."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Appended]] = loop.create_future()
        self.intake.hand_in(Parcel(ctx, sender, events, self._box(loop), answer))
        try:
            async with asyncio.timeout(self.intake.patience):
                return await answer
        except (TimeoutError, TooLate):
            raise RequestRefused("unavailable", LATE) from None
        except psycopg.OperationalError:
            raise RequestRefused("unavailable", "the events cannot be stored for now") from None

    async def _proven(self, claim: Claim) -> Sender:
        kept = self.senders.get(claim.key)
        if kept is None:
            return await self.again(claim)
        try:
            claim.prove(kept)
        except Unauthenticated:
            if not self.senders.may_read_again(claim.key):
                raise
            return await self.again(claim)
        return await self.again(claim) if kept.suspended else kept

    def _claim(self, headers: Mapping[str, str], body: bytes, source: str, now: datetime) -> Claim:
        app = self.app
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            tenant_id, key_id, hashed = parse_api_key(token.strip())
            return Claim(
                ("key", tenant_id.hex, key_id),
                lambda: load_key(app.database, tenant_id, key_id, now),
                lambda sender: sender.prove_key(hashed),
            )
        if "webhook-signature" not in headers:
            raise Unauthenticated(
                "sign the request (webhook-id, webhook-timestamp, webhook-signature) or send an API key"
            )
        tenant, _, name = source.partition("/")
        if not tenant or not name or not source.isprintable():
            raise Unauthenticated("name who signed: ?source=<tenant>/<source>, or the header Headgate-Source")
        tolerance = timedelta(seconds=app.settings.webhook_tolerance_seconds)
        return Claim(
            ("source", tenant, name),
            lambda: load_source(app.database, app.envelope, tenant, name, now),
            lambda sender: sender.prove_signature(headers, body, now, tolerance),
        )

    def _box(self, loop: _Loop) -> _Deliver:
        found = self._boxes.get(loop)
        if found is None:

            def deliver(parcels: Sequence[Parcel]) -> None:
                loop.call_soon_threadsafe(_hand_out, parcels)

            found = self._boxes[loop] = deliver
        return found


def may_write(sender: Sender) -> None:
    """Raises `Forbidden` unless it may send events at all."""
    access.require(sender.principal, "events.write")


def _hand_out(parcels: Sequence[Parcel]) -> None:
    for parcel in parcels:
        answer: asyncio.Future[list[Appended]] = parcel.ticket
        if answer.done():  # whoever waited has gone
            continue
        if isinstance(parcel.result, list):
            answer.set_result(parcel.result)
        else:
            answer.set_exception(parcel.result or TooLate("it was not looked at"))


__all__ = ["Claim", "Gate", "NotStored", "SenderChanged", "may_write"]
