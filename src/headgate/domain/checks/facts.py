"""Everything the checks of one order look at, loaded in bulk by the caller, and nothing they would have to fetch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from headgate.domain.credit import Level
from headgate.domain.fx import Rates
from headgate.domain.orders.model import Order
from headgate.domain.pricing import PriceBook
from headgate.domain.stock import Stock
from headgate.domain.tax import TaxEngine

ZERO = Decimal(0)
ONE = Decimal(1)


class PolicyRef(Protocol):
    """Which policy text decided. Two of the same text are equal and can be hashed."""

    def __hash__(self) -> int: ...

    @property
    def policy(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def hit(self) -> str: ...


class Verdict(Protocol):
    """The evaluation of a policy, as the checks need to see it."""

    @property
    def ref(self) -> PolicyRef: ...
    @property
    def inputs(self) -> Mapping[str, object]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...
    @property
    def rows(self) -> Sequence[str]: ...
    @property
    def reasons(self) -> Sequence[str]: ...
    @property
    def clauses(self) -> Sequence[str]: ...

    def as_values(self) -> Any: ...


Decide = Callable[[str, Mapping[str, object]], Verdict]


@dataclass(frozen=True, slots=True)
class PartnerFacts:
    """The partner as recorded. `status` is active or blocked; `new` means it has no earlier released order."""

    partner: str
    name: str = ""
    country: str = ""
    region: str = ""
    tier: str = ""
    groups: tuple[str, ...] = ()
    channel: str = ""
    terms: str = ""
    account: str | None = None
    status: str = "active"
    new: bool = False


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """The product as recorded. `cost` is per unit; `min_quantity` and `multiple` of zero mean no rule."""

    product: str
    name: str = ""
    family: str = ""
    category: str = ""
    tax_class: str = "standard"
    unit: str = ""
    cost: Decimal | None = None
    cost_currency: str = ""
    min_quantity: Decimal = ZERO
    multiple: Decimal = ZERO
    status: str = "active"
    export_controlled: bool = False


class EarlierOrder(NamedTuple):
    """A recent order of the same partner that is neither cancelled nor rejected. `amount` is gross, in the tenant's
    currency.

    `content` is `orders.line_content_key` of it.
    """

    order: str
    placed_at: datetime
    customer_reference: str
    content: bytes
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tenant sets beside its policies.

    duplicate_days: how far back a repeat is looked for. home_country: goods under export control leave it only by
    approval. split_limit: orders of one partner within split_hours that stay under this gross amount each (tenant
    currency) but not together are pointed out; None switches it off. tax_rounding: line or document. split_shipments:
    whether a line may come from several warehouses.
    """

    duplicate_days: int = 7
    embargoed: frozenset[str] = frozenset()
    home_country: str = ""
    split_limit: Decimal | None = None
    split_hours: int = 24
    tax_rounding: str = "line"
    split_shipments: bool = True


class OrderFacts(NamedTuple):
    """One order with its facts.

    `at` is the instant prices and taxes are taken for, `as_known` the moment of knowledge. `stock` does not count what
    this order has reserved itself, and `counted` is what the account's open orders already hold for it (account
    currency). `metered` is what to add to the used quantity of terms with a maximum, by (agreement, term): what other
    orders took since the book was loaded, less what this one took itself. `credit` are the levels of its account, own
    first. `waived` holds (exception, line or '') approved for
    exactly this content; `ceilings` the exposure per account that came with an approved credit exception.
    """

    order: Order
    partner: PartnerFacts | None
    products: Mapping[str, ProductFacts]
    book: PriceBook
    tax: TaxEngine
    tenant_currency: str
    at: datetime
    as_known: datetime
    stock: Stock = MappingProxyType({})
    credit: Sequence[Level] = ()
    counted: Decimal = ZERO
    rates: Rates = MappingProxyType({})
    earlier: Collection[EarlierOrder] = ()
    rules: Rules = Rules()
    waived: frozenset[tuple[str, str]] = frozenset()
    ceilings: Mapping[str, Decimal] = MappingProxyType({})
    metered: Mapping[tuple[str, int], Decimal] = MappingProxyType({})
