"""What the tenant uses of what it may have."""

from __future__ import annotations

from headgate.access.tenancy import usage
from headgate.console import urls
from headgate.console.present.operations import usage_view
from headgate.console.visit import Answer, Door, Visit


def show(visit: Visit) -> Answer:
    """Each thing that can be limited, and how much of it is left."""
    return usage_view(usage(visit.conn, visit.now))


DOORS = (Door("GET", urls.USAGE, ("admin",), show),)
