"""Tables of backtests: the runs with their results, and the flips they found."""

from __future__ import annotations

from uuid import UUID as UUID_

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# `texts` are the candidates' texts, so that a run can be repeated after a draft has changed. A lease tells a run that
# goes on from one whose process died.
backtests = tenant_table(
    "backtests",
    sa.Column("run", UUID(as_uuid=True), nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("since", _TS, nullable=False),
    sa.Column("until", _TS, nullable=False),
    sa.Column("candidates", JSONB, nullable=False),
    sa.Column("texts", ARRAY(sa.Text), nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", _TS, nullable=False),
    sa.Column("started_at", _TS),
    sa.Column("finished_at", _TS),
    sa.Column("cancelled_by", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", _TS),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error", sa.Text),
    sa.Column("result", JSONB),
    sa.CheckConstraint("status in ('queued', 'running', 'done', 'cancelled', 'failed')", name="status"),
    sa.CheckConstraint("(status = 'done') = (result is not null)", name="whole"),
    sa.CheckConstraint("since < until", name="period"),
    sa.Index("backtests_by_policy", "tenant_id", "policy", "requested_at"),
    sa.Index(
        "backtests_due",
        "tenant_id",
        "requested_at",
        postgresql_where=sa.text("status in ('queued', 'running')"),
    ),
    primary_key=("run",),
    app="crud",
)

# `place` counts a candidate's flips from 1: changed outcomes first, the largest amount first.
backtest_flips = tenant_table(
    "backtest_flips",
    sa.Column("run", UUID(as_uuid=True), nullable=False),
    sa.Column("candidate", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("place", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("decision", UUID(as_uuid=True), nullable=False),
    sa.Column("at", _TS, nullable=False),
    sa.Column("subject_type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("amount", sa.Numeric),
    sa.Column("margin", sa.Numeric),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("rows", JSONB, nullable=False),
    sa.Column("products", ARRAY(sa.Text), nullable=False),
    sa.CheckConstraint("kind in ('outcome', 'approvals', 'inner')", name="kind"),
    sa.CheckConstraint("direction in ('stricter', 'looser', 'other')", name="direction"),
    primary_key=("run", "candidate", "place"),
    partner_column="partner",
    app="crud",
)

# What backtests read of the decisions of a version, as columns (`core/columns.py`): made by the first run over a
# stretch, used as long as there are as many decisions in it. A stretch goes from one decision to another, by instant
# and id, so that it may end within an instant; those of before ids were kept hold whole instants. The part '' is what
# all policies share, with ids and digests in `proof`; every other part is a policy's evaluations. Behind an @ stands
# the first decision's id: several stretches may begin at one instant, and the key of the release before knows no id.
backtest_columns = tenant_table(
    "backtest_columns",
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("first_at", _TS, nullable=False),
    sa.Column("first_id", UUID(as_uuid=True), nullable=False, server_default=str(UUID_(int=0))),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("last_at", _TS, nullable=False),
    sa.Column("last_id", UUID(as_uuid=True), nullable=False, server_default=str(UUID_(int=(1 << 128) - 1))),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("stood", BYTEA, nullable=False),
    sa.Column("decisions", sa.Integer, nullable=False),
    sa.Column("proof", BYTEA, nullable=False),
    sa.Column("packed", BYTEA, nullable=False),
    sa.Column("made_at", _TS, nullable=False),
    sa.CheckConstraint("first_at <= last_at and decisions > 0", name="span"),
    sa.Index("backtest_columns_made", "tenant_id", "made_at"),
    primary_key=("host", "version", "first_at", "part"),
    app="crud",
)
