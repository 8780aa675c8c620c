"""Mended quarantine entries go back in: refused rows through their mapping, refused events through the inbox.

Everything of one call is one transaction of the caller: when one entry cannot be replayed, none is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.connectors.imports import repo
from headgate.connectors.imports.core.build import Builder
from headgate.connectors.imports.core.documents import Document, Record, Validator
from headgate.connectors.imports.core.events import (
    Origin,
    Route,
    document_id,
    plain_route,
    record_event,
    record_id,
)
from headgate.connectors.imports.core.mapping import FileMapping
from headgate.connectors.imports.core.merge import Merged, amended, merge, return_of_its_own
from headgate.connectors.imports.core.parse import parse_mapping
from headgate.connectors.imports.core.plan import compile_plan
from headgate.connectors.imports.core.rows import Group, Row
from headgate.kernel.canonical import digest, loads
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Invalid, Problem
from headgate.kernel.phrases import phrase
from headgate.ledger import (
    AuditDraft,
    NewEvent,
    append_audit,
    append_events,
    event_get,
    event_list,
    quarantine_resolve,
    requeue,
)

# The order as it stands now, with the fields of `order.submitted`; None when there is none.
CurrentOrder = Callable[[Connection, str], Mapping[str, Any] | None]
_NO_VALIDATORS: Mapping[str, Validator] = {}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a quarantine entry became: the event it is part of now."""

    quarantine: UUID
    event_id: str
    type: str
    subject: str


def replay_rows(
    conn: Connection,
    ctx: Context,
    ids: Sequence[UUID],
    fix: Mapping[str, str],
    current_order: CurrentOrder,
    *,
    lanes: int,
    validators: Mapping[str, Validator] = _NO_VALIDATORS,
    route: Route = plain_route,
) -> list[Replayed]:
    """Map refused rows again with some of their columns changed, and send what they become.

    `fix` gives new text for columns, the same for every row. A row whose order exists is added to it (`order.amended`
    with all its lines); otherwise the rows make the order. Several rows of one order make one event. A mended row of a
    return that is recorded already becomes a return of its own. Raises `Invalid` when a row is still refused or `fix`
    names an unknown column, and `Conflict` when its order is under way but not applied yet.
    """
    entries = _open_rows(conn, ids)
    by_file: dict[tuple[str, str], list[tuple[repo.Entry, dict[str, Any]]]] = {}
    for entry in entries:
        raw = loads(entry.raw)
        if not isinstance(raw, dict) or not raw.get("row"):
            problem = Problem(f"quarantine {entry.id}", entry.reason, "was not readable as a row", "Correct the file.")
            raise Invalid(str(problem), problems=(problem,))
        by_file.setdefault((entry.source, raw["file"]), []).append((entry, raw))
    stored = repo.mappings_of(conn, list(by_file))
    done: list[Replayed] = []
    for file, rows in by_file.items():
        known = stored[file]
        mapping = parse_mapping(known.text, known.mapping)
        origin = Origin(known.import_id, known.source, known.file, known.file_digest, ctx.principal.id, "", ctx.trace)
        replay = _FileReplay(conn, ctx, origin, mapping, validators, route, current_order, lanes)
        done.extend(replay.run(rows, fix))
    _resolve(conn, ctx, entries, done, {"fix": dict(fix)})
    return done


def replay_event(
    conn: Connection,
    ctx: Context,
    id: UUID,
    data: dict[str, Any] | None = None,
    *,
    lanes: int,
    validators: Mapping[str, Validator] = _NO_VALIDATORS,
    route: Route = plain_route,
) -> Replayed:
    """Apply a refused event again: as it is, after what it needs was put right; or with edited data, as a new event.

    Raises `Invalid` when the edited data breaks its schema, `Conflict` when the entry is not an open event.
    """
    entry = repo.entries_of(conn, [id])[0]
    if entry.kind != "event" or entry.event_seq is None or entry.status != "open":
        raise Conflict(phrase("%(id)s is no refused event that is still open", id=id))
    event = event_get(conn, entry.event_seq)
    if data is None:
        requeue(conn, [event.seq])
        done = Replayed(id, event.event_id, event.type, event.subject)
    else:
        validate = validators.get(event.type)
        problems = validate(data) if validate is not None else []
        if problems:
            raise Invalid("\n".join(str(p) for p in problems), problems=problems)
        key, subject = route(event.type, data)
        event_id = f"{event.event_id}:mended:{digest(data).hex()[:16]}"
        mended = NewEvent(
            event.source, event_id, event.type, subject, key, event.time, data, ctx.principal.id, ctx.trace
        )
        _append(conn, ctx, [mended], lanes)
        done = Replayed(id, event_id, event.type, subject)
    _resolve(conn, ctx, [entry], [done], {"edited": data is not None})
    return done


