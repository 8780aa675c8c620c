"""What keeps open pages true: the stream of news, and the navigation with its counts."""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolClosed

from headgate.access import read_session
from headgate.access.support import is_support
from headgate.console import urls
from headgate.console.views.live import NavView
from headgate.console.visit import SIGNED_IN, Answer, Door, Visit
from headgate.kernel.errors import Busy, HeadgateError
from headgate.store.hearing import place_of
from headgate.ui.live import Bounds, NewsStream


def news(visit: Visit) -> Answer:
    """Told of what changes in the tenant; every page then asks again, with the reader's own rights."""
    app, tenant, token = visit.app, visit.ctx.tenant_id, visit.token
    if is_support(token) or not token:
        return NavView()  # who looks with consent has every page written down; none is asked for behind their back

    def alive() -> bool:
        try:
            with app.database.transaction(tenant, read_only=True) as conn:
                read_session(conn, token, app.clock.now())
        except (Busy, psycopg.OperationalError, PoolClosed):
            return True  # nobody knows; the next beat will
        except HeadgateError:
            return False
        return True

    return NewsStream(
        app.hearing, app.clock, place_of(tenant, None), visit.me.id, alive, Bounds(app.settings.live_streams)
    )


def show_nav(visit: Visit) -> Answer:
    """The navigation alone; `at` names the entry that is current."""
    return NavView(visit.text("at"))


DOORS = (
    Door("GET", urls.LIVE_NEWS, SIGNED_IN, news),
    Door("GET", urls.LIVE_NAV, SIGNED_IN, show_nav),
)
