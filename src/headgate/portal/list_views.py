"""The lists of the portal: filters, rows and the page of their saved views. Values only; templates write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from headgate.identity.saved.values import Shelf
from headgate.portal.price_views import PriceRow
from headgate.portal.return_views import ReturnRow
from headgate.portal.views import DealRow, OrderRow, Tab, Unsettled, View


@dataclass(frozen=True, slots=True)
class Applied:
    """A filter that is on: what it is, its value, and the list without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list: its states as tabs, the words sought and the period. `clear` is the list without any."""

    clear: str
    tabs: tuple[Tab, ...]
    text: str = ""
    status: str = ""
    since: date | None = None
    until: date | None = None
    applied: tuple[Applied, ...] = ()

    @property
    def any(self) -> bool:
        """Whether a filter is on."""
        return bool(self.text or self.status or self.since or self.until)


@dataclass(frozen=True, slots=True)
class SavedViewsView(View):
    """The reader's views of a list."""

    template: ClassVar[str] = "saved_views.html"

    shelf: Shelf


@dataclass(frozen=True, slots=True)
class DealsView(View):
    """The partner's deals, last changed first."""

    template: ClassVar[str] = "deals.html"
    nav: ClassVar[str] = "deals"
    live: ClassVar[bool] = True

    filters: Filters
    deals: tuple[DealRow, ...]
    more: str = ""
    unsettled: tuple[Unsettled, ...] = ()


@dataclass(frozen=True, slots=True)
class OrdersView(View):
    """The partner's orders, newest first."""

    template: ClassVar[str] = "orders.html"
    nav: ClassVar[str] = "orders"
    live: ClassVar[bool] = True

    filters: Filters
    orders: tuple[OrderRow, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class PricesView(View):
    """The partner's price exceptions, last changed first."""

    template: ClassVar[str] = "prices.html"
    nav: ClassVar[str] = "prices"
    live: ClassVar[bool] = True

    filters: Filters
    prices: tuple[PriceRow, ...]
    more: str = ""
    unsettled: tuple[Unsettled, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnsView(View):
    """The partner's returns, last changed first."""

    template: ClassVar[str] = "returns.html"
    nav: ClassVar[str] = "returns"
    live: ClassVar[bool] = True

    filters: Filters
    returns: tuple[ReturnRow, ...]
    more: str = ""
    unsettled: tuple[Unsettled, ...] = ()
