"""SQL of imports. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.connectors.imports.core.events import Origin
from headgate.connectors.imports.core.mapping import FileMapping
from headgate.connectors.imports.core.report import Tally
from headgate.kernel.errors import Conflict, NotFound
from headgate.kernel.phrases import phrase
from headgate.store import jsonb

# A finished import starts over when it is run again; one that was killed goes on where it stood. A file keeps the name
# under which it was first imported from this source, so that its refused rows are known again when it was renamed.
START = """
insert into imports (
    import_id, source, file, file_digest, mapping, mapping_digest, mapping_text, rows, rows_done, groups_done, run,
    status, counts, actor, started_at, updated_at
)
select %(import_id)s, %(source)s, coalesce(
        (
            select file from imports where source = %(source)s and file_digest = %(file_digest)s
            order by started_at limit 1
        ),
        %(file)s
    ),
    %(file_digest)s, %(mapping)s, %(mapping_digest)s, %(mapping_text)s, %(rows)s,
    0, 0, 1, 'running', '{}', %(actor)s, %(now)s, %(now)s
on conflict (tenant_id, import_id) do update set
    run = imports.run + 1, status = 'running', updated_at = excluded.updated_at, finished_at = null,
    rows_done = case imports.status when 'done' then 0 else imports.rows_done end,
    groups_done = case imports.status when 'done' then 0 else imports.groups_done end,
    counts = case imports.status when 'done' then '{}' else imports.counts end
returning file, run, rows_done, groups_done, counts
"""

ADVANCE = """
update imports set rows_done = %(rows_done)s, groups_done = %(groups_done)s, counts = %(counts)s::jsonb,
    updated_at = %(now)s, status = %(status)s,
    finished_at = case %(status)s when 'done' then %(now)s::timestamptz end
where import_id = %(import_id)s and run = %(run)s
"""

LIST = """
select import_id, source, file, mapping, rows, rows_done, run, status, counts, actor, started_at, updated_at,
    finished_at
from imports where started_at < %(before)s order by started_at desc, import_id limit %(limit)s
"""

MAPPINGS_OF = """
select distinct on (source, file_digest) source, file_digest, import_id, mapping, mapping_text, file
from imports
where (source, file_digest) in (select * from unnest(%(source)s::text[], %(file_digest)s::text[]))
order by source, file_digest, started_at desc, import_id desc
"""

# Locked, so that of two replays of one entry the second waits and then finds it closed.
ENTRIES = """
select id, kind, source, file, row_number, event_seq, reason, raw, status
from quarantine where id = any(%s) order by position for update
"""

KNOWN_EVENTS = "select event_id from events where source = %(source)s and event_id = any(%(ids)s)"


@dataclass(frozen=True, slots=True)
class Started:
    """Where a run begins."""

    file: str
    run: int
    rows_done: int
    groups_done: int
    counts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImportState:
    """An import as it stands; `counts` as `Tally.as_json` gives them."""

    import_id: UUID
    source: str
    file: str
    mapping: str
    rows: int
    rows_done: int
    run: int
    status: str
    counts: dict[str, Any]
    actor: str
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredMapping:
    """The mapping that a file was last imported with."""

    source: str
    file_digest: str
    import_id: UUID
    mapping: str
    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a replay needs of a quarantine entry."""

    id: UUID
    kind: str
    source: str
    file: str
    row_number: int | None
    event_seq: int | None
    reason: str
    raw: str
    status: str


def start(conn: Connection, now: datetime, origin: Origin, mapping: FileMapping, rows: int) -> Started:
    """Begin a run, or go on where the last one stood."""
    row = conn.execute(
        START,
        {
            "import_id": origin.import_id,
            "source": origin.source,
            "file": origin.file,
            "file_digest": origin.file_digest,
            "mapping": mapping.name,
            "mapping_digest": mapping.digest,
            "mapping_text": mapping.text,
            "rows": rows,
            "actor": origin.actor,
            "now": now,
        },
    ).fetchone()
    assert row is not None
    return Started(*row)


def advance(
    conn: Connection, now: datetime, origin: Origin, run: int, rows: int, groups: int, tally: Tally, status: str
) -> None:
    """Record how far a run is, in the transaction of its events. Raises `Conflict` when a later run has taken over."""
    done = conn.execute(
        ADVANCE,
        {
            "import_id": origin.import_id,
            "run": run,
            "rows_done": rows,
            "groups_done": groups,
            "counts": jsonb(tally.as_json()),
            "status": status,
            "now": now,
        },
    ).rowcount
    if done != 1:
        raise Conflict(phrase("another run of the import of %(file)s has taken over", file=origin.file))


def list_imports(conn: Connection, *, before: datetime, limit: int) -> list[ImportState]:
    """Imports started before an instant, newest first."""
    return [ImportState(*row) for row in conn.execute(LIST, {"before": before, "limit": limit})]


def mappings_of(conn: Connection, files: Sequence[tuple[str, str]]) -> dict[tuple[str, str], StoredMapping]:
    """The mappings that files (source, digest) were last imported with."""
    wanted = {"source": [source for source, _ in files], "file_digest": [digest for _, digest in files]}
    found = (StoredMapping(*row) for row in conn.execute(MAPPINGS_OF, wanted))
    return {(m.source, m.file_digest): m for m in found}


def entries_of(conn: Connection, ids: Sequence[UUID]) -> list[Entry]:
    """These quarantine entries in the order in which they came. Raises `NotFound` when one does not exist."""
    found = [Entry(*row) for row in conn.execute(ENTRIES, (list(ids),))]
    missing = set(ids) - {entry.id for entry in found}
    if missing:
        raise NotFound(phrase("there is nothing in quarantine under %(min)s", min=min(map(str, missing))))
    return found


def known_events(conn: Connection, source: str, ids: Sequence[str]) -> set[str]:
    """Which of these event ids the log holds from a source."""
    return {row[0] for row in conn.execute(KNOWN_EVENTS, {"source": source, "ids": list(ids)})}
