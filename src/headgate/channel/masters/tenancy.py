"""What the nouns need to know of their tenant: its time zone, its settings."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.domain.periods import zone

_ZONE = "select timezone from tenants"
_SETTINGS = "select settings from tenants"


def tenant_zone(conn: Connection[Any]) -> ZoneInfo:
    """The tenant's time zone; UTC where the tenant has no row."""
    row = conn.execute(_ZONE).fetchone()
    return zone(row[0] if row else "UTC")


def tenant_settings(conn: Connection[Any], room: str) -> dict[str, Any]:
    """What the tenant has set for one room of the product, such as `agreements`; empty where nothing is set."""
    row = conn.execute(_SETTINGS).fetchone()
    found = row[0].get(room) if row and isinstance(row[0], dict) else None
    return found if isinstance(found, dict) else {}
