"""Mails to people of partners: what has become of their returns, deal registrations and of prices they asked for. A job
looks every minute.

Each change that a partner can see in the portal is a milestone, so a letter's key is the milestone's: it is posted once
to each person, whatever is killed when. A price exception is decided once, so its key is the request's and its status;
one that is sent back, and one that lapses soon then, counts how often it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.access import Account, get_tenant
from headgate.connectors.mail.core.addresses import portal_page
from headgate.connectors.mail.core.letters import Letter
from headgate.connectors.mail.core.news import DEALS, PRICES, RETURNS, deal_letter, price_letter, return_letter
from headgate.connectors.mail.post import Mailroom, Post
from headgate.connectors.mail.recipients import people_of
from headgate.kernel.context import Context
from headgate.kernel.money import Money
from headgate.ledger import NewEvent

# What is older was told when it was new, or comes from before there were such mails.
LATE: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)  # what is before the end of the last day is that day
_RETURNS: Final = """
select m.rma, m.place, m.partner, m.status, m.told, r.order_no, r.credit, r.currency, r.send_by
from return_requests r join return_milestones m on m.rma = r.rma
where r.updated_at > %(since)s and m.at > %(since)s and m.status = any(%(statuses)s) order by m.at, m.place
"""
_DEALS: Final = """
select m.deal, m.place, m.partner, case m.kind when 'extended' then 'extended' else m.status end, m.told, d.customer,
  m.protected_until
from deals d join deal_milestones m on m.deal = d.deal
where d.updated_at > %(since)s and m.at > %(since)s
  and (m.kind = 'extended' or (m.kind = 'status' and m.status = any(%(statuses)s))) order by m.at, m.place
"""
_PRICES: Final = """
select x.request, {what}, x.partner, coalesce(p.name, x.product), x.unit_price, x.currency, x.max_quantity,
  x.valid_until, x.order_no, x.content->'rounds'->-1->>'reason', k.fire_at
from price_exceptions x left join products p on p.product = x.product
left join timers k on k.case_id = x.case_id and k.name = 'return_kept' and x.status = 'returned'
"""
_ROUND: Final = "coalesce(json_array_length(x.content->'rounds'), 0)"
_NEW_PRICES: Final = (
    _PRICES.format(what=f"case x.status when 'returned' then 'returned ' || {_ROUND} else x.status end")
    + "where x.updated_at > %(since)s and x.status = any(%(statuses)s) order by x.updated_at, x.request"
)
# The process has reminded of the end: its one timer has gone off, and the one that ends it has not.
_LAPSING: Final = (
    _PRICES.format(what=f"'lapsing ' || {_ROUND}")
    + """where x.status = 'returned' and k.fire_at > %(now)s
  and not exists (select from timers s where s.case_id = x.case_id and s.name = 'return_ends_soon')
order by k.fire_at, x.request limit 2000"""
)
# The process has reminded of the end, or is about to.
_ENDING: Final = """
select deal, partner, customer, protected_until from deals
where status = 'approved' and protected_until > %(now)s
  and ((warn_at is null and updated_at > %(since)s) or (warn_at > %(since)s and warn_at <= %(now)s))
"""


def news_job(mailroom: Mailroom) -> Callable[[Connection[Any], Context], Sequence[NewEvent]]:
    """The job that writes them."""

    def job(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        write_news(conn, ctx, mailroom)
        return ()

    return job


def write_news(conn: Connection[Any], ctx: Context, mailroom: Mailroom) -> int:
    """Post what is new; how many letters. Without an address for links nothing is written."""
    tenant = get_tenant(conn)
    base = mailroom.address(tenant, partners=True)
    if not base or tenant.status != "active":
        return 0
    since: dict[str, object] = {"since": ctx.now - LATE, "now": ctx.now}
    returns = conn.execute(_RETURNS, since | {"statuses": list(RETURNS)}).fetchall()
    deals = conn.execute(_DEALS, since | {"statuses": list(DEALS)}).fetchall()
    prices = conn.execute(_NEW_PRICES.encode(), since | {"statuses": list(PRICES)}).fetchall()
    prices += conn.execute(_LAPSING.encode(), since).fetchall()
    ending = conn.execute(_ENDING, since).fetchall()
    partners = {row[2] for row in (*returns, *deals, *prices)} | {row[1] for row in ending}
    people = people_of(conn, partners, ctx.now)
    deals += [
        (deal, f"ends {until.timestamp():.0f}", whose, "ending", (), who, until) for deal, whose, who, until in ending
    ]
    zone = ZoneInfo(tenant.timezone)
    letters = [
        *_posts(returns, "return", "returns.request", people, lambda row, to: _return(row, to, base)),
        *_posts(deals, "deal", "deals.read", people, lambda row, to: _deal(row, to, base)),
        *_posts(prices, "price", "prices.request", people, lambda row, to: _price(row, to, base, zone)),
    ]
    return mailroom.send_new(conn, ctx, tenant, letters)


def _posts(
    rows: Sequence[tuple[Any, ...]],
    about: str,
    needs: str,
    people: dict[str, list[Account]],
    write: Callable[[tuple[Any, ...], Account], Letter],
) -> list[Post]:
    """A letter of each row to each person of its partner who may see it."""
    return [
        Post(write(row, account), account.principal, f"{about}:{row[0]}:{row[1]}:{account.principal}")
        for row in rows
        for account in people.get(row[2], ())
        if needs in account.as_principal().permissions
    ]


def _return(row: tuple[Any, ...], to: Account, base: str) -> Letter:
    number, _, _, status, told, order, credit, currency, send_by = row
    return return_letter(
        to.email or "",
        to.name,
        number=number,
        status=status,
        order=order,
        reasons=told,
        credit=Money(credit, currency) if status == "credited" else None,
        send_by=send_by if status == "authorised" else None,
        link=portal_page(base, "return", number),
    )


def _deal(row: tuple[Any, ...], to: Account, base: str) -> Letter:
    number, _, _, what, told, customer, until = row
    return deal_letter(
        to.email or "",
        to.name,
        number=number,
        what=what,
        customer=customer,
        until=until if what in ("approved", "extended", "ending") else None,
        reasons=told if what in ("returned", "rejected") else (),
        link=portal_page(base, "deal", number),
    )


def _price(row: tuple[Any, ...], to: Account, base: str, zone: ZoneInfo) -> Letter:
    number, place, _, product, price, currency, quantity, valid_until, order, reason, due_at = row
    status = place.partition(" ")[0]
    return price_letter(
        to.email or "",
        to.name,
        number=number,
        status=status,
        product=product,
        price=Money(price, currency),
        quantity=quantity,
        until=(valid_until - _INSTANT).astimezone(zone).date(),
        order=order,
        link=portal_page(base, "price_exception", number),
        reason=(reason or "") if status in ("returned", "lapsing") else "",
        due_at=due_at if status in ("returned", "lapsing") else None,
    )
