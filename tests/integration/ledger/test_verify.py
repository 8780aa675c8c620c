"""Every way of tampering that we could think of, found and located."""

from __future__ import annotations

import pytest

from headgate.ledger import AuditDraft, ContentCheck, ContentResult, Finding, append_audit, append_events, verify_audit
from headgate.ledger import verify as verify_module
from tests.integration.ledger.conftest import LANES, NOW

COUNT = 12
BAD = 7


@pytest.fixture
def chain(database, tenant, make_event):
    """Twelve events with an entry each; returns the events' numbers."""
    with database.transaction(tenant) as conn:
        appended = append_events(conn, NOW, [make_event(str(n)) for n in range(COUNT)], lanes=LANES)
        seqs = [a.seq for a in appended]
        drafts = [
            AuditDraft("thing.decided", "thing", f"T-{n}", "system", {"n": n}, event_seq=seq)
            for n, seq in enumerate(seqs)
        ]
        append_audit(conn, NOW, drafts)
    return seqs


def verified(database, tenant, **options):
    with database.transaction(tenant) as conn:
        return verify_audit(conn, **options)


def tamper(superuser, tenant, statement, **values):
    done = superuser.execute(f"{statement} and tenant_id = %(tenant)s", {"tenant": tenant, "bad": BAD, **values})
    assert done.rowcount == 1


def test_an_untouched_chain_is_fine_and_the_report_says_what_was_checked(database, tenant, chain):
    report = verified(database, tenant)
    assert report.ok
    assert report.first_bad is None
    assert (report.entries, report.events, report.head_seq) == (COUNT, COUNT, COUNT)
    assert len(report.head_hash) == 64


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "actor = 'systen'",
        "action = 'thing.Decided'",
        "subject_type = 'thinh'",
        "subject = subject || ' '",
        "case_id = '0195555a-0000-7000-8000-000000000001'",
        "event_seq = event_seq + 1",
        "event_seq = null",
        "body = replace(body, '\"n\":6', '\"n\":7')",
        "body = overlay(body placing 'X' from 1 for 1)",
        "body = overlay(body placing 'z' from 40 for 1)",
        "body = ''",
        "prev = set_byte(prev, 31, get_byte(prev, 31) # 1)",
        "hash = set_byte(hash, 0, get_byte(hash, 0) # 128)",
    ],
)
def test_one_changed_column_of_one_entry_is_found_and_located(database, tenant, superuser, chain, change):
    tamper(superuser, tenant, f"update audit_entries set {change} where seq = %(bad)s")
    report = verified(database, tenant)
    assert not report.ok
    assert report.first_bad is not None
    assert (report.first_bad.where, report.first_bad.seq) == ("audit", BAD)
    assert report.first_bad.expected != report.first_bad.found
    assert {finding.seq for finding in report.bad} == {BAD}
    assert report.entries == COUNT


def test_every_single_byte_of_an_entrys_text_is_bound(database, tenant, superuser, chain):
    where = {"tenant": tenant, "bad": BAD}
    (text,) = superuser.execute(
        "select body from audit_entries where seq = %(bad)s and tenant_id = %(tenant)s", where
    ).fetchone()
    for position in range(len(text)):
        flipped = text[:position] + chr(ord(text[position]) ^ 1) + text[position + 1 :]
        tamper(superuser, tenant, "update audit_entries set body = %(text)s where seq = %(bad)s", text=flipped)
        report = verified(database, tenant, deep=False)
        assert report.first_bad is not None
        assert report.first_bad.seq == BAD
    tamper(superuser, tenant, "update audit_entries set body = %(text)s where seq = %(bad)s", text=text)
    assert verified(database, tenant).ok


def test_a_changed_number_leaves_a_gap_where_the_entry_was(database, tenant, superuser, chain):
    tamper(superuser, tenant, "update audit_entries set seq = 500 where seq = %(bad)s")
    report = verified(database, tenant)
    assert report.first_bad == Finding("audit", BAD + 1, "the count has a gap", str(BAD), str(BAD + 1))
    assert 500 in {finding.seq for finding in report.bad}


def test_a_deleted_entry_is_missed(database, tenant, superuser, chain):
    tamper(superuser, tenant, "delete from audit_entries where seq = %(bad)s")
    report = verified(database, tenant)
    assert report.first_bad is not None
    assert report.first_bad.reason == "the count has a gap"
    assert report.first_bad.expected == str(BAD)


def test_entries_cut_off_at_the_end_are_missed(database, tenant, superuser, chain):
    tamper(superuser, tenant, "delete from audit_entries where seq = 12")
    report = verified(database, tenant)
    assert report.bad == (Finding("head", 12, "entries at the end are missing", "12", "11"),)


def test_a_whole_chain_that_vanished_is_missed(database, tenant, superuser, chain):
    superuser.execute("delete from audit_entries where tenant_id = %s", [tenant])
    assert not verified(database, tenant).ok


def test_a_head_that_was_set_back_is_found(database, tenant, superuser, chain):
    tamper(
        superuser,
        tenant,
        "update audit_heads set seq = 5,"
        " hash = (select hash from audit_entries e where e.seq = 5 and e.tenant_id = %(tenant)s) where true",
    )
    report = verified(database, tenant)
    assert [f.reason for f in report.bad] == ["there are entries behind the head"]


def test_a_head_with_another_hash_is_found(database, tenant, superuser, chain):
    tamper(superuser, tenant, "update audit_heads set hash = set_byte(hash, 3, get_byte(hash, 3) # 1) where true")
    report = verified(database, tenant)
    assert [f.reason for f in report.bad] == ["the head has another hash"]


