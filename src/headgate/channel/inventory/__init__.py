"""Stock per warehouse and the ledger of what orders have reserved of it.

Whoever allocates loads with `lock=True`: of two orders for the last unit the second waits and sees it taken.
"""

from headgate.channel.inventory.core.holds import Hold, ShippedLine
from headgate.channel.inventory.repo import ReservationView, StockView
from headgate.channel.inventory.service import (
    ask_stock,
    expire_reservations,
    expired_orders,
    list_reservations,
    list_stock,
    load_holds,
    load_stock,
    project,
    release,
    reserve,
    ship,
    threshold_events,
    validate,
)

__all__ = [
    "Hold",
    "ReservationView",
    "ShippedLine",
    "StockView",
    "ask_stock",
    "expire_reservations",
    "expired_orders",
    "list_reservations",
    "list_stock",
    "load_holds",
    "load_stock",
    "project",
    "release",
    "reserve",
    "ship",
    "threshold_events",
    "validate",
]
