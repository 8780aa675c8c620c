"""The way in: signed or keyed CloudEvents, answered when they are durable.

A batch is taken whole or not at all. When one of its ids was used before with another body, nothing of the batch enters
the log; the refused bodies are kept beside it for inspection, and the answer names both.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from headgate.access import Sender, may_send
from headgate.api.errors import RequestRefused, unreadable
from headgate.api.event_schema import REQUEST_BODY
from headgate.api.gate import Claim, Gate, may_write
from headgate.api.middleware import HOLD
from headgate.api.models.ledger import AcceptedEvents
from headgate.api.openapi import problems
from headgate.api.strict import PlainRoute
from headgate.kernel import telemetry
from headgate.kernel.canonical import canonical
from headgate.kernel.context import Context
from headgate.kernel.errors import Busy, Conflict, Forbidden, HeadgateError, Invalid, Problem
from headgate.ledger import Appended, CloudEvent, parse_http
from headgate.process import Incoming, NotStored, SenderChanged, checked, faults

router = APIRouter(route_class=PlainRoute, tags=["events"])

PATH = "/v1/events"
STRUCTURED = ("application/cloudevents+json", "application/cloudevents-batch+json")
LONGEST_SOURCE = 200
# Above this, reading the JSON would keep other requests waiting.
READ_ASIDE_BYTES = 64_000
TRIES = 3


@router.post(
    "/events",
    status_code=202,
    response_model=AcceptedEvents,
    responses=problems(400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": REQUEST_BODY, "security": [{"apiKey": []}, {"webhookSignature": []}]},
)
async def post_events(
    request: Request,
    source: Annotated[
        str,
        Query(max_length=LONGEST_SOURCE, description="Who signed: `<tenant>/<source>`. Not needed with an API key."),
    ] = "",
    headgate_source: Annotated[str, Header(max_length=LONGEST_SOURCE, description="The same as `source`.")] = "",
) -> Response:
    """Take CloudEvents 1.0: structured, batch, or binary with `ce-` headers.

    Authenticated by a Standard Webhooks signature of the named source, or by an API key with the scope `events.write`.
    The answer comes when the events are durable; a repeat of an event answers with the place of the first. A body may
    be compressed with gzip; the signature is then over the compressed bytes.
    """
    gate: Gate = request.app.state.gate
    # Once for all: the framework decodes all headers each time one is asked for. A repeated one counts with its last.
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
    try:
        events, appended = await _take(gate, request, headers, source or headgate_source)
    except (HeadgateError, RequestRefused) as error:
        telemetry.events_refused.inc(reason="changed" if isinstance(error, SenderChanged) else error.code)
        raise
    new = sum(done.status == "new" for done in appended)
    telemetry.events_accepted.inc(new)
    telemetry.events_repeated.inc(len(appended) - new)
    told = [
        {"id": event.id, "seq": done.seq, "status": done.status} for event, done in zip(events, appended, strict=True)
    ]
    return Response(orjson.dumps({"events": told}), 202, media_type="application/json")


_route = router.routes[-1]
assert isinstance(_route, PlainRoute)
_answer = _route.get_route_handler()


async def way_in(scope: Scope, receive: Receive, send: Send) -> None:
    """The route as an application of its own, for a server that has found it by itself."""
    answer = await _answer(Request(scope, receive))
    await answer(scope, receive, send)


async def _take(
    gate: Gate, request: Request, headers: Mapping[str, str], source: str
) -> tuple[list[CloudEvent], list[Appended]]:
    if len(source) > LONGEST_SOURCE:
        raise RequestRefused("malformed", f"source: is longer than {LONGEST_SOURCE} characters")
    body = await request.body()
    now = gate.app.clock.now()
    sender, claim = await gate.sender(request, headers, body, source, now)
    may_write(sender)
    gate.limits.let_in(sender)
    if headers.get("content-encoding", "").strip().lower() == "gzip":
        body = await run_in_threadpool(inflated, body, gate.app.settings.request_max_bytes)
        request.scope[HOLD](len(body))
    aside = len(body) > READ_ASIDE_BYTES
    events = await run_in_threadpool(_parsed, gate, headers, body) if aside else _parsed(gate, headers, body)
    gate.limits.count(sender, len(events))
    sender = await _allowed(gate, claim, sender, events)
    if not events:
        return [], []
    trace = _trace(headers)
    incoming = [_incoming(event, sender.source, trace) for event in events]
    ctx = Context(sender.tenant_id, sender.principal, now, trace=request.scope["state"]["request_id"])
    await _fit(gate, ctx, sender, incoming, aside=aside)
    for _ in range(TRIES):
        try:
            return events, await gate.store(ctx, sender, incoming)
        except SenderChanged:
            sender = await gate.again(claim)
            may_write(sender)
            ctx = Context(sender.tenant_id, sender.principal, now, trace=ctx.trace)
            sender = await _allowed(gate, claim, sender, events)
        except NotStored as error:
            raise _clash(events, error.taken) from None
    raise Busy("the source or key is being changed; send it again in a moment")


async def _allowed(gate: Gate, claim: Claim, sender: Sender, events: Sequence[CloudEvent]) -> Sender:
    """The sender, who may send these types; what was kept of it is read again before it is refused."""
    refused = next((event.type for event in events if not may_send(sender.types, event.type)), None)
    if refused is not None and gate.senders.may_read_again(claim.key):
        sender = await gate.again(claim)
        refused = next((event.type for event in events if not may_send(sender.types, event.type)), None)
    if refused is not None:
        raise Forbidden(f"source {sender.source} may not send {refused}; it may send {', '.join(sender.types)}")
    return sender


async def _fit(gate: Gate, ctx: Context, sender: Sender, incoming: Sequence[Incoming], *, aside: bool) -> None:
    """Raises `Invalid` for what is wrong with the events themselves, before they are handed in."""
    engine = gate.app.engine
    _same_id_twice(incoming)
    wrong = await run_in_threadpool(faults, ctx, engine, incoming) if aside else faults(ctx, engine, incoming)
    if not wrong:
        return

    def tell() -> None:
        # With what only the tenant's processes know, so that every fault is told at once.
        with gate.app.database.transaction(ctx.tenant_id, read_only=True) as conn:
            checked(engine.definitions.router(conn), ctx, engine, sender.source, incoming)

    await run_in_threadpool(tell)


def _parsed(gate: Gate, headers: Mapping[str, str], body: bytes) -> list[CloudEvent]:
    most_bytes = gate.app.settings.event_max_bytes
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    binary = any(name.startswith("ce-") for name in headers)
    if kind not in STRUCTURED and not (binary and kind.endswith("json")):
        raise RequestRefused(
            "unsupported_media_type", f"send {STRUCTURED[0]}, {STRUCTURED[1]}, or ce- headers with application/json"
        )
    if kind != STRUCTURED[1] and len(body) > most_bytes:
        raise RequestRefused("too_large", f"an event may have {most_bytes} bytes at most; split it")
    try:
        return parse_http(headers, body, max_bytes=most_bytes)
    except Invalid as error:
        raise unreadable(error) from None


def inflated(body: bytes, most_bytes: int) -> bytes:
    """A gzip body, unpacked up to the bound that holds for plain ones. Raises `RequestRefused`."""
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unpacking.decompress(body, most_bytes + 1)
    except zlib.error:
        raise RequestRefused("malformed", "the body is not gzip, though its content encoding says so") from None
    if len(plain) > most_bytes:
        raise RequestRefused("too_large", f"the body is larger than {most_bytes} bytes when unpacked; send it in parts")
    if not unpacking.eof or unpacking.unused_data:
        raise RequestRefused("malformed", "the gzip body is cut off, or something follows it")
    return plain


def _trace(headers: Mapping[str, str]) -> str:
    """Where the trace of this request stands: events that carry none of their own go on from here."""
    here = telemetry.current_traceparent()
    given = headers.get("traceparent", "")
    return here or (given if telemetry.is_traceparent(given) else "")


def _incoming(event: CloudEvent, source: str, trace: str) -> Incoming:
    # CloudEvents names an event by source and id. What the sender calls itself counts within what it has proven to be.
    origin = "" if event.source.strip("/") == source else event.source
    own = event.extensions.get("traceparent", "")
    return Incoming(
        event.id,
        event.type,
        event.time,
        event.data,
        event.subject,
        own if telemetry.is_traceparent(own) else trace,
        origin,
    )


def _same_id_twice(incoming: Sequence[Incoming]) -> None:
    if len(incoming) == 1:
        return
    seen: dict[tuple[str, str], Incoming] = {}
    for index, event in enumerate(incoming):
        first = seen.setdefault((event.origin, event.event_id), event)
        if first is not event and _content(first) != _content(event):
            problem = Problem(
                f"events[{index}].id",
                event.event_id,
                "stands twice in this batch with different bodies",
                "Use new ids.",
            )
            raise Invalid(str(problem), problems=(problem,))


def _content(event: Incoming) -> Any:
    return canonical([event.type, event.subject, event.data])


def _clash(events: Sequence[CloudEvent], taken: Sequence[tuple[int, Appended]]) -> Conflict:
    """The refusal of a request of which some ids were used before for other bodies."""
    found = [
        Problem(
            f"events[{index}].id",
            events[index].id,
            f"was used before for another body: event {done.seq} has that one, and this one is kept "
            f"as conflict {done.kept}",
            "Send new content under a new id.",
        )
        for index, done in taken
    ]
    return Conflict(str(found[0]), problems=found)
