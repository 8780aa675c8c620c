"""Many approvals at once: the list, what each leads to, what became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from headgate.console import urls
from headgate.console.views.bulk import Foretold, HeldNews, LeftOut, ManyCheckView, ManyDoneView, ManyRow, ManyView
from headgate.console.views.common import Change, Clock, FormError, PartnerName, Person
from headgate.console.views.held import HeldView
from headgate.kernel.money import Money
from tests.unit.ui.samples.base import AURIGA, HALBERD, JONAS, KESTREL, NOW, at_risk, breached, eur, running, uid


def _row(
    name: str,
    ask: str,
    subject: str,
    partner: PartnerName | None,
    stake: Money | None,
    clock: Clock,
    *,
    levels: int = 1,
    acting_for: Person | None = None,
) -> ManyRow:
    return ManyRow(
        approval=uid(name),
        digest="8c1f" * 16,
        ask=ask,
        subject=subject,
        href=urls.approval(uid(name)),
        partner=partner,
        stake=stake,
        clock=clock,
        level=1,
        levels=levels,
        acting_for=acting_for,
    )


ROWS = (
    _row(
        "a1",
        "12.4 % below contract on 3 lines",
        "WEB1-10023",
        HALBERD,
        eur("18420.00"),
        breached(minutes=12),
        levels=2,
    ),
    _row("a3", "Margin 4.1 % on network switches", "EDI-00871", KESTREL, eur("9840.00"), at_risk(minutes=48)),
    _row("a4", "Special price 42.10 for SKU-0418 until 31 Dec", "PX-0192", AURIGA, eur("6915.80"), running(hours=5)),
    _row("a5", "Longer protection of Baltic Rail", "D-2307", None, None, running(days=2), acting_for=JONAS),
)
MANY = ManyView(rows=ROWS, matching=4, stake=eur("35175.80"))
MANY_WRONG = replace(
    MANY,
    rows=tuple(replace(row, picked=True) for row in ROWS),
    matching=160,
    errors=(FormError("justification", "Say in a few words why, in at most 2000 characters."),),
)
MANY_NONE_PICKED = replace(MANY, errors=(FormError("picks", "Pick at least one request."),))
MANY_EMPTY = ManyView(rows=(), matching=0, stake=eur("0"))
FORETOLD = (
    Foretold(ROWS[0], "Then it waits for finance director; nothing is released before."),
    Foretold(ROWS[1], "The order is checked again, then released."),
    Foretold(ROWS[3], "It takes effect at once."),
)
OUT = LeftOut(
    "30 % below contract on 3 lines",
    "WEB1-10040",
    urls.approval(uid("a9")),
    "It has changed since you saw it, so it is left out. Open it and decide on what it says now.",
    (Change("Price of Network switch 24-port", eur("110.00"), eur("88.00")),),
)
CHECK = ManyCheckView(
    outcome="approve",
    title="Approve 3 requests?",
    button="Approve 3, €28,260.00 at stake",
    justification="agreed with the partners for the spring round",
    items=FORETOLD,
    left_out=(OUT,),
    stake=eur("28260.00"),
)
CHECK_NOTHING = replace(CHECK, title="Approve 0 requests?", items=(), button="", stake=eur("0"))
CHECK_REJECT = replace(CHECK, outcome="reject", title="Reject 3 requests?", button="Reject 3", left_out=())
DONE = ManyDoneView("3 requests approved", FORETOLD, (OUT,), eur("28260.00"))
NEWS = (
    HeldNews(uid("h1"), "3 requests are being approved", NOW + timedelta(seconds=8)),
    HeldNews(uid("h2"), "1 request of your decision was not decided", None),
)
MANY_HELD = replace(MANY, rows=(replace(ROWS[0], being="Being approved"), *ROWS[1:]), news=NEWS)
HELD = HeldView(
    held=uid("h1"),
    title="3 requests are being approved",
    status="held",
    due_at=NOW + timedelta(seconds=8),
    justification="agreed with the partners for the spring round",
    items=FORETOLD,
    left_out=(),
    stake=eur("28260.00"),
)
HELD_DONE = replace(HELD, title="3 requests approved", status="carried_out", due_at=None, left_out=(OUT,))
HELD_UNDONE = replace(HELD, title="Undone: 3 requests are open again", status="undone", due_at=None)
