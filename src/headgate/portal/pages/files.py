"""Evidence of one's own deals: handed back as an attachment that no browser runs."""

from __future__ import annotations

from headgate.channel import deals
from headgate.kernel.errors import Conflict, NotFound
from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.pages.evidence import OF_DEALS
from headgate.portal.visit import Answer, Door, Go, Visit
from headgate.ui.cookies import Notice


def download(visit: Visit) -> Answer:
    """A file."""
    return OF_DEALS.hand(visit, visit.code("deal"), visit.uuid("file"))


def remove(visit: Visit) -> Answer:
    """Take a file away from a form that was not sent yet; what was sent stays as it was decided about."""
    code = visit.code("deal")
    try:
        deals.get_deal(visit.conn, code)
    except NotFound:
        deals.DEAL_FILES.drop(visit.conn, visit.ctx, code, visit.uuid("file"))
        return Go(urls.deal_form(code), Notice("done", phrase("The file was removed.")))
    raise Conflict("what was sent with a deal stays with it")


DOORS = (
    Door("GET", urls.deal_file("{deal}", "{file}"), "deals.read", download),
    Door("POST", urls.deal_file_drop("{deal}", "{file}"), "deals.write", remove),
)
