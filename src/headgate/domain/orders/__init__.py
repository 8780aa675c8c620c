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

__all__ = [
    "Order",
    "OrderLine",
    "OrderNote",
    "PriceExceptionRequest",
    "ReturnRecord",
    "ShipTo",
    "Shipment",
    "Shipped",
    "line_content_key",
    "order_content",
    "order_digest",
]
