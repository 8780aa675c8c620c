"""A stock level as recorded, and how one item of `stock.recorded` is read."""

from __future__ import annotations

from decimal import Decimal

from headgate.channel.masters.core.reading import ItemReader
from headgate.domain.stock import StockLevel

ZERO = Decimal(0)


def read_stock(item: ItemReader) -> StockLevel:
    """The level of one item, with nothing reserved: Headgate counts that itself. Problems are noted on the reader."""
    return StockLevel(
        product=item.code("product"),
        warehouse=item.code("warehouse"),
        region=item.code("region", required=False),
        on_hand=item.number("on_hand"),
        safety_stock=item.number("safety_stock", default=ZERO),
        inbound=item.number("inbound", default=ZERO),
        threshold=item.maybe_number("threshold"),
    )
