"""Tables of deals: what partners registered, what stands against it, and the companies others lay claim to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Identity, Index, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB, TIMESTAMP, UUID

from headgate.channel.evidence.keeping import files_table
from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

deals = tenant_table(
    "deals",
    Column("deal", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    Column("stake", Numeric, nullable=False),
    Column("close_on", Date, nullable=False),
    Column("registered_at", _TS, nullable=False),
    Column("protected_from", _TS),
    Column("protected_until", _TS),
    Column("warn_at", _TS),
    Column("granted_days", Integer, nullable=False),
    Column("longest_days", Integer, nullable=False),
    Column("last_activity_at", _TS),
    Column("requested_by", Text, nullable=False),
    Column("submitted_by", Text, nullable=False),
    Column("hands", ARRAY(Text), nullable=False),
    Column("told", ARRAY(Text), nullable=False),
    Column("won_amount", Numeric),
    Column("opportunity", Text, nullable=False),
    Column("case_id", UUID(as_uuid=True), nullable=False),
    Column("content", JSON, nullable=False),
    Column("updated_at", _TS, nullable=False),
    primary_key=("deal",),
    partner_column="partner",
)
Index(None, deals.c.tenant_id, deals.c.updated_at, deals.c.deal)
Index(None, deals.c.tenant_id, deals.c.partner, deals.c.updated_at)
Index(None, deals.c.tenant_id, deals.c.status, deals.c.updated_at)

# What stands against a deal names other partners, so it is for staff only: `reader` is never a partner's code.
deal_conflicts = tenant_table(
    "deal_conflicts",
    Column("deal", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("score", Numeric, nullable=False),
    Column("content", JSON, nullable=False),
    Column("recorded_at", _TS, nullable=False),
    Column("reader", Text),
    primary_key=("deal", "kind", "ref"),
    partner_column="reader",
)
Index(None, deal_conflicts.c.tenant_id, deal_conflicts.c.kind, deal_conflicts.c.ref)

# Customers of the tenant and opportunities of its own sales team: claims that are no deals.
deal_claims = tenant_table(
    "deal_claims",
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("products", ARRAY(Text), nullable=False),
    Column("since", _TS, nullable=False),
    Column("until", _TS),
    Column("close_on", Date),
    Column("company", JSON, nullable=False),
    Column("recorded_at", _TS, nullable=False),
    Column("reader", Text),
    primary_key=("kind", "ref"),
    partner_column="reader",
)

# Under what the company of each claim is looked up (`domain.deals.keys`).
deal_keys = tenant_table(
    "deal_keys",
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("reader", Text),
    primary_key=("key", "kind", "ref"),
    partner_column="reader",
)
Index(None, deal_keys.c.tenant_id, deal_keys.c.kind, deal_keys.c.ref)

deal_programmes = tenant_table(
    "deal_programmes",
    Column("programme", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("products", ARRAY(Text), nullable=False),
    Column("families", ARRAY(Text), nullable=False),
    Column("countries", ARRAY(Text), nullable=False),
    Column("least", Numeric, nullable=False),
    Column("currency", Text, nullable=False),
    Column("valid_from", _TS),
    Column("valid_until", _TS),
    Column("recorded_at", _TS, nullable=False),
    primary_key=("programme",),
    portal="read",
)

deal_territories = tenant_table(
    "deal_territories",
    Column("territory", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("countries", ARRAY(Text), nullable=False),
    Column("regions", ARRAY(Text), nullable=False),
    Column("partners", ARRAY(Text), nullable=False),
    Column("exclusive", Boolean, nullable=False),
    Column("recorded_at", _TS, nullable=False),
    Column("reader", Text),
    primary_key=("territory",),
    partner_column="reader",
)

# What happened to a deal, as its partner may know it: each change of status and of the protection.
deal_milestones = tenant_table(
    "deal_milestones",
    Column("deal", Text, nullable=False),
    Column("place", BigInteger, Identity(), nullable=False),
    Column("partner", Text, nullable=False),
    Column("at", _TS, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("protected_until", _TS),
    Column("told", ARRAY(Text), nullable=False),
    primary_key=("deal", "place"),
    partner_column="partner",
)
Index(None, deal_milestones.c.tenant_id, deal_milestones.c.partner, deal_milestones.c.at)

# Evidence that came with a deal.
deal_files = files_table("deal_files", "deal")

# Forms that a partner has not sent yet: whatever was filled in, right or wrong.
deal_drafts = tenant_table(
    "deal_drafts",
    Column("deal", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("updated_at", _TS, nullable=False),
    primary_key=("partner", "deal"),
    partner_column="partner",
)