@dataclass(frozen=True, slots=True)
class _FileReplay:
    """Replays rows of one file."""

    conn: Connection
    ctx: Context
    origin: Origin
    mapping: FileMapping
    validators: Mapping[str, Validator]
    route: Route
    current_order: CurrentOrder
    lanes: int

    def run(self, rows: Sequence[tuple[repo.Entry, dict[str, Any]]], fix: Mapping[str, str]) -> list[Replayed]:
        columns = tuple(rows[0][1]["row"])
        unknown = [name for name in fix if name not in columns]
        if unknown:
            names = ", ".join(columns)
            problems = [
                Problem(f"fix.{n}", fix[n], "is not a column of the file", phrase("Columns: %(names)s.", names=names))
                for n in unknown
            ]
            raise Invalid("\n".join(str(p) for p in problems), problems=problems)
        builder = Builder(compile_plan(self.mapping, columns), self.validators)
        made: list[tuple[UUID, Document]] = []
        records: list[tuple[Record, Document]] = []
        for entry, raw in rows:
            cells = [str(fix.get(name, raw["row"].get(name, ""))) for name in columns]
            built = builder.build(Group(None, int(raw["place"]) - 1, (Row(entry.row_number or 0, cells),)))
            if built.bad:
                problems = [replace(p, field=f"row {entry.row_number}: {p.field}") for p in built.bad[0].problems]
                raise Invalid("\n".join(str(p) for p in problems), problems=problems)
            document = built.documents[0]
            made.append((entry.id, document))
            records.extend((record, document) for record in built.records)
        merged = [self._event(m) for m in merge(made)]
        _append(self.conn, self.ctx, [*self._records(records), *(event for event, _ in merged)], self.lanes)
        return [Replayed(id, event.event_id, event.type, event.subject) for event, m in merged for id in m.entries]

    def _records(self, records: Iterable[tuple[Record, Document]]) -> list[NewEvent]:
        """Events of the records that the import has not introduced itself."""
        wanted = {record_id(self.origin, record): (record, document) for record, document in records}
        names = [*wanted, *(f"{name}:replay" for name in wanted)]
        known = repo.known_events(self.conn, self.origin.source, names)
        return [
            record_event(self.origin, self.route, record, document.time, ":replay")
            for name, (record, document) in wanted.items()
            if name not in known and f"{name}:replay" not in known
        ]

    def _event(self, merged: Merged) -> tuple[NewEvent, Merged]:
        document = merged.document
        event_id, event_type, data = document_id(document.type, document.code), document.type, document.data
        mark = digest([self.origin.file_digest, sorted(document.rows)]).hex()[:16]
        if document.type == "return.recorded":
            if repo.known_events(self.conn, self.origin.source, [event_id]):
                data = return_of_its_own(document)
                event_id = document_id(document.type, data["return"])
        elif (current := self.current_order(self.conn, document.code)) is not None:
            event_type = "order.amended"
            event_id = f"{document_id(event_type, document.code)}:{mark}"
            data = amended(current, document, self.origin.file)
            self._check(event_type, data)
        else:
            key, _ = self.route(document.type, document.data)
            if event_list(self.conn, key=key, limit=1):
                raise Conflict(
                    phrase(
                        "order %(code)s is in the log but not applied yet; wait for the "
                        "workers, or mend its own quarantine entry first",
                        code=document.code,
                    )
                )
        key, subject = self.route(event_type, data)
        actor, trace = self.ctx.principal.id, self.ctx.trace
        # A mended order keeps the time it was placed; an amendment happens now.
        at = self.ctx.now if event_type == "order.amended" else document.time
        return NewEvent(self.origin.source, event_id, event_type, subject, key, at, data, actor, trace), merged

    def _check(self, event_type: str, data: dict[str, Any]) -> None:
        validate = self.validators.get(event_type)
        problems = validate(data) if validate is not None else []
        if problems:
            raise Invalid("\n".join(str(p) for p in problems), problems=problems)


def _open_rows(conn: Connection, ids: Sequence[UUID]) -> list[repo.Entry]:
    entries = repo.entries_of(conn, ids)
    for entry in entries:
        if entry.kind != "row" or entry.status != "open":
            raise Conflict(phrase("%(id)s is no refused row that is still open", id=entry.id))
    return entries


def _append(conn: Connection, ctx: Context, events: Sequence[NewEvent], lanes: int) -> None:
    for event, result in zip(events, append_events(conn, ctx.now, events, lanes=lanes), strict=True):
        if result.status == "conflict":
            raise Conflict(
                phrase(
                    "the log holds another %(type)s under %(event_id)s; look at its subject first",
                    type=event.type,
                    event_id=event.event_id,
                )
            )


def _resolve(
    conn: Connection, ctx: Context, entries: Sequence[repo.Entry], done: Sequence[Replayed], body: dict[str, Any]
) -> None:
    quarantine_resolve(conn, ctx.now, [entry.id for entry in entries], "replayed", ctx.principal.id)
    by_id = {r.quarantine: r for r in done}
    append_audit(
        conn,
        ctx.now,
        [
            AuditDraft(
                action="quarantine.replayed",
                subject_type="quarantine",
                subject=str(entry.id),
                actor=ctx.principal.id,
                body={
                    "reason": entry.reason,
                    "file": entry.file,
                    "row": entry.row_number,
                    "event": by_id[entry.id].event_id,
                    "event_type": by_id[entry.id].type,
                    **body,
                },
            )
            for entry in entries
        ],
    )
