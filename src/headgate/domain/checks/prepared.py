"""The arithmetic that several checks share, done once per order: prices, costs, tax, allocation, credit, totals."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from headgate.domain.checks.facts import OrderFacts, ProductFacts
from headgate.domain.credit import CreditResult, check_credit
from headgate.domain.fx import FxRate, convert, find_rate, need_rate
from headgate.domain.orders.model import OrderLine
from headgate.domain.pricing import PriceQuery, PriceTrace, resolve_price
from headgate.domain.stock import LineAllocation, Need, allocate
from headgate.domain.tax import Taxable, TaxRequest, TaxSnapshot
from headgate.kernel.canonical import as_plain
from headgate.kernel.money import to_minor

ZERO = Decimal(0)
HUNDRED = Decimal(100)
_FOUR = Decimal("0.0001")
LOWEST_PCT = Decimal(-1000)
_NO_PRODUCT = ProductFacts("")


class PricedLine(NamedTuple):
    """One line with what it was asked at and what the contract says, in the order's currency.

    `amount` and `cost_amount` are quantity times price and cost, rounded half up to the minor unit. `deviation_pct` is
    (contract - asked) / contract x 100, positive below contract; `margin_pct` is (asked - cost) / asked x 100. Both
    have 4 decimals half up and are not below -1000; a line given away has a margin of -1000 when it costs something.
    `tenant_amount` is `amount` in the tenant's currency.
    """

    line: OrderLine
    family: str
    trace: PriceTrace
    amount: Decimal
    contract_price: Decimal | None
    deviation_pct: Decimal
    cost: Decimal | None
    cost_amount: Decimal | None
    margin: Decimal | None
    margin_pct: Decimal
    tenant_amount: Decimal
    tax: Decimal

    def as_values(self) -> dict[str, object]:
        """The line's figures and its whole price trace, for canonical JSON."""
        line = self.line
        return {
            "line": line.line,
            "product": line.product,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "amount": self.amount,
            "contract_price": self.contract_price,
            "deviation_pct": self.deviation_pct,
            "cost": self.cost,
            "margin": self.margin,
            "margin_pct": self.margin_pct,
            "tax": self.tax,
            "trace": self.trace.as_values(),
        }


class Totals(NamedTuple):
    """Net, tax and gross of the order, and the same in the tenant's currency at `rate` (rounded half up to its minor
    unit)."""

    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    tenant_currency: str
    tenant_net: Decimal
    tenant_gross: Decimal
    rate: FxRate

    def as_json(self) -> dict[str, object]:
        """The totals as text."""
        found: dict[str, object] = as_plain(self.as_values())
        return found

    def as_values(self) -> dict[str, object]:
        """The totals for canonical JSON, which writes amounts as text."""
        return {
            "currency": self.currency,
            "net": self.net,
            "tax": self.tax,
            "gross": self.gross,
            "tenant_currency": self.tenant_currency,
            "tenant_net": self.tenant_net,
            "tenant_gross": self.tenant_gross,
            "rate": self.rate.as_json(),
            "rounding": "minor unit half up",
        }


class Prepared(NamedTuple):
    """An order's facts with the shared arithmetic done: what every check receives."""

    facts: OrderFacts
    lines: tuple[PricedLine, ...]
    tax: TaxSnapshot
    allocation: tuple[LineAllocation, ...]
    credit: CreditResult
    totals: Totals


