"""F1: PostgreSQL. The embedded server, the pool, tenant-bound transactions, roles and row-level security, migrations.

Knows nothing of what the tables hold: the floors above declare them on `metadata` with `tenant_table`.
"""

from headgate.store.database import Database, jsonb
from headgate.store.migrate import LoadTables, create_schema
from headgate.store.opening import migrate, open_database
from headgate.store.secrets import local_secret
from headgate.store.tables import metadata, tenant_table

__all__ = [
    "Database",
    "LoadTables",
    "create_schema",
    "jsonb",
    "local_secret",
    "metadata",
    "migrate",
    "open_database",
    "tenant_table",
]
