"""F1: PostgreSQL. The embedded server, the pool, tenant-bound transactions, roles and row-level security, migrations.

Knows nothing of what the tables hold: the floors above declare them on `metadata` with `tenant_table`. What needs
SQLAlchemy or Alembic is loaded when it is first asked for: declaring and migrating, but no ordinary command.
"""

import importlib
from typing import TYPE_CHECKING, Any

from headgate.store.database import Database, jsonb
from headgate.store.later import Later
from headgate.store.opening import migrate as migrate_database
from headgate.store.opening import open_database
from headgate.store.secrets import local_secret

if TYPE_CHECKING:
    from headgate.store.migrate import create_schema
    from headgate.store.stamp import LoadTables
    from headgate.store.tables import metadata, tenant_table

_LATER = {"create_schema": "migrate", "metadata": "tables", "tenant_table": "tables"}

__all__ = [
    "Database",
    "Later",
    "LoadTables",
    "create_schema",
    "jsonb",
    "local_secret",
    "metadata",
    "migrate_database",
    "open_database",
    "tenant_table",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
