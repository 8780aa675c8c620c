"""The tables of agreements and their terms."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from headgate.store import tenant_table


def _ts(name: str, *, null: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=null)


def _text(name: str) -> Column[object]:
    return Column(name, Text, nullable=False, server_default="")


agreements = tenant_table(
    "agreements",
    Column("agreement", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("partner", Text),
    Column("currency", Text, nullable=False),
    # As authored; `active_from` is what activation made of the start.
    _ts("valid_from", null=False),
    _ts("valid_until"),
    _ts("active_from"),
    # From when on the platform held the agreement to be true, and when its end was recorded. `retired_from` is the
    # instant that end takes effect; what was known before `retired_at` does not change by it.
    _ts("recorded_at"),
    _ts("retired_at"),
    _ts("retired_from"),
    Column("author", Text, nullable=False),
    _text("submitted_by"),
    _text("approver"),
    _text("source"),
    _text("note"),
    Column("digest", LargeBinary, nullable=False),
    Column("terms", Integer, nullable=False),
    _ts("created_at", null=False),
    _ts("updated_at", null=False),
    UniqueConstraint("tenant_id", "code", "revision"),
    CheckConstraint(
        "status in ('draft', 'in_review', 'approved', 'active', 'retired', 'withdrawn')",
        name="status",
    ),
    CheckConstraint(
        "status not in ('active', 'retired') or (recorded_at is not null and active_from is not null)", name="recorded"
    ),
    primary_key=("agreement",),
    partner_column="partner",
)
Index(None, agreements.c.tenant_id, agreements.c.status, agreements.c.code)

# An empty scope means any.
agreement_terms = tenant_table(
    "agreement_terms",
    Column("agreement", Uuid, nullable=False),
    Column("term", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("value", Numeric, nullable=False),
    _text("currency"),
    _text("partner"),
    _text("partner_group"),
    _text("region"),
    _text("channel"),
    _text("product"),
    _text("family"),
    Column("tier_mode", Text, nullable=False),
    Column("tiers", JSONB),
    Column("min_quantity", Numeric, nullable=False, server_default="0"),
    _ts("valid_from", null=False),
    _ts("valid_until"),
    Column("max_quantity", Numeric),
    # The sum of `agreement_uses`, kept here so that one row can be locked and compared.
    Column("used_quantity", Numeric, nullable=False, server_default="0"),
    # A meter or a price exception: changes with orders, so no process remembers it (see prices).
    Column("volatile", Boolean, nullable=False, server_default="false"),
    _text("description"),
    Column("evidence", JSONB),
    CheckConstraint("method in ('list', 'net', 'discount', 'cost_plus')", name="method"),
    CheckConstraint("used_quantity >= 0 and (max_quantity is null or used_quantity <= max_quantity)", name="meter"),
    primary_key=("agreement", "term"),
    partner_column="partner",
)
Index(None, agreement_terms.c.tenant_id, agreement_terms.c.product, agreement_terms.c.partner)
Index(
    "agreement_terms_volatile_idx",
    agreement_terms.c.tenant_id,
    # Not the product too: the planner would look up every pair of a batch's partners and products.
    agreement_terms.c.partner,
    postgresql_where=agreement_terms.c.volatile,
)

# What was taken from (or given back to) meters and when, so that a past moment can be priced again.
agreement_uses = tenant_table(
    "agreement_uses",
    Column("agreement", Uuid, nullable=False),
    Column("term", Integer, nullable=False),
    _ts("at", null=False),
    Column("use", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("quantity", Numeric, nullable=False),
    primary_key=("agreement", "term", "at", "use"),
    app="append",
)
