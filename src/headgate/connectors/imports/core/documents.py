"""What comes out of a group of rows: documents, records, refused rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.kernel.errors import Problem

Validator = Callable[[dict[str, Any]], list[Problem]]
Validators = Mapping[str, Validator]


@dataclass(frozen=True, slots=True)
class Document:
    """An order or a return made of rows. `rows` are their numbers; `amount` is Σ quantity × unit price, exact."""

    type: str
    code: str
    time: datetime
    data: dict[str, Any]
    rows: tuple[int, ...]
    amount: Decimal
    sign: int


@dataclass(frozen=True, slots=True)
class Record:
    """A partner, product or credit account that a row introduces."""

    type: str
    code: str
    item: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is in no document. `reason` is the same text for all rows with the same fault, so it can be counted.

    `place` is the row's position among the rows of its key (0 for a record that could not be read): it becomes the line
    number when the row is mended. `amount` has the sign it has in the file; None when it cannot be computed.
    """

    number: int
    place: int
    reason: str
    problems: tuple[Problem, ...]
    cells: dict[str, str]
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Built:
    """Everything that one group of rows became; every one of its rows is in a document, in `bad` or `earlier`, once.

    `earlier` counts rows from before the start of the import; `earlier_amount` is their Σ quantity × unit price, signed
    as in the file.
    """

    documents: tuple[Document, ...]
    records: tuple[Record, ...]
    bad: tuple[BadRow, ...]
    rows: int
    amount: Decimal
    without_amount: int
    earlier: int = 0
    earlier_amount: Decimal = Decimal(0)
