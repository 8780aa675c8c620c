"""What came of a scenario, as rows that its expectations are held against. One query a section."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.policy import decisions_get

CASES: Final = """
select subject, subject_type, process, version, stage, status, outcome, exceptions, partner, owner_role, stake,
       currency, sla_state, due_at, data
from cases order by opened_at, key
"""
TASKS: Final = """
select c.subject, t.role, t.also_role, t.kind, t.title, t.assignee, t.stake, t.due_at, t.level, t.priority
from tasks t join cases c on c.case_id = t.case_id where t.status = 'open' order by c.subject, t.level, t.role
"""
APPROVALS: Final = """
select a.approval, a.subject, a.subject_type, a.status, a.partner, a.exceptions, a.stake, a.requested_by,
       a.barred, a.summary,
       (select jsonb_agg(jsonb_build_object('level', s.level, 'role', s.role, 'quorum', s.quorum, 'status', s.status,
               'of_people', s.of_people, 'veto', s.veto = 1, 'escalated', s.escalated = 1, 'row', s.matrix_row,
               'note', s.note) order by s.level, s.role)
        from approval_steps s where s.approval = a.approval) as steps,
       coalesce((select jsonb_agg(jsonb_build_object('level', v.level, 'role', v.step, 'by', v.principal,
               'for', v.on_behalf_of, 'outcome', v.outcome, 'reason', v.justification) order by v.event_seq, v.level)
        from approval_votes v where v.approval = a.approval), '[]') as votes
from approvals a order by a.requested_at, a.approval
"""
DECISIONS: Final = """
select subject, subject_type, policy, version, outcome, row_ids as rows, inputs, outputs, decision
from decisions order by at, event_seq, policy
"""
COMMANDS: Final = """
select subject, target, type, status, step, payload from outbox where process <> '' order by position
"""
EMITTED: Final = """
select subject, type, data from events
where source = 'headgate' or source like 'headgate/%%' and type not in ('approval.decided', 'timer.fired') order by seq
"""
QUARANTINE: Final = """
select q.reason, q.kind, q.source, q.problems, e.type, e.subject from quarantine q
left join events e on e.seq = q.event_seq where q.status = 'open' order by q.position
"""
_SQL: Final[Mapping[str, str]] = {
    "cases": CASES,
    "tasks": TASKS,
    "approvals": APPROVALS,
    "decisions": DECISIONS,
    "commands": COMMANDS,
    "emitted": EMITTED,
    "quarantine": QUARANTINE,
}


def observe(conn: Connection[Any], section: str, name_of: Callable[[str], str]) -> Sequence[Mapping[str, object]]:
    """The rows of a section, with people by their short names."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_SQL[section]).fetchall()
    return [{key: _named(value, name_of) for key, value in row.items()} for row in rows]


def reasons_of(conn: Connection[Any], subject: str = "") -> dict[str, list[str]]:
    """Why things were decided as they were, by subject: each row of a policy that spoke, in its words."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = [row for row in cursor.execute(DECISIONS).fetchall() if subject in ("", row["subject"])]
    # As recorded they are packed; this is how they are read.
    recorded = decisions_get(conn, [row["decision"] for row in rows])
    found: dict[str, list[str]] = {}
    for row in rows:
        told = found.setdefault(row["subject"], [])
        kept = recorded.get(row["decision"])
        told += [text for text in _reasons(kept.evaluations if kept else None, row) if text not in told]
    return found


def _reasons(value: Any, row: Mapping[str, Any]) -> list[str]:
    """The reasons anywhere within a recorded decision: that of an order holds those of its checks."""
    if isinstance(value, list):
        return [text for each in value for text in _reasons(each, row)]
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("reasons"), list) and ("rows" in value or "policy" in value):
        policy, version = value.get("policy") or row["policy"], value.get("version") or row["version"]
        rows = value.get("rows") or []
        named = [*map(str, rows), *[""] * len(value["reasons"])]
        return [
            f"{policy}@{version}{f' row {of}' if of else ''}: {text}"
            for text, of in zip(value["reasons"], named, strict=False)
        ]
    return [text for part in value.values() for text in _reasons(part, row)]


def _named(value: Any, name_of: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return name_of(value)
    if isinstance(value, list):
        return [_named(each, name_of) for each in value]
    if isinstance(value, dict):
        return {key: _named(each, name_of) for key, each in value.items()}
    return value
