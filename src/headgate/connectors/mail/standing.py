"""Whether what waits in a digest is still so, for the one who is to read it: what was done meanwhile, and what they may
not see any more, is not told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from psycopg import Connection

from headgate.access import Account
from headgate.access.mailing import kinds_of
from headgate.access.reviews import list_reviews
from headgate.connectors.mail.asking import deciders_now
from headgate.connectors.mail.core.digest import Kept
from headgate.kernel.context import Context
from headgate.process import Registry

Refs = Collection[str]
Mine = Mapping[str, Account]
# Of the things that these refs name, those that stand, as (ref, principal).
Check = Callable[[Connection[Any], Context, Refs, Mine], set[tuple[str, str]]]
_TASKS: Final = """
select task::text, role, also_role, assignee from tasks
where task = any(%(ids)s::uuid[]) and status = 'open' and (snoozed_until is null or snoozed_until <= %(now)s)
"""
_MESSAGES: Final = """
select message::text, partner from case_messages
where message = any(%(ids)s::uuid[]) and from_staff and seen_at is null
"""
_RETURNS: Final = "select rma, status, partner from return_requests where rma = any(%(ids)s)"
_DEALS: Final = "select deal, status, partner from deals where deal = any(%(ids)s)"
_PRICES: Final = "select request, status, partner from price_exceptions where request = any(%(ids)s)"


def standing(
    conn: Connection[Any], ctx: Context, registry: Registry, kept: Mapping[str, Sequence[Kept]], accounts: Mine
) -> dict[str, list[Kept]]:
    """Of what is kept for people, what is still to be told: to who can be written to and may see it, and of what waits
    for somebody only what still does. A handful of queries, however much there is."""
    found = {who: _allowed(kept[who], accounts.get(who)) for who in kept}
    refs: dict[str, set[str]] = {}
    for each in (item for items in found.values() for item in items):
        refs.setdefault(_about(each), set()).add(each.line.entry.ref)
    checks: dict[str, Check] = {**_CHECKS, "approval": lambda c, x, r, a: deciders_now(c, x, registry)}
    stand = {about: checks[about](conn, ctx, sorted(mine), accounts) for about, mine in refs.items() if about in checks}
    return {
        who: [e for e in items if _about(e) not in stand or (e.line.entry.ref, who) in stand[_about(e)]]
        for who, items in found.items()
    }


def _allowed(items: Sequence[Kept], account: Account | None) -> list[Kept]:
    if account is None or account.status != "active" or not account.email:
        return []
    mine = {kind.code for kind in kinds_of(account.as_principal())}
    return [each for each in items if each.kind in mine]


def _about(each: Kept) -> str:
    return each.line.entry.ref.partition(":")[0]


def _ids(refs: Refs) -> list[str]:
    return [ref.split(":")[1] for ref in refs]


def _tasks(conn: Connection[Any], ctx: Context, refs: Refs, accounts: Mine) -> set[tuple[str, str]]:
    rows = conn.execute(_TASKS, {"ids": _ids(refs), "now": ctx.now})
    return {
        (f"task:{task}", who)
        for task, role, also, holder in rows
        for who, account in accounts.items()
        if (who == holder if holder else not {role, also}.isdisjoint(account.roles))
    }


def _reviews(conn: Connection[Any], ctx: Context, refs: Refs, accounts: Mine) -> set[tuple[str, str]]:
    return {
        (f"review:{each.id}", who)
        for each in list_reviews(conn, ctx)
        if each.status == "open" and each.progress.open > 0
        for who in each.reviewers
    }


def _messages(conn: Connection[Any], ctx: Context, refs: Refs, accounts: Mine) -> set[tuple[str, str]]:
    rows = conn.execute(_MESSAGES, {"ids": _ids(refs)}).fetchall()
    return {(f"message:{message}", who) for message, partner in rows for who in _of(partner, accounts)}


def _becoming(query: str, *, waits: Collection[str]) -> Check:
    """Of what has become of things of a partner: what waits for them while it is so, the rest in any case."""

    def check(conn: Connection[Any], ctx: Context, refs: Refs, accounts: Mine) -> set[tuple[str, str]]:
        ids = sorted({_split(ref)[0] for ref in refs})
        now = {row[0]: (row[1], row[2]) for row in conn.execute(query.encode(), {"ids": ids})}
        found = set()
        for ref in refs:
            number, what = _split(ref)
            status, partner = now.get(number, ("", None))
            if partner is not None and (what not in waits or status == what):
                found |= {(ref, who) for who in _of(partner, accounts)}
        return found

    return check


def _split(ref: str) -> tuple[str, str]:
    """Number and state: a number may hold colons."""
    number, _, what = ref.partition(":")[2].rpartition(":")
    return number, what


def _of(partner: str, accounts: Mine) -> list[str]:
    return [who for who, account in accounts.items() if account.partner == partner]


_CHECKS: Final[Mapping[str, Check]] = {
    "task": _tasks,
    "review": _reviews,
    "message": _messages,
    "return": _becoming(_RETURNS, waits=("authorised", "returned")),
    "deal": _becoming(_DEALS, waits=("returned",)),
    "price": _becoming(_PRICES, waits=("returned",)),
}
