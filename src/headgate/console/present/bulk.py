"""Many approvals as a list to choose from, and in words what a decision about each leads to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from headgate.console import urls
from headgate.console.present.approval import changes_between
from headgate.console.present.approving import in_words
from headgate.console.present.asks import DEAL, ORDER, PRICE_EXCEPTION, ask_of
from headgate.console.present.clocks import approval_clock
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.bulk import LeftOut, ManyRow
from headgate.console.views.common import Change
from headgate.kernel.errors import HeadgateError, Stale
from headgate.process import Approval
from headgate.ui.words import humanise

_ENDS: Mapping[tuple[str, str], str] = {
    ("approved", ORDER): "The order is checked again, then released.",
    ("approved", PRICE_EXCEPTION): "The price comes into force at once.",
    ("approved", DEAL): "The deal is protected at once.",
    ("rejected", ORDER): "The order is rejected.",
    ("rejected", PRICE_EXCEPTION): "The price is not granted.",
    ("rejected", DEAL): "The deal is rejected; the partner may appeal.",
    ("returned", DEAL): "The deal goes back to the partner.",
}
_OTHERWISE = {
    "approved": "It takes effect at once.",
    "rejected": "It is rejected.",
    "returned": "It goes back to the requester.",
    "edited": "It is approved with changes.",
    "voided": "It no longer stands: what it was about has changed.",
    "expired": "Its time was over.",
}
_DONE = {"approve": "approved", "reject": "rejected", "return": "returned"}


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
        roles = " and ".join(dict.fromkeys(humanise(step.role).lower() for step in waits))
        return f"Then it waits for {roles or 'others'}; nothing is released before."
    return _ENDS.get((after.status, after.subject_type)) or _OTHERWISE[after.status]


def left_out(
    approval: Approval | None, error: HeadgateError, newer: Approval | None, names: Names, lens: Lens
) -> LeftOut:
    """Why one of those picked is not decided. `newer` is what is asked in its place, where something is."""
    if approval is None:
        return LeftOut("A request that no longer exists", "", urls.APPROVALS, "There is no such approval.")
    shown = newer or approval
    why = in_words(error.message, names)
    changes: tuple[Change, ...] = ()
    if isinstance(error, Stale):
        why = "It has changed since you saw it, so it is left out. Open it and decide on what it says now."
        if newer is None and approval.status != "pending":
            why = f"It is {approval.status} already."
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
    act = {"approve": "Approve", "reject": "Reject", "return": "Return"}[outcome]
    money = f", {lens.fmt.money(lens.money(stake))} at stake" if stake else ""
    return f"{act} {len(rows)}{money}" if rows else ""


def title_of(outcome: str, count: int, *, done: bool) -> str:
    """The heading: what would be, or was, decided."""
    what = "request" if count == 1 else "requests"
    if done:
        return f"{count} {what} {_DONE[outcome]}" if count else f"Nothing was {_DONE[outcome]}"
    return f"{ {'approve': 'Approve', 'reject': 'Reject', 'return': 'Return'}[outcome] } {count} {what}?"


def replaced_in(approvals: Mapping[UUID, Sequence[Approval]], approval: Approval) -> Approval | None:
    """What is asked now in the same case, where it is another request."""
    waiting = [a for a in approvals.get(approval.case_id, ()) if a.status == "pending"]
    return next((a for a in waiting if a.approval != approval.approval), None)
