"""Decisions that are held before they count: undo them in time, or read what became of them."""

from __future__ import annotations

from decimal import Decimal

from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.pages.order import DECIDE
from headgate.console.present import bulk
from headgate.console.present import held as present
from headgate.console.present.approving import named_in
from headgate.console.views.bulk import Foretold, HeldNews, LeftOut
from headgate.console.views.common import Notice
from headgate.console.views.held import HeldView
from headgate.console.visit import Answer, Door, Go, Visit
from headgate.kernel.errors import Conflict
from headgate.kernel.phrases import phrase, sentence
from headgate.process import holding
from headgate.process.holding import Held
from headgate.process.repo import approvals_of_cases, get_approvals


def show(visit: Visit) -> Answer:
    """A decision of the reader's own: what it leads to while it can be undone, then what became of it."""
    return _view(visit, holding.get_held(visit.conn, visit.ctx, visit.uuid("held")))


def undo(visit: Visit) -> Answer:
    """Take it back; too late is said on its page."""
    held = visit.uuid("held")
    there = visit.form.get("there", "") == "request"
    try:
        ended = holding.undo(visit.conn, visit.ctx, held)
    except Conflict as late:
        back = _request(holding.get_held(visit.conn, visit.ctx, held)) if there else urls.held(held)
        return Go(back, Notice("waiting", sentence(late.message)))
    if there:
        return Go(_request(ended), Notice("done", phrase("Undone. Nothing was decided; you can decide it again.")))
    return Go(urls.WORK, Notice("done", phrase("Undone. Nothing was decided; the requests are open again.")))


def _request(found: Held) -> str:
    """The page of the request that a decision is about, where it says what came of it."""
    return urls.approval_held(found.items[0].approval, found.held)


def seen(visit: Visit) -> Answer:
    """The reader has read how it ended."""
    holding.take_notice(visit.conn, visit.ctx, visit.uuid("held"))
    return Go(urls.WORK)


def news_for(visit: Visit) -> tuple[HeldNews, ...]:
    """What stands over the reader's lists."""
    return present.news_lines(holding.news_of(visit.conn, visit.ctx)) if visit.may(*DECIDE) else ()


def _view(visit: Visit, held: Held) -> HeldView:
    found = get_approvals(visit.conn, [item.approval for item in held.items])
    queued = holding.still_queued(visit.conn, held)
    people = {item.on_behalf_of for item in held.items if item.on_behalf_of}
    people |= {name for item in held.items if item.reason for name in named_in(item.reason)}
    names = names_of(visit, people=people, partners=[a.partner for a in found.values() if a.partner])
    rows: list[Foretold] = []
    refused = []
    for item in held.items:
        asked = found.get(item.approval)
        fate = "" if asked is None else present.fate_of(held, item, asked, queued, visit.voter)
        if asked is None or not fate:
            refused.append((item, asked))
            continue
        rows.append(Foretold(bulk.many_row(asked, item.on_behalf_of, (), names, visit.lens), fate))
    known = approvals_of_cases(visit.conn, [a.case_id for _, a in refused if a is not None]) if refused else {}
    left: list[LeftOut] = []
    for item, asked in refused:
        newer = bulk.replaced_in(known, asked) if asked is not None else None
        left.append(bulk.left_out(asked, present.error_of(item), newer, names, visit.lens))
    total = sum((row.row.stake.amount for row in rows if row.row.stake is not None), Decimal(0))
    return HeldView(
        held=held.held,
        title=present.title_of(held, len(rows)),
        status=held.status,
        due_at=held.due_at if held.status == "held" else None,
        justification=held.justification,
        items=tuple(rows),
        left_out=tuple(left),
        stake=visit.lens.money(total),
    )


DOORS = (
    Door("GET", urls.held("{held}"), DECIDE, show),
    Door("POST", urls.held_act("{held}", "undo"), DECIDE, undo),
    Door("POST", urls.held_act("{held}", "seen"), DECIDE, seen),
)
