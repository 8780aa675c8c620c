"""The shared metadata and the one way to declare a tenant's table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.sql.schema import SchemaItem

Grant = Literal["crud", "append", "read"]
# What a partner's transaction may do with a table whose rows belong to no partner.
Portal = Literal["closed", "read", "open", "insert"]
# What a tenant's provider may do with its rows, who sets it up and sees nothing of its business.
Steward = Literal["select", "insert", "update"]

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


# A tenant is found by its slug, and by its portal's host, before anyone knows which tenant it is: the keys that span
# tenants.
GLOBAL_KEYS = frozenset({("tenants", ("slug",)), ("tenants", ("portal_host",))})


def tenant_table(
    name: str,
    *items: SchemaItem,
    primary_key: tuple[str, ...] = (),
    app: Grant = "crud",
    partner_column: str | None = None,
    actor_column: str | None = None,
    portal: Portal = "closed",
    staff_columns: tuple[str, ...] = (),
    steward: tuple[Steward, ...] = (),
    on: MetaData = metadata,
) -> Table:
    """Declare a table whose rows belong to a tenant.

    `tenant_id` comes first, is filled by the database from the transaction's tenant when an insert leaves it out, and
    leads the primary key `(tenant_id, *primary_key)`. Row-level security and the application's grants follow from what
    is recorded here: `app` is "crud" (select, insert, update, delete), "append" (select, insert) or "read" (select).
    `partner_column` names the column that limits portal users to their partner's rows; rows without a partner are
    then for staff only. `actor_column` names one with principals: a partner's transaction has the rows of its own
    people. Of a table with neither, a partner's transaction has nothing unless `portal` says more: "read" (every row,
    to read), "insert" (add, see nothing) or "open" (like staff). `staff_columns` cannot be read in a partner's
    transaction, whatever its rows: a statement that names one is refused by the database. `steward` is what the
    tenant's provider may do with its rows (`stewarding`): nothing, but for what sets a tenant up.

    Raises ValueError for a unique key that does not begin with `tenant_id` and for a column that is not there.
    """
    table = Table(
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
        info={
            "rls": "tenant",
            "app": app,
            "partner_column": partner_column,
            "actor_column": actor_column,
            "portal": "rows" if partner_column or actor_column else portal,
            "staff_columns": staff_columns,
            "steward": steward,
        },
    )
    for key in _unique_keys(table):
        if key[:1] != ("tenant_id",) and (name, key) not in GLOBAL_KEYS:
            raise ValueError(f"{name}: a unique key must begin with tenant_id, not ({', '.join(key)})")
    for column in (partner_column, actor_column, *staff_columns):
        if column is not None and column not in table.c:
            raise ValueError(f"{name} has no column {column}")
    return table


def _unique_keys(table: Table) -> Iterator[tuple[str, ...]]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield tuple(column.name for column in constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield tuple(getattr(part, "name", str(part)) for part in index.expressions)


def tenant_tables(of: MetaData) -> Iterator[Table]:
    """The tables declared with `tenant_table`, in the order in which they can be created."""
    return (table for table in of.sorted_tables if table.info.get("rls") == "tenant")
