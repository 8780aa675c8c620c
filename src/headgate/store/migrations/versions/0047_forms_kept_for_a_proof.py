"""forms kept for a proof.

Revision 0047, after 0046. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_forms",
        sa.Column(
            "tenant_id", sa.UUID(), server_default=sa.text("(current_setting('headgate.tenant'))::uuid"), nullable=False
        ),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("session", postgresql.BYTEA(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session"],
            ["sessions.tenant_id", "sessions.token_hash"],
            name=op.f("session_forms_tenant_id_session_fkey"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("session_forms_pkey")),
    )
    op.create_index("session_forms_by_session", "session_forms", ["tenant_id", "session"], unique=False)


def downgrade() -> None:
    op.drop_table("session_forms")
