"""Agreements that outlive a change: only where the matrix says so (`keep_if`), and only towards the same step.

Without `keep_if` every change asks everybody anew. The condition sees the values of the new request, and those of the
one before under `was_…`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from headgate.process.core import approval as approvals
from headgate.process.core.conditions import judge, values_for
from headgate.process.core.running import Run
from headgate.process.core.state import Approval, Vote

KEY: Final = "approval_before"
_COUNTS: Final = ("approve", "carried")


def remember(run: Run, voided: Approval) -> None:
    """Keep with the case what was agreed to in a request that a change made void, where some of it may outlive it."""
    keeping = {(s.level, s.step) for s in voided.steps if s.keep_if}
    agreed = [v for v in voided.votes if v.outcome in _COUNTS and (v.level, v.step) in keeping]
    if not agreed:
        return
    before = {
        "approval": str(voided.approval),
        "values": _values(voided),
        "agreed": [
            {
                "level": v.level,
                "step": v.step,
                "principal": v.principal,
                "on_behalf_of": v.on_behalf_of,
                "justification": v.justification,
            }
            for v in agreed
        ],
    }
    run.case = run.case._replace(data={**run.case.data, KEY: before})


def with_kept(run: Run, approval: Approval) -> Approval:
    """A new request with the agreements that its matrix keeps, each with the reason. What is kept is used once."""
    before: Any = run.case.data.get(KEY)
    if not isinstance(before, Mapping):
        return approval
    run.case = run.case._replace(data={k: v for k, v in run.case.data.items() if k != KEY})
    now = values_for(approval.summary, {}, approval.stake)
    then = values_for(before["values"], {}, None)
    values = {**{f"was_{name}": value for name, value in then.items()}, **now}
    votes = tuple(vote for given in before["agreed"] if (vote := _kept(run, approval, given, values)) is not None)
    if not votes:
        return approval
    run.notes["agreements_kept"] = [{"by": v.principal, "step": f"{v.level}:{v.step}"} for v in votes]
    return approvals.settle(replace(approval, votes=votes), run.around.now, run.deadline)


def _kept(run: Run, approval: Approval, given: Mapping[str, Any], values: Mapping[str, object]) -> Vote | None:
    """The agreement as a vote on the new request, if its step is asked again, allows it, and may still be theirs."""
    step = next((s for s in approval.steps if (s.level, s.step) == (given["level"], given["step"])), None)
    people = {str(given["principal"]), str(given["on_behalf_of"])}
    if step is None or step.status == "skipped" or not step.keep_if:
        return None
    if people & {approval.requested_by, *approval.barred}:
        return None
    verdict = judge(step.keep_if, values)
    if not verdict.holds:
        return None
    return Vote(
        level=step.level,
        step=step.step,
        principal=str(given["principal"]),
        on_behalf_of=str(given["on_behalf_of"]),
        outcome="carried",
        justification=f"{given['justification']} (kept from before the change: {verdict.why})",
        at=run.around.now,
        event_seq=run.event.seq,
    )


def _values(approval: Approval) -> Mapping[str, object]:
    """The plain values of a request, its numbers as text."""
    found = values_for(approval.summary, {}, approval.stake)
    return {name: value if isinstance(value, bool) or value is None else str(value) for name, value in found.items()}
