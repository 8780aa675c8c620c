"""What is done now and then: forgetting old attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from psycopg import Connection as Conn

from headgate.connectors.delivery.letters import forget_attempts
from headgate.kernel.context import Context
from headgate.ledger import NewEvent

KEPT: Final = timedelta(days=30)


def forget(conn: Conn[Any], ctx: Context) -> Sequence[NewEvent]:
    """Attempts are kept for thirty days."""
    forget_attempts(conn, ctx.now - KEPT)
    return ()


JOBS: Final = {"deliveries.forget": forget}
