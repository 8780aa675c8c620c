"""SQL of credit accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection

from headgate.channel.credit.core.record import AccountRecord
from headgate.channel.credit.core.utilisation import utilisation_pct
from headgate.domain.credit import CreditAccount, exposure
from headgate.store import Later

# Whole trees of the accounts named, so that parents can be checked and roots found.
TREES = """
select account, coalesce(parent, '') from credit_accounts
where root in (select root from credit_accounts where account = any(%s))
"""

RECORDED = """
select account, recorded_at, case when open_orders <> 0 then currency else '' end
from credit_accounts where account = any(%s)
"""

UPSERT = """
insert into credit_accounts (
    account, parent, root, currency, credit_limit, receivables, shipped_unbilled, deposits, overdue_1_30,
    overdue_31_60, overdue_61_plus, hold, recorded_at
)
select account, nullif(parent, ''), root, currency, credit_limit, receivables, shipped_unbilled, deposits, overdue_1_30,
    overdue_31_60, overdue_61_plus, hold, recorded_at
from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::numeric[], %s::bool[], %s::timestamptz[]
) as r(
    account, parent, root, currency, credit_limit, receivables, shipped_unbilled, deposits, overdue_1_30,
    overdue_31_60, overdue_61_plus, hold, recorded_at
)
order by account
on conflict (tenant_id, account) do update set
    parent = excluded.parent, root = excluded.root, currency = excluded.currency,
    credit_limit = excluded.credit_limit, receivables = excluded.receivables,
    shipped_unbilled = excluded.shipped_unbilled, deposits = excluded.deposits, overdue_1_30 = excluded.overdue_1_30,
    overdue_31_60 = excluded.overdue_31_60, overdue_61_plus = excluded.overdue_61_plus, hold = excluded.hold,
    version = credit_accounts.version + 1, recorded_at = excluded.recorded_at
"""

# Accounts below a moved one get its new root.
MOVE = """
update credit_accounts c set root = r.root, version = c.version + 1
from unnest(%s::text[], %s::text[]) as r(account, root)
where c.account = r.account and c.root <> r.root
"""

# The roots stand for their whole trees; the accounts themselves are locked too, so that none moves to another tree
# meanwhile. Sorted, so that two transactions never wait for each other in a circle.
LOCK = """
select account, root from credit_accounts
where account = any(%(accounts)s) or account in (select root from credit_accounts where account = any(%(accounts)s))
order by account for no key update
"""

_FIELDS = """c.account, c.currency, c.credit_limit, c.parent, c.receivables, c.shipped_unbilled, c.open_orders,
    c.deposits, c.overdue_1_30, c.overdue_31_60, c.overdue_61_plus, c.hold, c.version"""

# In the order of the fields of CreditAccount.
LOAD = f"""
select {_FIELDS} from credit_accounts c
where c.root in (select root from credit_accounts where account = any(%s))
order by c.account
"""

APPLY = """
with delta as (
    select account, open_orders, shipped_unbilled
    from unnest(%s::text[], %s::numeric[], %s::numeric[]) as d(account, open_orders, shipped_unbilled)
), held as (
    select c.account from credit_accounts c join delta using (account) order by c.account for no key update of c
)
update credit_accounts c
set open_orders = c.open_orders + d.open_orders, shipped_unbilled = c.shipped_unbilled + d.shipped_unbilled,
    version = c.version + 1
from delta d join held using (account)
where c.account = d.account
returning c.account
"""

_VIEW = f"""
select {_FIELDS}, c.root, c.recorded_at,
    (select count(*) from partners p where p.account = c.account)
from credit_accounts c
"""

LIST = f"""
{_VIEW}
where c.account > %(after)s
    and (%(root)s::text = '' or c.root = %(root)s)
    and (not %(on_hold)s or c.hold)
    and (not %(over_limit)s or c.receivables + c.shipped_unbilled + c.open_orders - c.deposits > c.credit_limit)
    and (%(text)s::text = '' or strpos(lower(c.account), lower(%(text)s)) > 0)
