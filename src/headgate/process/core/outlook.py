"""What a decision would lead to, by the same rules that apply it. Nothing is decided."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from headgate.process.core.approval import Voter, authority, cast, current_level
from headgate.process.core.state import Approval, Vote


def outlook(approval: Approval, voter: Voter, on_behalf_of: str, outcome: str, now: datetime) -> Approval:
    """The approval as it would stand after this decision. Due times of the steps it opens are not worked out.

    Raises Forbidden or DutyConflict when the voter may not decide so.
    """
    step = authority(approval, voter, on_behalf_of, current_level(approval) or 0, outcome)
    vote = Vote(
        level=step.level,
        step=step.step,
        principal=voter.principal,
        on_behalf_of=on_behalf_of,
        outcome=outcome,
        justification="",
        at=now,
        event_seq=0,
    )
    return cast(approval, vote, now, _undue)


def _undue(at: datetime, _: Decimal) -> datetime:
    return at
