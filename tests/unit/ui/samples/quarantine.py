"""Quarantine."""

from __future__ import annotations

import json
from dataclasses import replace

from headgate.console.views.common import (
    Option,
    Tab,
)
from headgate.console.views.quarantine import FieldProblem, FixField, QuarantineItemView, QuarantineRow, QuarantineView
from tests.unit.ui.samples.base import (
    ANA,
    ago,
    eur,
    uid,
)

QUARANTINE = QuarantineView(
    tabs=(
        Tab("Needs a fix", "/quarantine", 14, current=True),
        Tab("Replayed", "/quarantine?status=replayed", 208),
        Tab("Dismissed", "/quarantine?status=dismissed", 3),
    ),
    reasons=(
        Option("unknown_product", "Unknown product", 9),
        Option("negative_quantity", "Negative quantity", 3),
        Option("currency", "Not a currency", 2),
    ),
    reason="",
    items=(
        QuarantineRow(
            uid("q1"),
            "row",
            "csv:nightly",
            "orders-2025-11-20.csv, row 1,204",
            "Unknown product SKU-99X",
            "lines.1.product",
            eur("118.00"),
            "open",
            ago(hours=9),
        ),
        QuarantineRow(
            uid("q2"),
            "row",
            "csv:nightly",
            "orders-2025-11-20.csv, row 1,377",
            "Quantity is negative",
            "lines.1.quantity",
            eur("-54.00"),
            "open",
            ago(hours=9),
        ),
        QuarantineRow(
            uid("q3"),
            "event",
            "webshop-1",
            "event 88121-f",
            "EURO is not an ISO 4217 code",
            "currency",
            None,
            "open",
            ago(hours=12),
        ),
        QuarantineRow(
            uid("q4"),
            "event",
            "webshop-1",
            "event 88102-c",
            "Cancelled after shipment",
            "order",
            eur("0"),
            "replayed",
            ago(days=2),
        ),
    ),
    matching=14,
    amount=eur("2918.44"),
    more="/quarantine?after=4",
)


QUARANTINE_ITEM = QuarantineItemView(
    item=uid("q1"),
    kind="row",
    source="csv:nightly",
    file="orders-2025-11-20.csv",
    row_number=1204,
    event_seq=None,
    status="open",
    reason="Unknown product SKU-99X",
    problems=(
        FieldProblem(
            "lines.1.product",
            "SKU-99X",
            "is not a known product",
            "Use a code of the product list, or record the product first; SKU-099X looks alike.",
        ),
    ),
    raw="WEB1-10023;2025-11-20 08:12;P-0007;SKU-99X;10;11.80;EUR",
    fields=(
        FixField("order", "WEB1-10023"),
        FixField("placed_at", "2025-11-20 08:12"),
        FixField("partner", "P-0007"),
        FixField("product", "SKU-99X", "Not a known product."),
        FixField("quantity", "10"),
        FixField("unit_price", "11.80", hint="Per unit, without tax"),
        FixField("currency", "EUR", options=(Option("EUR", "EUR"), Option("GBP", "GBP"))),
    ),
    amount=eur("118.00"),
    created_at=ago(hours=9),
    resolved_at=None,
    resolved_by=None,
    alike=8,
    alike_href="/quarantine?reason=unknown_product",
    can_fix=True,
)


QUARANTINED_EVENT = replace(
    QUARANTINE_ITEM,
    kind="event",
    file="",
    row_number=None,
    event_seq=88121,
    fields=(),
    reason="EURO is not an ISO 4217 code",
    alike=0,
    amount=None,
    raw=json.dumps(
        {
            "order": "WEB1-10031",
            "partner": "P-0007",
            "currency": "EURO",
            "lines": [{"line": "1", "product": "SKU-1", "quantity": "2", "unit_price": "9.90"}],
        },
        indent=2,
    ),
    problems=(FieldProblem("currency", "EURO", "is not an ISO 4217 code", "Use three capitals such as EUR."),),
)


SETTLED_ITEM = replace(
    QUARANTINE_ITEM, status="dismissed", resolved_at=ago(hours=1), resolved_by=ANA, can_fix=False, alike=0
)
