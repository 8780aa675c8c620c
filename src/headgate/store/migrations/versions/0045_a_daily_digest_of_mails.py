"""a daily digest of mails.

Revision 0045, after 0043. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "mail_choices",
        sa.Column("digest", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    )
    op.add_column("mail_choices", sa.Column("digest_hour", sa.SmallInteger(), server_default="8", nullable=False))
    op.add_column("mail_choices", sa.Column("digest_day", sa.Date(), nullable=True))
    op.create_table(
        "digest_items",
        sa.Column(
            "tenant_id",
            sa.UUID(),
            server_default=sa.text("(current_setting('headgate.tenant'))::uuid"),
            nullable=False,
        ),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("added_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("done_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "principal", "key", name=op.f("digest_items_pkey")),
    )
    op.create_index(
        "digest_items_waiting",
        "digest_items",
        ["tenant_id", "principal", "added_at"],
        unique=False,
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_index("digest_items_by_age", "digest_items", ["tenant_id", "done_at"], unique=False)


def downgrade() -> None:
    op.drop_table("digest_items")
    op.drop_column("mail_choices", "digest_day")
    op.drop_column("mail_choices", "digest_hour")
    op.drop_column("mail_choices", "digest")
