"""What an import did: counted chunk by chunk, kept with its progress, and reconciled at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from headgate.connectors.imports.core.documents import BadRow, Document
from headgate.kernel.canonical import decimal_text

_SHOWN_CONFLICTS = 100
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Rows refused for one reason: how many, the sum of their amounts, and how many have no amount."""

    reason: str
    rows: int
    amount: Decimal
    without_amount: int


@dataclass(frozen=True, slots=True)
class Amounts:
    """Sums of quantity × unit price in the file's currency, exact, with the file's signs (returns are negative)."""

    file: Decimal
    orders: Decimal
    returns: Decimal
    quarantined: Decimal
    conflicting: Decimal
    earlier: Decimal

    @property
    def difference(self) -> Decimal:
        """What the file's sum has and its parts have not; zero when every amount is accounted for."""
        return self.file - self.orders - self.returns - self.quarantined - self.conflicting - self.earlier


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of an import, over all its runs.

    `documents` and `records` count by event type what the file holds; `appended`, `duplicates` and `conflicts` say what
    became of their events (records included). `document_rows`, `conflicting_rows`, the refused rows and `earlier_rows`
    (from before the start: counted, not kept) add up to `rows`. `conflict_ids` names up to 100 events whose id the log
    holds with other content. `resumed_from` is the number of rows an earlier run had finished.
    """

    import_id: UUID
    source: str
    file: str
    mapping: str
    currency: str
    rows: int
    documents: Mapping[str, int]
    records: Mapping[str, int]
    document_rows: int
    conflicting_rows: int
    earlier_rows: int
    appended: int
    duplicates: int
    conflicts: int
    conflict_ids: tuple[str, ...]
    quarantined: tuple[Refusals, ...]
    newly_quarantined: int
    amounts: Amounts
    resumed_from: int

    @property
    def quarantined_rows(self) -> int:
        """How many rows were refused."""
        return sum(r.rows for r in self.quarantined)

    @property
    def reconciled(self) -> bool:
        """Whether every row and every amount of the file is accounted for, once."""
        found = self.document_rows + self.conflicting_rows + self.quarantined_rows + self.earlier_rows
        return found == self.rows and self.amounts.difference == 0

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values; amounts are texts."""
        amounts = self.amounts
        return {
            "import": str(self.import_id),
            "source": self.source,
            "file": self.file,
            "mapping": self.mapping,
            "currency": self.currency,
            "rows": self.rows,
            "documents": dict(self.documents),
            "records": dict(self.records),
            "document_rows": self.document_rows,
            "conflicting_rows": self.conflicting_rows,
            "quarantined_rows": self.quarantined_rows,
            "earlier_rows": self.earlier_rows,
            "appended": self.appended,
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "conflict_ids": list(self.conflict_ids),
            "newly_quarantined": self.newly_quarantined,
            "quarantined": [
                {
                    "reason": r.reason,
                    "rows": r.rows,
                    "amount": decimal_text(r.amount),
                    "without_amount": r.without_amount,
                }
                for r in self.quarantined
            ],
            "amounts": {
                "file": decimal_text(amounts.file),
                "orders": decimal_text(amounts.orders),
                "returns": decimal_text(amounts.returns),
                "quarantined": decimal_text(amounts.quarantined),
                "conflicting": decimal_text(amounts.conflicting),
                "earlier": decimal_text(amounts.earlier),
                "difference": decimal_text(amounts.difference),
            },
            "reconciled": self.reconciled,
            "resumed_from": self.resumed_from,
        }


@dataclass(slots=True)
class Tally:
    """The running counts of an import; `as_json` and `tally_from` carry them over a restart."""

    documents: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    document_rows: int = 0
    conflicting_rows: int = 0
    earlier_rows: int = 0
    appended: int = 0
    duplicates: int = 0
    conflicts: int = 0
    conflict_ids: list[str] = field(default_factory=list)
    newly_quarantined: int = 0
    refused: dict[str, list[Any]] = field(default_factory=dict)
    file: Decimal = _ZERO
    orders: Decimal = _ZERO
    returns: Decimal = _ZERO
    conflicting: Decimal = _ZERO
    earlier: Decimal = _ZERO

    def add_document(self, document: Document, status: str, event_id: str) -> None:
        """Count a document by what became of its event."""
        self.add_event(self.documents, document.type, status, event_id)
        amount = document.amount * document.sign
        if status == "conflict":
            self.conflicting_rows += len(document.rows)
            self.conflicting += amount
            return
        self.document_rows += len(document.rows)
        if document.sign > 0:
            self.orders += amount
        else:
            self.returns += amount

    def add_event(self, by_type: dict[str, int], event_type: str, status: str, event_id: str) -> None:
        """Count an event by what became of it."""
        by_type[event_type] = by_type.get(event_type, 0) + 1
        if status == "new":
            self.appended += 1
        elif status == "duplicate":
            self.duplicates += 1
        else:
            self.conflicts += 1
            if len(self.conflict_ids) < _SHOWN_CONFLICTS:
                self.conflict_ids.append(event_id)

    def add_bad(self, row: BadRow) -> None:
        """Count a refused row."""
        entry = self.refused.setdefault(str(row.reason), [0, _ZERO, 0])  # a key of JSON is text, and no phrase
        entry[0] += 1
        if row.amount is None:
            entry[2] += 1
        else:
            entry[1] += row.amount

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {
            "documents": self.documents,
            "records": self.records,
            "document_rows": self.document_rows,
            "conflicting_rows": self.conflicting_rows,
            "earlier_rows": self.earlier_rows,
            "appended": self.appended,
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "conflict_ids": self.conflict_ids,
            "newly_quarantined": self.newly_quarantined,
            "refused": {reason: [n, decimal_text(amount), w] for reason, (n, amount, w) in self.refused.items()},
            "file": decimal_text(self.file),
            "orders": decimal_text(self.orders),
            "returns": decimal_text(self.returns),
            "conflicting": decimal_text(self.conflicting),
            "earlier": decimal_text(self.earlier),
        }

    def amounts(self) -> Amounts:
        """The sums so far."""
        quarantined = sum((entry[1] for entry in self.refused.values()), _ZERO)
        return Amounts(self.file, self.orders, self.returns, quarantined, self.conflicting, self.earlier)

    def refusals(self) -> tuple[Refusals, ...]:
        """Refused rows by reason, most frequent first."""
        found = [Refusals(reason, n, amount, w) for reason, (n, amount, w) in self.refused.items()]
        return tuple(sorted(found, key=lambda r: (-r.rows, r.reason)))


def tally_from(saved: Mapping[str, Any]) -> Tally:
    """The counts that `Tally.as_json` gave."""
    if not saved:
        return Tally()
    values = dict(saved)
    for name in ("file", "orders", "returns", "conflicting", "earlier"):
        values[name] = Decimal(values.get(name, 0))
    values["refused"] = {reason: [n, Decimal(amount), w] for reason, (n, amount, w) in values["refused"].items()}
    return Tally(**values)
