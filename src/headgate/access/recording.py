"""Every act that changes access leaves an audit entry."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.ledger import AuditDraft, append_audit


def record(conn: Connection, ctx: Context, action: str, subject_type: str, subject: str, **body: Any) -> None:
    """Append the entry for one act. It locks the chain's head, so it comes last in each service function."""
    append_audit(conn, ctx.now, [AuditDraft(action, subject_type, subject, ctx.principal.id, body)])
