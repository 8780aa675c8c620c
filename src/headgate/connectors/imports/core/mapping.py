"""What a mapping says, and which documents and records it can make."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "list", "quantity", "price", "amount", "time", "integer", "flag"]

MAX_ROWS_PER_DOCUMENT = 2000


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A canonical event that rows can become. `sign` is that of its amount in the file's own sum."""

    type: str
    code: str
    time: str
    header: MappingOf[str, Kind]
    lines: MappingOf[str, Kind]
    required: frozenset[str]
    required_lines: frozenset[str]
    sign: int


@dataclass(frozen=True, slots=True)
class RecordType:
    """A master record that rows can introduce: its event type, code field and the fields it takes."""

    type: str
    code: str
    fields: MappingOf[str, Kind]
    required: frozenset[str]


_PLACE: dict[str, Kind] = {
    f"ship_to.{name}": "text" for name in ("name", "country", "region", "postcode", "city", "street")
}

DOCUMENTS: dict[str, DocumentType] = {
    "order.submitted": DocumentType(
        type="order.submitted",
        code="order",
        time="placed_at",
        header={
            "order": "text",
            "partner": "text",
            "storefront": "text",
            "placed_at": "time",
            "currency": "text",
            "customer_reference": "text",
            **_PLACE,
            "terms": "text",
            "requested_by": "text",
            "priority": "integer",
        },
        lines={
            "line": "text",
            "product": "text",
            "quantity": "quantity",
            "unit": "text",
            "unit_price": "price",
            "description": "text",
        },
        required=frozenset({"order", "partner", "storefront", "placed_at", "currency", "ship_to.country"}),
        required_lines=frozenset({"product", "quantity", "unit_price"}),
        sign=1,
    ),
    "return.recorded": DocumentType(
        type="return.recorded",
        code="return",
        time="recorded_at",
        header={
            "return": "text",
            "partner": "text",
            "order": "text",
            "recorded_at": "time",
            "currency": "text",
            "reason": "text",
        },
        lines={"line": "text", "product": "text", "quantity": "quantity", "unit_price": "price"},
        required=frozenset({"return", "partner", "recorded_at", "currency"}),
        required_lines=frozenset({"product", "quantity", "unit_price"}),
        sign=-1,
    ),
}

# In the order in which they must be known: a partner names its credit account, an order names partner and product.
RECORDS: dict[str, RecordType] = {
    "credit_account.recorded": RecordType(
        type="credit_account.recorded",
        code="account",
        fields={
            "account": "text",
            "parent": "text",
            "currency": "text",
            "credit_limit": "amount",
            "receivables": "amount",
            "shipped_unbilled": "amount",
            "deposits": "amount",
            "overdue_1_30": "amount",
            "overdue_31_60": "amount",
            "overdue_61_plus": "amount",
            "hold": "flag",
        },
        required=frozenset({"account", "currency", "credit_limit"}),
    ),
    "partner.recorded": RecordType(
        type="partner.recorded",
        code="partner",
        fields={
            **dict.fromkeys(
                "partner name legal_name country region tier channel terms account status tax_id email".split(), "text"
            ),
            "groups": "list",
        },
        required=frozenset({"partner", "name", "country"}),
    ),
    "product.recorded": RecordType(
        type="product.recorded",
        code="product",
        fields={
            **dict.fromkeys(
                "product name family category tax_class unit cost_currency list_currency status".split(), "text"
            ),
            "cost": "price",
            "list_price": "price",
            "min_quantity": "quantity",
            "multiple": "quantity",
            "export_controlled": "flag",
        },
        required=frozenset({"product", "name"}),
    ),
}


@dataclass(frozen=True, slots=True)
class Field:
    """Where one value comes from: exactly one of `column`, `expression`, `constant`; then what is done to it.

    `lookup` names a table; a text that is not in it takes `otherwise`, or refuses the row. `default` replaces an
    empty value. `negate` turns the sign of an exact number. `time_format` is a strptime format (empty: ISO 8601).
    """

    path: str
    column: str | None = None
    expression: str | None = None
    constant: str | None = None
    lookup: str | None = None
    otherwise: str | None = None
    default: str | None = None
    negate: bool = False
    time_format: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """Rows for which `when` is true are refused with this reason."""

    path: str
    when: str
    reason: str


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """Rows for which `when` is true (always, when it is None) become this document. The first rule that fits wins."""

    path: str
    type: DocumentType
    when: str | None
    header: MappingOf[str, Field]
    lines: MappingOf[str, Field]


@dataclass(frozen=True, slots=True)
class RecordRule:
    """How a row introduces a partner, a product or a credit account."""

    path: str
    type: RecordType
    fields: MappingOf[str, Field]


@dataclass(frozen=True, slots=True)
class FixedRecords:
    """Records the mapping itself states, sent once at the start of an import (tax rates, exchange rates, …)."""

    type: str
    items: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class AmountColumns:
    """The columns whose product is a row's amount in the file's own sum, and its currency."""

    quantity: str
    unit_price: str
    currency: str


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How the bytes become rows. Compression is seen from the file itself, never declared."""

    format: Literal["csv", "jsonl", "detect"] = "detect"
    encoding: str = "utf-8"
    delimiter: str = ","
    explode: str | None = None


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A validated mapping. `digest` (hex) is that of its meaning: comments and layout do not change it."""

    name: str
    title: str
    file: str
    text: str
    digest: str
    layout: FileFormat
    columns: tuple[str, ...]
    timezone: str
    price_decimals: int
    quantity_decimals: int
    decimal_mark: str
    thousands_mark: str
    group_by: tuple[str, ...]
    amount: AmountColumns
    defaults: MappingOf[str, str]
    tables: MappingOf[str, MappingOf[str, str]]
    reject: tuple[Reject, ...]
    documents: tuple[DocumentRule, ...]
    records: tuple[RecordRule, ...]
    fixed: tuple[FixedRecords, ...]
