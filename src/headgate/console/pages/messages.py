"""Messages of partners that wait for an answer, and putting one aside that needs none."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.pages.order import DECIDE
from headgate.console.views.common import Notice, PartnerName
from headgate.console.views.messages import MessagesView, WaitingRow
from headgate.console.visit import Answer, Door, Go, Visit
from headgate.kernel.phrases import phrase
from headgate.process.messages import count_waiting_for_staff, put_aside, waiting_for_staff
from headgate.ui.words import humanise

MOST = 100
SHOWN = 280


def show(visit: Visit) -> Answer:
    """The list."""
    found = waiting_for_staff(visit.conn, MOST)
    names = names_of(visit, partners={each.partner for each in found})
    rows = tuple(
        WaitingRow(
            case_id=each.case_id,
            href=f"{urls.case(each.case_id)}#messages",
            partner=names.partner(each.partner) or PartnerName(each.partner, each.partner),
            author=each.author_name,
            text=each.text if len(each.text) <= SHOWN else f"{each.text[: SHOWN - 1].rstrip()}…",
            messages=each.messages,
            about=f"{humanise(each.subject_type)} {each.subject}",
            since=each.since,
            newest=each.newest,
        )
        for each in found
    )
    waiting = len(rows) if len(rows) < MOST else count_waiting_for_staff(visit.conn)
    return MessagesView(rows, waiting, visit.may(*DECIDE))


def read(visit: Visit) -> Answer:
    """Put aside what needs no answer."""
    if put_aside(visit.conn, visit.ctx, visit.uuid("case")):
        return Go(urls.MESSAGES, Notice("done", phrase("It is put aside; the messages stay with their case.")))
    return Go(urls.MESSAGES, Notice("quiet", phrase("Somebody has answered it or put it aside already.")))


DOORS = (
    Door("GET", urls.MESSAGES, ("cases.read",), show),
    Door("POST", urls.messages_read("{case}"), DECIDE, read),
)
