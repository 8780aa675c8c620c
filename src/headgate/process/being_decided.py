"""Which requests somebody is deciding at this moment, by a decision that is held before it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.process.repo import held as repo


@dataclass(frozen=True, slots=True)
class Being:
    """That a request is being decided, by which held decision. `mine`: by who asks."""

    held: UUID
    outcome: str
    due_at: datetime
    mine: bool = True


def being_decided(conn: Connection[Any], principal: str, approvals: Sequence[UUID]) -> dict[UUID, Being]:
    """Those of these approvals that somebody is deciding by a held decision."""
    if not approvals:
        return {}
    rows = conn.execute(repo.HELD_FOR, {"by": principal, "approvals": list(approvals)}).fetchall()
    return {approval: Being(held, outcome, due_at) for approval, held, outcome, due_at in rows}


def underway(conn: Connection[Any], principal: str, approvals: Sequence[UUID]) -> dict[UUID, Being]:
    """Those of these approvals that anybody is deciding by a held decision; what is the principal's own comes first."""
    if not approvals:
        return {}
    rows = conn.execute(repo.HELD_BY_ANYBODY, {"by": principal, "approvals": list(approvals)}).fetchall()
    return {row[0]: Being(*row[1:]) for row in rows}
