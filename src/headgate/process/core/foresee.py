"""Who could decide each step of a request, who could not, and why: by the very rule that votes are held to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from headgate.kernel.errors import DutyConflict, Forbidden
from headgate.process.core.approval import Voter, authority, passed_through
from headgate.process.core.state import Approval, ApprovalStep


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may decide a step: in their own right (`on_behalf_of` empty), or for a delegator, through `via`.

    `away` are those who decide for them while they are away: they are asked from the start, too.
    """

    principal: str
    on_behalf_of: str = ""
    via: tuple[str, ...] = ()
    away: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody with the role, or a delegation of it, who may not decide, and why."""

    principal: str
    on_behalf_of: str
    why: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A step with the people it could be decided by. `enough`: there are as many of them as its quorum asks for."""

    step: ApprovalStep
    people: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def enough(self) -> bool:
        """Whether so many different people can decide that the quorum can be reached, nobody counted twice."""
        return self.step.status in ("skipped", "done") or len(_heads(self.people)) >= self.step.quorum


def _heads(people: Sequence[Candidate]) -> set[str]:
    """One head per right: a delegate and their delegator are one, and so is a delegate of two."""
    own = {c.principal for c in people if not c.on_behalf_of}
    return own | {c.principal for c in people if c.on_behalf_of and c.on_behalf_of not in own}


def foresee(approval: Approval, voters: Sequence[Voter]) -> tuple[Foreseen, ...]:
    """Every step of a request with the people who could decide it when it is asked, and who could not and why.

    `voters` are the holders of the roles asked and those with delegations of them.
    """
    return tuple(_foreseen(approval, step, voters) for step in approval.steps)


def _foreseen(approval: Approval, step: ApprovalStep, voters: Sequence[Voter]) -> Foreseen:
    # As if this step were the only one and asked now: what it takes then is what it takes when its turn comes.
    alone = replace(approval, status="pending", steps=(replace(step, status="open"),))
    outcome = "reject" if step.only_stops else "approve"
    people: list[Candidate] = []
    left_out: list[LeftOut] = []
    for voter in voters:
        for behalf in _rights(voter, step):
            try:
                authority(alone, voter, behalf, step.level, outcome)
            except (DutyConflict, Forbidden) as error:
                left_out.append(LeftOut(voter.principal, behalf, error.message))
            else:
                via = passed_through(approval, voter, behalf) if behalf else ()
                away = () if behalf else _deputies(voter.principal, step, voters)
                people.append(Candidate(voter.principal, behalf, via, away))
    return Foreseen(step, tuple(people), tuple(left_out))


def _rights(voter: Voter, step: ApprovalStep) -> Iterator[str]:
    """'' where the voter holds a role of the step, and each delegator who gave them one."""
    if not voter.roles.isdisjoint(step.roles):
        yield ""
    yield from dict.fromkeys(d.delegator for d in voter.delegated if not d.roles.isdisjoint(step.roles))


def _deputies(principal: str, step: ApprovalStep, voters: Sequence[Voter]) -> tuple[str, ...]:
    return tuple(
        voter.principal
        for voter in voters
        if any(d.delegator == principal and not d.via and not d.roles.isdisjoint(step.roles) for d in voter.delegated)
    )
