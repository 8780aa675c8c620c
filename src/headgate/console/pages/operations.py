"""Operations, for those who look after the tenant: its own queues and nobody else's."""

from __future__ import annotations

from headgate.access.tenancy import usage
from headgate.console import urls
from headgate.console.present.operations import operations_view
from headgate.console.visit import Answer, Door, Visit
from headgate.ledger.backlog import tenant_backlog


def show(visit: Visit) -> Answer:
    """What waits, for how long, and what went wrong."""
    return operations_view(tenant_backlog(visit.conn, visit.now), usage(visit.conn, visit.now), visit.now)


DOORS = (Door("GET", urls.OPERATIONS, ("admin",), show),)
