"""Which approval a command means."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.errors import NotFound
from headgate.process import Approval, approvals_of_case, case_of_subject, get_approval

# What cases are about.
SUBJECTS = ("order", "deal", "price_exception", "return")


def named_approval(conn: Connection[Any], text: str, *, only_pending: bool) -> Approval:
    """The approval of that id, or of that order or request: the one that waits, else the last one."""
    try:
        wanted = UUID(text)
    except ValueError:
        asked = [
            approval
            for kind in SUBJECTS
            if (case := case_of_subject(conn, kind, text))
            for approval in approvals_of_case(conn, case["case_id"])
        ]
        pending = [a for a in asked if a.status == "pending"]
        if not pending and (only_pending or not asked):
            raise NotFound(f"nothing waits for a decision on {text}; see headgate approvals list") from None
        return pending[0] if pending else max(asked, key=lambda a: a.requested_at)
    found = get_approval(conn, wanted)
    if found is None:
        raise NotFound(f"approval {wanted} does not exist")
    return found
