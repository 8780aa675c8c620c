"""Short builders for the values these tests are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from headgate.domain.checks import EarlierOrder, OrderFacts, PartnerFacts, ProductFacts, Rules
from headgate.domain.credit import CreditAccount, Level
from headgate.domain.fx import FxRate, Rates
from headgate.domain.orders import Order, OrderLine, ShipTo
from headgate.domain.pricing import PriceQuery, PriceTrace, Term, Tier, price_book, resolve_price
from headgate.domain.stock import StockLevel
from headgate.domain.tax import TaxRate, TaxTable
from headgate.kernel.errors import NotFound

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def d(text: str | int) -> Decimal:
    """A Decimal."""
    return Decimal(text)


def tiers(*pairs: tuple[str | int, str]) -> tuple[Tier, ...]:
    """Tiers from (start, value) pairs."""
    return tuple(Tier(d(start), d(value)) for start, value in pairs)


def term(code: str, value: str = "10", **changes: Any) -> Term:
    """A list price of SKU-1 in EUR from January on, unless changed."""
    given: dict[str, Any] = {
        "agreement": f"id-{code}",
        "code": code,
        "revision": 1,
        "term": 1,
        "method": "list",
        "kind": "list",
        "value": d(value),
        "currency": "EUR",
        "valid_from": START,
        "recorded_at": START,
        "product": "SKU-1",
    }
    return Term(**{**given, **changes})


def net(code: str, value: str = "9", partner: str | None = "P-1", **changes: Any) -> Term:
    """A net price of P-1 for SKU-1."""
    return term(code, value, **{"method": "net", "kind": "net", "partner": partner, **changes})


def query(quantity: str | int = 1, **changes: Any) -> PriceQuery:
    """P-1 (group gold, region DE, channel web) asks for SKU-1 of family tools in EUR, now."""
    given: dict[str, Any] = {
        "partner": "P-1",
        "product": "SKU-1",
        "quantity": d(quantity),
        "currency": "EUR",
        "at": NOW,
        "as_known": NOW,
        "groups": ("gold",),
        "region": "DE",
        "channel": "web",
        "family": "tools",
    }
    return PriceQuery(**{**given, **changes})


def price(*terms: Term, quantity: str | int = 1, **changes: Any) -> PriceTrace:
    """Resolve the query over the terms."""
    return resolve_price(query(quantity, **changes), price_book(terms))


def rates(**pairs: str) -> Rates:
    """Rates from names such as USD_EUR, of the first of March."""
    found = {}
    for name, rate in pairs.items():
        base, quote = name.split("_")
        found[base, quote] = FxRate(base, quote, d(rate), NOW.date())
    return found


class PolicyRef(NamedTuple):
    """Which policy text a verdict says it comes from."""

    policy: str
    version: int
    digest: str
    hit: str


@dataclass
class Answer:
    """A verdict as a policy would give it."""

    outputs: dict[str, Any]
    inputs: dict[str, object] = field(default_factory=dict)
    ref: PolicyRef = field(default_factory=lambda: PolicyRef("a policy", 1, "00" * 32, "first"))
    rows: tuple[str, ...] = ("a_row",)
    reasons: tuple[str, ...] = ("Because",)
    clauses: tuple[str, ...] = ()

    def as_values(self) -> dict[str, Any]:
        ref = {"policy": self.ref.policy, "version": self.ref.version, "digest": self.ref.digest, "hit": self.ref.hit}
        told = {"rows": self.rows, "reasons": self.reasons, "clauses": self.clauses}
        return {**ref, **told, "inputs": self.inputs, "outputs": self.outputs}


class Desk:
    """Policies for tests: plain functions by name, every call remembered."""

    def __init__(self, **rules: Any) -> None:
        self.rules = rules
        self.calls: list[tuple[str, dict[str, object]]] = []

    def __call__(self, policy: str, inputs: Any) -> Answer:
        self.calls.append((policy, dict(inputs)))
        rule = self.rules.get(policy) or getattr(self, f"_{policy}", None)
        if rule is None:
            self.calls.pop()
            raise NotFound(f"no policy {policy}")
        return Answer(rule(inputs), dict(inputs))

    def inputs(self, policy: str) -> list[dict[str, object]]:
        """The inputs of every call of a policy."""
        return [inputs for name, inputs in self.calls if name == policy]

    @staticmethod
    def _price_deviation(inputs: Any) -> dict[str, Any]:
        if not inputs["has_contract"]:
            return {"outcome": "flag", "exception": "no_contract_price"}
        if inputs["deviation_pct"] > 5:
            return {"outcome": "hold", "exception": "price_deviation"}
        return {"outcome": "pass", "exception": ""}

    @staticmethod
    def _margin_floor(inputs: Any) -> dict[str, Any]:
        if inputs["has_cost"] and inputs["margin_pct"] < 10:
            return {"outcome": "hold", "exception": "margin_floor", "floor_pct": Decimal(10)}
        return {"outcome": "pass", "exception": ""}

    @staticmethod
    def _credit_release(inputs: Any) -> dict[str, Any]:
        if inputs["on_hold"]:
            return {"outcome": "hold", "exception": "credit_hold"}
        if inputs["over_limit"] > 0:
            return {"outcome": "hold", "exception": "credit_limit"}
        if inputs["overdue_days"] > 30:
            return {"outcome": "hold", "exception": "credit_overdue"}
        return {"outcome": "pass", "exception": ""}

    @staticmethod
    def _order_release(inputs: Any) -> dict[str, Any]:
        if inputs["embargoed"] or inputs["rejects"]:
            return {"outcome": "reject", "exception": ""}
        stops = ("duplicate", "shortage", "export_controlled", "below_minimum")
        stopped = any(inputs[name] for name in stops) or not inputs["tax_known"]
        if inputs["holds"] or stopped or inputs["partner_status"] != "active":
            return {"outcome": "hold", "exception": ""}
        return {"outcome": "flag" if inputs["flags"] else "release", "exception": ""}


def line(number: str = "1", product: str = "SKU-1", quantity: str | int = 10, price: str = "10") -> OrderLine:
    """Ten of SKU-1 at 10."""
    return OrderLine(number, product, d(quantity), d(price))


def order(*lines: OrderLine, **changes: Any) -> Order:
    """An order of P-1 to Germany in EUR."""
    given: dict[str, Any] = {
        "order": "WEB1-1",
        "partner": "P-1",
        "storefront": "WEB1",
        "placed_at": NOW,
        "currency": "EUR",
        "ship_to": ShipTo("DE"),
        "lines": lines or (line(),),
    }
    return Order(**{**given, **changes})


def product(code: str = "SKU-1", **changes: Any) -> ProductFacts:
    """A product that costs 6 EUR."""
    given: dict[str, Any] = {"product": code, "family": "tools", "cost": d(6), "cost_currency": "EUR"}
    return ProductFacts(**{**given, **changes})


def account(code: str = "A-1", limit: str = "1000", **changes: Any) -> CreditAccount:
    """An account in EUR with nothing on it; amounts are given as text."""
    given: dict[str, Any] = {"account": code, "currency": "EUR", "credit_limit": d(limit)}
    for name, value in changes.items():
        given[name] = d(value) if isinstance(value, str) and name not in ("currency", "parent") else value
    return CreditAccount(**given)


def stock(*levels: StockLevel) -> dict[str, list[StockLevel]]:
    """Levels by product."""
    found: dict[str, list[StockLevel]] = {}
    for level in levels:
        found.setdefault(level.product, []).append(level)
    return found


def level(warehouse: str = "W1", on_hand: str | int = 100, product: str = "SKU-1", **changes: Any) -> StockLevel:
    """A hundred of SKU-1 in W1."""
    return StockLevel(product, warehouse, on_hand=d(on_hand), **changes)


def facts(*lines: OrderLine, **changes: Any) -> OrderFacts:
    """A sound order: list price 10, cost 6, 19 % tax, credit and stock enough."""
    asked = changes.pop("order", None) or order(*lines)
    given: dict[str, Any] = {
        "order": asked,
        "partner": PartnerFacts("P-1", tier="gold", country="DE", terms="net30", account="A-1"),
        "products": {item.product: product(item.product) for item in asked.lines},
        "book": price_book(term("LIST", product=item.product) for item in asked.lines),
        "tax": TaxTable([TaxRate("DE", "standard", d(19), START)]),
        "tenant_currency": "EUR",
        "at": NOW,
        "as_known": NOW,
        "stock": stock(*(level(product=item.product) for item in {one.product: one for one in asked.lines}.values())),
        "credit": (Level(account()),),
        "rules": Rules(embargoed=frozenset({"KP"}), home_country="DE"),
    }
    return OrderFacts(**{**given, **changes})


def earlier(code: str = "WEB1-0", hours: int = 1, **changes: Any) -> EarlierOrder:
    """An order of the same partner some hours before."""
    given: dict[str, Any] = {
        "order": code,
        "placed_at": NOW - timedelta(hours=hours),
        "customer_reference": "",
        "content": b"",
        "amount": d(100),
    }
    return EarlierOrder(**{**given, **changes})
