"""A test message, sent at once, to see whether the other side takes what we send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg import Connection as Conn

from headgate.access import require
from headgate.connectors.delivery import repo
from headgate.connectors.delivery.core.message import Fact, source_of
from headgate.connectors.delivery.core.verdict import Answer
from headgate.connectors.delivery.courier import Courier
from headgate.connectors.delivery.model import SUBSCRIPTION, Target, target_of
from headgate.connectors.delivery.ports import Parcel
from headgate.connectors.delivery.targets import WRITE, get_target, opened_secrets
from headgate.kernel.context import Context
from headgate.kernel.ids import new_id
from headgate.ledger import AuditDraft, append_audit

PING: Final = "headgate.ping"


@dataclass(frozen=True, slots=True)
class Pinged:
    """What came of a test message."""

    target: Target
    message: UUID
    answer: Answer

    @property
    def ok(self) -> bool:
        """Whether it was taken."""
        return self.answer.status is not None and 200 <= self.answer.status < 300


def ping(courier: Courier, ctx: Context, code: str) -> Pinged:
    """Send a test message to a target or subscription (full code), whatever its state, and say what was answered.

    Three steps, each edge's own transactions: read, send without one, write the attempt and the audit entry. Raises
    `NotFound` and `Forbidden`.
    """
    require(ctx.principal, WRITE)
    with courier.database.transaction(ctx.tenant_id, read_only=True) as conn:
        target, parcel = _parcel(courier, conn, ctx, code)
    answer = courier.ports[target.kind].send(parcel, ctx.now)
    pinged = Pinged(target, parcel.id, answer)
    with courier.database.transaction(ctx.tenant_id) as conn:
        _note(conn, ctx, pinged)
    return pinged


def _parcel(courier: Courier, conn: Conn[Any], ctx: Context, code: str) -> tuple[Target, Parcel]:
    get_target(conn, code)
    row = conn.execute(repo.GET_TARGETS, {"codes": [code]}).fetchone()
    assert row is not None
    target = target_of(row)
    secrets, authorization = opened_secrets(courier.sealer, ctx.tenant_id, row)
    message = new_id(ctx.now)
    fact = Fact(
        str(message), source_of(ctx.tenant_id, "headgate"), PING, target.short, ctx.now, {"by": ctx.principal.id}
    )
    return target, Parcel(
        id=message,
        fact=fact,
        url=target.url,
        config=target.config,
        secrets=secrets,
        authorization=authorization,
        timeout_seconds=target.timeout_seconds,
    )


def _note(conn: Conn[Any], ctx: Context, pinged: Pinged) -> None:
    target, answer = pinged.target, pinged.answer
    conn.execute(
        repo.ADD_ATTEMPTS,
        {
            "command": [pinged.message],
            "target": [target.code],
            "number": [1],
            "at": [ctx.now],
            "milliseconds": [round(answer.seconds * 1000)],
            "outcome": ["delivered" if pinged.ok else "refused"],
            "status": [answer.status],
            "error": [answer.error[:500]],
            "excerpt": [answer.excerpt],
        },
    )
    noun = "subscription" if target.purpose == "events" else "target"
    body = {"ok": pinged.ok, "answer": answer.status, "error": answer.error[:200]}
    append_audit(
        conn,
        ctx.now,
        [AuditDraft(f"{noun}.pinged", noun, target.code.removeprefix(SUBSCRIPTION), ctx.principal.id, body)],
    )
