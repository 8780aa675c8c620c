"""One pass over recorded decisions for a run that is not small: by columns where they are, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from psycopg import Connection

from headgate.policy.backtest.core.lens import Lens
from headgate.policy.backtest.core.replay import Replay
from headgate.policy.backtest.core.sweep import sweep
from headgate.policy.backtest.keeping import Host, Keeper, Stretch
from headgate.policy.backtest.reading import StoredShelf
from headgate.store import Database


def passed(
    database: Database,
    tenant: UUID,
    policy: str,
    hosts: Mapping[str, tuple[Lens, tuple[str, ...]]],
    shelf: StoredShelf,
    replay: Replay,
    at: tuple[datetime, datetime, datetime],
) -> Iterator[int]:
    """Weigh every decision from `at[0]` to before `at[1]`; now and then how many were read. `at[2]` is now."""

    def opens() -> AbstractContextManager[Connection]:
        return database.transaction(tenant, read_only=True)

    def writes() -> AbstractContextManager[Connection]:
        return database.transaction(tenant)

    read_by = {host: Host(lens, asks) for host, (lens, asks) in hosts.items()}
    keeper = Keeper(opens, writes, read_by, shelf, policy, at[2])
    ahead = 0
    for piece in keeper.pieces(at[0], at[1]):
        if isinstance(piece, int):
            ahead += piece
        elif isinstance(piece, Stretch):
            sweep(replay, piece.host, piece.spine, piece.facts, piece.span, keeper.whole)
            ahead = 0
        else:
            replay.add(piece)
            ahead = 0
        yield replay.seen.decisions + ahead
