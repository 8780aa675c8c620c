"""From documents and records to events, with ids that a repeat makes again.

An order's or return's id comes from its type and code alone, so that the same document from the same source is one
event, whatever file brings it: with the same content it is a duplicate, with other content a conflict that someone
looks at. A record's id holds the import, so that every file may say anew what it knows about a partner or product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from headgate.connectors.imports.core.documents import BadRow, Document, Record
from headgate.connectors.imports.core.mapping import FileMapping
from headgate.kernel.canonical import canonical_text, instant_text
from headgate.kernel.ids import derive_id
from headgate.ledger import CONTROL_PREFIX, NewEvent, QuarantineDraft

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

# (event type, data) → (correlation key, subject)
Route = Callable[[str, Mapping[str, Any]], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the events of one import come from, and who started it."""

    import_id: UUID
    source: str
    file: str
    file_digest: str
    actor: str
    currency: str
    trace: str = ""


def import_id(source: str, file_digest: str, mapping_digest: str, since: datetime | None = None) -> UUID:
    """The id of an import: the same file with the same mapping and start from the same source is the same import."""
    start = () if since is None else (instant_text(since),)
    return derive_id(_EPOCH, "import", source, file_digest, mapping_digest, *start)


def plain_route(event_type: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """The correlation key and subject of what an import sends, where no process definitions are at hand."""
    if event_type == "return.recorded":
        return f"return:{data['return']}", str(data["return"])
    if event_type.endswith(".recorded"):
        return f"{CONTROL_PREFIX}{event_type}", event_type
    return f"order:{data['order']}", str(data["order"])


def document_id(event_type: str, code: str) -> str:
    """The event id of a document within its source."""
    return f"{event_type}:{code}"


def document_event(origin: Origin, route: Route, document: Document) -> NewEvent:
    """The event of a document."""
    event_id = document_id(document.type, document.code)
    return _event(origin, route, event_id, document.type, document.time, document.data)


def record_id(origin: Origin, record: Record) -> str:
    """The event id of a record within its source."""
    return f"{record.type}:{record.code}:{origin.import_id}"


def record_event(origin: Origin, route: Route, record: Record, at: datetime, suffix: str = "") -> NewEvent:
    """The event of one partner, product or credit account; `at` is the time of the document that named it first."""
    return _event(origin, route, record_id(origin, record) + suffix, record.type, at, {"items": [record.item]})


def fixed_events(origin: Origin, route: Route, mapping: FileMapping, at: datetime) -> Iterator[NewEvent]:
    """The events of the records that the mapping itself states."""
    for number, fixed in enumerate(mapping.fixed):
        event_id = f"{fixed.type}:mapping:{number}:{origin.import_id}"
        yield _event(origin, route, event_id, fixed.type, at, {"items": list(fixed.items)})


def quarantine_drafts(origin: Origin, bad: Iterable[BadRow]) -> list[QuarantineDraft]:
    """Refused rows as they are kept; `raw` holds the file's digest, the row's place in its document, its columns."""
    return [
        QuarantineDraft(
            kind="row",
            source=origin.source,
            reason=row.reason,
            raw=canonical_text({"file": origin.file_digest, "place": row.place, "row": row.cells}),
            problems=row.problems,
            file=origin.file,
            row_number=row.number,
            amount=row.amount,
            currency=origin.currency,
        )
        for row in bad
    ]


def _event(
    origin: Origin, route: Route, event_id: str, event_type: str, at: datetime, data: dict[str, Any]
) -> NewEvent:
    key, subject = route(event_type, data)
    return NewEvent(
        source=origin.source,
        event_id=event_id,
        type=event_type,
        subject=subject,
        key=key,
        time=at,
        data=data,
        actor=origin.actor,
        trace=origin.trace,
    )
