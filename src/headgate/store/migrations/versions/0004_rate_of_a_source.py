"""rate of a source.

Revision 0004, after 0003. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("rate", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("sources", "rate")
