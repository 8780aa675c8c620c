"""One return, and what the order desk books by hand: goods that arrived, and what their inspection found.

Both go into the log as the events that a warehouse would send, so the process, its checks and its approvals are the
same. Who inspected is kept from deciding about it, as always.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from headgate.channel.returns import get_return
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.present.history import actors, timeline
from headgate.console.present.returns import BOOKS, INSPECTS, quantities, return_view
from headgate.console.views.common import Notice
from headgate.console.views.returns import ReturnPage
from headgate.console.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.domain.returns import CONDITIONS, parse_inspection, parse_receipt
from headgate.kernel.errors import Conflict, Invalid, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import audit_list, event_find
from headgate.process import Incoming, ingest

READ, BOOK = ("orders.read",), ("orders.write",)
SOURCE = "headgate/people"
MOST_HISTORY = 100
# How long a form may stand open before what it books is refused as out of date.
OPEN_FOR = timedelta(hours=12)
# How the fields of either form begin.
WORD = {"rma.received": "received", "rma.inspected": "inspected"}
DONE = {
    "rma.received": phrase("The goods are booked in."),
    "rma.inspected": phrase("What was found is in the record."),
}


def show(visit: Visit) -> Answer:
    """The return."""
    return _page(visit, get_return(visit.conn, visit.code("rma")))


def receive(visit: Visit) -> Answer:
    """Book goods in."""
    return _book(visit, "rma.received")


def inspect(visit: Visit) -> Answer:
    """Tell in which condition goods were found."""
    return _book(visit, "rma.inspected")


def _book(visit: Visit, kind: str) -> Answer:
    """Send what the form says as an event. A form that is sent twice is one event: it carries the event's id."""
    row = get_return(visit.conn, visit.code("rma"))
    rma = row["rma"]
    try:
        once, opened = _opened(visit)
        event_id = f"{kind}:{once}"  # one page has a form of each kind
        known = event_find(visit.conn, SOURCE, event_id)
        if known is not None and (known.type, known.subject, known.actor) == (kind, rma, visit.me.id):
            return _settle(rma, kind, known.seq)
        if row["status"] not in (BOOKS if kind == "rma.received" else INSPECTS):
            raise Conflict("this return has nothing to book in or to inspect now")
        data = _content(visit, row, kind, opened)
        (parse_receipt if kind == "rma.received" else parse_inspection)(data)
    except Invalid as error:
        return Shown(_page(visit, row, error.message), 422)
    (appended,) = ingest(visit.conn, visit.ctx, visit.app.engine, SOURCE, [Incoming(event_id, kind, opened, data)])
    if appended.status == "conflict":
        raise Conflict("this form was sent before for something else; load the page again")
    return _settle(rma, kind, appended.seq)


def _settle(rma: str, kind: str, seq: int) -> Settle:
    return Settle(seq, lambda after, settled: _told(after, rma, kind, seq, settled=settled))


def _told(visit: Visit, rma: str, kind: str, seq: int, *, settled: bool) -> Answer:
    if not settled:
        return Go(
            urls.rma(rma),
            Notice("waiting", phrase("It is in the log and takes effect in a moment. Load the page again.")),
        )
    refused = audit_list(visit.conn, action="event.refused", subject=rma, limit=20)
    why = next((e.body.get("problem") or e.body.get("reason") for e in refused if e.event_seq == seq), None)
    if why is not None:
        return Go(urls.rma(rma), Notice("risk", phrase("It could not be booked: %(why)s", why=why)))
    return Go(urls.rma(rma), Notice("done", DONE[kind]))


def _opened(visit: Visit) -> tuple[UUID, datetime]:
    """The id that the form was given, and when it was opened."""
    try:
        once, opened = UUID(visit.form.get("once", "")), datetime.fromisoformat(visit.form.get("opened", ""))
        if timedelta(0) <= visit.now - opened < OPEN_FOR:
            return once, opened
    except (ValueError, TypeError):
        pass
    raise invalid("form", "", "is out of date", "Load the page again.")


def _content(visit: Visit, row: Mapping[str, Any], kind: str, opened: datetime) -> dict[str, Any]:
    """The event's data: of each line what was entered, never more than there is."""
    form, lines = visit.form, []
    for place, each in enumerate(quantities(row)):
        entered = form.get(f"{WORD[kind]}_{place}", "").strip()
        if not entered or entered == "0":
            continue
        most = each.to_receive if kind == "rma.received" else each.to_inspect
        line: dict[str, Any] = {"line": each.line, "quantity": entered}
        if kind == "rma.inspected":
            line["condition"] = form.get(f"condition_{place}", "")
            line["note"] = form.get(f"note_{place}", "").strip()
        lines.append(line)
        if _number(entered) > most:
            raise invalid(
                f"quantity of line {each.line}",
                entered,
                phrase("is more than the %(most)s that are left", most=f"{most:f}"),
            )
    if not lines:
        raise invalid("quantity", "", "is missing", "Say of at least one line how many.")
    data: dict[str, Any] = {"rma": row["rma"], "lines": lines}
    if kind == "rma.received":
        data |= {"receipt": form.get("receipt", "").strip(), "received_at": opened.isoformat(timespec="seconds")}
    return data


def _number(text: str) -> Decimal:
    """A quantity; what is no number is told by the event's own check."""
    return Decimal(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else Decimal(0)


def _page(visit: Visit, row: Mapping[str, Any], error: str = "") -> ReturnPage:
    entries = audit_list(visit.conn, subject_type="rma", subject=row["rma"], limit=MOST_HISTORY)
    names = names_of(
        visit,
        people={row["requested_by"], *actors(entries)},
        partners=[row["partner"]],
        products={each["product"] for each in row["content"]["sold"]},
    )
    return return_view(
        row,
        names=names,
        history=timeline(entries, names),
        may_book=visit.may(*BOOK),
        once=new_id(visit.now),
        form=visit.form,
        error=error,
        lens=visit.lens,
        conditions=CONDITIONS,
    )


DOORS = (
    Door("GET", urls.rma("{rma}"), READ, show),
    Door("POST", urls.rma_act("{rma}", "received"), BOOK, receive),
    Door("POST", urls.rma_act("{rma}", "inspected"), BOOK, inspect),
)
