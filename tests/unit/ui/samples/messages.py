"""Messages of partners that wait."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.views.messages import MessagesView, WaitingRow
from tests.unit.ui.samples.base import HALBERD, LYNX, ago, uid

MESSAGES = MessagesView(
    rows=(
        WaitingRow(
            case_id=uid("c1"),
            href=f"{urls.case(uid('c1'))}#messages",
            partner=HALBERD,
            author="Petra Sund",
            text="The customer asks when the switches will ship; could you confirm the date by Friday, please?",
            messages=3,
            about="Order WEB1-10023",
            since=ago(hours=26),
            newest=ago(hours=2),
        ),
        WaitingRow(
            case_id=uid("c2"),
            href=f"{urls.case(uid('c2'))}#messages",
            partner=LYNX,
            author="Jan Nowak",
            text="Evidence was added: offer-signed.pdf",
            messages=1,
            about="Deal D-2307",
            since=ago(minutes=12),
            newest=ago(minutes=12),
        ),
    ),
    waiting=2,
    can_answer=True,
)
NO_MESSAGES = MessagesView((), 0, can_answer=True)
