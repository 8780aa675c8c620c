"""What a tenant may have of the installation: counted where something is added, under a lock, and shown before it runs
out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from psycopg import Connection

from headgate.access.repo import tenants as repo
from headgate.kernel.errors import OverQuota
from headgate.kernel.phrases import phrase

# What can be limited, and in which words.
QUOTAS: Final[Mapping[str, str]] = {
    "people": "active people of its own",
    "sources": "sources that may send events",
    "api_keys": "API keys that work",
    "oauth_clients": "OAuth clients that may get tokens",
    # Refused on the way in, where they are counted (`process.daily`).
    "events_per_day": "events taken in today, by UTC",
    "document_megabytes": "megabytes of files that partners sent",
}
_ADVICE: Final[Mapping[str, str]] = {
    "people": "suspend somebody, or ask for a larger quota",
    "sources": "disable one, or ask for a larger quota",
    "api_keys": "revoke one, or ask for a larger quota",
    "oauth_clients": "disable one, or ask for a larger quota",
}
WARN_AT: Final = 80  # per cent
MEGABYTE: Final = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of something a tenant uses; `limit` None is as much as it likes."""

    name: str
    words: str
    used: int
    limit: int | None

    @property
    def percent(self) -> int:
        """Used of what it may have, in whole per cent, rounded down; 0 without a limit, 100 for a limit of zero."""
        if self.limit is None:
            return 0
        return 100 if self.limit == 0 else self.used * 100 // self.limit

    @property
    def state(self) -> Literal["free", "near", "full"]:
        """near from 80 per cent on; full where nothing can be added."""
        if self.limit is not None and self.used >= self.limit:
            return "full"
        return "near" if self.percent >= WARN_AT else "free"


def usage(conn: Connection, now: datetime) -> tuple[Usage, ...]:
    """What the transaction's tenant uses of what it may, in one query."""
    *used, limits = conn.execute(repo.USED, {"now": now}).fetchone() or (0, 0, 0, 0, 0, 0, {})
    counted = dict(zip(QUOTAS, used, strict=True))
    return tuple(Usage(name, words, counted[name], (limits or {}).get(name)) for name, words in QUOTAS.items())


def expect_room(conn: Connection, now: datetime, name: str) -> None:
    """Raise `OverQuota` when the tenant has as much of this as it may. It locks the tenant's row, so two additions at
    the same moment do not both take the last place."""
    row = conn.execute(repo.ALLOWED, {"name": name}).fetchone()
    if row is None or row[0] is None:
        return
    found = next(each for each in usage(conn, now) if each.name == name)
    if found.used >= row[0]:
        raise OverQuota(
            phrase(
                "this tenant may have %(row)s %(words)s and has %(used)s; %(advice)s",
                row=row[0],
                words=found.words,
                used=found.used,
                advice=_ADVICE[name],
            )
        )


def expect_document_room(conn: Connection, adding: int) -> None:
    """Raise `OverQuota` where `adding` bytes of files would be more than the tenant may keep. Two who send at the same
    moment may overrun it by one file."""
    limit, kept = conn.execute(repo.DOCUMENTS).fetchone() or (None, 0)
    if limit is not None and kept + adding > limit * MEGABYTE:
        raise OverQuota(
            phrase(
                "this tenant may keep %(limit)s megabytes of files; drop some, or ask for a larger quota", limit=limit
            )
        )
