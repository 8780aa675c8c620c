"""The table of credit accounts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Numeric, Text

from headgate.store import tenant_table


def _amount(name: str) -> Column[object]:
    return Column(name, Numeric, nullable=False, server_default="0")


credit_accounts = tenant_table(
    "credit_accounts",
    Column("account", Text, nullable=False),
    Column("parent", Text),
    # The top of the account's tree, kept by the projection: the row that is locked before credit is decided.
    Column("root", Text, nullable=False),
    Column("currency", Text, nullable=False),
    _amount("credit_limit"),
    _amount("receivables"),
    _amount("shipped_unbilled"),
    # Headgate's own running sum; snapshots never touch it.
    _amount("open_orders"),
    _amount("deposits"),
    _amount("overdue_1_30"),
    _amount("overdue_31_60"),
    _amount("overdue_61_plus"),
    Column("hold", Boolean, nullable=False, server_default="false"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    primary_key=("account",),
)
Index(None, credit_accounts.c.tenant_id, credit_accounts.c.root)
