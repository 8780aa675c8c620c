"""The stream of news of one partner: what happens to others is not even noticed."""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolClosed

from headgate.access import read_session
from headgate.kernel.errors import Busy, HeadgateError
from headgate.portal import urls
from headgate.portal.visit import SIGNED_IN, Answer, Door, Visit
from headgate.store.hearing import place_of
from headgate.ui.live import Bounds, NewsStream


def news(visit: Visit) -> Answer:
    """Told of what changes of the reader's company."""
    app, tenant, token = visit.app, visit.ctx.tenant_id, visit.token

    def alive() -> bool:
        try:
            with app.database.transaction(tenant, read_only=True) as conn:
                live = read_session(conn, token, app.clock.now())
        except (Busy, psycopg.OperationalError, PoolClosed):
            return True  # nobody knows; the next beat will
        except HeadgateError:
            return False
        return live.principal.partner == visit.partner

    place = place_of(tenant, visit.partner)
    return NewsStream(app.hearing, app.clock, place, visit.me.id, alive, Bounds(app.settings.live_streams))


DOORS = (Door("GET", urls.LIVE_NEWS, SIGNED_IN, news),)
