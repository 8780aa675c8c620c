"""The explanation drawer: how a number or a verdict came about. Without scripts each is a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from headgate.console.views.common import Fact, FactValue, Person, PolicyRef, SumRow, View
from headgate.console.views.order import CreditSum, TaxSnapshot
from headgate.kernel.money import Money


class Explanation(View):
    """A view that opens in the drawer."""

    parts: ClassVar[Mapping[str, str]] = MappingProxyType({})
    nav: ClassVar[str] = "orders"


def _drawer(template: str) -> Mapping[str, str]:
    return MappingProxyType({"drawer-body": template})


@dataclass(frozen=True, slots=True)
class PriceCandidate:
    """An agreement term that could have set the price. verdict: wins, loses, not_applicable; `why` is a plain sentence.

    `method`: list, net, discount, cost_plus; `rule` writes its value: '18 % off list', 'net 42.10 from 100'.
    `price` is what the term gives for this line; None when it does not apply.
    """

    agreement_id: UUID
    agreement: str
    title: str
    method: str
    rule: str
    scope: str
    valid_from: date
    valid_until: date | None
    price: Money | None
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class PriceBand:
    """A slab of a tiered price: this many units at this price."""

    quantity: Decimal
    unit_price: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class PriceTraceView(Explanation):
    """`contract` is None when no agreement applies. `deviation` in percent, negative when below the contract.

    `bands` are there when the winner is priced band by band; the contract price is then their average. `tie`: the
    winner stood level with another and won only as the later recorded one.
    """

    template: ClassVar[str] = "explain.html"
    parts: ClassVar[Mapping[str, str]] = _drawer("explain_price_body.html")

    order: str
    line: str
    product: str
    description: str
    partner: str
    quantity: Decimal
    unit: str
    as_of: datetime
    asked: Money
    contract: Money | None
    deviation: Decimal | None
    difference: Money | None
    candidates: tuple[PriceCandidate, ...]
    policy: PolicyRef | None = None
    bands: tuple[PriceBand, ...] = ()
    tie: bool = False
    rounding: str = ""

    @property
    def winner(self) -> PriceCandidate | None:
        """The candidate that set the price."""
        return next((each for each in self.candidates if each.verdict == "wins"), None)


@dataclass(frozen=True, slots=True)
class MarginView(Explanation):
    """Margin of a line laid out as a subtraction; `share` is margin / revenue in percent; `floor` the least allowed."""

    template: ClassVar[str] = "explain.html"
    parts: ClassVar[Mapping[str, str]] = _drawer("explain_margin_body.html")

    order: str
    line: str
    product: str
    description: str
    rows: tuple[SumRow, ...]
    share: Decimal
    floor: Decimal | None
    at_contract: Decimal | None
    cost_as_of: datetime
    policy: PolicyRef | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One input of the table: what was there, what the matched row asks for ('' = anything). `origin` is `given`,
    `default` (nobody gave it) or `chained`; then `fed_by` is the place among the evaluation's links, from 1."""

    label: str
    value: FactValue
    test: str
    origin: str = "given"
    fed_by: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """An evaluation whose result became an input further on; its own cells may come from the links before it."""

    reason: str
    policy: PolicyRef
    cells: tuple[Cell, ...]
    outputs: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class RuleMakers:
    """Who made the version that decided. `emergency` applied it without an approval first; `reviewed` is who looked at
    it afterwards, `inherited` where it was copied from."""

    author: Person
    editors: tuple[Person, ...]
    approver: Person | None
    since: datetime | None
    emergency: Person | None = None
    reviewed: Person | None = None
    inherited: str = ""


@dataclass(frozen=True, slots=True)
class PolicyEvaluationView(Explanation):
    """One evaluation of a policy. `outcome`: pass, flag, hold, reject. `passed_over` names rows above that did not
    match and the first input that kept each from matching. `links` were decided before, in their order."""

    template: ClassVar[str] = "explain.html"
    parts: ClassVar[Mapping[str, str]] = _drawer("explain_policy_body.html")

    order: str
    title: str
    outcome: str
    reason: str
    policy: PolicyRef
    hit: str
    cells: tuple[Cell, ...]
    outputs: tuple[Fact, ...]
    passed_over: tuple[tuple[str, str], ...]
    decision: UUID
    decided_at: datetime
    digest: str
    links: tuple[Link, ...] = ()
    makers: RuleMakers | None = None


@dataclass(frozen=True, slots=True)
class CreditView(Explanation):
    """The credit exposure of an order or a partner, own account first, then the accounts above it."""

    template: ClassVar[str] = "explain.html"
    parts: ClassVar[Mapping[str, str]] = _drawer("explain_credit_body.html")

    subject: str
    subject_href: str
    credit: tuple[CreditSum, ...]
    policy: PolicyRef | None
    reason: str


@dataclass(frozen=True, slots=True)
class TaxView(Explanation):
    """The tax of an order."""

    template: ClassVar[str] = "explain.html"
    parts: ClassVar[Mapping[str, str]] = _drawer("explain_tax_body.html")

    order: str
    ship_to: str
    snapshot: TaxSnapshot


@dataclass(frozen=True, slots=True)
class StockRow:
    """One row of available-to-promise, in the product's unit."""

    sign: str
    label: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class StockView(Explanation):
    """What can be promised of a product in one warehouse: on hand − reserved − safety stock + confirmed inbound."""

    template: ClassVar[str] = "explain.html"
    parts: ClassVar[Mapping[str, str]] = _drawer("explain_stock_body.html")

    order: str
    line: str
    product: str
    description: str
    warehouse: str
    unit: str
    rows: tuple[StockRow, ...]
    available: Decimal
    asked: Decimal
    read_at: datetime


@dataclass(frozen=True, slots=True)
class PathStep:
    """A level of the approval path and why it is asked: the matrix row and its reason. `people` may be asked."""

    level: int
    role: str
    quorum: int
    people: tuple[str, ...]
    status: str
    why: str
    row: str
    due_at: datetime | None
    escalates_to: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalPathView(Explanation):
    """Who must approve and why, from the approval matrix."""

    template: ClassVar[str] = "explain.html"
    parts: ClassVar[Mapping[str, str]] = _drawer("explain_path_body.html")
    nav: ClassVar[str] = "work"

    approval: UUID
    subject: str
    steps: tuple[PathStep, ...]
    facts: tuple[Fact, ...]
    policy: PolicyRef
