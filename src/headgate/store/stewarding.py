"""Stepping from a tenant's transaction into one below it, to set it up and read nothing of its business.

One transaction, so what is done there and what is noted here stand or fall together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString
from uuid import UUID

from psycopg import Connection

from headgate.kernel.errors import Conflict, NotFound
from headgate.store.security import STEWARD_ROLE

_HERE: LiteralString = "select current_setting('headgate.tenant'), current_setting('headgate.partner')"
_BELOW: LiteralString = "select from headgate_below() where tenant_id = %s"
_ABOVE: LiteralString = "select from headgate_above() where tenant_id = %s"
_TAKEN: LiteralString = "select from headgate_tenants() where tenant_id = %s"
_ENTER: LiteralString = "select set_config('headgate.tenant', %s, true), set_config('role', %s, true)"


@contextmanager
def stewarding(conn: Connection, tenant_id: UUID) -> Iterator[None]:
    """Within a provider's transaction, act on a tenant below it: as a role that the database lets see how that tenant
    is set up, add to its audit chain, and nothing else. Raises `NotFound` for a tenant that is not below this one.

    A failure inside takes back what was done inside, and the transaction is the provider's again.
    """
    with conn.transaction():
        home = _home(conn)
        if conn.execute(_BELOW, [tenant_id]).fetchone() is None:
            raise NotFound("there is no such tenant below this one")
        conn.execute(_ENTER, [str(tenant_id), STEWARD_ROLE])
        yield
        conn.execute(_ENTER, [home, "none"])


@contextmanager
def reporting(conn: Connection, tenant_id: UUID) -> Iterator[None]:
    """Within a client's transaction, add to the audit chain of a tenant above it. Raises `NotFound` for any other.

    What the client notes in its own chain comes before: chains are locked from below upwards.
    """
    with conn.transaction():
        home = _home(conn)
        if conn.execute(_ABOVE, [tenant_id]).fetchone() is None:
            raise NotFound("this tenant is not above this one")
        conn.execute(_ENTER, [str(tenant_id), STEWARD_ROLE])
        yield
        conn.execute(_ENTER, [home, "none"])


@contextmanager
def founding(conn: Connection, tenant_id: UUID) -> Iterator[None]:
    """Within a provider's transaction, make a tenant that is not there yet. Raises `Conflict` for one that is."""
    with conn.transaction():
        home = _home(conn)
        if conn.execute(_TAKEN, [tenant_id]).fetchone() is not None:
            raise Conflict("this tenant is there already")
        conn.execute(_ENTER, [str(tenant_id), "none"])
        yield
        conn.execute(_ENTER, [home, "none"])


def _home(conn: Connection) -> str:
    tenant, partner = conn.execute(_HERE).fetchone() or ("", "")
    if partner:
        raise NotFound("people of a partner have no tenants below them")
    return str(tenant)
