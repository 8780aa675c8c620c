"""Outside systems that get our people, who is linked to which account there, and what was done."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)
_TEXTS = sa.text("'{}'::text[]")
_OBJECT = sa.text("'{}'::jsonb")

# `scope` says who is provisioned, `groups` which roles become groups and under which names. `seen` is the fingerprint
# of what should be there as of the last run that went well: another one makes a run. `not_before` holds runs back after
# failures and where the system asked for a pause.
provisioning_targets = tenant_table(
    "provisioning_targets",
    sa.Column("target", UUID(as_uuid=True), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("scope", JSONB, nullable=False),
    sa.Column("groups", JSONB, nullable=False, server_default=_OBJECT),
    sa.Column("match_by", sa.Text, nullable=False),
    sa.Column("leavers", sa.Text, nullable=False),
    sa.Column("every_minutes", sa.Integer, nullable=False),
    sa.Column("most_leaving", sa.Integer, nullable=False),
    sa.Column("most_leaving_percent", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("abilities", JSONB),
    sa.Column("checked_at", _TS),
    sa.Column("check_error", JSONB, nullable=False, server_default=_OBJECT),
    sa.Column("seen", sa.Text, nullable=False, server_default=""),
    sa.Column("next_at", _TS),
    sa.Column("not_before", _TS),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.CheckConstraint("match_by in ('user_name', 'email')", name="match_by"),
    sa.CheckConstraint("leavers in ('deactivate', 'delete')", name="leavers"),
    sa.CheckConstraint("status in ('active', 'paused')", name="status"),
    sa.UniqueConstraint("tenant_id", "name", name="provisioning_targets_name"),
    primary_key=("target",),
    app="crud",
)

# `remote_id` is empty where nothing is there yet because it went wrong; `error` says how. `ignored` has fingerprints of
# values that the other side did not keep. `made` tells accounts that we made from those that were there.
provisioning_links = tenant_table(
    "provisioning_links",
    sa.Column("target", UUID(as_uuid=True), nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("local", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text),
    sa.Column("made", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
    sa.Column("ignored", JSONB, nullable=False, server_default=_OBJECT),
    sa.Column("synced_at", _TS),
    sa.Column("error", JSONB, nullable=False, server_default=_OBJECT),
    sa.Column("error_at", _TS),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.CheckConstraint("resource in ('user', 'group')", name="resource"),
    sa.ForeignKeyConstraint(["tenant_id", "target"], ["provisioning_targets.tenant_id", "provisioning_targets.target"]),
    sa.UniqueConstraint("tenant_id", "target", "resource", "remote_id", name="provisioning_links_remote"),
    primary_key=("target", "resource", "local"),
    app="crud",
)

# A preview plans and changes nothing. `chosen` are orphans that a person wants deactivated, `confirmed` people here
# whose accounts may end although there are many. A lease tells a run that goes on from one whose process died.
provisioning_runs = tenant_table(
    "provisioning_runs",
    sa.Column("run", UUID(as_uuid=True), nullable=False),
    sa.Column("target", UUID(as_uuid=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", _TS, nullable=False),
    sa.Column("started_at", _TS),
    sa.Column("finished_at", _TS),
    sa.Column("not_before", _TS),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", _TS),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("chosen", ARRAY(sa.Text), nullable=False, server_default=_TEXTS),
    sa.Column("confirmed", ARRAY(sa.Text), nullable=False, server_default=_TEXTS),
    sa.Column("steps", sa.Integer, nullable=False, server_default="0"),
    sa.Column("steps_done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("steps_failed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("people", sa.Integer, nullable=False, server_default="0"),
    sa.Column("leaving", sa.Integer, nullable=False, server_default="0"),
    sa.Column("orphans", sa.Integer, nullable=False, server_default="0"),
    sa.Column("complete", sa.Boolean, nullable=False, server_default=sa.text("true")),
    sa.Column("error", JSONB, nullable=False, server_default=_OBJECT),
    sa.CheckConstraint("kind in ('preview', 'run')", name="kind"),
    sa.CheckConstraint("cause in ('asked', 'schedule', 'change', 'confirmed', 'orphans')", name="cause"),
    sa.CheckConstraint(
        "status in ('queued', 'running', 'done', 'partly', 'held', 'failed', 'cancelled')", name="status"
    ),
    sa.ForeignKeyConstraint(["tenant_id", "target"], ["provisioning_targets.tenant_id", "provisioning_targets.target"]),
    # One at a time, whoever asks.
    sa.Index(
        "provisioning_runs_under_way",
        "tenant_id",
        "target",
        unique=True,
        postgresql_where=sa.text("status in ('queued', 'running')"),
    ),
    sa.Index("provisioning_runs_asked", "tenant_id", "target", "asked_at"),
    sa.Index("provisioning_runs_age", "tenant_id", "finished_at"),
    primary_key=("run",),
    app="crud",
)

# What a run does, one row a step, and the orphans it saw (`verb` orphan). `proof` is what was read back afterwards.
provisioning_steps = tenant_table(
    "provisioning_steps",
    sa.Column("run", UUID(as_uuid=True), nullable=False),
    sa.Column("place", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("local", sa.Text, nullable=False),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("detail", JSONB, nullable=False, server_default=_OBJECT),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("error", JSONB, nullable=False, server_default=_OBJECT),
    sa.Column("proof", JSONB, nullable=False, server_default=_OBJECT),
    sa.Column("at", _TS),
    sa.CheckConstraint("status in ('planned', 'done', 'failed')", name="status"),
    sa.ForeignKeyConstraint(["tenant_id", "run"], ["provisioning_runs.tenant_id", "provisioning_runs.run"]),
    primary_key=("run", "place"),
    app="crud",
)

__all__ = ["provisioning_links", "provisioning_runs", "provisioning_steps", "provisioning_targets"]
