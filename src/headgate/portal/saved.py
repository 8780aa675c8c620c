"""Saved views at a list of the portal: the bar above it, and the view that it opens with."""

from __future__ import annotations

from headgate.access.saved import SavedView
from headgate.identity.saved import bar
from headgate.identity.saved.values import SavedBar
from headgate.portal import urls
from headgate.portal.visit import Go, Visit
from headgate.ui.listed import PORTAL_LISTS


def views_for(visit: Visit) -> list[SavedView]:
    """The views that the reader can open: their own and those of the same company, of lists that they may see."""
    seen = bar.seen_lists(PORTAL_LISTS, visit.me.permissions)
    return [view for view in visit.saved_views if view.list in seen]


def bar_of(visit: Visit) -> SavedBar | None:
    """What stands above the list of this request; None where there is no list, or nothing to offer."""
    return bar.bar_of(_looking(visit))


def opens_with(visit: Visit) -> Go | None:
    """Where a list goes that is opened from elsewhere: to the view that its reader has chosen for it."""
    href = bar.opens_with(_looking(visit))
    return Go(href) if href else None


def _looking(visit: Visit) -> bar.Looking:
    return bar.Looking(urls.WHERE, visit.request, visit.me.id, lambda: views_for(visit))
