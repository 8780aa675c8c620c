"""A decision: what one or more evaluations came to for one subject. Written once, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from headgate.policy.core.evaluation import Evaluation


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """A decision to be recorded. `policy` and `version` name the table whose word was final.

    `evaluations` is canonical JSON text of everything that was weighed, lists of like things as tables where its author
    likes (`kernel.tabular`); `digest` (hex) is `decision_digest` of it.
    """

    decision: UUID
    at: datetime
    policy: str
    version: int
    subject_type: str
    subject: str
    case_id: UUID | None
    event_seq: int | None
    outcome: str
    row_ids: tuple[str, ...]
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    evaluations: str
    digest: str


def decision_digest(evaluations: str) -> str:
    """SHA-256 (hex) of the UTF-8 bytes of a decision's `evaluations` text."""
    return hashlib.sha256(evaluations.encode()).hexdigest()


def draft_decision(
    decision: UUID,
    at: datetime,
    evaluations: Sequence[Evaluation],
    *,
    subject_type: str,
    subject: str,
    outcome: str = "",
    case_id: UUID | None = None,
    event_seq: int | None = None,
) -> DecisionDraft:
    """A decision made of evaluations, of which the last is final.

    `outcome` is what came of it; left out, it is the final evaluation's output `outcome`, or its rows.
    """
    final = evaluations[-1]
    text = f"[{','.join(e.as_text() for e in evaluations)}]"
    return DecisionDraft(
        decision=decision,
        at=at,
        policy=final.policy,
        version=final.version,
        subject_type=subject_type,
        subject=subject,
        case_id=case_id,
        event_seq=event_seq,
        outcome=outcome or str(final.outputs.get("outcome") or ", ".join(final.rows)),
        row_ids=final.rows,
        inputs=final.inputs,
        outputs=final.outputs,
        evaluations=text,
        digest=decision_digest(text),
    )
