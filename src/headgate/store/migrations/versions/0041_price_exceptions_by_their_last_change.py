"""price exceptions by their last change.

Revision 0041, after 0040. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


ONLINE = (
    (
        "create index concurrently if not exists price_exceptions_recent on price_exceptions"
        " (tenant_id, updated_at, request)"
    ),
)


def upgrade() -> None:
    """Nothing but the index, which is built while others write."""


def downgrade() -> None:
    op.drop_index("price_exceptions_recent", table_name="price_exceptions", if_exists=True)
