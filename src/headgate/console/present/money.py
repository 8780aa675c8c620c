"""Credit and tax as a decision recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from headgate.channel.credit import AccountView
from headgate.console.present.asks import instant, number
from headgate.console.present.evaluations import Recorded, day_of
from headgate.console.present.lens import Lens
from headgate.console.views.common import SumRow
from headgate.console.views.order import CreditSum, TaxRow, TaxSnapshot
from headgate.kernel.money import Money
from headgate.kernel.phrases import Opening, phrase, worded

_NEAR = Decimal(90)
_BUCKETS = {
    "1-30": phrase("Overdue 1 to 30 days"),
    "31-60": phrase("Overdue 31 to 60 days"),
    "61+": phrase("Overdue 61 days or more"),
}


def credit_sums(recorded: Recorded, owner: str, read_at: datetime) -> tuple[CreditSum, ...]:
    """The exposure of the order's account and of those above it, as additions; `owner` is the partner's name."""
    credit = recorded.get("credit")
    if not isinstance(credit, Mapping) or not credit.get("has_account"):
        return ()
    ageing = {str(item["bucket"]): number(item["amount"]) for item in credit.get("ageing") or ()}
    return tuple(
        _level(level, owner if place == 0 else phrase("Account above"), credit, {} if place else ageing, read_at)
        for place, level in enumerate(credit.get("levels") or ())
    )


def _level(
    level: Recorded, owner: str, credit: Mapping[str, Any], ageing: Mapping[str, Decimal], read_at: datetime
) -> CreditSum:
    currency = str(level["currency"])
    headroom = number(level["headroom"])
    used = number(level["utilisation_pct"])
    rows = [
        _addend(str(a["label"]), number(a["amount"]), currency, first=i == 0) for i, a in enumerate(level["addends"])
    ]
    after = Money(number(level["exposure_after"]), currency)
    rows.append(SumRow("+", phrase("This order"), Money(number(level["order_amount"]), currency)))
    rows.append(SumRow("=", phrase("Exposure with this order"), after))
    return CreditSum(
        account=str(level["account"]),
        account_name=owner,
        state=credit_state(on_hold=bool(credit.get("on_hold")), headroom=headroom, used=used),
        rows=tuple(rows),
        exposure=after,
        limit=Money(number(level["credit_limit"]), currency),
        headroom=Money(headroom, currency),
        overdue=_overdue(ageing, currency),
        read_at=read_at,
    )


def account_sum(view: AccountView, owner: str, read_at: datetime) -> CreditSum:
    """An account as it stands now, with no order added."""
    account = view.account
    parts = (
        (phrase("open receivables"), account.receivables),
        (phrase("shipped, not billed"), account.shipped_unbilled),
        (phrase("open orders"), account.open_orders),
        (phrase("deposits"), -account.deposits),
    )
    rows = [_addend(label, amount, account.currency, first=i == 0) for i, (label, amount) in enumerate(parts)]
    headroom = account.credit_limit - view.exposure
    ageing = {"1-30": account.overdue_1_30, "31-60": account.overdue_31_60, "61+": account.overdue_61_plus}
    return CreditSum(
        account=account.account,
        account_name=owner,
        state=credit_state(on_hold=account.hold, headroom=headroom, used=view.utilisation_pct),
        rows=(*rows, SumRow("=", phrase("Exposure"), Money(view.exposure, account.currency))),
        exposure=Money(view.exposure, account.currency),
        limit=Money(account.credit_limit, account.currency),
        headroom=Money(headroom, account.currency),
        overdue=_overdue(ageing, account.currency),
        read_at=read_at,
    )


def credit_state(*, on_hold: bool, headroom: Decimal, used: Decimal) -> str:
    """hold, over, near (more than 90 % used) or within."""
    if on_hold:
        return "hold"
    if headroom < 0:
        return "over"
    return "near" if used > _NEAR else "within"


def _addend(label: str, amount: Decimal, currency: str, *, first: bool) -> SumRow:
    shown = Opening(worded(label))
    if label == "deposits" or amount < 0:
        return SumRow("−", shown, Money(-amount, currency))
    return SumRow("" if first else "+", shown, Money(amount, currency))


def _overdue(ageing: Mapping[str, Decimal], currency: str) -> tuple[SumRow, ...]:
    return tuple(
        SumRow("", _BUCKETS.get(bucket, bucket), Money(amount, currency)) for bucket, amount in ageing.items() if amount
    )


def tax_snapshot(recorded: Recorded, lens: Lens) -> TaxSnapshot | None:
    """The tax kept with the order, by jurisdiction, class and rate; None before it was decided."""
    tax, totals = recorded.get("tax"), recorded.get("totals")
    if not isinstance(tax, Mapping) or not isinstance(totals, Mapping):
        return None
    currency = str(tax["currency"])
    groups: dict[tuple[str, str, Decimal], list[Recorded]] = {}
    for line in tax.get("lines") or ():
        if line.get("rate") is not None:
            key = (str(line["jurisdiction"]), str(line["tax_class"]), number(line["rate"]))
            groups.setdefault(key, []).append(line)
    rows = tuple(
        TaxRow(
            jurisdiction,
            tax_class,
            rate,
            Money(sum((number(line["amount"]) for line in lines), Decimal(0)), currency),
            Money(sum((number(line["tax"]) for line in lines), Decimal(0)), currency),
            tuple(str(line["line"]) for line in lines),
        )
        for (jurisdiction, tax_class, rate), lines in groups.items()
    )
    certificates = sorted({str(line["certificate"]) for line in tax.get("lines") or () if line.get("certificate")})
    at = instant(tax.get("at"))
    return TaxSnapshot(
        rows=rows,
        base=Money(number(totals["net"]), currency),
        tax=Money(number(tax["total"]), currency),
        total=Money(number(totals["gross"]), currency),
        rounding=worded(str(tax.get("rounding", ""))),
        rates_as_of=day_of(at or lens.now, lens),
        exemption=phrase("certificate %(numbers)s", numbers=", ".join(certificates)) if certificates else "",
        undetermined=tuple(str(line) for line in tax.get("undetermined") or ()),
    )
