"""Saved views in the portal: the page that keeps them in order, around what every edge has of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Literal, cast

from headgate.identity.saved.shelf import Act, Keeper, Leave, ways
from headgate.portal import urls
from headgate.portal.list_views import SavedViewsView
from headgate.portal.pages import deals, orders, prices, returns
from headgate.portal.saved import views_for
from headgate.portal.visit import SIGNED_IN, Answer, Door, Go, Handler, Shown, Visit
from headgate.ui.format import Formatter
from headgate.ui.listed import PORTAL_LISTS
from headgate.ui.words import STATES, humanise

# What a list's states are called: as its tabs say it, else as its rows do.
_TABS: Mapping[str, Mapping[str, str]] = {
    f"portal_{name}": dict(tabs)
    for name, tabs in (
        ("deals", deals.TABS),
        ("orders", orders.TABS),
        ("prices", prices.TABS),
        ("returns", returns.TABS),
    )
}
_KINDS = {
    "portal_deals": "deal",
    "portal_orders": "order",
    "portal_prices": "price_exception",
    "portal_returns": "rma",
}


def in_words(fmt: Formatter, list_: str, name: str, value: str) -> str:
    """The value of a filter of a list."""
    if name in ("since", "until"):
        return fmt.day(date.fromisoformat(value))
    if name == "status":
        word = STATES[_KINDS[list_]].get(value)
        return fmt.say(_TABS[list_].get(value) or (word.label if word is not None else humanise(value)))
    return value


def _handler(act: Act) -> Handler:
    def handle(visit: Visit) -> Answer:
        done = act(_keeper(visit))
        if isinstance(done, Leave):
            return Go(done.href, done.notice)
        return Shown(SavedViewsView(done.shelf), done.status)

    return handle


def _keeper(visit: Visit) -> Keeper:
    return Keeper(
        visit.conn,
        visit.ctx,
        visit.request,
        visit.form,
        visit.fmt,
        urls.WHERE,
        PORTAL_LISTS,
        views_for(visit),
        partial(in_words, visit.fmt),
    )


DOORS = tuple(
    Door(cast("Literal['GET', 'POST']", way.method), way.path, SIGNED_IN, _handler(way.act)) for way in ways(urls.WHERE)
)
