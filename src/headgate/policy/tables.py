"""Tables of the policy floor: versions with their life, and the decisions they made."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSON, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

policy_versions = tenant_table(
    "policy_versions",
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("approver", sa.Text),
    sa.Column("valid_from", _TS),
    sa.Column("valid_until", _TS),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("pack", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("status in ('draft', 'in_review', 'approved', 'active', 'retired')", name="status"),
    sa.CheckConstraint("approver is null or approver <> author", name="second_person"),
    sa.CheckConstraint("valid_from is null or approver is not null", name="approved_first"),
    primary_key=("policy", "version"),
    app="crud",
)

# `evaluations` is json, not jsonb: the text is kept, for `digest` was taken over it.
decisions = tenant_table(
    "decisions",
    sa.Column("decision", UUID(as_uuid=True), nullable=False),
    sa.Column("at", _TS, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("subject_type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("case_id", UUID(as_uuid=True)),
    sa.Column("event_seq", sa.BigInteger),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("row_ids", ARRAY(sa.Text), nullable=False),
    sa.Column("inputs", JSONB, nullable=False),
    sa.Column("outputs", JSONB, nullable=False),
    sa.Column("evaluations", JSON, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Index("decisions_by_subject", "tenant_id", "subject_type", "subject", "at"),
    sa.Index("decisions_by_policy", "tenant_id", "policy", "version", "at"),
    primary_key=("decision",),
    app="append",
)
