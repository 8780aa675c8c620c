"""The way in: signed or keyed CloudEvents, answered when they are durable.

A batch is taken whole or not at all. When one of its ids was used before with another body, nothing of the batch enters
the log; the refused bodies are kept beside it for inspection, and the answer names both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Header, Query, Request
from psycopg import Connection

from headgate.access import may_send
from headgate.api.auth import Sender, sender_of
from headgate.api.errors import RequestRefused, unreadable
from headgate.api.event_schema import REQUEST_BODY
from headgate.api.models.ledger import Accepted, AcceptedEvents
from headgate.api.openapi import problems
from headgate.api.strict import StrictRoute, media_type
from headgate.kernel.canonical import canonical
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import Conflict, Forbidden, Invalid, Problem
from headgate.ledger import Appended, CloudEvent, conflict_list, parse_http
from headgate.process import Incoming, ingest

router = APIRouter(route_class=StrictRoute, tags=["events"])

STRUCTURED = ("application/cloudevents+json", "application/cloudevents-batch+json")


async def raw_body(request: Request) -> bytes:
    """The bytes as they came: a signature is over these."""
    return await request.body()


@router.post(
    "/events",
    status_code=202,
    responses=problems(400, 401, 403, 409, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": REQUEST_BODY, "security": [{"apiKey": []}, {"webhookSignature": []}]},
)
def post_events(
    request: Request,
    body: Annotated[bytes, Depends(raw_body)],
    source: Annotated[
        str, Query(max_length=200, description="Who signed: `<tenant>/<source>`. Not needed with an API key.")
    ] = "",
    headgate_source: Annotated[str, Header(max_length=200, description="The same as `source`.")] = "",
) -> AcceptedEvents:
    """Take CloudEvents 1.0: structured, batch, or binary with `ce-` headers.

    Authenticated by a Standard Webhooks signature of the named source, or by an API key with the scope `events.write`.
    The answer comes when the events are durable; a repeat of an event answers with the place of the first.
    """
    sender = sender_of(request, body, source or headgate_source)
    events = _parsed(request, body, sender.app.settings.event_max_bytes)
    _allowed(sender, events)
    incoming = [_incoming(event, sender.source) for event in events]
    _same_id_twice(incoming)
    with sender.writing() as conn:
        appended, clashes = _append(conn, sender, incoming)
    crashpoint("ingest.answering")
    if clashes:
        raise _Taken(clashes)
    return AcceptedEvents(
        events=[
            Accepted(id=event.id, seq=done.seq, status="duplicate" if done.status == "duplicate" else "new")
            for event, done in zip(events, appended, strict=True)
        ]
    )


class _Taken(Conflict):
    """Ids that were used before for other bodies."""

    def __init__(self, clashes: Sequence[Problem]) -> None:
        super().__init__(str(clashes[0]), problems=clashes)


def _parsed(request: Request, body: bytes, most_bytes: int) -> list[CloudEvent]:
    kind = media_type(request)
    binary = any(name.startswith("ce-") for name in request.headers)
    if kind not in STRUCTURED and not (binary and kind.endswith("json")):
        raise RequestRefused(
            "unsupported_media_type", f"send {STRUCTURED[0]}, {STRUCTURED[1]}, or ce- headers with application/json"
        )
    if kind != STRUCTURED[1] and len(body) > most_bytes:
        raise RequestRefused("too_large", f"an event may have {most_bytes} bytes at most; split it")
    try:
        return parse_http(request.headers, body, max_bytes=most_bytes)
    except Invalid as error:
        raise unreadable(error) from None


def _allowed(sender: Sender, events: Sequence[CloudEvent]) -> None:
    for event in events:
        if not may_send(sender.types, event.type):
            raise Forbidden(f"source {sender.source} may not send {event.type}; it may send {', '.join(sender.types)}")


def _incoming(event: CloudEvent, source: str) -> Incoming:
    # CloudEvents names an event by source and id. What the sender calls itself counts within what it has proven to be.
    origin = "" if event.source.strip("/") == source else event.source
    trace = event.extensions.get("traceparent", "")[:128]
    return Incoming(event.id, event.type, event.time, event.data, event.subject, trace, origin)


def _same_id_twice(incoming: Sequence[Incoming]) -> None:
    seen: dict[tuple[str, str], bytes] = {}
    for index, event in enumerate(incoming):
        content = canonical([event.type, event.subject, event.data])
        if seen.setdefault((event.origin, event.event_id), content) != content:
            problem = Problem(
                f"events[{index}].id",
                event.event_id,
                "stands twice in this batch with different bodies",
                "Use new ids.",
            )
            raise Invalid(str(problem), problems=(problem,))


def _append(
    conn: Connection[Any], sender: Sender, incoming: Sequence[Incoming]
) -> tuple[list[Appended], list[Problem]]:
    """Append all or nothing. On a clash what was appended is taken back, and the clashing bodies alone are kept."""
    engine = sender.app.engine
    appended: list[Appended] = []
    with conn.transaction() as attempt:
        appended = ingest(conn, sender.ctx, engine, sender.source, incoming)
        clashing = [index for index, done in enumerate(appended) if done.status == "conflict"]
        if clashing:
            raise psycopg.Rollback(attempt)
    if not clashing:
        return appended, []
    ingest(conn, sender.ctx, engine, sender.source, [incoming[index] for index in clashing])
    kept = conflict_list(conn, limit=len(clashing))
    found = []
    for index, conflict in zip(clashing, reversed(kept), strict=True):
        found.append(
            Problem(
                f"events[{index}].id",
                conflict.event_id,
                f"was used before for another body: event {conflict.first_seq} has that one, and this one is kept "
                f"as conflict {conflict.id}",
                "Send new content under a new id.",
            )
        )
    return appended, found
