"""One case, and notes on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.channel.evidence import KeptFile
from headgate.channel.exceptions import PRICE_FILES
from headgate.console import urls
from headgate.console.pages.loading import names_of
from headgate.console.pages.order import DECIDE, may_decide
from headgate.console.present.case import case_view
from headgate.console.present.history import actors
from headgate.console.present.names import Names
from headgate.console.present.standing import around, asked_rows, branch_rows
from headgate.console.views.common import Notice
from headgate.console.views.standing import BranchRow, Standing
from headgate.console.visit import Answer, Door, Go, Visit
from headgate.kernel.errors import Conflict, Invalid, NotFound
from headgate.kernel.phrases import phrase
from headgate.ledger import audit_list
from headgate.process import Definition, approvals_of_case, case_detail
from headgate.process.core.branches import KEPT
from headgate.process.interventions import interventions_of
from headgate.process.linking import children_of, parents_of
from headgate.process.messages import About, mark_seen, messages_of, send_message
from headgate.process.notes import add_note
from headgate.process.outside import answered, ask
from headgate.process.repo import get_case
from headgate.ui.web import attachment

MOST_HISTORY = 200


def show(visit: Visit) -> Answer:
    """The case."""
    row = case_detail(visit.conn, visit.uuid("case"))
    approvals = approvals_of_case(visit.conn, row["case_id"])
    entries = audit_list(visit.conn, case_id=row["case_id"], limit=MOST_HISTORY)
    version = (row["process"], row["version"])
    definition = visit.app.engine.definitions.versions(visit.conn, [version]).get(version)
    asked = interventions_of(visit.conn, row["case_id"])
    names = names_of(
        visit,
        people={
            *(each["asked_by"] for each in asked),
            *actors(entries),
            *(task["assignee"] for task in row["tasks"] if task["assignee"]),
        },
        partners=[row["partner"]] if row["partner"] else [],
    )
    return case_view(
        row,
        definition=definition,
        approvals=approvals,
        able=[a for a in approvals if a.status == "pending" and may_decide(visit, a)],
        entries=entries,
        calendar=visit.app.calendars(visit.conn).of(row["partner"]),
        names=names,
        can_note=visit.may(*DECIDE),
        messages=messages_of(visit.conn, row["case_id"]) if row["partner"] else [],
        standing=_standing(visit, row, definition, asked, names),
        files=files_of(visit, row["subject_type"], row["subject"]),
        lens=visit.lens,
    )


def _standing(
    visit: Visit,
    row: Mapping[str, Any],
    definition: Definition | None,
    asked: Sequence[Mapping[str, Any]],
    names: Names,
) -> Standing:
    """Branches are read only where the case has some."""
    may = visit.may("cases.intervene") and definition is not None
    branches: tuple[BranchRow, ...] = ()
    if definition is not None and KEPT in row["data"] and row["status"] != "closed":
        branches = branch_rows(definition, get_case(visit.conn, row["case_id"]), may=may)
    near = around(children_of(visit.conn, row["case_id"]), parents_of(visit.conn, row["process"], row["key"]))
    return Standing(branches, near, asked_rows(asked, visit.me.id, names), may)


def files_of(visit: Visit, kind: str, subject: str) -> list[KeptFile]:
    """The files that were sent with what a case is about. Deals and returns show theirs on pages of their own."""
    return PRICE_FILES.of(visit.conn, subject) if kind == PRICE_FILES.kind else []


def download(visit: Visit) -> Answer:
    """A file that was sent with what a case is about: saved, never shown, whatever it is."""
    row = case_detail(visit.conn, visit.uuid("case"))
    if row["subject_type"] != PRICE_FILES.kind:
        raise NotFound("there is no such file")
    found, content = PRICE_FILES.get(visit.conn, row["subject"], visit.uuid("file"))
    return attachment(found.name, found.media_type, content)


def note(visit: Visit) -> Answer:
    """Add a note."""
    case_id = visit.uuid("case")
    try:
        add_note(visit.conn, visit.ctx, case_id, visit.form.get("note", ""))
    except Invalid as error:
        return Go(
            f"{urls.case(case_id)}#timeline",
            Notice("risk", phrase("The note was not added: %(message)s", message=error.message)),
        )
    return Go(f"{urls.case(case_id)}#timeline", Notice("done", phrase("Your note is in the record.")))


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
        return Go(
            f"{urls.case(case_id)}#messages",
            Notice("risk", phrase("The message was not sent: %(message)s", message=error.message)),
        )
    mark_seen(visit.conn, visit.ctx, case_id)
    said = phrase("Your message was sent to the partner.")
    # Whoever wrote it may have had the page open while the case came to its end.
    if visit.form.get("waits") == "yes" and row["status"] != "closed":
        ask(visit.conn, visit.ctx, visit.app.engine, case_id)
        said = phrase("Your message was sent to the partner. The clock of this stage pauses until they answer.")
    return Go(f"{urls.case(case_id)}#messages", Notice("done", said))


def take_up(visit: Visit) -> Answer:
    """The partner has answered in another way: let the clock run on."""
    case_id = visit.uuid("case")
    try:
        answered(visit.conn, visit.ctx, visit.app.engine, case_id)
    except Conflict as error:
        return Go(urls.case(case_id), Notice("risk", phrase("Nothing was changed: %(message)s", message=error.message)))
    return Go(urls.case(case_id), Notice("done", phrase("The clock of this stage runs on.")))


DOORS = (
    Door("GET", f"{urls.CASES}/{{case}}", ("cases.read",), show),
    Door("GET", urls.case_file("{case}", "{file}"), ("cases.read",), download),
    Door("POST", urls.case_note("{case}"), DECIDE, note),
    Door("POST", urls.case_message("{case}"), DECIDE, write),
    Door("POST", urls.case_answered("{case}"), DECIDE, take_up),
)
