"""Returns of goods that partners ask for: where each stands, and what is to be inspected."""

from __future__ import annotations

from headgate.channel.returns import count_returns, list_returns
from headgate.console import urls
from headgate.console.present import returns as present
from headgate.console.views.returns import ReturnsView
from headgate.console.visit import Answer, Door, Visit

PAGE = 50
COUNTED_TO = 50_000


def show_all(visit: Visit) -> Answer:
    """Returns, last changed first."""
    text, status = visit.text("q"), visit.choice("status", present.views())
    statuses = present.statuses_of(status)
    page = list_returns(visit.conn, text=text, status=statuses, cursor=visit.cursor(), limit=PAGE)
    counted = visit.part not in ReturnsView.parts
    return ReturnsView(
        tabs=present.tabs(status),
        text=text,
        status=status,
        returns=present.return_rows(page.items, visit.lens),
        matching=count_returns(visit.conn, text=text, status=statuses, most=COUNTED_TO) if counted else 0,
        counted_to=COUNTED_TO,
        more=visit.further(urls.RETURNS, page.next_cursor),
    )


DOORS = (Door("GET", urls.RETURNS, ("orders.read",), show_all),)
