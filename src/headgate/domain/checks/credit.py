"""Does the order fit the account's credit, and does the account pay? Decided by the policy `credit_release`."""

from __future__ import annotations

from headgate.domain.checks.finding import ZERO, Finding
from headgate.domain.checks.prepared import Prepared
from headgate.domain.credit import CreditResult, within_ceilings
from headgate.domain.fx import convert, need_rate


def check_credit_release(prepared: Prepared) -> list[Finding]:
    """One finding. An approval stands only while every account over its limit is within the exposure approved for
    it."""
    facts, credit, totals = prepared.facts, prepared.credit, prepared.totals
    terms = facts.order.terms or (facts.partner.terms if facts.partner else "")
    over = convert(credit.over_limit, totals.rate)
    overdue = ZERO
    if credit.levels:
        back = need_rate(facts.rates, credit.levels[0].currency, facts.tenant_currency)
        overdue = convert(sum((amount for _, amount in credit.ageing), ZERO), back)
    return [
        Finding(
            "credit",
            _words(credit),
            policy="credit_release",
            inputs={
                "utilisation_pct": credit.utilisation_pct,
                "over_limit": over,
                "overdue_days": credit.overdue_days,
                "on_hold": credit.on_hold,
                "has_account": credit.has_account,
                "terms": terms,
            },
            waivable=within_ceilings(credit, facts.ceilings),
            stake=totals.tenant_gross,
            stakes={"credit_limit": over or totals.tenant_gross, "credit_overdue": overdue},
        )
    ]


def _words(credit: CreditResult) -> str:
    if not credit.has_account:
        return "the partner has no credit account"
    worst = max(credit.levels, key=lambda level: level.utilisation_pct)
    text = (
        f"account {worst.account}: exposure {worst.exposure_before:f} + this order {worst.order_amount:f}"
        f" = {worst.exposure_after:f} of {worst.credit_limit:f} {worst.currency} ({worst.utilisation_pct:f} %)"
    )
    if credit.overdue_days:
        text += f"; payments are overdue by {credit.overdue_days} days or more"
    return f"{text}; the account is on hold" if credit.on_hold else text
