"""Who would be asked and why: a matrix applied to any input, with the people who could decide, and those who could not.

Nothing is written, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access import principals_for
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, invalid, shorten
from headgate.kernel.phrases import phrase
from headgate.policy import Evaluation
from headgate.process.core import approval as approvals
from headgate.process.core.builtin import longest_expiry
from headgate.process.core.foresee import Foreseen, foresee
from headgate.process.core.matrix import asked_by, plan_steps
from headgate.process.core.state import Approval
from headgate.process.engine import Engine, decider

MOST_ASKS = 50
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Question:
    """What to try on a matrix: one set of inputs per exception, and who asks for what."""

    policy: str
    asks: Sequence[Mapping[str, Any]]
    requested_by: str = ""
    barred: Sequence[str] = ()
    stake: Decimal | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """The answer: the evaluations of the matrix, the steps with their people, and when an unanswered request would
    lapse if it were asked now."""

    evaluations: tuple[Evaluation, ...]
    steps: tuple[Foreseen, ...]
    expires_at: datetime


def preview(conn: Connection[Any], ctx: Context, engine: Engine, question: Question) -> Preview:
    """Ask a matrix that is in force who would have to agree. Raises Invalid for inputs it cannot take, and when it is
    no approval matrix; NotFound when it is not in force."""
    if not 0 < len(question.asks) <= MOST_ASKS:
        raise invalid(
            "asks",
            len(question.asks),
            "is not a number of asks",
            phrase("Give 1 to %(most_asks)s.", most_asks=MOST_ASKS),
        )
    policies = engine.policies.active(conn, ctx.now)
    if question.policy not in dict(policies.items()):
        raise NotFound(phrase("policy %(policy)s has no version in force", policy=shorten(question.policy)))
    decide = decider(policies)
    evaluations = [decide(question.policy, dict(ask)) for ask in question.asks]
    if any("list" not in evaluation.outputs for evaluation in evaluations):
        raise invalid("policy", question.policy, "is no approval matrix", "Name one that collects level and role.")
    stake = question.stake if question.stake is not None else _stakes_of(evaluations)
    asked = asked_by(evaluations, question.summary, stake)
    if not asked:
        raise invalid("policy", question.policy, "asks nobody about this", "Add a row or a default.")
    deadline = engine.registry.profile(conn).deadline
    planned = Approval(
        approval=_NOBODY,
        case_id=_NOBODY,
        subject_type="",
        subject="",
        partner=None,
        digest="",
        status="pending",
        requested_by=question.requested_by,
        barred=tuple(question.barred),
        requested_at=ctx.now,
        expires_at=deadline(ctx.now, longest_expiry(asked)),
        stake=stake,
        currency=None,
        exceptions=(),
        summary=question.summary,
        steps=plan_steps(asked),
    )
    begun = approvals.begin(planned, ctx.now, deadline)
    return Preview(tuple(evaluations), people_of(conn, ctx, engine, begun), begun.expires_at)


def people_of(conn: Connection[Any], ctx: Context, engine: Engine, approval: Approval) -> tuple[Foreseen, ...]:
    """Who can decide each step of a request, by the roles and delegations in force now; two queries and those of the
    voters."""
    roles = sorted({role for step in approval.steps for role in step.roles})
    candidates = principals_for(conn, roles, ctx.now)
    voters = engine.registry.voters(conn, candidates, ctx.now) if candidates else {}
    return foresee(approval, [voters[name] for name in sorted(voters)])


def _stakes_of(evaluations: Sequence[Evaluation]) -> Decimal | None:
    stakes = [v for e in evaluations if isinstance(v := e.inputs.get("stake"), Decimal)]
    return sum(stakes, Decimal(0)) if stakes else None
