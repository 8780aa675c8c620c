"""Credit: what an account owes in all, and whether one more order fits.

Exposure = open receivables + shipped unbilled + open orders - deposits. A child account is measured against its own
limit; its parent's exposure is the parent's own plus that of all accounts below it, measured against the parent's
limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from headgate.domain.fx import FxRate, Rates, convert, need_rate
from headgate.kernel.canonical import as_plain
from headgate.kernel.errors import Refused
from headgate.kernel.phrases import phrase

ZERO = Decimal(0)
_HUNDRED = Decimal(100)
_PERCENT = Decimal("0.01")
NO_LIMIT_PCT = Decimal(999999)


class CreditAccount(NamedTuple):
    """A credit account as recorded, amounts in `currency`. `overdue_*` are parts of `receivables` by days past due."""

    account: str
    currency: str
    credit_limit: Decimal
    parent: str | None = None
    receivables: Decimal = ZERO
    shipped_unbilled: Decimal = ZERO
    open_orders: Decimal = ZERO
    deposits: Decimal = ZERO
    overdue_1_30: Decimal = ZERO
    overdue_31_60: Decimal = ZERO
    overdue_61_plus: Decimal = ZERO
    hold: bool = False
    version: int = 0


class Level(NamedTuple):
    """An account on the way from the order's own account up to the root, with the accounts below it.

    `below` holds (account, exposure in this level's currency) of every account below; for an account without children
    it is empty.
    """

    account: CreditAccount
    below: tuple[tuple[str, Decimal], ...] = ()


class LevelResult(NamedTuple):
    """One account's sum. `addends` are all parts of `exposure_before`; `order_amount` is in the account's currency."""

    account: str
    currency: str
    addends: tuple[tuple[str, Decimal], ...]
    exposure_before: Decimal
    order_amount: Decimal
    exposure_after: Decimal
    credit_limit: Decimal
    headroom: Decimal  # limit - exposure after; negative where the limit is broken
    utilisation_pct: Decimal  # exposure after / limit x 100, two decimals half up
    rate: FxRate

    @property
    def over_limit(self) -> Decimal:
        """By how much the limit is broken, zero where it is not."""
        return -self.headroom if self.headroom < 0 else ZERO

    def as_values(self) -> dict[str, object]:
        """Every addend and the result, for canonical JSON."""
        return {
            "account": self.account,
            "currency": self.currency,
            "addends": [{"label": label, "amount": amount} for label, amount in self.addends],
            "exposure_before": self.exposure_before,
            "order_amount": self.order_amount,
            "exposure_after": self.exposure_after,
            "credit_limit": self.credit_limit,
            "headroom": self.headroom,
            "utilisation_pct": self.utilisation_pct,
            "rate": self.rate.as_json(),
        }


class CreditResult(NamedTuple):
    """The sums of all levels, own account first, and the payment behaviour of the own account.

    `utilisation_pct` is the highest of the levels; `over_limit` the largest excess, in the order's currency.
    `overdue_days` is the least number of days the oldest overdue amount is late: 0, 1, 31 or 61. `on_hold` is set when
    any level is on hold.
    """

    has_account: bool
    levels: tuple[LevelResult, ...]
    utilisation_pct: Decimal
    over_limit: Decimal
    overdue_days: int
    ageing: tuple[tuple[str, Decimal], ...]  # (bucket, amount in the own account's currency)
    on_hold: bool

    def as_json(self) -> dict[str, object]:
        """The whole explanation, amounts as text."""
        found: dict[str, object] = as_plain(self.as_values())
        return found

    def as_values(self) -> dict[str, object]:
        """The whole explanation for canonical JSON, which writes amounts as text."""
        return {
            "has_account": self.has_account,
            "levels": [level.as_values() for level in self.levels],
            "utilisation_pct": self.utilisation_pct,
            "over_limit": self.over_limit,
            "overdue_days": self.overdue_days,
            "ageing": [{"bucket": bucket, "amount": amount} for bucket, amount in self.ageing],
            "on_hold": self.on_hold,
        }


NO_ACCOUNT = CreditResult(False, (), ZERO, ZERO, 0, (), False)


def exposure(account: CreditAccount) -> Decimal:
    """Open receivables + shipped unbilled + open orders - deposits of this account alone, in its currency."""
    return account.receivables + account.shipped_unbilled + account.open_orders - account.deposits


def credit_levels(
    account: str | None, accounts: Mapping[str, CreditAccount], rates: Rates, *, children: Mapping[str, Sequence[str]]
) -> tuple[Level, ...]:
    """The levels from `account` up to the root; `children` lists the direct children of each account (see
    `children_of`).

    Empty where the account is not known. Exposures below are converted to the level's currency, rounded to its minor
    unit. Raises `Refused` where a rate is missing or where an account stands above itself.
    """
    levels: list[Level] = []
    seen: set[str] = set()
    code = account
    while code:
        if code in seen:
            raise Refused(phrase("credit account %(code)s is its own ancestor; correct its parent", code=code))
        seen.add(code)
        current = accounts.get(code)
        if current is None:
            break
        below = tuple(
            (child.account, convert(exposure(child), need_rate(rates, child.currency, current.currency)))
            for child in _descendants(code, accounts, children)
        )
        levels.append(Level(current, below))
        code = current.parent
    return tuple(levels)


def children_of(accounts: Mapping[str, CreditAccount]) -> dict[str, list[str]]:
    """The direct children of every account that has some, sorted by code."""
    children: dict[str, list[str]] = {}
    for code in sorted(accounts):
        parent = accounts[code].parent
        if parent:
            children.setdefault(parent, []).append(code)
    return children


def check_credit(
    levels: Sequence[Level], order_amount: Decimal, currency: str, rates: Rates, *, counted: Decimal = ZERO
) -> CreditResult:
    """Add an order (gross, in `currency`) to the exposure of its account and of every account above.

    `counted` is what `open_orders` of the own account already holds for this order, in that account's currency: it is
    taken out again, so that an amended or reopened order is not counted twice. Amounts are converted with the rate of
    the day and rounded to the minor unit. No levels means no account. Raises `Refused` where a rate is missing.
    """
    if not levels:
        return NO_ACCOUNT
    own = levels[0].account
    results: list[LevelResult] = []
    over, utilisation, on_hold = ZERO, ZERO, False
    for level in levels:
        account = level.account
        rate = need_rate(rates, currency, account.currency)
        addends = [
            ("open receivables", account.receivables),
            ("shipped, not billed", account.shipped_unbilled),
            ("open orders", account.open_orders),
            ("deposits", -account.deposits),
        ]
        addends.extend([(f"account {code}", amount) for code, amount in level.below])
        if counted:
            back = convert(counted, need_rate(rates, own.currency, account.currency))
            addends.append(("this order, already counted", -back))
        before = sum((amount for _, amount in addends), ZERO)
        added = convert(order_amount, rate)
        after = before + added
        limit = account.credit_limit
        if limit > 0:
            used = (after / limit * _HUNDRED).quantize(_PERCENT, ROUND_HALF_UP)
        else:
            used = NO_LIMIT_PCT if after > 0 else ZERO
        result = LevelResult(
            account.account, account.currency, tuple(addends), before, added, after, limit, limit - after, used, rate
        )
        results.append(result)
        utilisation = max(utilisation, used)
        if result.headroom < 0:
            over = max(over, convert(-result.headroom, need_rate(rates, account.currency, currency)))
        on_hold = on_hold or account.hold
    ageing = (("1-30", own.overdue_1_30), ("31-60", own.overdue_31_60), ("61+", own.overdue_61_plus))
    return CreditResult(True, tuple(results), utilisation, over, overdue_days(own), ageing, on_hold)


def overdue_days(account: CreditAccount) -> int:
    """The least number of days the oldest overdue amount is late: 61, 31, 1, or 0 when nothing is overdue."""
    if account.overdue_61_plus > 0:
        return 61
    if account.overdue_31_60 > 0:
        return 31
    return 1 if account.overdue_1_30 > 0 else 0


def with_open_order(account: CreditAccount, amount: Decimal) -> CreditAccount:
    """The account with `amount` (its currency; negative to take out) more in open orders, for the next order of the
    batch."""
    return account._replace(open_orders=account.open_orders + amount, version=account.version + 1)


def ceilings(result: CreditResult) -> dict[str, Decimal]:
    """The exposure each account reaches with this order: what an approval of a credit exception approves, per
    account."""
    return {level.account: level.exposure_after for level in result.levels}


def within_ceilings(result: CreditResult, approved: Mapping[str, Decimal]) -> bool:
    """Whether every account over its limit is still within the exposure that was approved for it."""
    return all(
        level.headroom >= 0 or (level.account in approved and level.exposure_after <= approved[level.account])
        for level in result.levels
    )


def _descendants(
    code: str, accounts: Mapping[str, CreditAccount], children: Mapping[str, Sequence[str]]
) -> list[CreditAccount]:
    found: list[CreditAccount] = []
    waiting = list(children.get(code, ()))
    seen = {code}
    while waiting:
        child = waiting.pop(0)
        if child in seen:
            raise Refused(phrase("credit account %(child)s is its own ancestor; correct its parent", child=child))
        seen.add(child)
        if child in accounts:
            found.append(accounts[child])
            waiting.extend(children.get(child, ()))
    return found
