"""Addresses that lead nowhere: said within the frame, so that whoever mistyped one finds the way back."""

from __future__ import annotations

from headgate.console import auth, urls
from headgate.console.visit import SIGNED_IN, Answer, Door, Go, Visit
from headgate.kernel.errors import NotFound


def show(visit: Visit) -> Answer:
    """There is no such page; with a slash too many there is perhaps one."""
    path = visit.request.url.path
    if path.endswith("/") and path.strip("/"):
        return Go(auth.own_path(urls.query(path.rstrip("/"), visit.request.query_params.multi_items())))
    raise NotFound("there is nothing under this address")


DOORS = (Door("GET", urls.ANYWHERE, SIGNED_IN, show),)
