"""Idempotency keys: what a write answered, kept so that its repeat is answered the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Invalid
from headgate.store import jsonb

# Two requests under one key at the same moment: the second is told to come again rather than made to wait.
LOCK = """
select pg_try_advisory_xact_lock(
    hashtextextended(concat_ws(chr(31), 'idempotency', current_setting('headgate.tenant'), %s::text, %s::text), 0))
"""
GET = "select request_digest, receipt, status, response from idempotency_keys where principal = %s and key = %s"
BEGIN = "insert into idempotency_keys (principal, key, request_digest, created_at) values (%s, %s, %s, %s)"
KEEP = """
update idempotency_keys
set receipt = coalesce(%s::jsonb, receipt), status = coalesce(%s, status), response = coalesce(%s, response)
where principal = %s and key = %s
"""
FORGET = """
delete from idempotency_keys where (tenant_id, principal, key) in (
    select tenant_id, principal, key from idempotency_keys where created_at < %s order by created_at limit %s)
"""


class KeyReused(Invalid):
    """The key was used for another request."""

    code = "key_reused"


class InProgress(Conflict):
    """A request under the same key is being worked on."""

    code = "in_progress"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of an earlier request under the key. `receipt` is what a write in two steps has noted after the
    first; `response` is the text it answered with, None when it did not come so far."""

    receipt: Mapping[str, Any] | None
    status: int | None
    response: str | None


def begin_once(conn: Connection, ctx: Context, key: str, request_digest: bytes) -> Kept | None:
    """Take the key for this request, within the transaction that does the work; None when it is new.

    Raises `KeyReused` when the key stands for another request, `InProgress` while another transaction holds it.
    """
    principal = ctx.principal.id
    if conn.execute(LOCK, (principal, key)).fetchone() != (True,):
        raise InProgress("a request under this idempotency key is being worked on; send it again in a moment")
    row = conn.execute(GET, (principal, key)).fetchone()
    if row is None:
        conn.execute(BEGIN, (principal, key, request_digest, ctx.now))
        return None
    if bytes(row[0]) != request_digest:
        raise KeyReused("this idempotency key was used for another request; use a new key")
    return Kept(row[1], row[2], row[3])


def keep_answer(
    conn: Connection,
    ctx: Context,
    key: str,
    *,
    receipt: Mapping[str, Any] | None = None,
    status: int | None = None,
    response: str | None = None,
) -> None:
    """Note what the request under this key has come to; what is left out stays as it is."""
    noted = None if receipt is None else jsonb(dict(receipt))
    conn.execute(KEEP, (noted, status, response, ctx.principal.id, key))


def forget_keys(conn: Connection, before: datetime, limit: int = 1000) -> int:
    """Drop up to `limit` keys of requests made before an instant; returns how many."""
    return conn.execute(FORGET, (before, limit)).rowcount
