"""The list of orders: its filters in words, its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from headgate.channel.orders.insight import Choices, OrderBrief
from headgate.console import urls
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.common import AppliedFilter, Option, PartnerName, Tab
from headgate.console.views.orders import ColumnChoice, OrderFilters, OrderRow
from headgate.kernel.money import Money
from headgate.kernel.phrases import phrase, worded
from headgate.ui.words import STATES, humanise

COLUMNS: Mapping[str, str] = {
    "order": phrase("Order"),
    "status": phrase("Status"),
    "partner": phrase("Partner"),
    "storefront": phrase("Storefront"),
    "placed": phrase("Placed"),
    "exceptions": phrase("Exceptions"),
    "lines": phrase("Lines"),
    "margin": phrase("Margin"),
    "total": phrase("Total"),
}
FIXED = ("order", "total")
STATUSES = tuple(Option(code, phrase(word.label)) for code, word in STATES["order"].items())


def parameters(filters: OrderFilters) -> list[tuple[str, str]]:
    """The filters as they stand in an address."""
    return [
        ("q", filters.text),
        ("status", filters.status),
        ("partner", filters.partner),
        ("storefront", filters.storefront),
        ("exception", filters.exception),
        ("since", filters.since.isoformat() if filters.since else ""),
        ("until", filters.until.isoformat() if filters.until else ""),
    ]


def applied(filters: OrderFilters, names: Names, lens: Lens, columns: Sequence[str]) -> tuple[AppliedFilter, ...]:
    """The filters that are on, each with the address of the list without it."""
    partner = names.partner(filters.partner)
    words = {
        "q": (phrase("Search"), filters.text),
        "status": (phrase("Status"), worded(STATES["order"][filters.status].label) if filters.status else ""),
        "partner": (phrase("Partner"), partner.name if partner else ""),
        "storefront": (phrase("Storefront"), filters.storefront),
        "exception": (phrase("Exception"), humanise(filters.exception)),
        "since": (phrase("From"), lens.fmt.day(filters.since) if filters.since else ""),
        "until": (phrase("To"), lens.fmt.day(filters.until) if filters.until else ""),
    }
    shown = [("column", column) for column in columns]
    pairs = parameters(filters)
    return tuple(
        AppliedFilter(label, value, urls.query(urls.ORDERS, [p for p in pairs if p[0] != name] + shown))
        for name, (label, value) in words.items()
        if value
    )


def saved_views(filters: OrderFilters, choices: Choices, today: date) -> tuple[Tab, ...]:
    """Lists that people come back to."""
    views: list[tuple[str, list[tuple[str, str]], int | None]] = [
        (phrase("All"), [], None),
        (phrase("Held"), [("status", "held")], choices.held),
        (phrase("Below contract"), [("exception", "price_deviation")], None),
        (phrase("Over the credit limit"), [("exception", "credit_limit")], None),
        (phrase("Today"), [("since", today.isoformat())], None),
    ]
    chosen = [(name, value) for name, value in parameters(filters) if value]
    return tuple(Tab(label, urls.query(urls.ORDERS, on), count, on == chosen) for label, on, count in views)


def column_choices(wanted: Sequence[str]) -> tuple[ColumnChoice, ...]:
    """Which columns are on; all of them where nothing was chosen."""
    return tuple(
        ColumnChoice(key, label, not wanted or key in wanted or key in FIXED, key in FIXED)
        for key, label in COLUMNS.items()
    )


def order_rows(
    rows: Sequence[OrderBrief], sums: Mapping[str, tuple[int, Decimal | None]], names: Names, lens: Lens
) -> tuple[OrderRow, ...]:
    """The rows of a list of orders."""
    return tuple(
        OrderRow(
            order=row.order_no,
            partner=names.partner(row.partner) or PartnerName(row.partner, row.partner),
            storefront=row.storefront,
            status=row.status,
            placed_at=row.placed_at,
            lines=sums.get(row.order_no, (0, None))[0],
            total=Money(row.total, row.currency),
            tenant_total=lens.money(row.tenant_total),
            margin=sums.get(row.order_no, (0, None))[1],
            exceptions=tuple(row.exceptions),
        )
        for row in rows
    )


def options(values: Sequence[str], chosen: str, *, words: bool = False) -> tuple[Option, ...]:
    """Values of a filter; the chosen one is among them even when no recent order has it."""
    known = values if not chosen or chosen in values else (*values, chosen)
    return tuple(Option(value, humanise(value) if words else value) for value in known)
