"""SQL of approvals: a head, its steps, its votes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.kernel.canonical import canonical_text
from headgate.process.core.state import Approval, ApprovalStep, Vote
from headgate.process.repo.columns import columns

LOAD_APPROVALS = """
select approval, case_id, subject_type, subject, partner, digest, status, requested_by, barred, requested_at,
       expires_at, stake, currency, exceptions, summary, decided_at, decision, branch, paused_at
from approvals where {where}
"""

LOAD_STEPS = """
select approval, level, step, role, quorum, status, due_at, sla_hours, escalate_to, escalated, matrix_row,
       of_people, veto, note, keep_if, remind_hours
from approval_steps where approval = any(%s) order by approval, level, step
"""

LOAD_VOTES = """
select approval, level, step, principal, on_behalf_of, outcome, justification, at, edit, event_seq
from approval_votes where approval = any(%s) order by approval, at, level
"""

SAVE_APPROVALS = """
insert into approvals (approval, case_id, subject_type, subject, partner, digest, status, requested_by, barred,
                       requested_at, expires_at, stake, currency, exceptions, summary, decided_at, decision, branch,
                       paused_at)
select approval, case_id, subject_type, subject, partner, digest, status, requested_by,
       case when barred = '' then '{}'::text[] else string_to_array(barred, ',') end, requested_at, expires_at, stake,
       currency, case when exceptions = '' then '{}'::text[] else string_to_array(exceptions, ',') end, summary,
       decided_at, decision, branch, paused_at
from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s::text[], %s::text[], %s::jsonb[],
            %s::timestamptz[], %s::uuid[], %s::text[], %s::timestamptz[])
  as t(approval, case_id, subject_type, subject, partner, digest, status, requested_by, barred, requested_at,
       expires_at, stake, currency, exceptions, summary, decided_at, decision, branch, paused_at)
on conflict (tenant_id, approval) do update set
  status = excluded.status, decided_at = excluded.decided_at, expires_at = excluded.expires_at,
  paused_at = excluded.paused_at
"""

SAVE_STEPS = """
insert into approval_steps (approval, level, step, role, quorum, status, due_at, sla_hours, escalate_to, escalated,
                            matrix_row, of_people, veto, note, keep_if, remind_hours)
select * from unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::smallint[], %s::text[], %s::timestamptz[],
                     %s::numeric[], %s::text[], %s::smallint[], %s::text[], %s::smallint[], %s::smallint[], %s::text[],
                     %s::text[], %s::numeric[])
on conflict (tenant_id, approval, level, step) do update set
  status = excluded.status, due_at = excluded.due_at, escalated = excluded.escalated
