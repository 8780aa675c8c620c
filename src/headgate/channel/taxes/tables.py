"""The tables of tax rates, exemptions and exchange rates."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Numeric, Text

from headgate.store import tenant_table


def _ts(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=null)


tax_rates = tenant_table(
    "tax_rates",
    Column("jurisdiction", Text, nullable=False),
    Column("tax_class", Text, nullable=False),
    _ts("valid_from"),
    Column("rate", Numeric, nullable=False),
    _ts("valid_until", null=True),
    _ts("recorded_at"),
    primary_key=("jurisdiction", "tax_class", "valid_from"),
)

exemptions = tenant_table(
    "exemptions",
    Column("partner", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    # Part of the key: a renewed certificate does not wipe out the one under which earlier orders went untaxed.
    Column("certificate", Text, nullable=False),
    _ts("valid_from"),
    _ts("valid_until", null=True),
    _ts("recorded_at"),
    primary_key=("partner", "jurisdiction", "certificate"),
    partner_column="partner",
)

fx_rates = tenant_table(
    "fx_rates",
    Column("base", Text, nullable=False),
    Column("quote", Text, nullable=False),
    Column("valid_on", Date, nullable=False),
    Column("rate", Numeric, nullable=False),
    _ts("recorded_at"),
    primary_key=("base", "quote", "valid_on"),
)
