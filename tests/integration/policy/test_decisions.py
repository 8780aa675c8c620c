"""Decisions in the database: recorded in bulk, read back as they were, and never changed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import NotFound
from headgate.policy import (
    DECISIONS_CHECK,
    DecisionDraft,
    compile_policy,
    decision_counts,
    decision_get,
    decision_list,
    decisions_get,
    draft_decision,
    parse_policy,
    record_decisions,
)
from headgate.store import Database

POLICY = compile_policy(
    parse_policy(
        """\
policy: limits
version: 3
title: What may pass
owner: finance
hit: first
inputs: [{name: amount, type: money}, {name: note, type: string}]
outputs: [{name: outcome, type: enum, values: [pass, hold]}]
rows:
  - {id: small, when: {amount: "<= 100"}, then: {outcome: pass}, because: "{amount} is at most 100 ({note})"}
  - {id: large, when: {amount: "> 100"}, then: {outcome: hold}}
"""
    )
)


def drafts(clock: FixedClock, count: int) -> list[DecisionDraft]:
    made = []
    for n in range(count):
        evaluation = POLICY.evaluate({"amount": Decimal(n) * 30, "note": "Größe 'x', \"y\" {z}, \\ and \u2028"})
        at = clock.now() + timedelta(seconds=n)
        made.append(draft_decision(uuid4(), at, [evaluation], subject_type="order", subject=f"O-{n}", event_seq=n + 1))
    return made


def test_decisions_are_read_back_as_they_were_made(database: Database, tenant: UUID, clock: FixedClock) -> None:
    made = drafts(clock, 5)
    with database.transaction(tenant) as conn:
        record_decisions(conn, made)
        record_decisions(conn, [])
    with database.transaction(tenant) as conn:
        found = decision_get(conn, made[4].decision)
        assert (found.policy, found.version, found.outcome, found.row_ids) == ("limits", 3, "hold", ("large",))
        assert (found.subject_type, found.subject, found.event_seq, found.case_id) == ("order", "O-4", 5, None)
        assert found.inputs == {"amount": "120", "note": made[4].inputs["note"]}
        assert found.evaluations[0]["digest"] == POLICY.digest
        assert (found.at, found.digest) == (made[4].at, made[4].digest)
        assert set(decisions_get(conn, [d.decision for d in made])) == {d.decision for d in made}
        with pytest.raises(NotFound):
            decision_get(conn, uuid4())
        assert DECISIONS_CHECK.run(conn).checked == 5
        assert DECISIONS_CHECK.run(conn).findings == ()


def test_decisions_are_listed_newest_first_by_page_and_filter(
    database: Database, tenant: UUID, clock: FixedClock
) -> None:
    made = drafts(clock, 7)
    with database.transaction(tenant) as conn:
        record_decisions(conn, made)
        first = decision_list(conn, limit=3)
        rest = decision_list(conn, before=(first[-1].at, first[-1].decision))
        assert [d.decision for d in first + rest] == [d.decision for d in reversed(made)]
        assert [d.subject for d in decision_list(conn, outcome="hold")] == ["O-6", "O-5", "O-4"]
        assert [d.subject for d in decision_list(conn, subject_type="order", subject="O-2")] == ["O-2"]
        assert decision_list(conn, policy="limits", version=2) == []
        assert decision_counts(conn, clock.now() + timedelta(seconds=2)) == {("limits", 3): 5}


def test_the_application_cannot_change_or_delete_a_decision(
    database: Database, tenant: UUID, clock: FixedClock
) -> None:
    with database.transaction(tenant) as conn:
        record_decisions(conn, drafts(clock, 1))
    for statement in ("update decisions set outcome = 'pass'", "delete from decisions"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(tenant) as conn:
            conn.execute(statement)


def test_a_changed_decision_is_found(
    database: Database, tenant: UUID, clock: FixedClock, superuser: psycopg.Connection
) -> None:
    made = drafts(clock, 3)
    with database.transaction(tenant) as conn:
        record_decisions(conn, made)
    superuser.execute(
        "update decisions set evaluations = replace(evaluations::text, 'pass', 'hold')::json where decision = %s",
        [made[1].decision],
    )
    with database.transaction(tenant) as conn:
        result = DECISIONS_CHECK.run(conn)
    assert result.checked == 3
    (finding,) = result.findings
    assert str(made[1].decision) in finding.reason
    assert finding.seq == 2