order by c.account limit %(limit)s
"""

GET = f"{_VIEW} where c.account = %s"


@dataclass(frozen=True, slots=True)
class CreditDelta:
    """What to add to an account's sums, in its currency; negative to take out. A shipment moves an order's amount from
    `open_orders` to `shipped_unbilled`, until the ERP's next snapshot tells the truth about the latter."""

    open_orders: Decimal = Decimal(0)
    shipped_unbilled: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, the top of its tree, and how many partners buy on it."""

    account: CreditAccount
    root: str
    recorded_at: datetime
    partners: int

    @property
    def exposure(self) -> Decimal:
        """What the account alone owes in all, in its currency."""
        return exposure(self.account)

    @property
    def utilisation_pct(self) -> Decimal:
        """The account's own exposure in percent of its limit."""
        return utilisation_pct(exposure(self.account), self.account.credit_limit)


def trees(conn: Connection[Any], codes: Collection[str]) -> dict[str, str]:
    """Account to parent ('' for none) of all trees that hold any of the codes."""
    return dict(conn.execute(TREES, (list(codes),)).fetchall())


def recorded(conn: Connection[Any], codes: Collection[str]) -> dict[str, tuple[datetime, str]]:
    """When the stored snapshots of these accounts were taken, and the currency that open orders bind them to ('' where
    there are none)."""
    return {account: (at, bound) for account, at, bound in conn.execute(RECORDED, (list(codes),))}


def upsert(conn: Connection[Any], rows: Sequence[tuple[AccountRecord, str, datetime]]) -> None:
    """Write snapshots (record, root, time)."""
    values = [
        (
            r.account,
            r.parent,
            root,
            r.currency,
            r.credit_limit,
            r.receivables,
            r.shipped_unbilled,
            r.deposits,
            r.overdue_1_30,
            r.overdue_31_60,
            r.overdue_61_plus,
            r.hold,
            at,
        )
        for r, root, at in rows
    ]
    conn.execute(UPSERT, [list(column) for column in zip(*values, strict=True)])


def move(conn: Connection[Any], roots: Mapping[str, str]) -> None:
    """Give accounts another root, where it is another."""
    conn.execute(MOVE, (list(roots), list(roots.values())))


def lock(conn: Connection[Any], accounts: Collection[str]) -> dict[str, str]:
    """Lock the accounts and their roots until the end of the transaction; account to root of every locked row."""
    return dict(conn.execute(LOCK, {"accounts": list(accounts)}).fetchall())


def ask(conn: Connection[Any], accounts: Collection[str]) -> Later[dict[str, CreditAccount]]:
    """All accounts of the trees that hold any of these."""
    asked = conn.execute(LOAD, (list(accounts),))
    return lambda: {row[0]: CreditAccount(*row) for row in asked.fetchall()}


def apply(conn: Connection[Any], deltas: Mapping[str, CreditDelta]) -> Later[set[str]]:
    """Add the deltas; the answer says which of the accounts exist."""
    open_orders = [delta.open_orders for delta in deltas.values()]
    shipped = [delta.shipped_unbilled for delta in deltas.values()]
    asked = conn.execute(APPLY, (list(deltas), open_orders, shipped))
    return lambda: {row[0] for row in asked.fetchall()}


def list_views(conn: Connection[Any], params: dict[str, object]) -> list[AccountView]:
    """One page of accounts, and one more."""
    return [_view(row) for row in conn.execute(LIST, params)]


def get_view(conn: Connection[Any], account: str) -> AccountView | None:
    """One account."""
    row = conn.execute(GET, (account,)).fetchone()
    return None if row is None else _view(row)


def _view(row: tuple[Any, ...]) -> AccountView:
    return AccountView(CreditAccount(*row[:13]), *row[13:])
