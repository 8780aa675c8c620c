"""One approval request: what is asked against what was agreed, who must agree, and what the reader may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from headgate.access import Account
from headgate.channel.evidence import KeptFile
from headgate.console import urls
from headgate.console.present.approval_lines import ZERO, Entered, ask_lines, changes_between, credit_of, figures
from headgate.console.present.approval_reasons import reasons
from headgate.console.present.approval_voices import blocked, is_last, steps
from headgate.console.present.asks import DEAL, ORDER, PRICE_EXCEPTION, ask_of, deepest
from headgate.console.present.clocks import approval_clock
from headgate.console.present.evidence import asked_with
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.present.order import OrderFacts
from headgate.console.views.approval import ApprovalView, PartnerHistory, PastAsk, StandsStill, Verbs
from headgate.console.views.common import Change, PartnerName, TimelineEntry
from headgate.kernel.phrases import phrase
from headgate.process import Approval
from headgate.process.asked import PastAsked
from headgate.process.core.changes import Replaced

DECIDED = ("approved", "edited", "rejected", "returned")
_LAST = phrase("You are the last to decide: it takes effect at once.")
PLAIN_VERBS = Verbs(
    approve=phrase("Approve"), edit="", reject=phrase("Reject"), return_=phrase("Return to the requester"), last=_LAST
)
# What the buttons say, by what is decided about.
VERBS = {
    ORDER: Verbs(
        approve="",
        edit=phrase("Approve with these changes"),
        reject=phrase("Reject the order"),
        return_=phrase("Return to order desk"),
        last=phrase("You are the last to decide: the order is checked again, then released."),
    ),
    PRICE_EXCEPTION: Verbs(
        approve="",
        edit=phrase("Approve with these changes"),
        reject=phrase("Reject the price"),
        return_=phrase("Send it back"),
        read=phrase("When you send it back, the requester reads this and can ask otherwise."),
        last=phrase("You are the last to decide: the price comes into force at once."),
    ),
    DEAL: Verbs(approve="", edit="", reject=phrase("Reject"), return_=phrase("Return to the partner"), last=_LAST),
}


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the partner: earlier requests and a year of orders."""

    asks: Sequence[PastAsked]
    monthly: tuple[Decimal, ...]
    margin: Decimal | None


def approval_view(
    approval: Approval,
    *,
    ways: Sequence[str],
    may_decide: bool,
    facts: OrderFacts | None,
    past: Past,
    holders: Mapping[str, Sequence[Account]],
    history: tuple[TimelineEntry, ...],
    names: Names,
    entered: Entered,
    lens: Lens,
    stops: bool = False,
    replaces: Replaced | None = None,
    stands_still: StandsStill | None = None,
    files: Sequence[KeptFile] = (),
) -> ApprovalView:
    """The page of an approval. `ways` are for whom the reader may decide ('' for themselves).

    With `stops` they can only stop it.
    """
    ask = ask_of(approval.subject_type, approval.exceptions, approval.summary, lens.fmt)
    lines = ask_lines(approval, entered, lens.fmt.locale)
    able = may_decide and bool(ways)
    partner = names.partner(approval.partner) or PartnerName("", phrase("No partner"))
    return ApprovalView(
        approval=approval.approval,
        status=approval.status,
        ask=ask.act,
        subject=approval.subject,
        subject_href=urls.subject(approval.subject_type, approval.subject, approval.case_id),
        order=_order_of(approval),
        partner=partner,
        case_id=approval.case_id,
        requested_by=names.person(approval.requested_by),
        requested_at=approval.requested_at,
        clock=approval_clock(approval, lens.now),
        expires_at=approval.expires_at,
        stake=lens.money(approval.stake),
        figures=figures(approval, lines),
        credit=credit_of(approval, facts),
        reasons=reasons(approval, facts, lens),
        lines=lines,
        history=_history(past, names, lens),
        steps=steps(approval, holders, names, lens),
        timeline=history,
        digest=approval.digest,
        verbs=_verbs(approval, ask.verb, lens, stops=stops) if able else None,
        approves_last=is_last(approval, lens),
        blocked="" if able else blocked(approval, holders, lens, may_decide=may_decide),
        editing=entered.editing and able,
        justification=entered.justification,
        errors=entered.errors,
        acting_for=names.people(way for way in ways if way),
        not_taken=entered.not_taken,
        changed=_changed(replaces, approval, lens),
        agreed_before=names.people(vote.principal for vote in replaces.agreed) if replaces is not None else (),
        stands_still=stands_still,
        evidence=asked_with(approval.summary, files, approval.case_id),
    )


def _order_of(approval: Approval) -> str:
    """The order it is about, or that a special price was asked for."""
    return approval.subject if approval.subject_type == "order" else str(approval.summary.get("order") or "")


def _verbs(approval: Approval, verb: str, lens: Lens, *, stops: bool) -> Verbs:
    if stops:
        return Verbs(approve="", edit="", reject=phrase("Stop it"), return_="")
    verbs = VERBS.get(approval.subject_type, PLAIN_VERBS)
    return replace(verbs, approve=verb, return_=lens.fmt.say(verbs.return_) if verbs.return_ else "")


def _changed(replaces: Replaced | None, approval: Approval, lens: Lens) -> tuple[Change, ...]:
    """What is asked otherwise now, the money at stake first."""
    if replaces is None:
        return ()
    before, found = replaces.before, changes_between(replaces.before, approval)
    if before.stake == approval.stake:
        return found
    return (Change(phrase("At stake"), lens.money(before.stake), lens.money(approval.stake)), *found)


def _history(past: Past, names: Names, lens: Lens) -> PartnerHistory:
    depths = [d for d in (deepest(each.summary) for each in past.asks) if d is not None]
    return PartnerHistory(
        asks=past.asks[0].asks if past.asks else 0,
        approved=past.asks[0].approved if past.asks else 0,
        usual_deviation=sum(depths, ZERO) / len(depths) if depths else None,
        ordered=lens.money(sum(past.monthly, ZERO)),
        margin=past.margin,
        monthly=past.monthly,
        last=tuple(
            PastAsk(
                at=each.requested_at,
                approval=each.approval,
                ask=ask_of(each.subject_type, each.exceptions, each.summary, lens.fmt).short,
                stake=lens.money(each.stake),
                outcome=each.status,
                by=names.person(each.by) if each.by and each.status in DECIDED else None,
            )
            for each in past.asks[:5]
        ),
    )


def replacement(approvals: Sequence[Approval], stale: UUID) -> Approval | None:
    """The request of the same case that waits now, where it is another."""
    return next((each for each in approvals if each.status == "pending" and each.approval != stale), None)
