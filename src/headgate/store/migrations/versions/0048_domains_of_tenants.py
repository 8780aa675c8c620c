"""domains of tenants.

Revision 0048, after 0045. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from headgate.store.security import unforced

revision = "0048"
down_revision = "0045"
branch_labels = None
depends_on = None

# Hosts that are served today go on being served. Nobody has proved them: the first who does has them.
TAKE_OVER = """
insert into tenant_domains (tenant_id, domain, status, proof, token, reason, claimed_by, claimed_at, proven_at)
select tenant_id, portal_host, 'proven', 'migration',
    replace(gen_random_uuid()::text, '-', '') || left(replace(gen_random_uuid()::text, '-', ''), 8),
    'served here before proofs were asked for', 'system:migration', now(), now()
from tenants where portal_host is not null and right(portal_host, 10) <> '.localhost'
"""


def upgrade() -> None:
    op.create_table(
        "tenant_domains",
        sa.Column(
            "tenant_id",
            sa.UUID(),
            server_default=sa.text("(current_setting('headgate.tenant'))::uuid"),
            nullable=False,
        ),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), server_default="", nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("found", sa.Text(), server_default="", nullable=False),
        sa.Column("seen", sa.Text(), server_default="", nullable=False),
        sa.Column("spf", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("claimed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("proven_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("checked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("asked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("missing_since", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("next_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('claimed', 'proven', 'missing', 'lost')", name=op.f("tenant_domains_status_check")
        ),
        sa.CheckConstraint("proof in ('', 'dns', 'operator', 'migration')", name=op.f("tenant_domains_proof_check")),
        sa.PrimaryKeyConstraint("tenant_id", "domain", name=op.f("tenant_domains_pkey")),
    )
    op.create_index(
        "tenant_domains_due",
        "tenant_domains",
        ["tenant_id", "next_at"],
        unique=False,
        postgresql_where=sa.text("next_at is not null"),
    )
    with unforced(op.get_bind().connection.driver_connection, "tenants"):
        op.execute(TAKE_OVER)


def downgrade() -> None:
    op.drop_table("tenant_domains")
