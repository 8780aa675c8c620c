"""Signed tree heads over a real chain: proofs, schedule, rotation, and what meddling does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from headgate.access import Sealer
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import (
    CHECKPOINTS_CHECK,
    AuditDraft,
    Rewritten,
    append_audit,
    audit_keys,
    audit_list,
    audit_proof,
    checkpoint_due,
    checkpoint_list,
    checkpoint_now,
    checkpoint_of_size,
    checkpoint_state,
    consistency_proof,
    event_list,
    latest_checkpoint,
    rotate_key,
    verify_audit,
)
from headgate.ledger.backlog import installation_totals
from headgate.ledger.core import merkle
from headgate.ledger.core.checkpoint import parse_note, signers
from headgate.ledger.proofs import keep_roots, range_roots, tree_root
from tests.integration.ledger.conftest import LANES, NOW

SEALS = Sealer((bytes(range(32)),))
OWN = ("audit_checkpoints", "audit_nodes", "audit_keys", "audit_entries")


def grow(conn, count):
    """So many more entries."""
    drafts = [AuditDraft("thing.decided", "thing", f"T-{n}", "user:ana", {"n": n}) for n in range(count)]
    append_audit(conn, NOW, drafts)


@pytest.fixture
def checkpoint(database, tenant):
    """Make one now, in a transaction of its own."""

    def make(at=NOW):
        with database.transaction(tenant) as conn:
            return checkpoint_now(conn, Context(tenant, SYSTEM, at), SEALS, lanes=LANES)

    return make


@pytest.fixture
def meddle(cluster, worker_database, tenant):
    """Statements as the owner of the tables, whom no grant stops."""

    @contextmanager
    def opened() -> Iterator[psycopg.Connection]:
        with psycopg.connect(cluster.admin_dsn(database=worker_database)) as conn:
            yield conn

    def run(statement):
        with opened() as conn:
            assert conn.execute(statement, {"tenant": tenant}).rowcount > 0

    return run


def hashes_of(conn):
    return [bytes(hash_) for (hash_,) in conn.execute("select hash from audit_entries order by seq")]


def test_proofs_over_kept_roots_are_those_of_the_definition(database, tenant):
    with database.transaction(tenant) as conn:
        grow(conn, 700)
        hashes = hashes_of(conn)
        keep_roots(conn, 600)
        assert conn.execute("select count(*) from audit_nodes").fetchone() == (2,)
        for size in (1, 255, 256, 257, 512, 600, 700):
            assert tree_root(conn, size) == merkle.root(hashes[:size])
        for seq, size in ((1, 700), (256, 257), (257, 700), (600, 600), (700, 700)):
            proof = audit_proof(conn, seq, size)
            path = [bytes.fromhex(step) for step in proof.path]
            assert merkle.verify_inclusion(hashes[seq - 1], seq - 1, size, path, merkle.root(hashes[:size]))
        for old, new in ((1, 700), (256, 512), (300, 699), (700, 700)):
            path = consistency_proof(conn, old, new)
            assert merkle.verify_consistency(old, new, path, merkle.root(hashes[:old]), merkle.root(hashes[:new]))


def test_a_proof_takes_two_statements_however_long_the_chain_is(database, tenant, monkeypatch):
    counted: list[int] = []

    def count(*args, **more):
        counted.append(1)
        return execute(*args, **more)

    execute = psycopg.Cursor.execute
    with database.transaction(tenant) as conn:
        grow(conn, 600)
        keep_roots(conn, 600)
        monkeypatch.setattr(psycopg.Cursor, "execute", count)
        range_roots(conn, [*merkle.inclusion_ranges(300, 600), *merkle.inclusion_ranges(5, 600), (0, 600)])
    assert len(counted) <= 2


def test_a_checkpoint_is_signed_by_a_listed_key_over_the_root_of_the_entries(database, tenant, checkpoint):
    with database.transaction(tenant) as conn:
        grow(conn, 5)
    made = checkpoint()
    with database.transaction(tenant) as conn:
        assert made.root == merkle.root(hashes_of(conn))
        (key,) = audit_keys(conn)
        assert signers(parse_note(made.note), [key.key]) == [key.key]
        assert key.current
        assert latest_checkpoint(conn) == made == checkpoint_of_size(conn, 5)
        assert audit_proof(conn, 3).size == 5


def test_nothing_is_signed_for_an_empty_chain_and_nothing_twice(database, tenant, checkpoint):
    assert checkpoint() is None
    with database.transaction(tenant) as conn:
        grow(conn, 2)
    first = checkpoint()
    assert checkpoint(NOW + timedelta(hours=1)) == first
    with database.transaction(tenant) as conn:
        assert checkpoint_list(conn) == [first]


def test_a_checkpoint_is_due_when_entries_came_and_the_last_is_old_enough(database, tenant, checkpoint):
    every = timedelta(minutes=15)
    with database.transaction(tenant) as conn:
        assert not checkpoint_due(conn, NOW, every)
        grow(conn, 1)
        assert checkpoint_due(conn, NOW, every)
    checkpoint()
    with database.transaction(tenant) as conn:
        grow(conn, 1)
        assert not checkpoint_due(conn, NOW + timedelta(minutes=14), every)
        assert checkpoint_due(conn, NOW + timedelta(minutes=15), every)
        state = checkpoint_state(conn)
    assert (state.size, state.entries, state.alarm) == (1, 2, "")


def test_a_new_key_is_vouched_for_by_the_old_one_whose_private_half_is_gone(database, tenant, checkpoint):
    with database.transaction(tenant) as conn:
        grow(conn, 3)
    checkpoint()
    with database.transaction(tenant) as conn:
        key, made = rotate_key(conn, Context(tenant, SYSTEM, NOW + timedelta(hours=1)), SEALS)
    with database.transaction(tenant) as conn:
        keys = audit_keys(conn)
        assert [found.key == key for found in keys] == [True, False]
        assert len(signers(parse_note(made.note), [found.key for found in keys])) == 2
        assert conn.execute("select key_id from audit_key_secrets").fetchall() == [(key.key_id,)]
        assert audit_list(conn, limit=1)[0].action == "audit.key_rotated"
        grow(conn, 1)
    after = checkpoint(NOW + timedelta(hours=2))
    assert after.key_id == key.key_id
    with database.transaction(tenant) as conn:
        assert verify_audit(conn, checks=[CHECKPOINTS_CHECK]).contents == {"checkpoints": 3}


REWRITES = {
    "an entry's text": (
        "update audit_entries set body = replace(body, '\"n\":1', '\"n\":9') where tenant_id = %(tenant)s"
    ),
    "the last signed entry": ("update audit_entries set hash = sha256('x') where tenant_id = %(tenant)s and seq = 300"),
    "an entry within the last block": (
        "update audit_entries set hash = sha256('x') where tenant_id = %(tenant)s and seq = 299"
    ),
    "the end": "delete from audit_entries where tenant_id = %(tenant)s and seq > 290",
    "the signed root": "update audit_checkpoints set root = sha256('x') where tenant_id = %(tenant)s",
    "a key": "update audit_keys set public = sha256('x') where tenant_id = %(tenant)s",
    "a kept root": "update audit_nodes set hash = sha256('x') where tenant_id = %(tenant)s",
}


@pytest.mark.parametrize("what", REWRITES)
def test_a_rewritten_history_is_not_signed_and_raises_one_alarm(database, tenant, checkpoint, meddle, what):
    with database.transaction(tenant) as conn:
        grow(conn, 300)
    first = checkpoint()
    meddle(REWRITES[what])
    with database.transaction(tenant) as conn:
        if what != "the end":
            grow(conn, 5)
    refused = checkpoint(NOW + timedelta(hours=1))
    assert isinstance(refused, Rewritten)
    checkpoint(NOW + timedelta(hours=1, minutes=1))
    with database.transaction(tenant) as conn:
        assert checkpoint_state(conn).alarm
        assert checkpoint_due(conn, NOW + timedelta(hours=1), timedelta(days=1))
        assert [c.size for c in checkpoint_list(conn)] == [first.size]
        assert [e.data["signed_entries"] for e in event_list(conn, type="audit.rewrite_detected")] == [300]
        assert len(audit_list(conn, action="audit.checkpoint_refused")) == 1
        if what != "a kept root":  # which the deep check does not rest on
            assert not verify_audit(conn, checks=[CHECKPOINTS_CHECK]).ok
    with database.scan() as conn:
        assert installation_totals(conn, NOW).rewritten_chains >= 1


def test_a_history_rewritten_whole_with_its_hashes_and_head_is_found_by_its_checkpoint(
    database, tenant, checkpoint, meddle
):
    """Somebody with the owner's rights drops the chain and writes another, sound in itself."""
    with database.transaction(tenant) as conn:
        grow(conn, 20)
    checkpoint()
    with database.scan() as conn:
        before = installation_totals(conn, NOW).rewritten_chains
    for table in ("audit_entries", "audit_heads"):
        meddle(f"delete from {table} where tenant_id = %(tenant)s")
    with database.transaction(tenant) as conn:
        grow(conn, 19)
        append_audit(conn, NOW, [AuditDraft("thing.decided", "thing", "T-19", "user:eve", {"n": 19})])
        assert verify_audit(conn).ok
        report = verify_audit(conn, checks=[CHECKPOINTS_CHECK])
    assert [f.reason for f in report.bad] == ["the entries are not those that were signed"]
    assert isinstance(checkpoint(NOW + timedelta(hours=1)), Rewritten)
    with database.scan() as conn:
        assert installation_totals(conn, NOW).rewritten_chains == before + 1


@pytest.mark.parametrize("table", OWN)
@pytest.mark.parametrize("act", ["update {} set tenant_id = tenant_id", "delete from {}", "truncate {}"])
def test_the_application_may_only_add_and_read(database, tenant, checkpoint, table, act):
    with database.transaction(tenant) as conn:
        grow(conn, 260)
    checkpoint()
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(tenant) as conn:
        conn.execute(sql.SQL(act).format(sql.Identifier(table)))


def test_a_private_key_is_sealed(database, tenant, checkpoint):
    with database.transaction(tenant) as conn:
        grow(conn, 1)
    checkpoint()
    with database.transaction(tenant) as conn:
        (sealed,) = conn.execute("select sealed from audit_key_secrets").fetchone()
    assert sealed.startswith("hg1.")
