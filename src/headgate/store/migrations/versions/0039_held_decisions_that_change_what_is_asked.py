"""held decisions that change what is asked.

Revision 0039, after 0038. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("held_decision_items", sa.Column("edit", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("held_decision_items", "edit")