"""

SAVE_VOTES = """
insert into approval_votes (approval, level, step, principal, on_behalf_of, outcome, justification, at, edit, event_seq)
select * from unnest(%s::uuid[], %s::smallint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                     %s::timestamptz[], %s::jsonb[], %s::bigint[])
on conflict (tenant_id, approval, level, principal) do nothing
"""


def waiting_for(
    conn: Connection[Any], cases: Sequence[UUID]
) -> tuple[dict[UUID, Approval], dict[UUID, dict[str, Approval]]]:
    """The pending approvals of cases: those their stage asked for, and those of their branches."""
    own: dict[UUID, Approval] = {}
    branches: dict[UUID, dict[str, Approval]] = {}
    for approval in _approvals(conn, "case_id = any(%s) and status = 'pending'", (list(cases),)):
        if approval.branch:
            branches.setdefault(approval.case_id, {})[approval.branch] = approval
        else:
            own[approval.case_id] = approval
    return own, branches


def pending_approvals(conn: Connection[Any], cases: Sequence[UUID]) -> dict[UUID, Approval]:
    """The pending approval of each case that has one, with steps and votes; of several, the one its stage asked for,
    or the first of its branches."""
    own, branches = waiting_for(conn, cases)
    return {case: asked[min(asked)] for case, asked in branches.items()} | own


def get_approval(conn: Connection[Any], approval: UUID) -> Approval | None:
    """One approval in any state."""
    found = _approvals(conn, "approval = %s", (approval,))
    return found[0] if found else None


def get_approvals(conn: Connection[Any], approvals: Sequence[UUID]) -> dict[UUID, Approval]:
    """Those of these approvals that exist, in any state."""
    return {a.approval: a for a in _approvals(conn, "approval = any(%s)", (list(approvals),))}


def approvals_of_case(conn: Connection[Any], case_id: UUID) -> list[Approval]:
    """Every approval a case has asked for, oldest first."""
    return sorted(_approvals(conn, "case_id = %s", (case_id,)), key=_turn)


def approvals_of_cases(conn: Connection[Any], cases: Sequence[UUID]) -> dict[UUID, list[Approval]]:
    """Every approval that these cases have asked for, oldest first."""
    found: dict[UUID, list[Approval]] = {}
    for each in sorted(_approvals(conn, "case_id = any(%s)", (list(cases),)), key=_turn):
        found.setdefault(each.case_id, []).append(each)
    return found


def _turn(approval: Approval) -> tuple[datetime, bool, datetime]:
    """Which was asked for first; of two of one instant, the one that has ended."""
    return approval.requested_at, approval.decided_at is None, approval.decided_at or approval.requested_at


def _approvals(conn: Connection[Any], where: str, params: tuple[object, ...]) -> list[Approval]:
    with conn.cursor(row_factory=dict_row) as cursor:
        heads = cursor.execute(LOAD_APPROVALS.format(where=where), params).fetchall()
        ids = [head["approval"] for head in heads]
        steps: dict[UUID, list[ApprovalStep]] = {i: [] for i in ids}
        votes: dict[UUID, list[Vote]] = {i: [] for i in ids}
        if ids:
            for row in cursor.execute(LOAD_STEPS, (ids,)).fetchall():
                flags = {"escalated": bool(row["escalated"]), "veto": bool(row["veto"])}
                steps[row.pop("approval")].append(ApprovalStep(**{**row, **flags}))
            for row in cursor.execute(LOAD_VOTES, (ids,)).fetchall():
                votes[row.pop("approval")].append(Vote(**row))
    return [
        Approval(
            **{**head, "exceptions": tuple(head["exceptions"]), "barred": tuple(head["barred"])},
            steps=tuple(steps[head["approval"]]),
            votes=tuple(votes[head["approval"]]),
        )
        for head in heads
    ]


def save_approvals(conn: Connection[Any], approvals: Sequence[Approval]) -> None:
    """Insert or update approvals with their steps; add votes that are new."""
    if not approvals:
        return
    heads = [
        (
            a.approval,
            a.case_id,
            a.subject_type,
            a.subject,
            a.partner,
            a.digest,
            a.status,
            a.requested_by,
            ",".join(a.barred),
            a.requested_at,
            a.expires_at,
            a.stake,
            a.currency,
            ",".join(a.exceptions),
            canonical_text(a.summary),
            a.decided_at,
            a.decision,
            a.branch,
            a.paused_at,
        )
        for a in approvals
    ]
    conn.execute(SAVE_APPROVALS, columns(heads, 19))
    steps = [
        (
            a.approval,
            s.level,
            s.step,
            s.role,
            s.quorum,
            s.status,
            s.due_at,
            s.sla_hours,
            s.escalate_to,
            int(s.escalated),
            s.matrix_row,
            s.of_people,
            int(s.veto),
            s.note,
            s.keep_if,
            s.remind_hours,
        )
        for a in approvals
        for s in a.steps
    ]
    if steps:
        conn.execute(SAVE_STEPS, columns(steps, 16))
    votes = [
        (
            a.approval,
            v.level,
            v.step,
            v.principal,
            v.on_behalf_of,
            v.outcome,
            v.justification,
            v.at,
            None if v.edit is None else canonical_text(v.edit),
            v.event_seq,
        )
        for a in approvals
        for v in a.votes
    ]
    if votes:
        conn.execute(SAVE_VOTES, columns(votes, 10))
