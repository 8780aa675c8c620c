"""Who must agree to an approval request and what they said; whose voice it waits for when it is not the reader's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headgate.access import Account
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.approval import ApprovalStep
from headgate.kernel.phrases import joined, phrase
from headgate.process import Approval
from headgate.process.core.approval import over
from headgate.ui.words import humanise


def steps(
    approval: Approval, holders: Mapping[str, Sequence[Account]], names: Names, lens: Lens
) -> tuple[ApprovalStep, ...]:
    """Who must approve, level by level, with what they said."""
    found = []
    for step in approval.steps:
        votes = [vote for vote in approval.votes if vote.level == step.level and vote.step == step.step]
        vote = votes[-1] if votes else None
        people = [a.name for role in step.roles for a in holders.get(role, ()) if a.principal not in approval.barred]
        found.append(
            ApprovalStep(
                level=step.level,
                role=step.role,
                people=tuple(dict.fromkeys(people)) or (phrase("nobody holds this role yet"),),
                quorum=step.quorum,
                status=step.status,
                mine=not lens.me.roles.isdisjoint(step.roles),
                decided_by=names.person(vote.principal) if vote is not None else None,
                on_behalf_of=names.person(vote.on_behalf_of) if vote is not None and vote.on_behalf_of else None,
                decided_at=vote.at if vote is not None else None,
                justification=vote.justification if vote is not None else "",
                due_at=step.due_at,
                escalates_to="" if step.escalated else humanise(step.escalate_to).lower(),
                note=step.note,
                veto=step.veto,
            )
        )
    return tuple(found)


def blocked(approval: Approval, holders: Mapping[str, Sequence[Account]], lens: Lens, *, may_decide: bool) -> str:
    """Why the reader cannot decide, in a sentence that says what happens instead."""
    done = {
        "approved": phrase("Approved by everybody who was asked."),
        "edited": phrase("Approved with changes. What was changed is asked in a new request, or has been released."),
        "rejected": phrase("Rejected. Nothing more is needed here."),
        "returned": phrase("Returned for correction."),
        "voided": phrase(
            "What it was about has changed since, so this request no longer stands. Open the case to see what is "
            "asked now."
        ),
        "expired": phrase("Nobody decided in time, so the request has lapsed."),
    }
    if approval.status in done:
        return done[approval.status]
    if over(approval, lens.now):
        return phrase("The time to decide is over; the request lapses.")
    others = _others(approval, holders, lens)
    if lens.me.id == approval.requested_by or lens.me.id in approval.barred:
        return phrase("You had a hand in asking for this, so somebody else must decide: %(others)s.", others=others)
    if any(lens.me.id in (vote.principal, vote.on_behalf_of) for vote in approval.votes):
        return phrase("You have decided your part. Now it waits for %(others)s.", others=others)
    if not may_decide:
        return phrase("Your role does not decide on approvals. It waits for %(others)s.", others=others)
    return phrase("This level is not asked of you. It waits for %(others)s.", others=others)


def _others(approval: Approval, holders: Mapping[str, Sequence[Account]], lens: Lens) -> str:
    barred = {*approval.barred, approval.requested_by, lens.me.id}
    barred |= {person for vote in approval.votes for person in (vote.principal, vote.on_behalf_of)}
    open_steps = [step for step in approval.steps if step.status == "open"]
    people = [
        a.name for step in open_steps for role in step.roles for a in holders.get(role, ()) if a.principal not in barred
    ]
    unique = list(dict.fromkeys(people))
    if not unique:
        return joined(phrase(" and "), dict.fromkeys(humanise(step.role).lower() for step in open_steps)) or phrase(
            "nobody"
        )
    named = joined(", ", unique[:4])
    return phrase("%(names)s or others", names=named) if len(unique) > 4 else named


def is_last(approval: Approval, lens: Lens) -> bool:
    """Whether approving now would approve the whole: no other step is left, and this one lacks one voice."""
    left = [step for step in approval.steps if step.status in ("open", "waiting") and not step.only_stops]
    if len(left) != 1:
        return False
    place = (left[0].level, left[0].step)
    agreed = sum(1 for v in approval.votes if (v.level, v.step) == place and v.outcome in ("approve", "carried"))
    return left[0].quorum - agreed <= 1
