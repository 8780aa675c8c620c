"""deliveries to other systems.

Revision 0005, after 0004. Roles, grants, row-level security and scan functions are set
again after every migration (store/security.py), so they are not written here. To move rows of every tenant, use
`headgate.store.security.unforced`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("outbox_status_check"), "outbox")
    op.create_check_constraint(
        op.f("outbox_status_check"), "outbox", "status in ('pending', 'sent', 'dead', 'dismissed')"
    )
    op.create_table(
        "delivery_attempts",
        sa.Column(
            "tenant_id", sa.UUID(), server_default=sa.text("(current_setting('headgate.tenant'))::uuid"), nullable=False
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("command", sa.UUID(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("excerpt", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "outcome in ('delivered', 'retry', 'refused')", name=op.f("delivery_attempts_outcome_check")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("delivery_attempts_pkey")),
        info={"rls": "tenant", "app": "crud", "partner_column": None},
    )
    op.create_index("delivery_attempts_by_age", "delivery_attempts", ["tenant_id", "at"], unique=False)
    op.create_index("delivery_attempts_by_command", "delivery_attempts", ["tenant_id", "command", "id"], unique=False)
    op.create_index("delivery_attempts_by_target", "delivery_attempts", ["tenant_id", "target", "id"], unique=False)
    op.create_table(
        "target_states",
        sa.Column(
            "tenant_id", sa.UUID(), server_default=sa.text("(current_setting('headgate.tenant'))::uuid"), nullable=False
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("tokens_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("breaker", sa.Text(), server_default="closed", nullable=False),
        sa.Column("breaker_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("breaker_openings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("breaker_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("breaker_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("breaker_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("not_before", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_attempt_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_success_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("last_error_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("breaker in ('closed', 'open', 'half_open')", name=op.f("target_states_breaker_check")),
        sa.PrimaryKeyConstraint("tenant_id", "code", name=op.f("target_states_pkey")),
        info={"rls": "tenant", "app": "crud", "partner_column": None},
    )
    op.create_table(
        "targets",
        sa.Column(
            "tenant_id", sa.UUID(), server_default=sa.text("(current_setting('headgate.tenant'))::uuid"), nullable=False
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "config", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("types", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("secrets", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("authorization", sa.Text(), server_default="", nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=True),
        sa.Column("burst", sa.Integer(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("timeout_seconds", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.SmallInteger(), nullable=False),
        sa.Column("ordered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("status_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("status_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("purpose in ('commands', 'events')", name=op.f("targets_purpose_check")),
        sa.CheckConstraint("status in ('active', 'paused', 'disabled')", name=op.f("targets_status_check")),
        sa.PrimaryKeyConstraint("tenant_id", "code", name=op.f("targets_pkey")),
        info={"rls": "tenant", "app": "crud", "partner_column": None},
    )
    op.add_column("outbox", sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False))
    op.add_column("outbox", sa.Column("process", sa.Text(), server_default="", nullable=False))
    op.add_column("outbox", sa.Column("key", sa.Text(), server_default="", nullable=False))
    op.add_column("outbox", sa.Column("case_id", sa.UUID(), nullable=True))
    op.add_column("outbox", sa.Column("step", sa.Text(), server_default="", nullable=False))
    op.add_column("outbox", sa.Column("event_seq", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("trace", sa.Text(), server_default="", nullable=False))
    op.add_column("outbox", sa.Column("lease", sa.UUID(), nullable=True))
    op.add_column("outbox", sa.Column("lease_until", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("replays", sa.SmallInteger(), server_default="0", nullable=False))
    op.drop_index(op.f("outbox_due"), table_name="outbox", postgresql_where="(status = 'pending'::text)")
    op.create_index(
        "outbox_dead", "outbox", ["tenant_id", "id"], unique=False, postgresql_where=sa.text("status = 'dead'")
    )
    op.create_index(
        "outbox_due_by_target",
        "outbox",
        ["tenant_id", "target", "next_at", "position"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "outbox_in_order",
        "outbox",
        ["tenant_id", "target", "subject", "position"],
        unique=False,
        postgresql_where=sa.text("status in ('pending', 'dead')"),
    )
    op.create_index(
        "outbox_under_way",
        "outbox",
        ["tenant_id", "target", "lease_until"],
        unique=False,
        postgresql_where=sa.text("lease is not null"),
    )


def downgrade() -> None:
    op.execute("delete from outbox where status = 'dismissed'")
    op.drop_constraint(op.f("outbox_status_check"), "outbox")
    op.create_check_constraint(op.f("outbox_status_check"), "outbox", "status in ('pending', 'sent', 'dead')")
    op.drop_index("outbox_under_way", table_name="outbox", postgresql_where=sa.text("lease is not null"))
    op.drop_index("outbox_in_order", table_name="outbox", postgresql_where=sa.text("status in ('pending', 'dead')"))
    op.drop_index("outbox_due_by_target", table_name="outbox", postgresql_where=sa.text("status = 'pending'"))
    op.drop_index("outbox_dead", table_name="outbox", postgresql_where=sa.text("status = 'dead'"))
    op.create_index(
        op.f("outbox_due"),
        "outbox",
        ["tenant_id", "next_at", "id"],
        unique=False,
        postgresql_where="(status = 'pending'::text)",
    )
    op.drop_column("outbox", "replays")
    op.drop_column("outbox", "lease_until")
    op.drop_column("outbox", "lease")
    op.drop_column("outbox", "trace")
    op.drop_column("outbox", "event_seq")
    op.drop_column("outbox", "step")
    op.drop_column("outbox", "case_id")
    op.drop_column("outbox", "key")
    op.drop_column("outbox", "process")
    op.drop_column("outbox", "position")
    op.drop_table("targets")
    op.drop_table("target_states")
    op.drop_index("delivery_attempts_by_target", table_name="delivery_attempts")
    op.drop_index("delivery_attempts_by_command", table_name="delivery_attempts")
    op.drop_index("delivery_attempts_by_age", table_name="delivery_attempts")
    op.drop_table("delivery_attempts")
