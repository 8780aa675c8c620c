from __future__ import annotations

import hashlib
import json
import threading
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from headgate.kernel.errors import NotFound
from headgate.ledger import (
    AuditDraft,
    append_audit,
    append_events,
    audit_get,
    audit_list,
    audit_proof,
    event_get,
    proof_states,
    verify_audit,
)
from tests.integration.ledger.conftest import LANES, NOW

CASE = UUID("0195555a-0000-7000-8000-000000000001")


def draft(n=1, **changes):
    fields = {
        "action": "thing.decided",
        "subject_type": "thing",
        "subject": f"T-{n}",
        "actor": "user:ana@nordwind.example",
        "body": {"outcome": "release", "amount": Decimal("12.50"), "note": 'Grüße "quoted"\n'},
    }
    return AuditDraft(**{**fields, **changes})


def test_entries_are_numbered_without_gaps_from_one(database, tenant):
    with database.transaction(tenant) as conn:
        assert append_audit(conn, NOW, [draft(1), draft(2)]) == [1, 2]
    with database.transaction(tenant) as conn:
        assert append_audit(conn, NOW, []) == []
        assert append_audit(conn, NOW, [draft(3)]) == [3]


def test_a_rolled_back_transaction_leaves_no_gap(database, tenant):
    with pytest.raises(ZeroDivisionError), database.transaction(tenant) as conn:
        append_audit(conn, NOW, [draft(1)])
        raise ZeroDivisionError
    with database.transaction(tenant) as conn:
        assert append_audit(conn, NOW, [draft(2)]) == [1]
        assert verify_audit(conn).ok


def test_the_chain_verifies_with_nothing_but_json_and_hashlib(database, tenant):
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [draft(n, case_id=CASE if n % 2 else None) for n in range(20)])
        rows = conn.execute("select body, encode(hash, 'hex') from audit_entries order by seq").fetchall()
    prev = hashlib.sha256(f"headgate audit chain {tenant}".encode()).hexdigest()
    for seq, (text, stored) in enumerate(rows, 1):
        entry = json.loads(text)
        assert json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == text
        assert (entry["seq"], entry["prev"]) == (seq, prev)
        prev = hashlib.sha256(text.encode()).hexdigest()
        assert prev == stored


def test_an_entry_reads_back_with_its_details(database, tenant):
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [draft(case_id=CASE)])
        entry = audit_get(conn, 1)
    assert entry.body == {"outcome": "release", "amount": "12.50", "note": 'Grüße "quoted"\n'}
    assert (entry.at, entry.actor, entry.case_id) == (NOW, "user:ana@nordwind.example", CASE)


def test_an_entry_binds_the_event_it_speaks_of(database, tenant, make_event):
    with database.transaction(tenant) as conn:
        [appended] = append_events(conn, NOW, [make_event()], lanes=LANES)
        append_audit(conn, NOW, [draft(event_seq=appended.seq)])
        digest = event_get(conn, appended.seq).digest
        assert json.loads(audit_get(conn, 1).text)["event_digest"] == digest


def test_an_entry_about_an_unknown_event_is_refused(database, tenant):
    with database.transaction(tenant) as conn, pytest.raises(NotFound):
        append_audit(conn, NOW, [draft(event_seq=10**15)])


def test_writers_at_once_make_one_chain(database, tenant):
    def write(n):
        for k in range(10):
            with database.transaction(tenant) as conn:
                append_audit(conn, NOW, [draft(f"{n}-{k}"), draft(f"{n}-{k}b")])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with database.transaction(tenant) as conn:
        report = verify_audit(conn)
    assert report.ok
    assert report.entries == 80


def test_entries_are_found_by_what_they_are_about_page_by_page(database, tenant):
    with database.transaction(tenant) as conn:
        append_audit(
            conn,
            NOW,
            [
                draft(n % 3, actor=f"user:{n % 2}", action=f"a{n % 4}", case_id=CASE if n == 5 else None)
                for n in range(12)
            ],
        )
        assert [e.seq for e in audit_list(conn, subject_type="thing", subject="T-1")] == [11, 8, 5, 2]
        assert [e.seq for e in audit_list(conn, subject_type="thing", subject="T-1", limit=2, before=8)] == [5, 2]
        assert [e.seq for e in audit_list(conn, actor="user:1", action="a1")] == [10, 6, 2]
        assert [e.seq for e in audit_list(conn, case_id=CASE)] == [6]
        assert audit_list(conn, subject_type="other") == []
        with pytest.raises(NotFound):
            audit_get(conn, 13)


def test_another_tenants_chain_is_not_seen(database, tenant, make_tenant):
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [draft()])
    with database.transaction(make_tenant()) as conn:
        assert audit_list(conn) == []
        report = verify_audit(conn)
        assert (report.ok, report.entries, report.head_seq) == (True, 0, 0)


def test_the_application_can_neither_change_nor_delete_entries(database, tenant):
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [draft()])
    for statement in ("update audit_entries set actor = 'x'", "delete from audit_entries", "truncate audit_entries"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(tenant) as conn:
            conn.execute(statement)


def test_intact_entries_say_so_wherever_they_stand(database, tenant):
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [draft(n) for n in range(5)])
        states = proof_states(conn, [1, 3, 5, 99])
    assert {seq: (s.intact, s.reason, s.head_seq) for seq, s in states.items()} == dict.fromkeys(
        (1, 3, 5), (True, "", 5)
    )


@pytest.mark.parametrize(
    ("damage", "seq"),
    [
        ("update audit_entries set body = replace(body, 'release', 'rejects') where seq = 3", 3),
        ("update audit_entries set actor = 'user:eve' where seq = 3", 3),
        ("update audit_entries set at = at + interval '1 microsecond' where seq = 3", 3),
        ("delete from audit_entries where seq = 4", 3),
        ("delete from audit_entries where seq = 2", 3),
        ("delete from audit_entries where seq = 5", 4),
        ("update audit_heads set hash = '\\x00'", 5),
    ],
)
def test_a_damaged_entry_or_neighbourhood_is_not_called_intact(database, tenant, superuser, damage, seq):
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [draft(n) for n in range(5)])
    joint = " and" if "where" in damage else " where"
    superuser.execute(f"{damage}{joint} tenant_id = %s", [tenant])
    with database.transaction(tenant) as conn:
        state = proof_states(conn, [seq])[seq]
    assert not state.intact
    assert state.reason


def test_an_inclusion_proof_checks_with_hashlib_alone(database, tenant):
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW + timedelta(seconds=1), [draft(n) for n in range(1500)])
        proofs = [audit_proof(conn, seq) for seq in (1, 700, 1024, 1025, 1500)]
        with pytest.raises(NotFound):
            audit_proof(conn, 1501)
    assert [(p.first, p.size) for p in proofs] == [(1, 1500)] * 5

    def sha(data):
        return hashlib.sha256(data).digest()

    for p in proofs:
        assert sha(p.text.encode()).hex() == p.hash
        running, first, last = sha(b"\x00" + bytes.fromhex(p.hash)), p.index, p.size - 1
        for sibling in map(bytes.fromhex, p.path):
            if first % 2 or first == last:
                running = sha(b"\x01" + sibling + running)
                while first and not first % 2:
                    first, last = first // 2, last // 2
            else:
                running = sha(b"\x01" + running + sibling)
            first, last = first // 2, last // 2
        assert running.hex() == p.root
