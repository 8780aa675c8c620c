"""Saved views in the console: the page that keeps them in order, around what every edge has of it."""

from __future__ import annotations

from functools import partial
from typing import Literal, cast

from headgate.console import urls
from headgate.console.present.saved import in_words
from headgate.console.saved import views_for
from headgate.console.views.saved import SavedViewsView
from headgate.console.visit import Answer, Door, Go, Handler, Shown, Visit
from headgate.identity.saved.shelf import Act, Keeper, Leave, ways
from headgate.ui.listed import LISTS, NEEDS


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
        visit.lens.fmt,
        urls.WHERE,
        LISTS,
        views_for(visit),
        partial(in_words, visit.lens),
    )


DOORS = tuple(
    Door(cast("Literal['GET', 'POST']", way.method), way.path, NEEDS, _handler(way.act)) for way in ways(urls.WHERE)
)
