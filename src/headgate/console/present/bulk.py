"""Many approvals as a list to choose from, and in words what a decision about each leads to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from headgate.console import urls
from headgate.console.present.approval_lines import changes_between
from headgate.console.present.approving import in_words
from headgate.console.present.asks import DEAL, ORDER, PRICE_EXCEPTION, ask_of
from headgate.console.present.clocks import approval_clock
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.bulk import LeftOut, ManyRow
from headgate.console.views.common import Change
from headgate.kernel.errors import HeadgateError, Stale
from headgate.kernel.phrases import counted, joined, phrase
from headgate.process import Approval
from headgate.ui.words import humanise

_ENDS: Mapping[tuple[str, str], str] = {
    ("approved", ORDER): phrase("The order is checked again, then released."),
    ("approved", PRICE_EXCEPTION): phrase("The price comes into force at once."),
    ("approved", DEAL): phrase("The deal is protected at once."),
    ("rejected", ORDER): phrase("The order is rejected."),
    ("rejected", PRICE_EXCEPTION): phrase("The price is not granted."),
    ("rejected", DEAL): phrase("The deal is rejected; the partner may appeal."),
    ("returned", DEAL): phrase("The deal goes back to the partner."),
}
_OTHERWISE = {
    "approved": phrase("It takes effect at once."),
    "rejected": phrase("It is rejected."),
    "returned": phrase("It goes back to the requester."),
    "edited": phrase("It is approved with changes."),
    "voided": phrase("It no longer stands: what it was about has changed."),
    "expired": phrase("Its time was over."),
}
_DONE = {"approve": phrase("approved"), "reject": phrase("rejected"), "return": phrase("returned")}


def many_row(approval: Approval, behalf: str, picked: Collection[UUID], names: Names, lens: Lens) -> ManyRow:
    """One approval to choose."""
    open_levels = [step.level for step in approval.steps if step.status == "open"]
    return ManyRow(
        approval=approval.approval,
        digest=approval.digest,
        ask=ask_of(approval.subject_type, approval.exceptions, approval.summary, lens.fmt).short,
        subject=approval.subject,
        href=urls.approval(approval.approval),
        partner=names.partner(approval.partner),
        stake=None if approval.stake is None else lens.money(approval.stake),
        clock=approval_clock(approval, lens.now),
        level=min(open_levels, default=1),
        levels=len({step.level for step in approval.steps if step.status != "skipped"}),
        acting_for=names.person(behalf) if behalf else None,
        picked=approval.approval in picked,
    )


def then_of(after: Approval) -> str:
    """What comes next for an approval that stands like this, in one sentence."""
    if after.status == "pending":
        waits = [step for step in after.steps if step.status == "open" and not step.only_stops]
        roles = joined(phrase(" and "), dict.fromkeys(humanise(step.role).lower() for step in waits))
        return phrase("Then it waits for %(others)s; nothing is released before.", others=roles or "others")
    return _ENDS.get((after.status, after.subject_type)) or _OTHERWISE[after.status]


def left_out(
    approval: Approval | None, error: HeadgateError, newer: Approval | None, names: Names, lens: Lens
) -> LeftOut:
    """Why one of those picked is not decided. `newer` is what is asked in its place, where something is."""
    if approval is None:
        return LeftOut(
            phrase("A request that no longer exists"), "", urls.APPROVALS, phrase("There is no such approval.")
        )
    shown = newer or approval
    why = in_words(error.message, names)
    changes: tuple[Change, ...] = ()
    if isinstance(error, Stale):
        why = phrase("It has changed since you saw it, so it is left out. Open it and decide on what it says now.")
        if newer is None and approval.status != "pending":
            why = phrase("It is %(status)s already.", status=approval.status)
    if newer is not None:
        changes = changes_between(approval, newer)
    return LeftOut(
        ask=ask_of(shown.subject_type, shown.exceptions, shown.summary, lens.fmt).short,
        subject=shown.subject,
        href=urls.approval(shown.approval),
        why=why,
        changes=changes,
    )


def button_of(outcome: str, rows: Sequence[ManyRow], stake: Decimal, lens: Lens) -> str:
    """What the button that decides says."""
    act = {"approve": phrase("Approve"), "reject": phrase("Reject"), "return": phrase("Return")}[outcome]
    if not rows:
        return ""
    if not stake:
        return phrase("%(act)s %(count)s", act=act, count=len(rows))
    money = lens.fmt.money(lens.money(stake))
    return phrase("%(act)s %(count)s, %(money)s at stake", act=act, count=len(rows), money=money)


def title_of(outcome: str, count: int, *, done: bool) -> str:
    """The heading: what would be, or was, decided."""
    if done and not count:
        return phrase("Nothing was %(outcome)s", outcome=_DONE[outcome])
    if done:
        return counted("%(count)s request %(outcome)s", "%(count)s requests %(outcome)s", count, outcome=_DONE[outcome])
    act = {"approve": phrase("Approve"), "reject": phrase("Reject"), "return": phrase("Return")}[outcome]
    return counted("%(act)s %(count)s request?", "%(act)s %(count)s requests?", count, act=act)


def replaced_in(approvals: Mapping[UUID, Sequence[Approval]], approval: Approval) -> Approval | None:
    """What is asked now in the same case, where it is another request."""
    waiting = [a for a in approvals.get(approval.case_id, ()) if a.status == "pending"]
    return next((a for a in waiting if a.approval != approval.approval), None)
