"""What became of a provider's offers in the tenants below it: read, never written, and nothing of theirs besides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.inheritance import repo
from headgate.access.inheritance.offering import OPERATE
from headgate.kernel.context import Context

MOST_FATES: Final = 300


@dataclass(frozen=True, slots=True)
class Fate:
    """How one open offer stands in one tenant below.

    `fate`: taken; changed (taken, and overridden by its own since); declined (its own was there before and stays);
    failed (could not be copied); waiting (not taken yet, `has_version` is the older one it has); elsewhere (another
    tenant above gives it the same thing).
    """

    slug: str
    name: str
    kind: str
    thing: str
    title: str
    version: int
    fate: str
    has_version: int | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Fates:
    """All of them: how many there are of each offer by (kind, thing) and fate, and the first rows, what is not taken
    before what is."""

    counts: dict[tuple[str, str], dict[str, int]]
    rows: tuple[Fate, ...]

    @property
    def total(self) -> int:
        """Open offers times tenants below."""
        return sum(sum(each.values()) for each in self.counts.values())


def offer_fates(conn: Connection[Any], ctx: Context) -> Fates:
    """What became of the open offers of the transaction's tenant. Raises `Forbidden` for who does not run tenants."""
    require(ctx.principal, OPERATE)
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for kind, thing, fate, number in conn.execute(repo.FATE_COUNTS):
        counts.setdefault((kind, thing), {})[fate] = number
    return Fates(counts, tuple(Fate(*row) for row in conn.execute(repo.FATES, {"limit": MOST_FATES})))
