"""How far a task was escalated.

Revision 0023, after 0022. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("tasks", "priority")
