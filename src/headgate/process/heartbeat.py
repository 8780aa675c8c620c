"""Keep leases alive while their batch runs.

A batch that takes long is safe anyway: its transaction bars others from its lanes. The beat says that its worker lives,
so that the lanes stay its own between the tries of a batch that has to be cut down, and on whatever shows them. It ends
after a few leases, for a worker that hangs would otherwise keep its lanes for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import psycopg

from headgate.kernel.errors import Busy
from headgate.kernel.logger import Log
from headgate.ledger import Lease

BEATS_PER_LEASE: Final = 3
MOST_BEATS: Final = 12
log = Log("headgate.lanes")
Renew = Callable[[UUID, Sequence[Lease]], Sequence[Lease]]


@contextmanager
def beating(renew: Renew, tenant: UUID, leases: Sequence[Lease], lease_seconds: float) -> Iterator[None]:
    """Renew the leases every third of their length until the block ends, from a thread of their own."""
    over = threading.Event()

    def beat() -> None:
        for _ in range(MOST_BEATS):
            if over.wait(lease_seconds / BEATS_PER_LEASE):
                return
            try:
                kept = renew(tenant, leases)
            except (psycopg.Error, Busy) as error:
                log.warning("a lease could not be renewed", tenant=str(tenant), error=str(error).splitlines()[0])
                continue
            # A batch gives its lanes back in its own commit, a moment before it is over.
            if len(kept) < len(leases) and not over.wait(lease_seconds / BEATS_PER_LEASE):
                log.warning("lanes were taken over", tenant=str(tenant), lanes=len(leases) - len(kept))
            if len(kept) < len(leases):
                return
        log.warning("a batch takes very long; its lanes are no longer kept", tenant=str(tenant), lanes=len(leases))

    threading.Thread(target=beat, name="headgate-lease", daemon=True).start()
    try:
        yield
    finally:
        over.set()
