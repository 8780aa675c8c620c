"""Clients of a provider: how they fare, in sums, and how each is set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from headgate.console.views.common import Option, View
from headgate.console.views.guests import GuestRow
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A tenant below, in sums. `share`: straight-through orders of those decided, per cent; None where there was none.
    `held_value` is in the client's own currency. `href`: empty for who looks and does not operate."""

    href: str
    slug: str
    name: str
    kind: str
    depth: int
    status: str
    orders: int
    order_value: Money
    share: Decimal | None
    held: int
    held_value: Money
    late: int
    approvals: int
    events: int


@dataclass(frozen=True, slots=True)
class ClientsView(View):
    """Every tenant below. `values` are what was typed into the form to make one; `form` is None for who may not."""

    template: ClassVar[str] = "tenants.html"
    nav: ClassVar[str] = "tenants"

    rows: tuple[ClientRow, ...]
    days: int
    periods: tuple[Option, ...]
    may_make: bool
    kinds: tuple[Option, ...] = ()
    packs: tuple[Option, ...] = ()
    invites: bool = True
    values: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def held(self) -> int:
        """Orders that wait for somebody, in all of them."""
        return sum(each.held for each in self.rows)

    @property
    def late(self) -> int:
        """Cases past their time, in all of them."""
        return sum(each.late for each in self.rows)


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """What a client may have; `limit` empty is as much as it likes."""

    name: str
    words: str
    limit: str


@dataclass(frozen=True, slots=True)
class DeletionBox:
    """A deletion that was asked for. `mine`: the reader asked, so somebody else confirms."""

    reason: str
    asked_by: str
    asked_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None
    not_before: datetime | None
    mine: bool


@dataclass(frozen=True, slots=True)
class ClientView(View):
    """One tenant below, as set up. `parents` are the tenants it may be placed below, `wait` how many days a confirmed
    deletion waits; `guests` are one's own people whom it was asked to let in, `may_enter`: it let the reader in."""

    template: ClassVar[str] = "tenant.html"
    nav: ClassVar[str] = "tenants"

    slug: str
    name: str
    kind: str
    status: str
    reason: str
    since: datetime | None
    parent: str
    residency: str
    currency: str
    created_at: datetime
    kinds: tuple[Option, ...]
    parents: tuple[Option, ...]
    quotas: tuple[QuotaRow, ...]
    deletion: DeletionBox | None
    wait: int
    error: str = ""
    guests: tuple[GuestRow, ...] = ()
    guest_roles: tuple[Option, ...] = ()
    may_enter: bool = False
    people: tuple[Option, ...] = ()
