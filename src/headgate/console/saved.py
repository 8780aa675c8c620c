"""Saved views at a list: the bar above it, and the view that it opens with."""

from __future__ import annotations

from urllib.parse import urlsplit

from headgate.access.saved import SavedView
from headgate.console import urls
from headgate.console.views.common import SavedBar, SavedTab
from headgate.console.visit import Go, Visit
from headgate.ui.listed import LISTS, MARK, address_of_view, kept_query, list_at, lost_of
from headgate.ui.live import asks_again


def views_for(visit: Visit) -> list[SavedView]:
    """The views that the reader can open: their own and shared ones, of lists that they may see."""
    return [view for view in visit.saved_views if view.list in LISTS and visit.may(*LISTS[view.list].needs)]


def bar_of(visit: Visit) -> SavedBar | None:
    """What stands above the list of this request; None where there is no list, or nothing to offer."""
    list_ = list_at(visit.request.url.path)
    if not list_ or visit.request.method != "GET":
        return None
    query = kept_query(list_, visit.request.url.query)
    views = [view for view in views_for(visit) if view.list == list_]
    if not query and not views:
        return None
    here, opened = _shown(visit, query, views), _named(visit, views)
    changed = opened if query and here is None else None
    current = here or changed
    return SavedBar(
        views=tuple(
            SavedTab(view.name, address_of_view(view), view.owner == visit.me.id, view.is_default, view is current)
            for view in views
        ),
        current=current.name if current is not None else "",
        save=urls.saved_views(list_, query) if query and here is None else "",
        manage=urls.saved_views(list_),
        lost=lost_of(here) if here is not None else (),
        mark=str(opened.view) if opened is not None else "",
        changed=changed is not None,
        replace=urls.saved_view_filters(changed.view) if changed and changed.owner == visit.me.id else "",
        list=list_,
        query=query if changed else "",
    )


def opens_with(visit: Visit) -> Go | None:
    """Where a list goes that is opened from elsewhere: to the view that its reader has chosen for it."""
    request = visit.request
    list_ = list_at(request.url.path)
    asked = request.url.query or request.headers.get("hx-request") or asks_again(request)
    if not list_ or request.method != "GET" or asked:
        return None
    if urlsplit(request.headers.get("referer", "")).path == request.url.path:
        return None  # within the list, its address without filters means all of it
    view = next((v for v in views_for(visit) if v.list == list_ and v.is_default), None)
    return Go(address_of_view(view)) if view is not None else None


def _named(visit: Visit, views: list[SavedView]) -> SavedView | None:
    """The view that the address names."""
    named = visit.text(MARK)
    return next((view for view in views if str(view.view) == named), None)


def _shown(visit: Visit, query: str, views: list[SavedView]) -> SavedView | None:
    """The view whose filters are those of the address; of several the one that the address names."""
    same = [view for view in views if kept_query(view.list, view.query) == query]
    found = _named(visit, same)
    return found if found is not None or not query else next(iter(same), None)
