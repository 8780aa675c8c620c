"""Use cases of credit accounts: take snapshots in, lock and load whole trees, add what orders take."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from psycopg import Connection

from headgate.channel.credit import repo
from headgate.channel.credit.core.record import AccountRecord, read_account
from headgate.channel.credit.core.tree import roots, tree_problems
from headgate.channel.credit.repo import AccountView, CreditDelta
from headgate.channel.masters import (
    Item,
    Page,
    bump,
    decode_cursor,
    page_of,
    page_size,
    read_events,
    read_items,
    refusals,
)
from headgate.domain.credit import CreditAccount
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, Problem
from headgate.kernel.phrases import phrase
from headgate.ledger import Refusal, StoredEvent
from headgate.store import Later

NOUN = "credit_accounts"


def validate(data: dict[str, Any]) -> list[Problem]:
    """Every problem of the data of a `credit_account.recorded` event that shows without knowing the other accounts."""
    return read_items(data, read_account)[1]


def project(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> list[Refusal]:
    """Write the accounts of `credit_account.recorded` events, never their open orders.

    An event is refused as a whole for any problem, also for a parent that is not known by then or closes a circle.
    """
    items, bad = read_events(events, read_account)
    if items:
        # The bump locks the noun's revision, so that two transactions do not shape the same trees at once.
        bump(conn, NOUN)
        codes = {code for item in items for code in (item.record.account, item.record.parent) if code}
        parents, stored = repo.trees(conn, codes), repo.recorded(conn, codes)
        accepted, problems = _admit(items, parents, stored)
        bad |= problems
        if accepted:
            parents |= {account: item.record.parent for account, item in accepted.items()}
            tops = roots(parents)
            repo.upsert(conn, [(item.record, tops[account], item.time) for account, item in accepted.items()])
            repo.move(conn, tops)
    return refusals(bad)


def _admit(
    items: Sequence[Item[AccountRecord]], parents: Mapping[str, str], stored: Mapping[str, tuple[datetime, str]]
) -> tuple[dict[str, Item[AccountRecord]], dict[int, list[Problem]]]:
    """Take the events one after the other; what a refused one would have recorded is not there for the next."""
    accepted: dict[str, Item[AccountRecord]] = {}
    bad: dict[int, list[Problem]] = {}
    shape = dict(parents)
    newest = {account: at for account, (at, _) in stored.items()}
    for seq, group in groupby(items, key=lambda item: item.seq):
        fresh: dict[str, Item[AccountRecord]] = {}
        for item in group:
            account = item.record.account
            if account not in newest or newest[account] <= item.time:
                fresh[account] = item
        wanted = [(f"items[{item.index}]", account, item.record.parent) for account, item in fresh.items()]
        problems = tree_problems(wanted, shape)
        for account, item in fresh.items():
            bound = stored[account][1] if account in stored else ""
            if bound and bound != item.record.currency:
                path, currency = f"items[{item.index}].currency", item.record.currency
                fix = phrase("Close its open orders first, or open another account.")
                problems.append(
                    Problem(
                        path,
                        currency,
                        phrase("differs from %(bound)s, in which the account has open orders", bound=bound),
                        fix,
                    )
                )
        if problems:
            bad[seq] = problems
        else:
            accepted |= fresh
            shape |= {account: item.record.parent for account, item in fresh.items()}
            newest |= {account: item.time for account, item in fresh.items()}
    return accepted, bad


def load_credit_accounts(
    conn: Connection[Any], accounts: Collection[str], *, lock: bool = False
) -> dict[str, CreditAccount]:
    """The accounts that exist, with all accounts of their trees (parents, siblings, children), by code.

    With `lock`, the accounts and the roots of their trees are locked until the end of the transaction, in sorted order,
    before anything is read: no other locked load of the same tree goes on until then. Never cached.
    """
    return ask_credit_accounts(conn, accounts, lock=lock)()


def ask_credit_accounts(
    conn: Connection[Any], accounts: Collection[str], *, lock: bool = False
) -> Later[dict[str, CreditAccount]]:
    """`load_credit_accounts`, with the locks waited for and the rest not yet."""
    if not accounts:
        return dict
    if lock:
        locked = repo.lock(conn, accounts)
        while not locked.keys() >= set(locked.values()):
            # A tree was changed while we waited: lock the new root too.
            locked |= repo.lock(conn, {*accounts, *locked.values()})
    return repo.ask(conn, accounts)


def apply_credit_deltas(conn: Connection[Any], deltas: Mapping[str, CreditDelta]) -> None:
    """Add to the sums of accounts that were loaded with a lock in this transaction. Raises `NotFound` naming an account
    that does not exist, for an amount that lands nowhere would be lost."""
    ask_credit_deltas(conn, deltas)()


def ask_credit_deltas(conn: Connection[Any], deltas: Mapping[str, CreditDelta]) -> Later[None]:
    """`apply_credit_deltas`, not waited for yet. Take the answer before the commit."""
    moved = {account: delta for account, delta in deltas.items() if delta.open_orders or delta.shipped_unbilled}
    found = repo.apply(conn, moved) if moved else set

    def answer() -> None:
        missing = sorted(moved.keys() - found())
        if missing:
            raise NotFound(phrase("credit account %(missing)s is not known", missing=missing[0]))

    return answer


def list_credit_accounts(
    conn: Connection[Any],
    *,
    root: str = "",
    text: str = "",
    on_hold: bool = False,
    over_limit: bool = False,
    cursor: str = "",
    limit: int = 50,
) -> Page[AccountView]:
    """Accounts by code. `root` keeps one tree, `over_limit` those whose own exposure is above their limit."""
    (after,) = decode_cursor(cursor, 1)
    params: dict[str, object] = {
        "after": after,
        "root": root,
        "text": text,
        "on_hold": on_hold,
        "over_limit": over_limit,
        "limit": page_size(limit) + 1,
    }
    return page_of(repo.list_views(conn, params), limit, lambda view: (view.account.account,))


def get_credit_account(conn: Connection[Any], account: str) -> AccountView:
    """One account. Raises `NotFound`."""
    view = repo.get_view(conn, account)
    if view is None:
        raise NotFound(phrase("credit account %(account)s is not known", account=account))
    return view
