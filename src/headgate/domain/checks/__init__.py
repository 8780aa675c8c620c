"""The checks every order passes, and the one decision they add up to.

A check is a pure function from an order with its facts to findings: typed inputs for the policy tables and plain words.
It decides nothing. To add one, write a file beside these and add one line to `CATALOGUE`.
"""

from collections.abc import Iterable

from headgate.domain.checks.availability import check_availability
from headgate.domain.checks.combine import Checked, ExceptionFound
from headgate.domain.checks.credit import check_credit_release
from headgate.domain.checks.duplicate import check_duplicate
from headgate.domain.checks.export import check_export
from headgate.domain.checks.facts import (
    Decide,
    EarlierOrder,
    OrderFacts,
    PartnerFacts,
    ProductFacts,
    Rules,
    Verdict,
)
from headgate.domain.checks.finding import Finding
from headgate.domain.checks.govern import Check, OrderVerdict, govern
from headgate.domain.checks.margin import check_margin
from headgate.domain.checks.minimum import check_minimum
from headgate.domain.checks.partner import check_partner
from headgate.domain.checks.prepared import Prepared, PricedLine, Totals, prepare
from headgate.domain.checks.price import check_price
from headgate.domain.checks.record import record_text
from headgate.domain.checks.references import reference_problems
from headgate.domain.checks.split import check_split
from headgate.domain.checks.tax import check_tax

CATALOGUE: tuple[Check, ...] = (
    check_partner,
    check_price,
    check_margin,
    check_credit_release,
    check_tax,
    check_availability,
    check_duplicate,
    check_minimum,
    check_export,
    check_split,
)


def govern_order(order: OrderFacts, decide: Decide, checks: Iterable[Check] = CATALOGUE) -> OrderVerdict:
    """Decide one order: run the checks, let the policies decide, combine them through `order_release`.

    `decide` evaluates a policy by name over its inputs. Pure: the same facts and policies give the same verdict. Raises
    `Refused` where an exchange rate to the tenant's or the credit account's currency is missing.
    """
    return govern(order, decide, checks)


__all__ = [
    "CATALOGUE",
    "Check",
    "Checked",
    "Decide",
    "EarlierOrder",
    "ExceptionFound",
    "Finding",
    "OrderFacts",
    "OrderVerdict",
    "PartnerFacts",
    "Prepared",
    "PricedLine",
    "ProductFacts",
    "Rules",
    "Totals",
    "Verdict",
    "govern_order",
    "prepare",
    "record_text",
    "reference_problems",
]
