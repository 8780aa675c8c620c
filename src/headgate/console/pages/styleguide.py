"""The design system, for whoever builds or brands a page."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.present.styleguide import styleguide
from headgate.console.visit import SIGNED_IN, Answer, Door, Visit


def show(visit: Visit) -> Answer:
    """Every token and every component, in both themes."""
    return styleguide(visit.now)


DOORS = (Door("GET", urls.STYLEGUIDE, SIGNED_IN, show),)
