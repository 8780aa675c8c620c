"""Periodic work on orders: holds whose time is over give their stock back, and their orders are looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from headgate.channel import inventory
from headgate.channel.inventory import Hold
from headgate.channel.orders import repo
from headgate.kernel.canonical import instant_text
from headgate.kernel.context import Context
from headgate.ledger import NewEvent


def expire_reservations(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
    """Give back what orders held too long; answers with a request to check each of them again, and with the thresholds
    that this crossed.

    An order that is being worked on right now is left for the next time: its lock comes before those of stock, here as
    in a batch of events, and what it holds may be about to change.
    """
    free = repo.lock_free(conn, inventory.expired_orders(conn, ctx.now))
    gone, crossed = inventory.expire_reservations(conn, ctx.now, orders=free, limit=1_000_000) if free else ([], [])
    by_order: dict[str, list[Hold]] = {}
    for hold in gone:
        by_order.setdefault(hold.order, []).append(hold)
    rechecks = [_recheck(ctx, order, holds) for order, holds in by_order.items()]
    return [*rechecks, *inventory.threshold_events(crossed, ctx.now, f"expiry:{instant_text(ctx.now)}")]


def _recheck(ctx: Context, order: str, holds: Sequence[Hold]) -> NewEvent:
    until = max(hold.expires_at for hold in holds if hold.expires_at is not None)
    lines = ", ".join(dict.fromkeys(hold.line for hold in holds[:20]))
    return NewEvent(
        source="headgate",
        event_id=f"reservation-{order}-{instant_text(until)}",
        type="order.recheck_requested",
        subject=order,
        key=f"order:{order}",
        time=ctx.now,
        data={"order": order, "reason": f"the reservation of line {lines} ended at {instant_text(until)}"},
        actor="system",
    )


JOBS = {"reservations.expire": expire_reservations}
