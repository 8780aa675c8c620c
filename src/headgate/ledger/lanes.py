"""Lane leases: which worker applies the events of which lane, until when.

Safety rests on the fence, not on clocks: a worker fences its lanes in the transaction that applies events, and that
transaction keeps others from taking the lanes before it ends. Times only decide when a silent worker is given up, and
they are the database's: what the clocks of workers say does not matter. `now` is for tests and for played histories,
where a clock that stands is the only time there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from headgate.kernel.errors import Conflict
from headgate.ledger.repo import lanes as repo
from headgate.store import Later


class LeaseLost(Conflict):
    """A lane belongs to another worker by now. Roll back and claim anew."""

    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lane held by a worker. `epoch` tells this holding from every other one of the lane; `lapses` says how many
    holders before this one never gave it back, one after the other."""

    lane: int
    owner: str
    epoch: int
    until: datetime
    lapses: int = 0


@dataclass(frozen=True, slots=True)
class LaneState:
    """A lane as stored; `owner` None means free."""

    lane: int
    owner: str | None
    epoch: int
    until: datetime | None
    served_at: datetime | None
    lapses: int = 0


def ensure_lanes(conn: Connection, lanes: int) -> None:
    """Create lane rows 0 … lanes-1 where missing. `claim_lanes` does so for lanes that have events."""
    conn.execute(repo.ENSURE_LANES, {"lanes": lanes})


def claim_lanes(
    conn: Connection,
    owner: str,
    lease_seconds: int,
    now: datetime | None,
    wanted: int,
    *,
    among: Sequence[int] | None = None,
) -> list[Lease]:
    """Take up to `wanted` lanes that have events due and are free or whose lease has run out, longest unserved first.

    `owner` must differ between processes and between runs of one process; what it still held from before (its release
    got lost, or the database went away) it takes again. `among` limits the choice.
    Lanes in the middle of somebody's batch are passed over, lease or not.
    """
    parameters = {
        "owner": owner,
        "seconds": lease_seconds,
        "now": now,
        "wanted": wanted,
        "among": None if among is None else list(among),
    }
    with conn.pipeline():  # one wait for both
        conn.execute(repo.OPEN_FILLED_LANES)
        rows = conn.execute(repo.CLAIM_LANES, parameters).fetchall()
    return sorted((Lease(*row) for row in rows), key=lambda lease: lease.lane)


def renew(conn: Connection, leases: Sequence[Lease], lease_seconds: int, now: datetime | None) -> list[Lease]:
    """Prolong leases; returns those still held. May run beside a batch of the same worker, on another connection."""
    if not leases:
        return []
    rows = conn.execute(repo.RENEW_LANES, {**_held(leases), "seconds": lease_seconds, "now": now})
    return sorted((Lease(*row) for row in rows), key=lambda lease: lease.lane)


def release(conn: Connection, leases: Sequence[Lease]) -> None:
    """Give lanes back; those that somebody else took meanwhile stay theirs."""
    if leases:
        conn.execute(repo.RELEASE_LANES, _held(leases))


def fence(conn: Connection, leases: Sequence[Lease]) -> datetime:
    """Make sure, until this transaction ends, that the lanes (one at least) are held; tells the database's time.

    Call it first in the transaction that applies events of these lanes. Raises `LeaseLost` when one is not held.
    """
    return ask_fence(conn, leases)()


def ask_fence(conn: Connection, leases: Sequence[Lease]) -> Later[datetime]:
    """`fence`, not waited for yet."""
    rows = conn.execute(repo.FENCE_LANES, _held(leases))

    def answer() -> datetime:
        held: dict[int, datetime] = dict(rows.fetchall())
        lost = sorted(lease.lane for lease in leases if lease.lane not in held)
        if lost:
            raise LeaseLost(f"lanes {', '.join(map(str, lost))} were taken over")
        return next(iter(held.values()))

    return answer


def lane_list(conn: Connection) -> list[LaneState]:
    """Every lane of the tenant and who holds it."""
    return [LaneState(*row) for row in conn.execute(repo.LIST_LANES)]


def _held(leases: Sequence[Lease]) -> dict[str, object]:
    owners = {lease.owner for lease in leases}
    if len(owners) != 1:
        raise ValueError("leases of different owners")
    return {
        "owner": owners.pop(),
        "lane": [lease.lane for lease in leases],
        "epoch": [lease.epoch for lease in leases],
    }
