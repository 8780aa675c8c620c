"""Order events as values: parsing and checking of what storefronts send, and the content an approval binds."""

from headgate.domain.orders.model import (
    Order,
    OrderLine,
    OrderNote,
    PriceExceptionRequest,
    ReturnRecord,
    Shipment,
    Shipped,
    ShipTo,
    line_content_key,
    order_content,
    order_digest,
)
from headgate.domain.orders.parse import (
    MAX_EVIDENCE,
    clock_problems,
    parse_order,
    parse_order_note,
    parse_price_exception,
    parse_return,
    parse_shipment,
    validators,
)

__all__ = [
    "MAX_EVIDENCE",
    "Order",
    "OrderLine",
    "OrderNote",
    "PriceExceptionRequest",
    "ReturnRecord",
    "ShipTo",
    "Shipment",
    "Shipped",
    "clock_problems",
    "line_content_key",
    "order_content",
    "order_digest",
    "parse_order",
    "parse_order_note",
    "parse_price_exception",
    "parse_return",
    "parse_shipment",
    "validators",
]
