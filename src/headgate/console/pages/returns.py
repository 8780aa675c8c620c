"""Returns of goods that partners ask for: where each stands, and what is to be inspected."""

from __future__ import annotations

from headgate.channel.returns import list_returns
from headgate.console import urls
from headgate.console.present import returns as present
from headgate.console.views.returns import ReturnsView
from headgate.console.visit import Answer, Door, Visit

PAGE = 50


def show_all(visit: Visit) -> Answer:
    """Returns, last changed first."""
    text, status = visit.text("q"), visit.choice("status", present.views())
    page = list_returns(visit.conn, text=text, status=present.statuses_of(status), cursor=visit.cursor(), limit=PAGE)
    return ReturnsView(
        tabs=present.tabs(status),
        text=text,
        status=status,
        returns=present.return_rows(page.items, visit.lens),
        more=visit.further(urls.RETURNS, page.next_cursor),
    )


DOORS = (Door("GET", urls.RETURNS, ("orders.read",), show_all),)
