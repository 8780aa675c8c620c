"""Credit exposure and tax of the sample order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from headgate.console.views.common import (
    SumRow,
)
from headgate.console.views.order import (
    CreditSum,
    TaxRow,
    TaxSnapshot,
)
from tests.unit.ui.samples.base import (
    ago,
    eur,
)

CREDIT = CreditSum(
    account="A-0007",
    account_name="Halberd Systems GmbH",
    state="over",
    rows=(
        SumRow("", "Open receivables", eur("184200.00"), "38 invoices, oldest of 2 Oct"),
        SumRow("+", "Shipped, not yet billed", eur("22310.50")),
        SumRow("+", "Open orders", eur("41007.25"), "9 orders"),
        SumRow("−", "Deposits", eur("10000.00")),
        SumRow("=", "Exposure without this order", eur("237517.75")),
        SumRow("+", "This order", eur("18420.00")),
        SumRow("=", "Exposure with this order", eur("255937.75")),
    ),
    exposure=eur("255937.75"),
    limit=eur("250000.00"),
    headroom=eur("-5937.75"),
    overdue=(
        SumRow("", "Overdue 1–30 days", eur("12400.00")),
        SumRow("", "Overdue 31–60 days", eur("0.00")),
        SumRow("", "Overdue over 60 days", eur("0.00")),
    ),
    read_at=ago(hours=4),
)


GROUP_CREDIT = replace(
    CREDIT,
    account="A-0001",
    account_name="Halberd Group",
    state="near",
    exposure=eur("871200.00"),
    limit=eur("900000.00"),
    headroom=eur("28800.00"),
    rows=(SumRow("=", "Exposure of all accounts below", eur("871200.00")),),
    overdue=(),
)
FREE_CREDIT = replace(CREDIT, state="within", headroom=eur("94062.25"), limit=eur("350000.00"), overdue=())
TAX = TaxSnapshot(
    rows=(
        TaxRow("DE", "standard", Decimal(19), eur("14830.25"), eur("2817.75"), ("1", "2", "3", "5")),
        TaxRow("DE", "reduced", Decimal(7), eur("721.50"), eur("50.50"), ("4",)),
    ),
    base=eur("15551.75"),
    tax=eur("2868.25"),
    total=eur("18420.00"),
    rounding="each row rounded half up to the cent, then added",
    rates_as_of=date(2025, 11, 21),
)
