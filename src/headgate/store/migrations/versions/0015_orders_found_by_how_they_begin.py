"""orders found by how they begin.

Revision 0015, after 0014. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ONLINE = (
    "create index concurrently if not exists orders_number_begins on orders (tenant_id, order_no text_pattern_ops)",
    (
        "create index concurrently if not exists orders_reference_begins on orders"
        " (tenant_id, customer_reference text_pattern_ops) where customer_reference <> ''"
    ),
)


def upgrade() -> None:
    """Nothing but the indexes, which are built while others write."""


def downgrade() -> None:
    for name in ("orders_reference_begins", "orders_number_begins"):
        op.drop_index(name, table_name="orders", if_exists=True)
