"""One case, and notes on it."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.pages.order import DECIDE, may_decide
from headgate.console.present.case import case_view
from headgate.console.present.history import actors
from headgate.console.views.common import Notice
from headgate.console.visit import Answer, Door, Go, Visit
from headgate.kernel.errors import Invalid, NotFound
from headgate.ledger import audit_list
from headgate.process import approvals_of_case, case_detail
from headgate.process.messages import About, mark_seen, messages_of, send_message
from headgate.process.notes import add_note

MOST_HISTORY = 200


def show(visit: Visit) -> Answer:
    """The case."""
    row = case_detail(visit.conn, visit.uuid("case"))
    approvals = approvals_of_case(visit.conn, row["case_id"])
    entries = audit_list(visit.conn, case_id=row["case_id"], limit=MOST_HISTORY)
    version = (row["process"], row["version"])
    names = names_of(
        visit,
        people={*actors(entries), *(task["assignee"] for task in row["tasks"] if task["assignee"])},
        partners=[row["partner"]] if row["partner"] else [],
    )
    return case_view(
        row,
        definition=visit.app.engine.definitions.versions(visit.conn, [version]).get(version),
        approvals=approvals,
        able=[a for a in approvals if a.status == "pending" and may_decide(visit, a)],
        entries=entries,
        calendar=visit.app.calendars(visit.conn).of(row["partner"]),
        names=names,
        can_note=visit.may(*DECIDE),
        messages=messages_of(visit.conn, row["case_id"]) if row["partner"] else [],
        lens=visit.lens,
    )


def note(visit: Visit) -> Answer:
    """Add a note."""
    case_id = visit.uuid("case")
    try:
        add_note(visit.conn, visit.ctx, case_id, visit.form.get("note", ""))
    except Invalid as error:
        return Go(f"{urls.case(case_id)}#timeline", Notice("risk", f"The note was not added: {error.message}"))
    return Go(f"{urls.case(case_id)}#timeline", Notice("done", "Your note is in the record."))


def write(visit: Visit) -> Answer:
    """Write to the partner."""
    case_id = visit.uuid("case")
    row = case_detail(visit.conn, case_id)
    if not row["partner"]:
        raise NotFound("this case has no partner to write to")
    about = About(case_id, row["subject_type"], row["subject"], row["partner"])
    try:
        send_message(visit.conn, visit.ctx, about, visit.form.get("message", ""))
    except Invalid as error:
        return Go(f"{urls.case(case_id)}#messages", Notice("risk", f"The message was not sent: {error.message}"))
    mark_seen(visit.conn, visit.ctx, case_id)
    return Go(f"{urls.case(case_id)}#messages", Notice("done", "Your message was sent to the partner."))


DOORS = (
    Door("GET", f"{urls.CASES}/{{case}}", ("cases.read",), show),
    Door("POST", urls.case_note("{case}"), DECIDE, note),
    Door("POST", urls.case_message("{case}"), DECIDE, write),
)
