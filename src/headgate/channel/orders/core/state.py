"""An order as it stands: content, status, what it holds of stock and credit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from headgate.domain.orders import Order

ZERO = Decimal(0)
# Statuses in which an order holds stock and counts as an open order.
OPEN = frozenset({"released", "flagged", "shipping"})


class Reserved(NamedTuple):
    """A quantity of a line held in a warehouse."""

    line: str
    product: str
    warehouse: str
    quantity: Decimal


class Priced(NamedTuple):
    """A line's figures as decided, in the order's currency."""

    line: str
    product: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    contract_price: Decimal | None
    amount: Decimal
    cost: Decimal | None
    margin: Decimal | None
    tax: Decimal
    agreement: str | None


class OrderState(NamedTuple):
    """One order.

    `counted` is what its credit account's open orders hold for it, `unbilled` what it has shipped unbilled, both in the
    account's currency; `digest` (hex) binds the content; `exception_uses` are quantities of approved price exceptions
    it consumed.
    """

    order: Order
    revision: int
    status: str
    received_at: datetime
    digest: str
    content: str  # canonical JSON, which `digest` is taken over
    line_key: bytes
    requested_by: str
    submitted_by: str = ""
    account: str | None = None
    total: Decimal = ZERO
    tax: Decimal = ZERO
    tenant_total: Decimal = ZERO
    rate: Decimal = Decimal(1)
    rate_on: date | None = None
    counted: Decimal = ZERO
    unbilled: Decimal = ZERO
    stake: Decimal = ZERO
    exceptions: tuple[str, ...] = ()
    reserved: tuple[Reserved, ...] = ()
    shipped: Mapping[str, Decimal] = MappingProxyType({})
    shipped_from: tuple[Reserved, ...] = ()
    priced: tuple[Priced, ...] = ()
    exception_uses: Mapping[tuple[str, int], Decimal] = MappingProxyType({})
    decision: UUID | None = None
    case_id: UUID | None = None
    updated_at: datetime | None = None


class OrderChanged(NamedTuple):
    """The order as it stands after an action; what that means for stock and credit follows from the state before."""

    state: OrderState