def test_a_head_that_vanished_is_found(database, tenant, superuser, chain):
    tamper(superuser, tenant, "delete from audit_heads where true")
    assert not verified(database, tenant).ok


def test_an_entry_rewritten_with_its_own_hash_no_longer_fits_the_next(database, tenant, superuser, chain):
    tamper(
        superuser,
        tenant,
        "update audit_entries set body = replace(body, '\"n\":6', '\"n\":7'),"
        " hash = sha256(convert_to(replace(body, '\"n\":6', '\"n\":7'), 'UTF8')) where seq = %(bad)s",
    )
    report = verified(database, tenant)
    assert report.first_bad is not None
    assert (report.first_bad.seq, report.first_bad.reason) == (BAD + 1, "does not follow the entry before")


def test_a_chain_of_another_tenant_does_not_pass_as_ones_own(database, tenant, make_tenant, superuser, chain):
    other = make_tenant()
    for table in ("audit_entries", "audit_heads", "events"):
        superuser.execute(f"update {table} set tenant_id = %s where tenant_id = %s", [other, tenant])
    report = verified(database, other)
    assert report.first_bad is not None
    assert report.first_bad.seq == 1


@pytest.mark.parametrize(
    "change",
    [
        'data = \'{"thing":"T-1","amount":"12.51"}\'',
        'data = \'{"amount": "12.50","thing":"T-1"}\'',
        "type = 'thing.ended'",
        "subject = 'T-2'",
        "source = 'shoq'",
        "event_id = 'other'",
        "key = 'thing:2'",
        "time = time - interval '1 microsecond'",
    ],
)
def test_a_changed_event_is_found_and_located(database, tenant, superuser, chain, change):
    seq = chain[BAD]
    tamper(superuser, tenant, f"update events set {change} where seq = %(seq)s", seq=seq)
    report = verified(database, tenant)
    assert [(f.where, f.seq) for f in report.bad] == [("event", seq)]
    assert verified(database, tenant, deep=False).ok


def test_an_event_changed_together_with_its_digest_no_longer_fits_its_entry(
    database, tenant, superuser, chain, make_event
):
    seq = chain[BAD - 1]
    with database.transaction(tenant) as conn:
        [other] = append_events(conn, NOW, [make_event("x", data={"forged": True})], lanes=LANES)
        forged = conn.execute("select digest from events where seq = %s", [other.seq]).fetchone()[0]
    superuser.execute("delete from events where seq = %s and tenant_id = %s", [other.seq, tenant])
    tamper(
        superuser,
        tenant,
        "update events set data = '{\"forged\":true}', event_id = 'x', digest = %(digest)s where seq = %(seq)s",
        digest=forged,
        seq=seq,
    )
    report = verified(database, tenant)
    assert [(f.where, f.seq, f.reason) for f in report.bad] == [("audit", BAD, f"event {seq} is not as it was")]


def test_a_deleted_event_is_missed_by_its_entry(database, tenant, superuser, chain):
    tamper(superuser, tenant, "delete from events where seq = %(seq)s", seq=chain[BAD - 1])
    report = verified(database, tenant)
    assert [(f.seq, f.found) for f in report.bad] == [(BAD, "no such event")]


def test_a_swap_of_two_entries_is_found(database, tenant, superuser, chain):
    for old, new in ((3, 900), (4, 3), (900, 4)):
        superuser.execute("update audit_entries set seq = %s where seq = %s and tenant_id = %s", [new, old, tenant])
    report = verified(database, tenant)
    assert {f.seq for f in report.bad} >= {3, 4}


def test_content_checks_of_other_floors_are_run_and_counted(database, tenant, chain):
    bad = Finding("decisions", 4, "the decision does not have its digest", "aa", "bb")
    report = verified(
        database,
        tenant,
        checks=[
            ContentCheck("decisions", lambda conn: ContentResult(9, (bad,))),
            ContentCheck("others", lambda conn: ContentResult(2, ())),
        ],
    )
    assert report.contents == {"decisions": 9, "others": 2}
    assert report.bad == (bad,)


def test_progress_is_told_and_chunks_join_seamlessly(database, tenant, chain, monkeypatch):
    monkeypatch.setattr(verify_module, "CHUNK", 5)
    told = []
    report = verified(database, tenant, progress=lambda what, done, total: told.append((what, done, total)))
    assert report.ok
    assert told == [
        ("entries", 5, 12),
        ("entries", 10, 12),
        ("entries", 12, 12),
        ("events", 5, 12),
        ("events", 10, 12),
        ("events", 12, 12),
    ]


def test_entries_appended_while_verifying_do_no_harm(database, tenant, chain, monkeypatch):
    monkeypatch.setattr(verify_module, "CHUNK", 5)

    def append(what, done, total):
        if what == "entries":
            with database.transaction(tenant) as other:
                append_audit(other, NOW, [AuditDraft("thing.decided", "thing", "T-9", "system", {})])

    report = verified(database, tenant, progress=append)
    assert report.ok
    assert report.entries == COUNT


def test_findings_are_counted_beyond_those_that_are_kept(database, tenant, superuser, chain, monkeypatch):
    monkeypatch.setattr(verify_module, "MOST_FINDINGS", 3)
    superuser.execute("update audit_entries set actor = 'x' where tenant_id = %s", [tenant])
    report = verified(database, tenant)
    assert [f.seq for f in report.bad] == [1, 2, 3]
    assert report.bad_count == COUNT
