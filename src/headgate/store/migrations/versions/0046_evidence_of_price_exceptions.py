"""evidence of price exceptions.

Revision 0046, after 0048. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "price_exception_files",
        sa.Column(
            "tenant_id", sa.UUID(), server_default=sa.text("(current_setting('headgate.tenant'))::uuid"), nullable=False
        ),
        sa.Column("file", sa.UUID(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("uploaded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "file", name=op.f("price_exception_files_pkey")),
        info={
            "rls": "tenant",
            "app": "crud",
            "partner_column": "partner",
            "actor_column": None,
            "portal": "rows",
            "staff_columns": (),
            "steward": (),
        },
    )
    op.create_index(
        op.f("price_exception_files_tenant_id_request_idx"),
        "price_exception_files",
        ["tenant_id", "request"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("price_exception_files_tenant_id_request_idx"), table_name="price_exception_files")
    op.drop_table("price_exception_files")
