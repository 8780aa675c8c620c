from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.core.chain import AuditDraft, genesis, link, link_all
from headgate.ledger.core.events import event_digest
from headgate.ledger.core.integrity import ChainWalk, check_events

AT = datetime(2026, 3, 2, 9, 30, 0, 5, tzinfo=UTC)
TENANT = UUID("0195555a-0000-7000-8000-000000000001")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def draft(**changes):
    return AuditDraft(**{"action": "a", "subject_type": "t", "subject": "s", "actor": "x", "body": {}, **changes})


def as_row(entry, draft):
    case = None if draft.case_id is None else str(draft.case_id)
    columns = (draft.actor, draft.action, draft.subject_type, draft.subject, case, draft.event_seq)
    return (entry.seq, entry.text, entry.prev, entry.hash, "2026-03-02T09:30:00.000005Z", *columns, None)


def test_the_chain_starts_with_a_hash_of_the_tenants_name():
    assert genesis(TENANT) == hashlib.sha256(b"headgate audit chain 0195555a-0000-7000-8000-000000000001").digest()


def test_an_entry_has_the_documented_members_and_text():
    [entry] = link_all(genesis(TENANT), 0, AT, [draft(body={"amount": Decimal("1.10")}, case_id=TENANT)])
    assert json.loads(entry.text) == {
        "action": "a",
        "actor": "x",
        "at": "2026-03-02T09:30:00.000005Z",
        "body": {"amount": "1.10"},
        "case": str(TENANT),
        "event": None,
        "event_digest": None,
        "prev": genesis(TENANT).hex(),
        "seq": 1,
        "subject": "s",
        "subject_type": "t",
    }


def test_link_gives_the_hash_that_link_all_gives():
    [one, two] = link_all(genesis(TENANT), 0, AT, [draft(), draft(subject="s2")])
    entry = json.loads(two.text)
    prev = bytes.fromhex(entry.pop("prev"))
    assert prev == one.hash
    assert link(prev, entry) == two.hash


@given(st.lists(st.tuples(TEXT, TEXT, st.dictionaries(TEXT, st.one_of(TEXT, st.integers(-99, 99), st.none())))))
def test_any_chain_verifies_with_json_and_hashlib_and_with_the_walk(items):
    drafts = [draft(actor=actor, subject=subject, body=body) for actor, subject, body in items]
    entries = link_all(genesis(TENANT), 0, AT, drafts)
    prev = genesis(TENANT).hex()
    for seq, entry in enumerate(entries, 1):
        loaded = json.loads(entry.text)
        again = json.dumps(loaded, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert again == entry.text
        assert (loaded["seq"], loaded["prev"]) == (seq, prev)
        prev = hashlib.sha256(entry.text.encode()).hexdigest()
        assert prev == entry.hash.hex()
    rows = [as_row(e, d) for e, d in zip(entries, drafts, strict=True)]
    assert list(ChainWalk(genesis(TENANT)).walk(rows)) == []


@pytest.mark.parametrize("column", range(11))
def test_the_walk_blames_a_changed_column_on_its_entry_alone(column):
    drafts = [draft(subject=str(n), event_seq=n, case_id=TENANT) for n in range(5)]
    rows = [as_row(e, d) for e, d in zip(link_all(genesis(TENANT), 0, AT, drafts), drafts, strict=True)]
    changed = list(rows[2])
    value = changed[column]
    changed[column] = value + 1 if isinstance(value, int) else value[:-1] + (b"?" if isinstance(value, bytes) else "?")
    rows[2] = tuple(changed)
    findings = list(ChainWalk(genesis(TENANT)).walk(rows))
    assert findings
    blamed = {f.seq for f in findings}
    # A changed number is seen at itself and as the gap it leaves.
    assert blamed == ({4} if column == 0 else {3})


def test_the_walk_needs_the_right_start():
    rows = [as_row(link_all(genesis(TENANT), 0, AT, [draft()])[0], draft())]
    [finding] = ChainWalk(genesis(UUID(int=1))).walk(rows)
    assert finding.reason == "does not follow the entry before"


def test_an_events_digest_is_that_of_its_documented_json():
    data = b'{"a":"1.50"}'
    expected = hashlib.sha256(
        json.dumps(
            {
                "data": {"a": "1.50"},
                "id": "i",
                "key": "k",
                "source": "\u00e4",
                "subject": "",
                "time": "2026-03-02T09:30:00.000005Z",
                "type": "t",
            },
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        ).encode()
    ).digest()
    assert event_digest("\u00e4", "i", "t", "", "k", AT, data) == expected
    row = (7, "\u00e4", "i", "t", "", "k", "2026-03-02T09:30:00.000005Z", data.decode(), expected)
    assert list(check_events([row])) == []
    [finding] = check_events([(*row[:7], '{"a":"1.51"}', expected)])
    assert (finding.where, finding.seq) == ("event", 7)
