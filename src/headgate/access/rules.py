"""The security rules of the transaction's tenant."""

from __future__ import annotations

from psycopg import Connection

from headgate.access.core.security import SecurityRules, rules_of
from headgate.access.repo import tenants as repo


def security_of(conn: Connection) -> SecurityRules:
    """What the tenant asks of sign-ins. One query."""
    row = conn.execute(repo.TENANT_SECURITY).fetchone()
    return rules_of(row[0] if row else None)
