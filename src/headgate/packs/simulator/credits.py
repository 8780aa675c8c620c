"""Credit accounts over time: open orders, shipped and unbilled, receivables by age, payments, parents and children."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

from headgate.packs.simulator.model import ZERO, Partner
from headgate.packs.simulator.prices import PriceDesk

_ROUND = Decimal(1000)
# Limits leave room above the highest sound exposure, so that only planted orders meet them; those who pay late have
# more, because governance holds late payers that use more than half of their limit.
_ROOM, _ROOM_LATE, _ROOM_PARENT = Decimal("1.40"), Decimal("2.60"), Decimal("1.40")
_LATE = 31


@dataclass(slots=True)
class Account:
    """A credit account in `currency`. `open_` is the gross of released orders not shipped; `peak` the highest sum."""

    code: str
    currency: str
    parent: str
    days: int
    late_days: int
    open_: dict[str, Decimal] = field(default_factory=dict)
    unbilled: Decimal = ZERO
    invoices: list[tuple[datetime, Decimal]] = field(default_factory=list)
    peak: Decimal = ZERO
    limit: Decimal = ZERO

    def receivables(self) -> Decimal:
        """Invoices not paid yet."""
        return sum((amount for _, amount in self.invoices), ZERO)

    def exposure(self) -> Decimal:
        """Receivables, shipped and unbilled, and open orders."""
        return self.receivables() + self.unbilled + sum(self.open_.values(), ZERO)


class Credits:
    """All accounts of the channel."""

    def __init__(self, partners: Sequence[Partner], desk: PriceDesk, limits: Mapping[str, Decimal] | None) -> None:
        self._desk = desk
        self.accounts: dict[str, Account] = {}
        for partner in partners:
            parent = partner.parent_account
            if parent and parent not in self.accounts:
                self.accounts[parent] = Account(parent, "EUR", "", 30, 0)
            self.accounts[partner.account] = Account(
                partner.account, partner.currency, parent, partner.days, partner.late_days
            )
        for code, limit in (limits or {}).items():
            self.accounts[code].limit = limit

    def open_with(self, weekly: Mapping[str, Decimal], start: datetime) -> None:
        """Receivables from before the start: what an account of this turnover would owe, falling due week by week."""
        for account in self.accounts.values():
            weeks = account.days // 7
            for week in range(weeks):
                amount = (weekly.get(account.code, ZERO) * Decimal("0.8")).quantize(Decimal("0.01"))
                if amount:
                    account.invoices.append((start + timedelta(days=7 * week + 3), amount))

    def take(self, account: str, order: str, gross: Decimal, at: datetime) -> None:
        """A released order counts as open."""
        held = self.accounts[account]
        held.open_[order] = gross
        held.peak = max(held.peak, held.exposure())
        if held.parent:
            top = self.accounts[held.parent]
            top.peak = max(top.peak, self._tree(held.parent, at))

    def drop(self, account: str, order: str) -> None:
        """An order that is cancelled no longer counts."""
        self.accounts[account].open_.pop(order, None)

    def ship(self, account: str, order: str, share: Decimal) -> None:
        """A share (0 to 1) of what is still open of an order was shipped."""
        held = self.accounts[account]
        moved = (held.open_[order] * share).quantize(Decimal("0.01"))
        held.open_[order] -= moved
        held.unbilled += moved
        if share == 1:
            held.open_.pop(order)

    def headroom(self, account: str) -> Decimal:
        """What the account's own limit has left."""
        held = self.accounts[account]
        return held.limit - held.exposure()

    def limits(self) -> dict[str, Decimal]:
        """Limits that suit the exposures seen, in whole thousands."""
        found = {}
        for code, account in self.accounts.items():
            is_parent = any(a.parent == code for a in self.accounts.values())
            room = _ROOM_PARENT if is_parent else _ROOM_LATE if account.late_days >= _LATE else _ROOM
            found[code] = max((account.peak * room / _ROUND).quantize(Decimal(1), ROUND_UP), Decimal(5)) * _ROUND
        return found

    def bill(self, at: datetime) -> list[dict[str, Any]]:
        """Bill what was shipped, take in what was paid; the items of `credit_account.recorded`, parents first."""
        items = []
        for account in self._parents_first():
            if account.unbilled:
                account.invoices.append((at + timedelta(days=account.days), account.unbilled))
                account.unbilled = ZERO
            paid_when = timedelta(days=account.late_days)
            account.invoices = [(due, amount) for due, amount in account.invoices if due + paid_when > at]
            items.append(self._item(account, at))
        return items

    def _item(self, account: Account, at: datetime) -> dict[str, Any]:
        def between(low: int, high: int) -> Decimal:
            return sum((amount for due, amount in account.invoices if low <= (at - due).days <= high), ZERO)

        item: dict[str, Any] = {
            "account": account.code,
            "currency": account.currency,
            "credit_limit": format(account.limit, "f"),
            "receivables": format(account.receivables(), "f"),
            "shipped_unbilled": format(account.unbilled, "f"),
            "overdue_1_30": format(between(1, 30), "f"),
            "overdue_31_60": format(between(31, 60), "f"),
        }
        return item | {"parent": account.parent} if account.parent else item

    def _parents_first(self) -> Iterable[Account]:
        return sorted(self.accounts.values(), key=lambda a: (a.parent != "", a.code))

    def _tree(self, root: str, at: datetime) -> Decimal:
        """The exposure of a parent and all accounts below it, in EUR."""
        members = [a for a in self.accounts.values() if root in (a.code, a.parent)]
        return sum((self._desk.in_eur(a.exposure(), a.currency, at) for a in members), ZERO)
