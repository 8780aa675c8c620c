"""Writes that a caller may repeat: the same key and the same request give the same answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from psycopg import Connection
from pydantic import BaseModel

from headgate.access import begin_once, keep_answer
from headgate.api.auth import Caller
from headgate.api.parameters import IdempotencyKey
from headgate.kernel.canonical import digest
from headgate.kernel.errors import Conflict, Refused
from headgate.ledger import audit_list

Once = IdempotencyKey
REPLAYED = {"Idempotent-Replayed": "true"}


def write_once(
    request: Request,
    caller: Caller,
    key: str | None,
    body: BaseModel,
    act: Callable[[Connection[Any]], BaseModel],
    *,
    status: int = 200,
) -> Response:
    """Act in one transaction and answer; a repeat under the same key is answered from what was kept.

    An error keeps nothing, so the request may be mended and sent again under its key.
    """
    with caller.writing() as conn:
        if key is not None:
            kept = begin_once(conn, caller.ctx, key, _digest(request, body))
            if kept is not None and kept.response is not None:
                return _answer(kept.response, kept.status or status, REPLAYED)
        text = act(conn).model_dump_json()
        if key is not None:
            keep_answer(conn, caller.ctx, key, status=status, response=text)
    return _answer(text, status)


def settle_once(
    request: Request,
    caller: Caller,
    key: str | None,
    body: BaseModel,
    act: Callable[[Connection[Any]], int],
    tell: Callable[[Connection[Any], int, bool], BaseModel],
    *,
    status: int = 200,
) -> Response:
    """Append an event, let it be applied, and answer with what came of it.

    The event is durable before it is applied. Should this process end in between, a worker applies it, and a repeat
    under the same key tells the result.
    """
    with caller.writing() as conn:
        kept = None
        if key is not None:
            kept = begin_once(conn, caller.ctx, key, _digest(request, body))
            if kept is not None and kept.response is not None:
                return _answer(kept.response, kept.status or status, REPLAYED)
        if kept is not None and kept.receipt is not None:
            seq = int(kept.receipt["seq"])
        else:
            seq = act(conn)
            if key is not None:
                keep_answer(conn, caller.ctx, key, receipt={"seq": seq})
    settled = caller.app.runner().settle(caller.ctx.tenant_id, seq)
    with caller.writing() as conn:
        text = tell(conn, seq, settled).model_dump_json()
        if key is not None and settled:
            keep_answer(conn, caller.ctx, key, status=status, response=text)
    return _answer(text, status)


def settle_each(
    request: Request,
    caller: Caller,
    key: str | None,
    body: BaseModel,
    act: Callable[[Connection[Any]], list[dict[str, Any]]],
    tell: Callable[[Connection[Any], list[dict[str, Any]], frozenset[int]], BaseModel],
) -> Response:
    """As `settle_once`, for several events at once: `act` gives receipts, those with a `seq` that is not None are let
    be applied, and `tell` learns which of them were."""
    with caller.writing() as conn:
        kept = None
        if key is not None:
            kept = begin_once(conn, caller.ctx, key, _digest(request, body))
            if kept is not None and kept.response is not None:
                return _answer(kept.response, kept.status or 200, REPLAYED)
        if kept is not None and kept.receipt is not None:
            receipts: list[dict[str, Any]] = kept.receipt["each"]
        else:
            receipts = act(conn)
            if key is not None:
                keep_answer(conn, caller.ctx, key, receipt={"each": receipts})
    wanted = [receipt["seq"] for receipt in receipts if receipt.get("seq") is not None]
    settled = caller.app.runner().settle_all(caller.ctx.tenant_id, wanted)
    with caller.writing() as conn:
        text = tell(conn, receipts, settled).model_dump_json()
        if key is not None and len(settled) == len(wanted):
            keep_answer(conn, caller.ctx, key, status=200, response=text)
    return _answer(text, 200)


def refusal(conn: Connection[Any], subject: str, seq: int) -> str:
    """Why an event that was taken could not be applied; empty when it was."""
    entries = audit_list(conn, action="event.refused", subject=subject, limit=20)
    bodies = [entry.body for entry in entries if entry.event_seq == seq]
    return str(bodies[0].get("problem") or bodies[0].get("reason") or "it cannot be applied") if bodies else ""


def why_refused(conn: Connection[Any], subject: str, seq: int) -> Exception:
    """The error for an event that was taken and then could not be applied; it waits in quarantine."""
    reason = refusal(conn, subject, seq)
    return Refused(reason) if reason else Conflict("it could not be applied; something else came in between")


def _digest(request: Request, body: BaseModel) -> bytes:
    return digest([request.method, request.url.path, body.model_dump(mode="json")])


def _answer(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers, "application/json")
