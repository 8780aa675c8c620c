"""What came of a decision about one request: at once, or when the time to undo it was over."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from headgate.channel import orders
from headgate.console import urls
from headgate.console.present import held as present
from headgate.console.present.approval import replacement
from headgate.console.present.asks import ORDER, PRICE_EXCEPTION, ask_of
from headgate.console.views.approval import Came
from headgate.console.views.bulk import HeldNews
from headgate.console.views.common import Notice
from headgate.console.visit import Answer, Go, Visit
from headgate.kernel.errors import NotFound, Stale
from headgate.kernel.phrases import joined, phrase
from headgate.ledger import audit_list
from headgate.process import Approval, approvals_of_case, get_approval, holding
from headgate.process.holding import Held, HeldItem
from headgate.ui.words import STATES, humanise

_CAME_BETWEEN = phrase("something else came in between")
_DONE = {
    "approve": phrase("You approved it."),
    "edit": phrase("You approved it with changes."),
    "reject": phrase("You rejected it."),
}


@dataclass(frozen=True, slots=True)
class After:
    """How a held decision of the reader stands, for the page of its request: what they can undo still, what came of it,
    or why it was not taken (`stale`: the content has changed)."""

    held: Held
    undo: HeldNews | None = None
    came: Came | None = None
    refused: str = ""
    stale: bool = False


def after_of(visit: Visit, approval: Approval, named: UUID | None) -> After | None:
    """The reader's held decision of that id about this request; None for another's, and where there is none."""
    if named is None:
        return None
    try:
        held = holding.get_held(visit.conn, visit.ctx, named)
    except NotFound:
        return None
    item = next((each for each in held.items if each.approval == approval.approval), None)
    if item is None:
        return None
    if item.status == "held":
        return After(held, undo=present.undo_line(held))
    if item.status == "undone":
        return After(held)
    if item.status == "decided":
        return _counted(visit, approval, held, item)
    return After(held, refused=item.reason or _CAME_BETWEEN, stale=item.problem == Stale.code)


def _counted(visit: Visit, approval: Approval, held: Held, item: HeldItem) -> After:
    if any(vote.event_seq == item.event_seq for vote in approval.votes):
        href, notice = result_of(visit, approval, approval, held.outcome)
        return After(held, came=Came(notice.text, "" if href == urls.approval(approval.approval) else href))
    if holding.still_queued(visit.conn, held):
        return After(held, undo=present.undo_line(held))
    return After(held, refused=_why_refused(visit, approval, item.event_seq) or _CAME_BETWEEN)


def _why_refused(visit: Visit, approval: Approval, seq: int | None) -> str:
    refused = audit_list(visit.conn, action="event.refused", subject=approval.subject, limit=20)
    return next((str(e.body.get("reason", "")) for e in refused if e.event_seq == seq), "")


def told_at_once(visit: Visit, approval: Approval, outcome: str, seq: int, *, settled: bool) -> Answer:
    """Where to go after a decision, and what to say there."""
    here = urls.approval(approval.approval)
    if not settled:
        return Go(
            here,
            Notice("waiting", phrase("Your decision is in the log and takes effect in a moment. Load the page again.")),
        )
    after = get_approval(visit.conn, approval.approval)
    if after is None or not any(vote.event_seq == seq for vote in after.votes):
        why = _why_refused(visit, approval, seq) or _CAME_BETWEEN
        text = phrase("Your decision could not be applied: %(why)s.", why=why)
        return Go(here, Notice("risk", text))
    return Go(*result_of(visit, approval, after, outcome))


def result_of(visit: Visit, before: Approval, after: Approval, outcome: str) -> tuple[str, Notice]:
    here = urls.approval(before.approval)
    if after.status == "pending":
        roles = joined(
            phrase(" and "), dict.fromkeys(humanise(s.role).lower() for s in after.steps if s.status == "open")
        )
        return here, Notice(
            "done", phrase("%(outcome)s Now it waits for %(roles)s.", outcome=_DONE[outcome], roles=roles)
        )
    if before.subject_type == PRICE_EXCEPTION:
        words = {
            "approved": phrase("You approved it. The special price is in force for the time agreed."),
            "edited": phrase("You approved it with changes. What you changed is asked now."),
            "rejected": phrase("You rejected the special price."),
            "returned": phrase("You returned it to the requester."),
        }
        return urls.case(before.case_id), Notice("done", words.get(after.status, "Decided."))
    if before.subject_type != ORDER:
        there = urls.subject(before.subject_type, before.subject, before.case_id)
        return there, Notice(
            "done", {**_DONE, "reject": phrase("You rejected it."), "return": phrase("You returned it.")}[outcome]
        )
    status = str(orders.get_order(visit.conn, before.subject)["status"])
    label = STATES["order"][status].label.lower() if status in STATES["order"] else status
    if outcome == "return":
        text = phrase("You returned it for correction.")
    elif outcome == "reject":
        text = phrase("You rejected the order.")
    elif status == "held":
        newer = replacement(approvals_of_case(visit.conn, before.case_id), before.approval)
        ask = (
            ask_of(newer.subject_type, newer.exceptions, newer.summary, visit.lens.fmt).short
            if newer
            else phrase("a new check")
        )
        text = phrase(
            "%(outcome)s The order was checked again and is held for: %(ask)s.",
            outcome=_DONE[outcome],
            ask=visit.lens.fmt.within(ask),
        )
    else:
        text = phrase("%(outcome)s The order was checked again and is %(label)s.", outcome=_DONE[outcome], label=label)
    return urls.order(before.subject), Notice("done", text)
