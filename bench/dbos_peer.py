"""The peer: price, tax, credit and availability of an order as a four-step workflow on DBOS Transact.

The steps call the same pure functions and the same compiled policies over the same facts, which are held in memory
here, so the workflow loads nothing. What is measured is what makes it durable: DBOS keeps the workflow and each step's
result.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from headgate.channel.orders.core.book import OrderBook
from headgate.domain.checks import OrderFacts
from headgate.domain.checks.prepared import ratio_pct
from headgate.domain.credit import check_credit
from headgate.domain.orders import parse_order
from headgate.domain.pricing import PriceQuery, resolve_price
from headgate.domain.stock import Need, allocate
from headgate.domain.tax import Taxable, TaxRequest
from headgate.kernel.canonical import as_plain
from headgate.kernel.money import to_minor
from headgate.policy import PolicySet

ABSENT = "DBOS Transact is not installed (requirements/bench.txt has it), so there is no ratio to it"
# The best of 4, 8, 16, 32 and 64 threads on two cores, with as many connections.
THREADS = 16
ZERO = Decimal(0)

Order = dict[str, Any]
Result = dict[str, Any]


class Checks:
    """The four checks of an order over facts that are held in memory. Pure; safe to call from many threads."""

    def __init__(self, book: OrderBook, policies: PolicySet) -> None:
        self._book = book
        self._policies = policies

    def price(self, order: Order) -> Result:
        """Contract price and deviation of each line, decided by `price_deviation`."""
        facts = self._facts(order)
        partner = facts.partner
        assert partner is not None
        lines = []
        for line in facts.order.lines:
            product = facts.products[line.product]
            trace = resolve_price(
                PriceQuery(
                    facts.order.partner,
                    line.product,
                    line.quantity,
                    facts.order.currency,
                    facts.at,
                    facts.as_known,
                    partner.groups,
                    partner.region,
                    partner.channel,
                    product.family,
                    product.cost,
                    product.cost_currency,
                    facts.rates,
                ),
                facts.book,
            )
            contract, asked = trace.unit_price, line.unit_price
            decided = self._policies.evaluate(
                "price_deviation",
                {
                    "has_contract": contract is not None,
                    "deviation_pct": ZERO if contract is None else ratio_pct(contract - asked, contract),
                    "line_amount": to_minor(line.quantity * asked, facts.order.currency),
                    "tier": partner.tier,
                },
            )
            lines.append({**decided.as_json(), "line": line.line, "trace": trace.as_json()})
        return {"lines": lines, "outcome": _worst(line["outputs"]["outcome"] for line in lines)}

    def tax(self, order: Order) -> Result:
        """The tax of each line."""
        facts = self._facts(order)
        taxable = tuple(
            Taxable(
                line.line,
                facts.products[line.product].tax_class,
                to_minor(line.quantity * line.unit_price, facts.order.currency),
            )
            for line in facts.order.lines
        )
        ship_to = facts.order.ship_to
        found = facts.tax.determine(
            TaxRequest(facts.order.partner, ship_to.country, ship_to.region, facts.at, facts.order.currency, taxable)
        )
        return {**found.as_json(), "outcome": "hold" if found.undetermined else "pass"}

    def credit(self, order: Order, tax: str) -> Result:
        """The exposure with this order, decided by `credit_release`."""
        facts = self._facts(order)
        net = sum((line.quantity * line.unit_price for line in facts.order.lines), ZERO)
        found = check_credit(facts.credit, net + Decimal(tax), facts.order.currency, facts.rates)
        decided = self._policies.evaluate(
            "credit_release",
            {
                "has_account": found.has_account,
                "on_hold": found.on_hold,
                "over_limit": found.over_limit,
                "overdue_days": found.overdue_days,
                "utilisation_pct": found.utilisation_pct,
                "terms": facts.partner.terms if facts.partner else "",
            },
        )
        return {**decided.as_json(), "sum": found.as_json(), "outcome": decided.outputs["outcome"]}

    def availability(self, order: Order) -> Result:
        """Where each line can be picked."""
        facts = self._facts(order)
        found = allocate(
            [Need(line.line, line.product, line.quantity) for line in facts.order.lines],
            facts.stock,
            region=facts.order.ship_to.region,
            country=facts.order.ship_to.country,
        )
        short = any(line.back_order for line in found)
        return {"lines": [as_plain(line.as_values()) for line in found], "outcome": "hold" if short else "pass"}

    def _facts(self, order: Order) -> OrderFacts:
        return self._book.facts_for(parse_order(order), frozenset(), {})


def _worst(outcomes: Any) -> str:
    return max(outcomes, key=("pass", "flag", "hold", "reject").index)
