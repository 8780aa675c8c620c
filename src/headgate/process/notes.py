"""Notes that people leave on a case: kept in the audit chain, and so never changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit
from headgate.process.queries import case_detail

LONGEST = 4000


def add_note(conn: Connection[Any], ctx: Context, case_id: UUID, text: str) -> None:
    """Keep a note with a case. Raises `Invalid` for an empty or overlong text, `NotFound`."""
    note = text.strip()
    if not note:
        raise invalid("note", text, "is empty", "Write what the others should know.")
    if len(note) > LONGEST:
        raise invalid(
            "note",
            f"{len(note)} characters",
            phrase("is longer than %(longest)s characters", longest=LONGEST),
            "Shorten it.",
        )
    case = case_detail(conn, case_id)
    draft = AuditDraft(
        action="case.noted",
        subject_type=case["subject_type"],
        subject=case["subject"],
        actor=ctx.principal.id,
        body={"note": note},
        case_id=case_id,
    )
    append_audit(conn, ctx.now, [draft])
