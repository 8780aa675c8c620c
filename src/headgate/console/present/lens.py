"""Through whose eyes a page is made: the reader and how they read, the tenant's currency and days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from headgate.kernel.context import Principal
from headgate.kernel.money import Money
from headgate.ui.format import Formatter


@dataclass(frozen=True, slots=True)
class Lens:
    """Everything that is the same for all values of a page. `zone` is that of the tenant's days; times are shown by
    `fmt`, which has the reader's. `called` are the names of partners and products that the page knows, by code."""

    me: Principal
    now: datetime
    zone: ZoneInfo
    currency: str
    fmt: Formatter
    called: Mapping[str, str] = field(default_factory=dict)

    def may(self, *permissions: str) -> bool:
        """Whether the reader has any of these permissions."""
        return not self.me.permissions.isdisjoint(permissions)

    def money(self, amount: Decimal | None) -> Money:
        """An amount in the tenant's currency; what is not known counts as nothing."""
        return Money(amount if amount is not None else Decimal(0), self.currency)

    def is_foreign(self, currency: str) -> bool:
        """Whether a currency is another than the tenant's."""
        return currency != self.currency
