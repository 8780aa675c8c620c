"""The decisions policies made: recorded in bulk, read back, and checked against their digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.kernel.tabular import expand
from headgate.ledger import ContentCheck, ContentResult, Finding
from headgate.policy import repo
from headgate.policy.core.decision import DecisionDraft

_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
_LAST_ID = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as recorded. `record` is the text that `digest` (hex) was taken over, `evaluations` what it says, with
    its tables (`kernel.tabular`) written out."""

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
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    evaluations: Any
    record: str
    digest: str


def record_decisions(conn: Connection, drafts: Sequence[DecisionDraft]) -> None:
    """Insert decisions, all in one statement."""
    if not drafts:
        return
    conn.execute(
        repo.RECORD_DECISIONS,
        {
            "decision": [d.decision for d in drafts],
            "at": [d.at for d in drafts],
            "policy": [d.policy for d in drafts],
            "version": [d.version for d in drafts],
            "subject_type": [d.subject_type for d in drafts],
            "subject": [d.subject for d in drafts],
            "case_id": [d.case_id for d in drafts],
            "event_seq": [d.event_seq for d in drafts],
            "outcome": [d.outcome for d in drafts],
            "row_ids": [",".join(d.row_ids) for d in drafts],
            "inputs": [canonical_text(dict(d.inputs)) for d in drafts],
            "outputs": [canonical_text(dict(d.outputs)) for d in drafts],
            "evaluations": [d.evaluations for d in drafts],
            "digest": [bytes.fromhex(d.digest) for d in drafts],
        },
    )


def decision_get(conn: Connection, decision: UUID) -> Decision:
    """One decision. Raises `NotFound`."""
    found = decisions_get(conn, [decision])
    if decision not in found:
        raise NotFound(phrase("there is no decision %(decision)s", decision=decision))
    return found[decision]


def decisions_get(conn: Connection, decisions: Sequence[UUID]) -> dict[UUID, Decision]:
    """Those of these decisions that exist, by id."""
    rows = conn.execute(repo.GET_DECISIONS, {"decisions": list(decisions)}) if decisions else ()
    return {row[0]: _decision(row) for row in rows}


def decision_list(
    conn: Connection,
    *,
    subject_type: str | None = None,
    subject: str | None = None,
    policy: str | None = None,
    version: int | None = None,
    outcome: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Decision]:
    """Decisions, newest first. `before` is the cursor: instant and id of the last one seen."""
    wanted: dict[str, Any] = {
        "subject_type": subject_type,
        "subject": subject,
        "policy": policy,
        "version": version,
        "outcome": outcome,
    }
    filters = " ".join(f"and {name} = %({name})s" for name, value in wanted.items() if value is not None)
    at, last = before or (_END_OF_TIME, _LAST_ID)
    query = repo.LIST_DECISIONS.format(filters=filters)
    rows = conn.execute(query, {**wanted, "before_at": at, "before_decision": last, "limit": limit})
    return [_decision(row) for row in rows]


def decision_counts(conn: Connection, since: datetime) -> dict[tuple[str, int], int]:
    """How many decisions each policy version made since an instant."""
    return {(policy, version): count for policy, version, count in conn.execute(repo.COUNT_DECISIONS, {"since": since})}


def decision_days(conn: Connection, since: datetime, zone: str) -> dict[str, dict[date, int]]:
    """How many decisions each policy made since an instant, by the zone's days. One that is only asked on the way to
    another's decision makes none of its own."""
    days: dict[str, dict[date, int]] = {}
    for policy, day, count in conn.execute(repo.DECISION_DAYS, {"since": since, "zone": zone}):
        days.setdefault(policy, {})[day] = count
    return days


def row_counts(conn: Connection, policy: str, version: int, since: datetime) -> dict[str, int]:
    """How often each row of a version led to a decision since an instant."""
    wanted = {"policy": policy, "version": version, "since": since}
    return dict(conn.execute(repo.COUNT_ROWS, wanted).fetchall())


def check_decisions(conn: Connection) -> ContentResult:
    """Recompute the digest of every decision."""
    (total,) = conn.execute(repo.COUNT_ALL_DECISIONS).fetchone() or (0,)
    findings = [
        Finding("decisions", seq or 0, f"decision {decision} does not have its digest", expected[:16], found[:16])
        for decision, seq, expected, found in conn.execute(repo.BROKEN_DECISIONS)
    ]
    return ContentResult(total, tuple(findings))


DECISIONS_CHECK = ContentCheck("decisions", check_decisions)


def _decision(row: tuple[Any, ...]) -> Decision:
    decision, at, policy, version, subject_type, subject, case_id, event_seq, outcome, rows, *rest = row
    inputs, outputs, record, digest = rest
    return Decision(
        decision,
        at,
        policy,
        version,
        subject_type,
        subject,
        case_id,
        event_seq,
        outcome,
        tuple(rows),
        inputs,
        outputs,
        expand(loads(record)),
        record,
        digest,
    )
