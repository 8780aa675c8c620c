"""The ledger's tables: event log, inbox, audit chain, quarantine, outbox, lanes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSON, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# The log itself. `data` is json, not jsonb: the text is the canonical JSON that `digest` was taken over.
events = tenant_table(
    "events",
    sa.Column("seq", sa.BigInteger, sa.Identity(), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("lane", sa.SmallInteger, nullable=False),
    sa.Column("time", _TS, nullable=False),
    sa.Column("received_at", _TS, nullable=False),
    sa.Column("data", JSON, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("trace", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("tenant_id", "source", "event_id"),
    sa.Index("events_by_key", "tenant_id", "key", "seq"),
    sa.Index("events_by_subject", "tenant_id", "subject", "seq"),
    primary_key=("seq",),
    app="append",
    actor_column="actor",
)

# One row per event still to be applied, written in the event's own transaction: a reader never skips an event whose
# transaction commits late, which a cursor over `seq` would.
inbox = tenant_table(
    "inbox",
    sa.Column("lane", sa.SmallInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("not_before", _TS),
    sa.Column("error", sa.Text),
    sa.Index("inbox_waiting", "tenant_id", "lane", "not_before", postgresql_where=sa.text("not_before is not null")),
    primary_key=("lane", "seq"),
    app="crud",
    portal="insert",
)

# How many events came in a day (UTC), in a row for each process that takes them in.
event_counts = tenant_table(
    "event_counts",
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("counter", sa.Text, nullable=False),
    sa.Column("events", sa.BigInteger, nullable=False),
    primary_key=("day", "counter"),
    app="crud",
)

event_conflicts = tenant_table(
    "event_conflicts",
    sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("first_digest", BYTEA, nullable=False),
    sa.Column("data", JSON, nullable=False),
    sa.Column("received_at", _TS, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    primary_key=("id",),
    app="append",
    actor_column="actor",
)

# `position` is the order in which things were put aside, for paging; `fingerprint` makes a repeated import add nothing.
quarantine = tenant_table(
    "quarantine",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("position", sa.BigInteger, sa.Identity(), nullable=False),
    sa.Column("fingerprint", BYTEA, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False, server_default=""),
    sa.Column("row_number", sa.BigInteger),
    sa.Column("event_seq", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("problems", JSONB, nullable=False),
    sa.Column("raw", sa.Text, nullable=False),
    sa.Column("amount", sa.Numeric),
    sa.Column("currency", sa.Text),
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("resolved_at", _TS),
    sa.Column("resolved_by", sa.Text),
    sa.CheckConstraint("kind in ('row', 'event')", name="kind"),
    sa.CheckConstraint("status in ('open', 'replayed', 'dismissed')", name="status"),
    sa.UniqueConstraint("tenant_id", "fingerprint"),
    sa.Index("quarantine_by_status", "tenant_id", "status", "position"),
    primary_key=("id",),
    app="crud",
)

# `body` is the canonical JSON of the whole entry, the other columns included; `hash` its SHA-256 (see core/chain.py).
# The columns beside it exist to be searched; verification checks that they say what `body` says.
audit_entries = tenant_table(
    "audit_entries",
    sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("at", _TS, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject_type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("case_id", UUID(as_uuid=True)),
    sa.Column("event_seq", sa.BigInteger),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev", BYTEA, nullable=False),
    sa.Column("hash", BYTEA, nullable=False),
    sa.Index("audit_entries_by_subject", "tenant_id", "subject_type", "subject", "seq"),
    sa.Index("audit_entries_by_actor", "tenant_id", "actor", "seq"),
    sa.Index("audit_entries_by_action", "tenant_id", "action", "seq"),
    sa.Index("audit_entries_by_case", "tenant_id", "case_id", "seq", postgresql_where=sa.text("case_id is not null")),
    primary_key=("seq",),
    app="append",
    actor_column="actor",
    steward=("insert",),
)

audit_heads = tenant_table(
    "audit_heads",
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", BYTEA, nullable=False),
    primary_key=(),
    app="crud",
    portal="open",
    steward=("select", "insert", "update"),
)

# Roots of complete subtrees of the Merkle tree over the entries' hashes (RFC 9162), 256 times larger at each step of 8
# levels: `level` 8 covers 256 entries, 16 covers 65,536. What lies between is computed again from at most 256 of them.
audit_nodes = tenant_table(
    "audit_nodes",
    sa.Column("level", sa.SmallInteger, nullable=False, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("hash", BYTEA, nullable=False),
    primary_key=("level", "position"),
    app="append",
)

# Public keys of checkpoints stay for ever; the sealed private key beside them goes when its successor comes.
audit_keys = tenant_table(
    "audit_keys",
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("public", BYTEA, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    primary_key=("key_id",),
    app="append",
)
audit_key_secrets = tenant_table(
    "audit_key_secrets",
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    primary_key=("key_id",),
    app="crud",
)

# `note` is the signed text that everyone is shown; the columns beside it exist to be searched and compared.
audit_checkpoints = tenant_table(
    "audit_checkpoints",
    sa.Column("size", sa.BigInteger, nullable=False, autoincrement=False),
    sa.Column("root", BYTEA, nullable=False),
    sa.Column("head", BYTEA, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("at", _TS, nullable=False),
    primary_key=("size", "key_id"),
    app="append",
)

# Personal values of one event or entry, which hold only `commitment`: SHA-256 of salt and values. Erasing a row erases
# the values everywhere, for nothing else holds them.
personal_values = tenant_table(
    "personal_values",
    sa.Column("commitment", BYTEA, nullable=False),
    sa.Column("subject_type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("partner", sa.Text, nullable=False, server_default=""),
    sa.Column("salt", BYTEA, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("recorded_at", _TS, nullable=False),
    sa.Index("personal_values_by_subject", "tenant_id", "subject_type", "subject"),
    sa.Index("personal_values_by_partner", "tenant_id", "partner"),
    sa.Index("personal_values_by_age", "tenant_id", "recorded_at"),
    primary_key=("commitment",),
    partner_column="partner",
    app="crud",
)

# A request to erase, decided by a second person. What it sought is blanked once it is done.
erasure_requests = tenant_table(
    "erasure_requests",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sought", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", _TS, nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", _TS),
    sa.Column("erased", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("kind in ('order', 'case', 'partner', 'person')", name="kind"),
    sa.CheckConstraint("status in ('open', 'done', 'refused')", name="status"),
    primary_key=("id",),
    app="crud",
)

legal_holds = tenant_table(
    "legal_holds",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("placed_by", sa.Text, nullable=False),
    sa.Column("placed_at", _TS, nullable=False),
    sa.Column("lifted_by", sa.Text),
    sa.Column("lifted_at", _TS),
    sa.CheckConstraint("kind in ('everything', 'order', 'case', 'partner')", name="kind"),
    sa.Index("legal_holds_standing", "tenant_id", "kind", "subject", postgresql_where=sa.text("lifted_at is null")),
    primary_key=("id",),
    app="crud",
)

# How long a class of data is kept where the tenant chose otherwise than the default; null is for ever.
retention_rules = tenant_table(
    "retention_rules",
    sa.Column("data_class", sa.Text, nullable=False),
    sa.Column("days", sa.Integer),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_at", _TS, nullable=False),
    primary_key=("data_class",),
    app="crud",
)

# Commands to outside systems and messages to subscribers. `position` is the order in which they were wanted.
outbox = tenant_table(
    "outbox",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("payload", JSONB, nullable=False),
    sa.Column("idempotency_key", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="pending"),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("next_at", _TS, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("sent_at", _TS),
    sa.Column("last_error", sa.Text),
    sa.Column("position", sa.BigInteger, sa.Identity(), nullable=False),
    # Which step of which case wanted it, so that its result finds the way back; empty for what belongs to no case.
    sa.Column("process", sa.Text, nullable=False, server_default=""),
    sa.Column("key", sa.Text, nullable=False, server_default=""),
    sa.Column("case_id", UUID(as_uuid=True)),
    sa.Column("step", sa.Text, nullable=False, server_default=""),
    # The event that caused it; for a subscriber's message, the event it tells of.
    sa.Column("event_seq", sa.BigInteger),
    sa.Column("trace", sa.Text, nullable=False, server_default=""),
    # Who is sending it at the moment, and until when nobody else may.
    sa.Column("lease", UUID(as_uuid=True)),
    sa.Column("lease_until", _TS),
    sa.Column("replays", sa.SmallInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("status in ('pending', 'sent', 'dead', 'dismissed')", name="status"),
    sa.UniqueConstraint("tenant_id", "target", "idempotency_key"),
    sa.Index(
        "outbox_due_by_target",
        "tenant_id",
        "target",
        "next_at",
        "position",
        postgresql_where=sa.text("status = 'pending'"),
    ),
    sa.Index(
        "outbox_in_order",
        "tenant_id",
        "target",
        "subject",
        "position",
        postgresql_where=sa.text("status in ('pending', 'dead')"),
    ),
    sa.Index("outbox_under_way", "tenant_id", "target", "lease_until", postgresql_where=sa.text("lease is not null")),
    sa.Index("outbox_dead", "tenant_id", "id", postgresql_where=sa.text("status = 'dead'")),
    primary_key=("id",),
    app="crud",
)

# Who works which lane until when. `epoch` grows with every change of owner, so that a worker that was thought dead is
# refused when it comes back.
lanes = tenant_table(
    "lanes",
    sa.Column("lane", sa.SmallInteger, nullable=False, autoincrement=False),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", _TS),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("served_at", _TS),
    # How often in a row the lane was taken over from a worker that never gave it back: it may have died of an event.
    sa.Column("lapses", sa.SmallInteger, nullable=False, server_default="0"),
    primary_key=("lane",),
    app="crud",
)

__all__ = [
    "audit_checkpoints",
    "audit_entries",
    "audit_heads",
    "audit_key_secrets",
    "audit_keys",
    "audit_nodes",
    "erasure_requests",
    "event_conflicts",
    "events",
    "inbox",
    "lanes",
    "legal_holds",
    "outbox",
    "personal_values",
    "quarantine",
    "retention_rules",
]
