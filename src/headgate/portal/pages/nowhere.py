"""Every address that leads nowhere."""

from __future__ import annotations

from headgate.kernel.errors import NotFound
from headgate.portal import urls
from headgate.portal.visit import SIGNED_IN, Answer, Door, Visit


def missing(visit: Visit) -> Answer:
    """There is nothing here."""
    raise NotFound("there is nothing under this address")


DOORS = (Door("GET", urls.ANYWHERE, SIGNED_IN, missing), Door("POST", urls.ANYWHERE, SIGNED_IN, missing))
