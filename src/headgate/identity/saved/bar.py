"""Saved views at a list: the bar above it, and the view that it opens with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from headgate.access.saved import SavedView
from headgate.identity.saved.values import SavedBar, SavedTab
from headgate.identity.where import Where
from headgate.ui.listed import MARK, Listed, address_of_view, kept_query, list_at, lost_of
from headgate.ui.live import asks_again


def seen_lists(lists: Mapping[str, Listed], permissions: Collection[str]) -> tuple[str, ...]:
    """Those of the lists that somebody with these permissions may see."""
    return tuple(name for name, listed in lists.items() if not set(listed.needs).isdisjoint(permissions))


@dataclass(frozen=True, slots=True)
class Looking:
    """Somebody who looks at a list: their request, id and the views that they can open, of lists that they may see."""

    where: Where
    request: Request
    me: str
    views: Callable[[], Sequence[SavedView]]


def bar_of(looking: Looking) -> SavedBar | None:
    """What stands above the list of this request; None where there is no list, or nothing to offer."""
    request, where = looking.request, looking.where
    list_ = list_at(request.url.path)
    if not list_ or request.method != "GET":
        return None
    query = kept_query(list_, request.url.query)
    views = [view for view in looking.views() if view.list == list_]
    if not query and not views:
        return None
    here, opened = _shown(request, query, views), _named(request, views)
    changed = opened if query and here is None else None
    current = here or changed
    return SavedBar(
        views=tuple(
            SavedTab(view.name, address_of_view(view), view.owner == looking.me, view.is_default, view is current)
            for view in views
        ),
        current=current.name if current is not None else "",
        save=where.saved_views_of(list_, query) if query and here is None else "",
        manage=where.saved_views_of(list_),
        lost=lost_of(here) if here is not None else (),
        mark=str(opened.view) if opened is not None else "",
        changed=changed is not None,
        replace=where.saved_view_filters(changed.view) if changed and changed.owner == looking.me else "",
        list=list_,
        query=query if changed else "",
    )


def opens_with(looking: Looking) -> str:
    """Where a list goes that is opened from elsewhere: to the view that its reader has chosen for it; '' to nowhere."""
    request = looking.request
    list_ = list_at(request.url.path)
    asked = request.url.query or request.headers.get("hx-request") or asks_again(request)
    if not list_ or request.method != "GET" or asked:
        return ""
    if urlsplit(request.headers.get("referer", "")).path == request.url.path:
        return ""  # within the list, its address without filters means all of it
    view = next((v for v in looking.views() if v.list == list_ and v.is_default), None)
    return address_of_view(view) if view is not None else ""


def _named(request: Request, views: Sequence[SavedView]) -> SavedView | None:
    """The view that the address names."""
    named = request.query_params.get(MARK, "")
    return next((view for view in views if str(view.view) == named), None)


def _shown(request: Request, query: str, views: Sequence[SavedView]) -> SavedView | None:
    """The view whose filters are those of the address; of several the one that the address names."""
    same = [view for view in views if kept_query(view.list, view.query) == query]
    found = _named(request, same)
    return found if found is not None or not query else next(iter(same), None)
