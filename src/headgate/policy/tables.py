"""Tables of the policy floor: versions with their life, and the decisions they made."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSON, JSONB, TIMESTAMP, UUID, ExcludeConstraint

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)
# GiST compares no uuid without an extension, but it compares addresses: the MD5 of tenant and policy, written as an
# IPv6 address, stands for the two of them.
_WHOSE = "regexp_replace(md5(tenant_id::text || policy), '(....)(?=.)', '\\1:', 'g')::inet"

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
    # Everybody who wrote at this draft: none of them may approve it.
    sa.Column("editors", ARRAY(sa.Text), nullable=False, server_default="{}"),
    # The version whose text this one was made from.
    sa.Column("based_on", sa.Integer),
    sa.Column("submitted_at", _TS),
    # An end that somebody set, apart from the one that a successor's start gives.
    sa.Column("retire_at", _TS),
    # Applied before it was reviewed: by whom, why, until when somebody else must have looked, and who did.
    sa.Column("emergency_by", sa.Text),
    sa.Column("emergency_reason", sa.Text),
    sa.Column("review_due", _TS),
    sa.Column("reviewed_by", sa.Text),
    sa.Column("reviewed_at", _TS),
    sa.Column("alarmed_at", _TS),
    # Copied from a tenant above: from whom, which version there, and the digest of the text as it was offered.
    sa.Column("origin_tenant", UUID(as_uuid=True)),
    sa.Column("origin_slug", sa.Text),
    sa.Column("origin_name", sa.Text),
    sa.Column("origin_version", sa.Integer),
    sa.Column("origin_digest", BYTEA),
    sa.CheckConstraint("status in ('draft', 'in_review', 'approved', 'active', 'retired')", name="status"),
    sa.CheckConstraint("approver is null or approver <> author", name="second_person"),
    sa.CheckConstraint("approver is null or approver <> all (editors)", name="no_editor"),
    sa.CheckConstraint(
        "valid_from is null or approver is not null or emergency_by is not null", name="approved_or_emergency"
    ),
    # Two versions of a policy never decide at the same instant. Looked at after each statement, so that one statement
    # may end a version where another starts.
    ExcludeConstraint(
        (sa.text(f"({_WHOSE}) inet_ops"), "="),
        (sa.text("tstzrange(valid_from, valid_until)"), "&&"),
        name="policy_versions_one_at_a_time",
        using="gist",
        where=sa.text("valid_from is not null"),
        deferrable=True,
        initially="IMMEDIATE",
    ),
    primary_key=("policy", "version"),
    app="crud",
)

# Every text a version ever had, so that a draft that is written over, or changed after it was sent back, is not lost.
policy_texts = tenant_table(
    "policy_texts",
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("saved_by", sa.Text, nullable=False),
    sa.Column("saved_at", _TS, nullable=False),
    primary_key=("policy", "version", "digest"),
    app="append",
)

# What a reviewer is shown beside a version, for example a backtest: bound to the digest of the text it is about.
policy_evidence = tenant_table(
    "policy_evidence",
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("evidence", UUID(as_uuid=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("content", JSONB, nullable=False),
    sa.Column("attached_by", sa.Text, nullable=False),
    sa.Column("attached_at", _TS, nullable=False),
    primary_key=("policy", "version", "evidence"),
    app="append",
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