def prepare(facts: OrderFacts) -> Prepared:
    """Do the shared arithmetic. Raises `Refused` when a rate to the tenant's or the credit account's currency is
    missing."""
    order = facts.order
    currency = order.currency
    rate = need_rate(facts.rates, currency, facts.tenant_currency)
    products = facts.products
    amounts = [to_minor(line.quantity * line.unit_price, currency) for line in order.lines]
    taxable = tuple(
        Taxable(line.line, products.get(line.product, _NO_PRODUCT).tax_class, amount)
        for line, amount in zip(order.lines, amounts, strict=True)
    )
    ship_to = order.ship_to
    tax = facts.tax.determine(
        TaxRequest(
            order.partner, ship_to.country, ship_to.region, facts.at, currency, taxable, facts.rules.tax_rounding
        )
    )
    taxes = {line.line: line.tax for line in tax.lines}
    groups = _audience(facts)
    taken = dict(facts.metered)
    lines = tuple(
        _price(facts, line, amount, taxes.get(line.line, ZERO), groups, rate, taken)
        for line, amount in zip(order.lines, amounts, strict=True)
    )
    net = sum(amounts, to_minor(ZERO, currency))
    gross = net + tax.total
    totals = Totals(
        currency, net, tax.total, gross, facts.tenant_currency, convert(net, rate), convert(gross, rate), rate
    )
    allocation = allocate(
        [Need(line.line, line.product, line.quantity) for line in order.lines],
        facts.stock,
        region=ship_to.region,
        country=ship_to.country,
        split=facts.rules.split_shipments,
    )
    credit = check_credit(facts.credit, gross, currency, facts.rates, counted=facts.counted)
    return Prepared(facts, lines, tax, allocation, credit, totals)


def ratio_pct(part: Decimal, whole: Decimal) -> Decimal:
    """part / whole x 100, 4 decimals half up, not below -1000. `whole` of zero gives 0, or -1000 when `part` is
    negative."""
    if not whole:
        return LOWEST_PCT if part < 0 else ZERO
    found = (part * HUNDRED / whole).quantize(_FOUR, ROUND_HALF_UP)
    return max(found, LOWEST_PCT)


def _audience(facts: OrderFacts) -> tuple[tuple[str, ...], str, str]:
    partner = facts.partner
    return (partner.groups, partner.region, partner.channel) if partner else ((), "", "")


def _price(
    facts: OrderFacts,
    line: OrderLine,
    amount: Decimal,
    tax: Decimal,
    audience: tuple[tuple[str, ...], str, str],
    rate: FxRate,
    taken: dict[tuple[str, int], Decimal],
) -> PricedLine:
    """Price one line; what it takes from a term with a maximum quantity is added to `taken` for the lines after it."""
    order = facts.order
    currency = order.currency
    product = facts.products.get(line.product, _NO_PRODUCT)
    groups, region, channel = audience
    trace = resolve_price(
        PriceQuery(
            order.partner,
            line.product,
            line.quantity,
            currency,
            facts.at,
            facts.as_known,
            groups,
            region,
            channel,
            product.family,
            product.cost,
            product.cost_currency,
            facts.rates,
            taken,
        ),
        facts.book,
    )
    winner = trace.winner
    if winner is not None and winner.max_quantity is not None:
        place = (winner.agreement, winner.term)
        taken[place] = taken.get(place, ZERO) + line.quantity
    asked = line.unit_price
    contract = trace.unit_price
    deviation = ZERO if contract is None or contract == asked else ratio_pct(contract - asked, contract)
    cost = _cost(product, currency, facts)
    if cost is None:
        cost_amount = margin = None
        margin_pct = ZERO
    else:
        cost_amount = to_minor(cost * line.quantity, currency)
        margin = amount - cost_amount
        margin_pct = ratio_pct(asked - cost, asked)
    return PricedLine(
        line,
        product.family,
        trace,
        amount,
        contract,
        deviation,
        cost,
        cost_amount,
        margin,
        margin_pct,
        convert(amount, rate),
        tax,
    )


def _cost(product: ProductFacts, currency: str, facts: OrderFacts) -> Decimal | None:
    """The unit cost in the order's currency, 4 decimals half up when converted; None when the cost or the rate is not
    known."""
    if product.cost is None or not product.cost_currency or product.cost_currency == currency:
        return product.cost
    rate = find_rate(facts.rates, product.cost_currency, currency)
    return None if rate is None else (product.cost * rate.rate).quantize(_FOUR, ROUND_HALF_UP)


def tenant_amounts(prepared: Prepared) -> Mapping[str, Decimal]:
    """Each line's amount in the tenant's currency, by line."""
    return {line.line.line: line.tenant_amount for line in prepared.lines}
