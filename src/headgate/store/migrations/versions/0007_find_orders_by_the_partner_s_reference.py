"""find orders by the partner's reference.

Revision 0007, after 0006. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ONLINE = (
    (
        "create index concurrently if not exists orders_by_reference on orders (tenant_id, partner, customer_reference)"
        " where customer_reference <> ''"
    ),
)


def upgrade() -> None:
    """Nothing but the index, which is built while others write."""


def downgrade() -> None:
    op.drop_index("orders_by_reference", table_name="orders", if_exists=True)
