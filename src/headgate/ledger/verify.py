"""Verification of a tenant's whole audit chain, streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.ledger import repo
from headgate.ledger.core.chain import genesis
from headgate.ledger.core.integrity import ChainWalk, Finding, check_events

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
    `progress(what, done, total)` is called about every 5000 rows. Entries may be appended meanwhile.
    """
    found = _Found()
    head_seq, head_hash = _head(conn)
    (tenant,) = conn.execute("select current_setting('headgate.tenant')").fetchone() or ("",)
    walk = ChainWalk(genesis(UUID(tenant)), events=deep)
    query = repo.STREAM_AUDIT_WITH_EVENTS if deep else repo.STREAM_AUDIT
    entries = 0
    head_seen = head_seq == 0
    for rows in _chunks(conn, query):
        found.add(walk.walk(rows))
        entries += len(rows)
        if not head_seen and rows[-1][0] >= head_seq:
            head_seen = True
            found.add(_head_differs(rows, head_seq, head_hash))
        _tell(progress, "entries", entries, max(head_seq, entries))
    found.add(_end(walk, head_seq, head_seen, _head(conn)))
    events = 0
    contents: dict[str, int] = {}
    if deep:
        (total,) = conn.execute(repo.COUNT_EVENTS).fetchone() or (0,)
        for rows in _chunks(conn, repo.STREAM_EVENTS):
            found.add(check_events(rows))
            events += len(rows)
            _tell(progress, "events", events, max(total, events))
        for check in checks:
            result = check.run(conn)
            contents[check.name] = result.checked
            found.add(iter(result.findings))
            _tell(progress, check.name, result.checked, result.checked)
    return AuditReport(entries, events, contents, walk.seq, walk.hash.hex(), tuple(found.findings), found.count)


def _head(conn: Connection) -> tuple[int, bytes]:
    row = conn.execute(repo.READ_HEAD).fetchone()
    return (row[0], row[1]) if row else (0, b"")


def _head_differs(rows: Sequence[Any], head_seq: int, head_hash: bytes) -> Iterator[Finding]:
    """The entry that was the head when verification began must have the head's hash."""
    for row in reversed(rows):
        if row[0] == head_seq:
            if row[3] != head_hash:
                yield Finding("head", head_seq, "the head has another hash", head_hash.hex()[:16], row[3].hex()[:16])
            return


def _end(walk: ChainWalk, head_seq: int, head_seen: bool, head_now: tuple[int, bytes]) -> Iterator[Finding]:
    """Entries cut off at the end, or added behind the head. `head_now` is at least as new as the last entry read."""
    if not head_seen:
        yield Finding("head", head_seq, "entries at the end are missing", str(head_seq), str(walk.seq))
    elif walk.seq > head_now[0]:
        yield Finding("head", head_now[0], "there are entries behind the head", str(head_now[0]), str(walk.seq))


def _chunks(conn: Connection, query: str) -> Iterator[list[Any]]:
    """Rows from a server-side cursor, so that memory stays flat however long the chain is."""
    with conn.cursor(name="headgate_verify", binary=True) as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(CHUNK):
            yield rows


def _tell(progress: Progress | None, what: str, done: int, total: int) -> None:
    if progress is not None:
        progress(what, done, total)
