"""What a batch says in the audit chain of events that no case took: masters, and what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Problem
from headgate.ledger import AuditDraft, QuarantineDraft, StoredEvent, append_audit, quarantine_add
from headgate.process.registry import Refusal


def recorded(event: StoredEvent) -> AuditDraft:
    """The entry of an event of masters."""
    items = event.data.get("items")
    return AuditDraft(
        action=event.type,
        subject_type="master",
        subject=event.subject or event.type,
        actor=event.actor,
        body={
            "event": {"type": event.type, "source": event.source, "id": event.event_id, "digest": event.digest},
            "items": len(items) if isinstance(items, list) else 0,
        },
        event_seq=event.seq,
        event_digest=event.digest,
    )


def put_aside(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent], refusals: Sequence[Refusal]) -> None:
    """Keep refused events where people find and replay them, and say so in the audit chain."""
    if not refusals:
        return
    by_seq = {e.seq: e for e in events}
    items, audits = [], []
    for refusal in refusals:
        event = by_seq[refusal.seq]
        items.append(
            QuarantineDraft(
                kind="event",
                source=event.source,
                reason=_reason(refusal.problem),
                raw=canonical_text(event.data),
                problems=(refusal.problem,),
                event_seq=event.seq,
            )
        )
        audits.append(
            AuditDraft(
                action="event.refused",
                subject_type="event",
                subject=event.subject,
                actor=event.actor,
                body={
                    "event": {"type": event.type, "source": event.source, "id": event.event_id, "digest": event.digest},
                    "reason": _reason(refusal.problem),
                    "problem": str(refusal.problem),
                },
                event_seq=event.seq,
                event_digest=event.digest,
            )
        )
    quarantine_add(conn, ctx.now, items)
    append_audit(conn, ctx.now, audits)


def _reason(problem: Problem) -> str:
    """A short phrase that can be counted: the field and what is wrong with it, without the value."""
    message = problem.message
    return message if message.startswith(problem.field) else f"{problem.field} {message}"
