"""A credit account as recorded, and how one item of `credit_account.recorded` is read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from headgate.channel.masters.core.reading import ItemReader

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A snapshot of an account by the ERP, amounts in `currency`. It has no `open_orders`: Headgate counts those."""

    account: str
    parent: str
    currency: str
    credit_limit: Decimal
    receivables: Decimal
    shipped_unbilled: Decimal
    deposits: Decimal
    overdue_1_30: Decimal
    overdue_31_60: Decimal
    overdue_61_plus: Decimal
    hold: bool


def read_account(item: ItemReader) -> AccountRecord:
    """The record of one item; problems are noted on the reader. Receivables may be negative (credit notes), and overdue
    amounts are parts of them."""
    account = item.code("account")
    parent = item.code("parent", required=False)
    if parent and parent == account:
        item.note("parent", parent, "is the account itself", "Leave it out for an account without a parent.")
        parent = ""
    return AccountRecord(
        account=account,
        parent=parent,
        currency=item.currency("currency"),
        credit_limit=item.number("credit_limit"),
        receivables=item.number("receivables", default=ZERO, minimum=None),
        shipped_unbilled=item.number("shipped_unbilled", default=ZERO),
        deposits=item.number("deposits", default=ZERO),
        overdue_1_30=item.number("overdue_1_30", default=ZERO),
        overdue_31_60=item.number("overdue_31_60", default=ZERO),
        overdue_61_plus=item.number("overdue_61_plus", default=ZERO),
        hold=item.flag("hold"),
    )
