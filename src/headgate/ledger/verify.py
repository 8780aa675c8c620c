"""Verification of a tenant's whole audit chain, streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.ledger.core.chain import genesis
from headgate.ledger.core.integrity import ChainWalk, Finding, check_events
from headgate.ledger.repo import audit as repo

CHUNK = 5000
MOST_FINDINGS = 100

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ContentResult:
    """What a content check saw: how many records, and those that are not as they were."""

    checked: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ContentCheck:
    """A further check that a floor above brings, for example that every decision has its digest."""

    name: str
    run: Callable[[Connection], ContentResult]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a verification checked and found. `bad` holds the first hundred findings, `bad_count` counts all."""

    entries: int
    events: int
    contents: dict[str, int]
    head_seq: int
    head_hash: str
    bad: tuple[Finding, ...]
    bad_count: int

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return self.bad_count == 0

    @property
    def first_bad(self) -> Finding | None:
        """The first finding, in the order of the chain."""
        return self.bad[0] if self.bad else None


@dataclass(slots=True)
class _Found:
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, found: Iterator[Finding]) -> None:
        for finding in found:
            self.count += 1
            if len(self.findings) < MOST_FINDINGS:
                self.findings.append(finding)


def verify_audit(
    conn: Connection,
    *,
    progress: Progress | None = None,
    deep: bool = True,
    checks: Sequence[ContentCheck] = (),
) -> AuditReport:
    """Recompute the chain of the transaction's tenant from its first entry to its head.

    Checked: every entry's hash, its link, the gapless count, every column against the text, and that the chain ends at
    its head. Deep: also every event's digest, the events that entries speak of, and the given content checks.
    `progress(what, done, total)` is called about every 5000 rows. What is appended meanwhile is left for the next time.
    """
    found = _Found()
    (tenant,) = conn.execute("select current_setting('headgate.tenant')").fetchone() or ("",)
    last, head_seq, head_hash = conn.execute(repo.CHAIN_END).fetchone() or (0, None, None)
    walk = ChainWalk(genesis(UUID(tenant)), events=deep)
    entries = 0
    for rows in _pages(conn, repo.AUDIT_PAGE_WITH_EVENTS if deep else repo.AUDIT_PAGE, last):
        found.add(walk.walk(rows))
        entries += len(rows)
        _tell(progress, "entries", entries, max(last, entries))
    found.add(_head_differs(walk, head_seq or 0, head_hash or walk.start))
    events = 0
    contents: dict[str, int] = {}
    if deep:
        total, last_event = conn.execute(repo.COUNT_EVENTS).fetchone() or (0, 0)
        for rows in _pages(conn, repo.EVENTS_PAGE, last_event):
            found.add(check_events(rows))
            events += len(rows)
            _tell(progress, "events", events, max(total, events))
        for check in checks:
            result = check.run(conn)
            contents[check.name] = result.checked
            found.add(iter(result.findings))
            _tell(progress, check.name, result.checked, result.checked)
    return AuditReport(entries, events, contents, walk.seq, walk.hash.hex(), tuple(found.findings), found.count)


def _head_differs(walk: ChainWalk, seq: int, hash: bytes) -> Iterator[Finding]:
    """Entries cut off at the end, added behind the head, or a head that points to something else."""
    if walk.seq < seq:
        yield Finding("head", seq, "entries at the end are missing", str(seq), str(walk.seq))
    elif walk.seq > seq:
        yield Finding("head", seq, "there are entries behind the head", str(seq), str(walk.seq))
    elif not walk.ends_with(hash):
        yield Finding("head", seq, "the head has another hash", walk.hash.hex(), hash.hex())


def _pages(conn: Connection, query: str, last: int) -> Iterator[list[Any]]:
    """Pages of rows in order up to number `last`, so that memory stays flat however long the chain is.

    A page is fetched while the one before is looked at: the database and this process work at the same time.
    """
    with conn.cursor(binary=True) as cursor, ThreadPoolExecutor(1) as ahead:

        def page(after: int) -> list[Any]:
            return cursor.execute(query, {"after": after, "last": last, "limit": CHUNK}).fetchall()

        coming = ahead.submit(page, -(2**63))
        while rows := coming.result():
            coming = ahead.submit(page, rows[-1][0])
            yield rows


def _tell(progress: Progress | None, what: str, done: int, total: int) -> None:
    if progress is not None:
        progress(what, done, total)
