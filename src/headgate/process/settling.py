"""Letting an event of somebody who waits for its outcome be applied at once, by who asked or by a worker that was
quicker."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Final
from uuid import UUID

from headgate.process.progress import Progress
from headgate.store import Database

# How long is waited for what another runner is at, in seconds. A worker hears of an event when it is committed, so
# mostly it is there first; whoever asked wants to see the outcome, which stands a moment later.
PAUSES: Final = (0.0, 0.03, 0.07, 0.1, 0.2, 0.4, 0.8, 1.0)
TRIES: Final = 20
STILL_QUEUED: Final = "select seq from inbox where seq = any(%s)"


def settled(database: Database, run: Callable[[UUID], Progress], tenant: UUID, seqs: Collection[int]) -> frozenset[int]:
    """Those of these events that are not waiting any more; `run` applies a batch of what nobody else has. What another
    runner has, or what waits for another try, is waited for a moment, all of it together."""
    left = frozenset(seqs)
    for pause in PAUSES:
        if left:
            time.sleep(pause)
            left = _tried(database, run, tenant, left)
    return frozenset(seqs) - left


def _tried(database: Database, run: Callable[[UUID], Progress], tenant: UUID, seqs: Collection[int]) -> frozenset[int]:
    """Apply what is free to be applied; those of these events that wait still."""
    left = frozenset(seqs)
    for _ in range(TRIES):
        with database.transaction(tenant, read_only=True) as conn:
            left = frozenset(row[0] for row in conn.execute(STILL_QUEUED, (list(left),)))
        done = run(tenant) if left else None
        if done is None or (not done.events and not done.failed):
            break
    return left
