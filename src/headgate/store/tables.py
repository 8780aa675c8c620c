"""The shared metadata and the one way to declare a tenant's table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.sql.schema import SchemaItem

Grant = Literal["crud", "append", "read"]

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)


def tenant_table(
    name: str,
    *items: SchemaItem,
    primary_key: tuple[str, ...] = (),
    app: Grant = "crud",
    partner_column: str | None = None,
    on: MetaData = metadata,
) -> Table:
    """Declare a table whose rows belong to a tenant.

    `tenant_id` comes first, is filled by the database from the transaction's tenant when an insert leaves it out, and
    leads the primary key `(tenant_id, *primary_key)`. Row-level security and the application's grants follow from what
    is recorded here: `app` is "crud" (select, insert, update, delete), "append" (select, insert) or "read" (select).
    `partner_column` names the column that limits portal users to their partner's rows; rows without a partner are
    then for staff only. Indexes and unique constraints passed in `items` must begin with `tenant_id` when unique.
    """
    return Table(
        name,
        on,
        Column(
            "tenant_id",
            UUID(as_uuid=True),
            nullable=False,
            server_default=text("(current_setting('headgate.tenant'))::uuid"),
        ),
        *items,
        PrimaryKeyConstraint("tenant_id", *primary_key),
        info={"rls": "tenant", "app": app, "partner_column": partner_column},
    )


def tenant_tables(of: MetaData) -> Iterator[Table]:
    """The tables declared with `tenant_table`, in the order in which they can be created."""
    return (table for table in of.sorted_tables if table.info.get("rls") == "tenant")
