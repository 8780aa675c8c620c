"""The list of orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from headgate.console.views.common import AppliedFilter, Option, PartnerName, Tab
from headgate.console.views.orders import ColumnChoice, OrderFilters, OrderRow, OrdersView
from headgate.kernel.money import Money
from tests.unit.ui.samples.base import (
    AURIGA,
    HALBERD,
    KESTREL,
    LYNX,
    MOLEN,
    TERN,
    ago,
    eur,
    gbp,
)


def _order(
    no: str,
    partner: PartnerName,
    front: str,
    status: str,
    total: Money,
    margin: str | None,
    lines: int,
    hours: float,
    *exceptions: str,
) -> OrderRow:
    return OrderRow(
        no,
        partner,
        front,
        status,
        ago(hours=hours),
        lines,
        total,
        total,
        None if margin is None else Decimal(margin),
        exceptions,
    )


ORDER_ROWS = (
    _order("WEB1-10044", AURIGA, "Northshop", "received", eur("1204.00"), None, 2, 0.01),
    _order("WEB1-10043", HALBERD, "Northshop", "released", eur("8810.40"), "18.2", 6, 0.2),
    _order("EDI-00871", KESTREL, "EDI", "held", gbp("8366.10"), "4.1", 3, 0.7, "margin_floor"),
    _order("WEB2-20417", MOLEN, "Reseller portal", "held", eur("26310.50"), "14.9", 21, 1.3, "credit_limit"),
    _order("WEB1-10042", TERN, "Northshop", "flagged", eur("642.15"), "11.0", 4, 1.6, "price_deviation"),
    _order("WEB1-10041", LYNX, "Northshop", "released", eur("2120.00"), "22.4", 9, 2.1),
    _order("WEB1-10040", LYNX, "Northshop", "held", eur("4108.25"), "19.3", 5, 2.4, "availability"),
    _order("WEB3-30112", KESTREL, "Campus store", "rejected", gbp("990.00"), "17.7", 1, 3, "duplicate_order"),
    _order(
        "WEB1-10023", HALBERD, "Northshop", "held", eur("18420.00"), "11.2", 5, 4, "price_deviation", "margin_floor"
    ),
    _order(
        "WEB2-20398", TERN, "Reseller portal", "held", eur("31200.00"), "9.4", 14, 7, "credit_limit", "price_deviation"
    ),
    _order("WEB1-10019", MOLEN, "Northshop", "fulfilled", eur("77.90"), "31.5", 1, 22),
    _order("WEB1-10018", AURIGA, "Northshop", "cancelled", eur("0.00"), None, 2, 26),
    _order("WEB1-10012", HALBERD, "Northshop", "shipping", eur("3412.30"), "-3.1", 4, 70),
    _order("WEB1-10011", HALBERD, "Northshop", "returned", eur("412.30"), "12.1", 1, 71),
)


COLUMNS = tuple(
    ColumnChoice(key, label, shown=True, fixed=fixed)
    for key, label, fixed in [
        ("order", "Order", True),
        ("status", "Status", False),
        ("partner", "Partner", False),
        ("storefront", "Storefront", False),
        ("placed", "Placed", False),
        ("exceptions", "Exceptions", False),
        ("lines", "Lines", False),
        ("margin", "Margin", False),
        ("total", "Total", True),
    ]
)


ORDERS = OrdersView(
    filters=OrderFilters(),
    applied=(),
    saved=(
        Tab("All", "/orders", current=True),
        Tab("Held", "/orders?status=held", 29),
        Tab("Over the credit limit", "/orders?exception=credit_limit", 6),
        Tab("Below contract", "/orders?exception=price_deviation", 14),
        Tab("Rejected today", "/orders?status=rejected", 2),
    ),
    statuses=(
        Option("held", "Held", 29),
        Option("released", "Released", 371),
        Option("flagged", "Released with flag", 6),
        Option("rejected", "Rejected", 2),
    ),
    partners=(Option("P-0007", "Halberd Systems GmbH"), Option("P-0012", "Kestrel IT Ltd")),
    storefronts=(Option("WEB1", "Northshop"), Option("WEB2", "Reseller portal"), Option("EDI", "EDI")),
    exception_types=(Option("price_deviation", "Price deviation"), Option("credit_limit", "Credit limit")),
    columns=COLUMNS,
    rows=ORDER_ROWS,
    matching=4182,
    counted_to=10_000,
    amount=eur("9747747.93"),
    ever_any=True,
    more="/orders?after=WEB1-10011",
    export="/orders.csv",
)


FILTERED_ORDERS = replace(
    ORDERS,
    filters=OrderFilters(text="SKU-0418", status="held", since=date(2025, 11, 1)),
    applied=(
        AppliedFilter("Search", "SKU-0418", "/orders?status=held"),
        AppliedFilter("Status", "Held", "/orders?q=SKU-0418"),
        AppliedFilter("From", "1 Nov 2025", "/orders"),
    ),
    rows=(),
    matching=0,
    amount=eur("0"),
    more="",
)


MANY_ORDERS = replace(ORDERS, matching=None, amount=None)


NO_ORDERS = replace(FILTERED_ORDERS, ever_any=False)
