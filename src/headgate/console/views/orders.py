"""The list of orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar

from headgate.console.views.common import AppliedFilter, Option, PartnerName, Tab, View
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """The filters as they stand in the address; empty means any. Dates are days in the tenant's zone, both included."""

    text: str = ""
    status: str = ""
    partner: str = ""
    storefront: str = ""
    exception: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order. `margin` is a percentage over all lines, None when a cost is missing."""

    order: str
    partner: PartnerName
    storefront: str
    status: str
    placed_at: datetime
    lines: int
    total: Money
    tenant_total: Money
    margin: Decimal | None
    exceptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that may be shown. key: order, status, partner, storefront, placed, exceptions, lines, margin, total."""

    key: str
    label: str
    shown: bool
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class OrdersView(View):
    """`matching` is None when counting would take too long (shown as 'more than …'); `counted_to` is that bound.

    `amount` sums all matching orders in the tenant's currency at each order's recorded rate; None when not counted.
    `ever_any` tells an empty tenant from a filter that matches nothing. `partners` feed the suggestion list.
    """

    template: ClassVar[str] = "orders.html"
    nav: ClassVar[str] = "orders"
    live: ClassVar[bool] = True
    parts: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"results": "orders_results.html", "rows": "orders_rows.html"}
    )

    filters: OrderFilters
    applied: tuple[AppliedFilter, ...]
    saved: tuple[Tab, ...]
    statuses: tuple[Option, ...]
    partners: tuple[Option, ...]
    storefronts: tuple[Option, ...]
    exception_types: tuple[Option, ...]
    columns: tuple[ColumnChoice, ...]
    rows: tuple[OrderRow, ...]
    matching: int | None
    counted_to: int
    amount: Money | None
    ever_any: bool
    more: str = ""
    export: str = ""

    def shows(self, key: str) -> bool:
        """Whether the column is on."""
        return any(column.key == key and (column.shown or column.fixed) for column in self.columns)
