"""Orders: search, and the whole explanation of one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from headgate.api.auth import OrdersRead
from headgate.api.explain import explain_order, order_line
from headgate.api.models.common import Money
from headgate.api.models.orders import OrderPage, OrderTotals, OrderView
from headgate.api.openapi import FIND, READ, problems
from headgate.api.parameters import CodePath, Cursor, Filter, Instant, Limit, Search
from headgate.api.strict import StrictRoute
from headgate.channel import orders
from headgate.kernel.errors import Forbidden

router = APIRouter(route_class=StrictRoute, tags=["orders"])


@router.get("/orders", responses=problems(*READ, 422))
def list_orders(
    caller: OrdersRead,
    status: Filter = "",
    partner: Filter = "",
    storefront: Filter = "",
    exception: Filter = "",
    since: Annotated[Instant | None, Query(description="Placed at or after.")] = None,
    until: Annotated[Instant | None, Query(description="Placed before.")] = None,
    q: Search = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> OrderPage:
    """Orders, newest first, with the sums of the whole selection."""
    if exception and not caller.is_staff:
        raise Forbidden("the filter exception is for the tenant's own people")
    with caller.reading() as conn:
        page, totals = orders.list_orders(
            conn,
            status=status,
            partner=partner,
            storefront=storefront,
            exception=exception,
            since=since,
            until=until,
            text=q,
            cursor=cursor,
            limit=limit,
        )
        currency = caller.currency(conn)
    return OrderPage(
        items=[order_line(row, currency, staff=caller.is_staff) for row in page.items],
        next_cursor=page.next_cursor,
        totals=OrderTotals(
            orders=totals["orders"],
            total=Money(amount=totals["total"], currency=currency),
            stake=Money(amount=totals["stake"], currency=currency) if caller.is_staff else None,
        ),
    )


@router.get("/orders/{order:path}", responses=problems(*FIND))
def get_order(caller: OrdersRead, order: CodePath) -> OrderView:
    """One order with everything that led to how it stands: prices, checks, policies, people, audit entries, proof."""
    with caller.reading() as conn:
        return explain_order(conn, caller, order)
