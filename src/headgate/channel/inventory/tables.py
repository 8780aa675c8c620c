"""The tables of stock and reservations."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Numeric, Text

from headgate.store import tenant_table


def _quantity(name: str) -> Column[object]:
    return Column(name, Numeric, nullable=False, server_default="0")


stock = tenant_table(
    "stock",
    Column("product", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("region", Text, nullable=False, server_default=""),
    _quantity("on_hand"),
    _quantity("safety_stock"),
    _quantity("inbound"),
    # Headgate's own running sum of held reservations; snapshots never touch it.
    _quantity("reserved"),
    Column("threshold", Numeric),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("reserved >= 0", name="reserved"),
    primary_key=("product", "warehouse"),
)

reservations = tenant_table(
    "reservations",
    Column("order_no", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("warehouse", Text, nullable=False),
    Column("product", Text, nullable=False),
    # What is still held while the status is held, or was when it was released; what was shipped is counted beside it.
    _quantity("quantity"),
    _quantity("shipped"),
    Column("status", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("status in ('held', 'shipped', 'released')", name="status"),
    CheckConstraint("quantity >= 0 and shipped >= 0", name="quantity"),
    primary_key=("order_no", "line", "warehouse"),
)
_held = reservations.c.status == "held"
Index(None, reservations.c.tenant_id, reservations.c.expires_at, postgresql_where=_held)
Index(None, reservations.c.tenant_id, reservations.c.product, reservations.c.warehouse, postgresql_where=_held)
