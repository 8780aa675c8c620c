"""Connections and what goes over them."""

from __future__ import annotations

from dataclasses import replace

from headgate.console.views.common import Option, Tab
from headgate.console.views.connections import (
    AttemptRow,
    ConnectionRow,
    ConnectionsView,
    DeliveriesView,
    DeliveryRow,
    DeliveryView,
    Unrouted,
)
from tests.unit.ui.samples.base import ago, uid

_ERP = ConnectionRow(
    code="erp",
    name="ERP of the head office",
    url="https://erp.nordwind.example/hooks",
    kind="webhook",
    state="open",
    why="answered 503: maintenance",
    until=ago(minutes=-4),
    waiting=1284,
    oldest=ago(hours=3),
    dead=7,
    dead_href="/connections/messages?target=erp",
    last_success=ago(hours=3),
    last_error="answered 503: maintenance",
    last_error_at=ago(minutes=2),
)
_SHOP = ConnectionRow(
    code="shop",
    name="Web shop",
    url="https://shop.nordwind.example/hooks",
    kind="webhook",
    state="closed",
    why="",
    until=None,
    waiting=0,
    oldest=None,
    dead=0,
    dead_href="/connections/messages?target=subscription%3Ashop",
    last_success=ago(minutes=1),
    last_error="",
    last_error_at=None,
    gets="case.moved, order.*",
)
CONNECTIONS = ConnectionsView(
    targets=(_ERP, replace(_ERP, code="wms", name="Warehouse", state="half_open", until=None, dead=0, waiting=3)),
    subscriptions=(
        _SHOP,
        replace(_SHOP, code="bi", name="Reports", state="disabled", why="it answered 410 Gone", last_success=None),
    ),
    unrouted=(Unrouted("crm", 12, ago(days=2)),),
    waiting=1299,
    oldest=ago(days=2),
    dead=7,
    troubled=2,
)
NO_CONNECTIONS = ConnectionsView((), (), (), 0, None, 0, 0)

DEAD = DeliveriesView(
    tabs=(
        Tab("Dead letter", "/connections/messages", 7, current=True),
        Tab("On its way", "/connections/messages?status=pending"),
        Tab("Arrived", "/connections/messages?status=sent"),
        Tab("Given up", "/connections/messages?status=dismissed"),
    ),
    status="dead",
    targets=(Option("erp", "ERP of the head office (erp)", 7), Option("subscription:shop", "Web shop (shop)", 0)),
    target="erp",
    type="",
    items=(
        DeliveryRow(
            uid("d1"),
            "order.release",
            "Release the order",
            "Nordlicht <GmbH> (P-0001)",
            "WEB1-10023",
            "ERP (erp)",
            "dead",
            1,
            ago(hours=2),
            "answered 422: unknown customer",
        ),
        DeliveryRow(
            uid("d2"),
            "stock.count",
            "stock.count",
            "",
            "<b>WEB1-10024</b>",
            "erp",
            "dead",
            12,
            ago(hours=5),
            "no answer in time",
        ),
    ),
    matching=7,
    can_act=True,
    more="/connections/messages?after=x",
)
DEAD_REFUSED = replace(DEAD, error="Write why; it goes into the audit trail.", reason=" ")
ARRIVED = replace(DEAD, status="sent", can_act=False, more="", items=(replace(DEAD.items[0], status="sent"),))
NO_DEAD = replace(DEAD, items=(), matching=0, more="", target="")

DELIVERY = DeliveryView(
    id=uid("d1"),
    type="order.release",
    title="Release the order",
    partner="Nordlicht <GmbH> (P-0001)",
    subject="WEB1-10023",
    target="erp",
    status="dead",
    attempts=12,
    replays=1,
    created_at=ago(hours=2),
    next_at=ago(hours=1),
    sent_at=None,
    last_error="answered 422: unknown customer <script>",
    idempotency_key="order:WEB1-10023:88:order_released",
    payload='{\n  "order": "WEB1-10023"\n}',
    tries=(
        AttemptRow(ago(hours=1), 12, "refused", "422", "unknown customer <script>", "213 ms"),
        AttemptRow(ago(hours=2), 11, "retry", "none", "no answer in time", "10,004 ms"),
    ),
    case_href="/cases/1",
    can_act=True,
)
DELIVERY_REFUSED = replace(DELIVERY, error="Write why; it goes into the audit trail.")
DELIVERY_WAITING = replace(
    DELIVERY, status="pending", tries=(), payload="", last_error="", next_at=ago(minutes=-3), replays=0, case_href=""
)
