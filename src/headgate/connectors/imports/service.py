"""Import a file: chunk by chunk, each chunk's events, refused rows and progress in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.connectors.imports import repo
from headgate.connectors.imports.core.build import Builder
from headgate.connectors.imports.core.documents import BadRow, Built, Document, Record, Validator
from headgate.connectors.imports.core.events import (
    Origin,
    Route,
    document_event,
    fixed_events,
    import_id,
    plain_route,
    quarantine_drafts,
    record_event,
)
from headgate.connectors.imports.core.mapping import FileMapping
from headgate.connectors.imports.core.plan import Plan, compile_plan
from headgate.connectors.imports.core.report import ImportReport, Tally, tally_from
from headgate.connectors.imports.core.rows import Index, Unreadable, group_rows, index_groups
from headgate.connectors.imports.read import Source, open_source, read_records
from headgate.connectors.imports.spill import SpillingBuffer
from headgate.kernel.canonical import instant_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Invalid
from headgate.ledger import AuditDraft, NewEvent, append_audit, append_events, quarantine_add
from headgate.store import Database

CHUNK = 500
# Refused rows are far cheaper than documents; this bounds a chunk of a file that is mostly bad.
_BAD_PER_DOCUMENT = 20
_NO_VALIDATORS: Mapping[str, Validator] = {}

# Called with rows done and rows in the file.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Preview:
    """The first documents, records and refused rows a mapping makes of a file. Nothing is stored."""

    documents: tuple[Document, ...]
    records: tuple[Record, ...]
    bad: tuple[BadRow, ...]


@dataclass(slots=True)
class _Chunk:
    """What one transaction will write."""

    documents: list[Document] = field(default_factory=list)
    records: list[tuple[Record, datetime]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    rows: int = 0
    groups: int = 0
    earlier: int = 0
    earlier_amount: Decimal = Decimal(0)

    def add(self, built: Built) -> None:
        self.documents.extend(built.documents)
        if built.records:
            first = min(document.time for document in built.documents)
            self.records.extend((record, first) for record in built.records)
        self.bad.extend(built.bad)
        self.rows += built.rows
        self.groups += 1
        self.earlier += built.earlier
        self.earlier_amount += built.earlier_amount

    def full(self, limit: int) -> bool:
        return len(self.documents) >= limit or len(self.bad) >= limit * _BAD_PER_DOCUMENT


def run_import(
    db: Database,
    ctx: Context,
    path: Path,
    mapping: FileMapping,
    source: str,
    *,
    lanes: int = 16,
    chunk: int = CHUNK,
    validators: Mapping[str, Validator] = _NO_VALIDATORS,
    route: Route = plain_route,
    progress: Progress | None = None,
    since: date | None = None,
) -> ImportReport:
    """Import a file as events of `source`. Safe to repeat and to kill.

    A repeat appends nothing: events have ids that follow from the documents, refused rows are kept once. A killed run
    is taken up behind its last committed chunk of `chunk` documents. `validators` (by event type) decide what a
    document's data may be; `route` gives correlation key and subject, and `lanes` must be the installation's number.
    With `since` (a day of the mapping's time zone), earlier documents and rows are counted and nothing else.
    Raises `NotFound` or `Invalid`, before anything is written, when the file or the mapping cannot be used, and
    `Conflict` when another run of the same import has taken over.
    """
    if chunk < 1:
        raise Invalid("a chunk holds at least one document")
    found = open_source(path, mapping)
    plan = compile_plan(mapping, found.columns)
    _check_fixed(mapping, validators)
    index = index_groups(read_records(found), plan.key_of)
    start = None if since is None else datetime.combine(since, time.min, ZoneInfo(mapping.timezone))
    origin = Origin(
        import_id=import_id(source, found.digest, mapping.digest, start),
        source=source,
        file=path.name,
        file_digest=found.digest,
        actor=ctx.principal.id,
        currency=mapping.amount.currency,
        trace=ctx.trace,
    )
    return _Run(db, ctx, origin, plan, index, lanes, validators, route, progress or _silent, start).run(found, chunk)


def preview_import(
    path: Path, mapping: FileMapping, *, limit: int = 20, validators: Mapping[str, Validator] = _NO_VALIDATORS
) -> Preview:
    """What an import of the file would send and refuse, up to `limit` of each. Stores nothing."""
    found = open_source(path, mapping)
    plan = compile_plan(mapping, found.columns)
    _check_fixed(mapping, validators)
    index = index_groups(read_records(found), plan.key_of)
    seen = _Chunk()
    for built in built_groups(found, plan, index, validators):
        seen.add(built)
        if len(seen.documents) >= limit and len(seen.bad) >= limit:
            break
    records = tuple(record for record, _ in seen.records[:limit])
    return Preview(tuple(seen.documents[:limit]), records, tuple(seen.bad[:limit]))


def import_list(conn: Connection, before: datetime, limit: int = 50) -> list[repo.ImportState]:
    """Imports started before an instant, newest first, with how far they are."""
    return repo.list_imports(conn, before=before, limit=limit)


@dataclass(slots=True)
class _Run:
    db: Database
    ctx: Context
    origin: Origin
    plan: Plan
    index: Index
    lanes: int
    validators: Mapping[str, Validator]
    route: Route
    progress: Progress
    since: datetime | None
    number: int = 0
    rows_done: int = 0
    groups_done: int = 0
    tally: Tally = field(default_factory=Tally)

    def run(self, source: Source, chunk_size: int) -> ImportReport:
        with self.db.transaction(self.ctx.tenant_id) as conn:
            started = repo.start(conn, self.ctx.now, self.origin, self.plan.mapping, self.index.rows)
        self.origin = replace(self.origin, file=started.file)
        self.number, self.rows_done, self.groups_done = started.run, started.rows_done, started.groups_done
        self.tally = tally_from(started.counts)
        resumed_from, skipped = started.rows_done, started.groups_done
        self.progress(self.rows_done, self.index.rows)
        chunk = _Chunk()
        # Groups that an earlier run finished are built again and dropped: that restores which records are known, and a
        # kill is rare enough not to be worth a second way through.
        for built in built_groups(source, self.plan, self.index, self.validators, self.since):
            if skipped:
                skipped -= 1
                continue
            self.tally.file += built.amount
            chunk.add(built)
            if chunk.full(chunk_size):
                self._commit(chunk, "running")
                chunk = _Chunk()
        self._commit(chunk, "done")
        return self._report(resumed_from)

    def _commit(self, chunk: _Chunk, status: str) -> None:
        """Write a chunk; the counts go with it, so that they are those of what is committed."""
        ctx, origin = self.ctx, self.origin
        events = self._events(chunk)
        with self.db.transaction(ctx.tenant_id) as conn:
            results = [a.status for a in append_events(conn, ctx.now, events, lanes=self.lanes)]
            kept = quarantine_add(conn, ctx.now, quarantine_drafts(origin, chunk.bad))
            self.tally.newly_quarantined += len(kept)
            self._count(chunk, events, results)
            self.tally.earlier_rows += chunk.earlier
            self.tally.earlier += chunk.earlier_amount
            self.rows_done += chunk.rows
            self.groups_done += chunk.groups
            repo.advance(conn, ctx.now, origin, self.number, self.rows_done, self.groups_done, self.tally, status)
            if status == "done" and (self.tally.appended or self.tally.newly_quarantined):
                append_audit(conn, ctx.now, [self._audit()])
        self.progress(self.rows_done, self.index.rows)

    def _events(self, chunk: _Chunk) -> list[NewEvent]:
        """Records before the documents that name them; what the mapping itself states before everything."""
        first = fixed_events(self.origin, self.route, self.plan.mapping, self.ctx.now) if not self.groups_done else ()
        ordered = sorted(chunk.records, key=lambda r: [x.type.type for x in self.plan.records].index(r[0].type))
        return [
            *first,
            *(record_event(self.origin, self.route, record, at) for record, at in ordered),
            *(document_event(self.origin, self.route, document) for document in chunk.documents),
        ]

    def _count(self, chunk: _Chunk, events: Sequence[NewEvent], results: Sequence[str]) -> None:
        records = len(events) - len(chunk.documents)
        for event, status in zip(events[:records], results[:records], strict=True):
            self.tally.add_event(self.tally.records, event.type, status, event.event_id)
        documents = zip(chunk.documents, events[records:], results[records:], strict=True)
        for document, event, status in documents:
            self.tally.add_document(document, status, event.event_id)
        for row in chunk.bad:
            self.tally.add_bad(row)

    def _audit(self) -> AuditDraft:
        body: dict[str, Any] = {
            "source": self.origin.source,
            "file": self.origin.file,
            "file_digest": self.origin.file_digest,
            "mapping": self.plan.mapping.name,
            "mapping_digest": self.plan.mapping.digest,
            "since": None if self.since is None else instant_text(self.since),
            **self.tally.as_json(),
        }
        return AuditDraft("import.finished", "import", str(self.origin.import_id), self.origin.actor, body)

    def _report(self, resumed_from: int) -> ImportReport:
        tally = self.tally
        return ImportReport(
            import_id=self.origin.import_id,
            source=self.origin.source,
            file=self.origin.file,
            mapping=self.plan.mapping.name,
            currency=self.origin.currency,
            rows=self.index.rows,
            documents=dict(tally.documents),
            records=dict(tally.records),
            document_rows=tally.document_rows,
            conflicting_rows=tally.conflicting_rows,
            earlier_rows=tally.earlier_rows,
            appended=tally.appended,
            duplicates=tally.duplicates,
            conflicts=tally.conflicts,
            conflict_ids=tuple(tally.conflict_ids),
            quarantined=tally.refusals(),
            newly_quarantined=tally.newly_quarantined,
            amounts=tally.amounts(),
            resumed_from=resumed_from,
        )


def built_groups(
    source: Source, plan: Plan, index: Index, validators: Mapping[str, Validator], since: datetime | None = None
) -> Iterator[Built]:
    """What each group of a file becomes, in order."""
    builder = Builder(plan, validators, since)
    with ExitStack() as stack:
        buffer = stack.enter_context(SpillingBuffer())
        for group in group_rows(read_records(source), plan.key_of, index, buffer):
            yield builder.unreadable(group) if isinstance(group, Unreadable) else builder.build(group)


def _check_fixed(mapping: FileMapping, validators: Mapping[str, Validator]) -> None:
    problems = []
    for number, fixed in enumerate(mapping.fixed):
        validate = validators.get(fixed.type)
        for problem in validate({"items": list(fixed.items)}) if validate is not None else ():
            path = f"{mapping.file}: fixed[{number}].{problem.field}"
            problems.append(type(problem)(path, problem.value, problem.message, problem.fix))
    if problems:
        raise Invalid("\n".join(str(p) for p in problems), problems=problems)


def _silent(_done: int, _total: int) -> None:
    return
