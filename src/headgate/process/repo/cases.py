"""SQL of cases, with the approvals they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import canonical_text
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.process.core.state import Case
from headgate.process.repo.approvals import waiting_for
from headgate.process.repo.columns import columns

_CASE_COLUMNS = (
    "case_id, process, version, subject_type, subject, key, stage, status, opened_at, updated_at, partner, outcome, "
    "exceptions, owner_role, stake, currency, data, closed_at, due_at, warn_at, sla_state"
)

# The two lists are for the index: without them the planner joins the pairs with all cases, which it believes to be few
# as long as nobody has counted them.
LOAD_CASES = f"""
select {_CASE_COLUMNS} from cases
where process = any(%(processes)s) and key = any(%(keys)s)
  and (process, key) in (select * from unnest(%(process)s::text[], %(key)s::text[]))
order by case_id for update
"""

SAVE_CASES = """
insert into cases (case_id, process, version, subject_type, subject, key, partner, stage, status, outcome, exceptions,
                   owner_role, stake, currency, data, opened_at, updated_at, closed_at, due_at, warn_at, sla_state)
select case_id, process, version, subject_type, subject, key, partner, stage, status, outcome,
       case when exceptions = '' then '{}'::text[] else string_to_array(exceptions, ',') end,
       owner_role, stake, currency, data::jsonb, opened_at, updated_at, closed_at, due_at, warn_at, sla_state
from unnest(%b::uuid[], %b::text[], %s::int[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
            %b::text[], %b::text[], %b::text[], %s::numeric[], %b::text[], %b::text[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %b::text[])
  as t(case_id, process, version, subject_type, subject, key, partner, stage, status, outcome, exceptions, owner_role,
       stake, currency, data, opened_at, updated_at, closed_at, due_at, warn_at, sla_state)
on conflict (tenant_id, case_id) do update set
  version = excluded.version, partner = excluded.partner, stage = excluded.stage, status = excluded.status,
  outcome = excluded.outcome, exceptions = excluded.exceptions, owner_role = excluded.owner_role,
  stake = excluded.stake, currency = excluded.currency, data = excluded.data, updated_at = excluded.updated_at,
  closed_at = excluded.closed_at, due_at = excluded.due_at, warn_at = excluded.warn_at, sla_state = excluded.sla_state
"""

GET_CASES = f"select {_CASE_COLUMNS} from cases where case_id = any(%s) order by case_id"


def load_cases(conn: Connection[Any], wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Case]:
    """The cases of (process, key) pairs, locked, with the approvals that wait."""
    pairs = sorted(set(wanted))
    processes, keys = [p for p, _ in pairs], [k for _, k in pairs]
    asked = {"process": processes, "key": keys, "processes": sorted(set(processes)), "keys": sorted(set(keys))}
    rows = conn.execute(LOAD_CASES, asked).fetchall()
    return {(case.process, case.key): case for case in _cases(conn, rows)}


def get_case(conn: Connection[Any], case_id: UUID) -> Case:
    """A case with the approvals that wait, as the engine sees it. Raises NotFound."""
    found = get_cases(conn, [case_id])
    if not found:
        raise NotFound(phrase("case %(case_id)s does not exist", case_id=case_id))
    return found[0]


def get_cases(conn: Connection[Any], cases: Sequence[UUID]) -> list[Case]:
    """Those of these cases that exist, by id, with the approvals that wait. Not locked."""
    return _cases(conn, conn.execute(GET_CASES, (list(cases),)).fetchall())


def _cases(conn: Connection[Any], rows: Sequence[Sequence[Any]]) -> list[Case]:
    waiting = [row[0] for row in rows if row[7] == "waiting"]
    pending, asked = waiting_for(conn, waiting) if waiting else ({}, {})
    found = []
    for row in rows:
        values = [*row, pending.get(row[0]), asked.get(row[0], {})]
        values[12] = tuple(values[12])
        found.append(Case(*values))
    return found


def save_cases(conn: Connection[Any], cases: Sequence[Case]) -> None:
    """Insert or update; each case at most once per call."""
    if not cases:
        return
    rows = [
        (
            c.case_id,
            c.process,
            c.version,
            c.subject_type,
            c.subject,
            c.key,
            c.partner,
            c.stage,
            c.status,
            c.outcome,
            ",".join(c.exceptions),
            c.owner_role,
            c.stake,
            c.currency,
            canonical_text(dict(c.data)),
            c.opened_at,
            c.updated_at,
            c.closed_at,
            c.due_at,
            c.warn_at,
            c.sla_state,
        )
        for c in cases
    ]
    conn.execute(SAVE_CASES, columns(rows, 21))
