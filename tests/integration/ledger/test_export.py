"""Bundles, checked by the stand-alone file alone: good ones hold, and no byte of one can be changed unnoticed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import subprocess
import sys
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.access import Sealer
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Invalid, NotFound
from headgate.ledger import (
    AuditDraft,
    Scope,
    Uncovered,
    append_audit,
    append_events,
    audit_keys,
    checkpoint_list,
    checkpoint_now,
    export_bundle,
    rotate_key,
    verifier_source,
)
from headgate.ledger.verifier import Head, Key, Verifier
from tests.integration.ledger.conftest import LANES, NOW

SEALS = Sealer((bytes(range(32)),))
WHOLE = Scope()
CASE = UUID("0195555a-0000-7000-8000-000000000001")


def drafts(first, end):
    return [
        AuditDraft(
            "thing.decided",
            "thing",
            f"T-{n % 7}",
            "user:ana",
            {"n": n, "note": "Grüße 🙂"},
            CASE if n % 5 == 0 else None,
        )
        for n in range(first, end)
    ]


@pytest.fixture
def chain(database, tenant, make_event):
    """Forty entries, three of them about events, signed after 20 and 40."""
    with database.transaction(tenant) as conn:
        seqs = [a.seq for a in append_events(conn, NOW, [make_event(str(n)) for n in range(3)], lanes=LANES)]
        told = [AuditDraft("thing.seen", "thing", "T-1", "user:ana", {}, event_seq=seq) for seq in seqs]
        append_audit(conn, NOW, told + drafts(3, 20))
        checkpoint_now(conn, Context(tenant, SYSTEM, NOW), SEALS, lanes=LANES)
        append_audit(conn, NOW, drafts(20, 40))
        checkpoint_now(conn, Context(tenant, SYSTEM, NOW + timedelta(hours=1)), SEALS, lanes=LANES)
    return tenant


@pytest.fixture
def bundle(database, chain):
    """The bytes of a bundle."""

    def make(scope=WHOLE, **options):
        pieces: list[bytes] = []
        with database.transaction(chain, read_only=True) as conn:
            made = export_bundle(conn, Context(chain, SYSTEM, NOW), scope, pieces.append, **options)
        data = b"".join(pieces)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (made.bytes, made.sha256)
        return data

    return make


def check(data, trusted=(), held=()):
    return Verifier(list(trusted), list(held)).run(iter(data.splitlines(keepends=True)))


SCOPES = [
    Scope(),
    Scope(first=7, last=23),
    Scope(first=40),
    Scope(last=1),
    Scope(entry=17),
    Scope(subject_type="thing", subject="T-1"),
    Scope(case=CASE),
]


@pytest.mark.parametrize("scope", SCOPES, ids=lambda s: json.dumps(s.as_json()))
def test_a_bundle_of_any_scope_holds(database, chain, bundle, scope):
    data = bundle(scope, events=True)
    with database.transaction(chain) as conn:
        (key,) = audit_keys(conn)
    report = check(data, [Key.read(str(key.key))])
    assert report.faults == []
    assert any("signed by your key" in item for item in report.checked)
    assert any("continue each other, from 20 to 40" in item for item in report.checked)


def test_the_same_state_gives_the_same_bytes(bundle):
    scope = Scope(subject_type="thing", subject="T-1")
    assert bundle(scope, events=True) == bundle(scope, events=True)


def test_the_shipped_file_runs_alone_and_tells_what_it_did(bundle, tmp_path):
    """With nothing of Headgate to import: isolated, from another folder, against a compressed bundle."""
    (tmp_path / "verify.py").write_text(verifier_source(), encoding="utf-8")
    (tmp_path / "bundle.jsonl.gz").write_bytes(gzip.compress(bundle(Scope(first=2, last=9), events=True)))
    assert "import headgate" not in verifier_source()
    assert "from headgate" not in verifier_source()
    run = subprocess.run(
        [sys.executable, "-I", "verify.py", "bundle.jsonl.gz"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    for said in (
        "8 entries have their hashes",
        "7 entries follow",
        "entries 2 to 9 are there",
        "2 events",
        "Get it elsewhere",
    ):
        assert said in run.stdout


@pytest.mark.slow
def test_a_flipped_bit_is_found_whichever_byte_it_is_in(bundle):
    """Every byte of a small bundle, one bit each, with all kinds of lines in it."""
    for scope in (Scope(first=2, last=3), Scope(entry=2)):
        data = bundle(scope, events=True)
        for place in range(len(data)):
            changed = data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
            report = check(changed)
            assert report.faults, (place, data[max(0, place - 20) : place + 20])
            line = data[:place].count(b"\n") + 1
            assert any(_names(fault, line) for fault in report.faults), (line, report.faults)


def _names(fault, line):
    """Whether a fault names the line, or a part that the line is in."""
    words = fault.split(":")[0].split(",")[0].removeprefix("lines ").removeprefix("line ")
    first, _, last = words.partition("–")
    # A broken end of line makes one line of two.
    return first.isdigit() and int(first) - 1 <= line <= int(last or first) + 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), length=st.integers(0, 3))
def test_bytes_changed_added_or_cut_out_anywhere_are_found(bundle_of_all, place, byte, length):
    at = int(place * len(bundle_of_all))
    changed = bundle_of_all[:at] + bytes([byte]) + bundle_of_all[at + length :]
    assert changed == bundle_of_all or check(changed).faults


@pytest.fixture
def bundle_of_all(bundle):
    return bundle(Scope(), events=True)


def forged(data, change):
    """The bundle with its lines changed and every sum made to fit again: what somebody who means it would do."""
    lines = [json.loads(raw) for raw in data.splitlines()]
    lines = change(lines)
    out, since = [], hashlib.sha256()
    for line in lines:
        if "sum" in line:
            if "end" in line:
                line["end"]["lines"] = len(lines)
                since.update(_dumped(line["end"]))
            line["sum"] = since.hexdigest()
            since = hashlib.sha256(since.digest())
        else:
            since.update(_dumped(line) + b"\n")
        out.append(_dumped(line) + b"\n")
    return b"".join(out)


def _dumped(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def rewritten(text):
    entry = json.loads(text)
    entry["actor"] = "user:eve"
    return _dumped(entry).decode()


def rewrite_entry(number, *, hashed):
    def change(lines):
        found = [line for line in lines if "entry" in line][number]
        found["entry"] = rewritten(found["entry"])
        if hashed:
            found["hash"] = hashlib.sha256(found["entry"].encode()).hexdigest()
        return lines

    return change


def test_a_careful_forgery_of_an_entry_is_found_and_named(bundle):
    ranged, alone = bundle(Scope(first=5, last=9)), bundle(Scope(subject_type="thing", subject="T-1"))
    assert check(forged(ranged, lambda lines: lines)).ok
    faults = check(forged(ranged, rewrite_entry(2, hashed=False))).faults
    assert any("entry 7: the text does not have its hash" in f for f in faults)
    faults = check(forged(ranged, rewrite_entry(2, hashed=True))).faults
    assert any("entry 8: it does not follow the entry before" in f for f in faults)
    assert any("do not lead to the signed root" in f for f in faults)
    faults = check(forged(alone, rewrite_entry(1, hashed=True))).faults
    assert any("entry 2: its path does not lead to the signed root" in f for f in faults)


def test_an_entry_left_out_or_put_in_is_found(bundle):
    data = bundle(Scope(first=5, last=9))

    def without(lines):
        lines.remove([line for line in lines if "entry" in line][2])
        lines[-1]["end"]["entries"] -= 1
        lines[0]["entries"] -= 1
        return lines

    assert any("without a gap" in fault for fault in check(forged(data, without)).faults)
    other = bundle(Scope(entry=12)).splitlines()

    def with_another(lines):
        place = lines.index(next(line for line in lines if "entry" in line))
        lines.insert(place, json.loads(next(raw for raw in other if b'"entry":"' in raw)))
        lines[-1]["end"]["entries"] += 1
        lines[0]["entries"] += 1
        return lines

    assert check(forged(data, with_another)).faults


def test_a_bundle_signed_by_somebody_else_holds_only_for_who_trusts_them(bundle, database, chain):
    """All of it made anew with a key of the forger's own: only a key from elsewhere shows that."""
    data = bundle(Scope(entry=17))
    eve = Ed25519PrivateKey.generate()
    public = b"\1" + eve.public_key().public_bytes_raw()

    def with_own_key(lines):
        name = lines[0]["origin"]
        key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        for line in lines:
            if "key" in line:
                line["key"] = f"{name}+{key_id.hex()}+{base64.b64encode(public).decode()}"
            if "checkpoint" in line:
                text = line["checkpoint"].partition("\n\n")[0] + "\n"
                signature = base64.b64encode(key_id + eve.sign(text.encode())).decode()
                line["checkpoint"] = f"{text}\n— {name} {signature}\n"
        return lines

    forgery = forged(data, with_own_key)
    assert check(forgery).ok
    assert any("Get it elsewhere" in item for item in check(forgery).unchecked)
    with database.transaction(chain) as conn:
        (key,) = audit_keys(conn)
    report = check(forgery, [Key.read(str(key.key))])
    assert any("not signed by a key you gave" in fault for fault in report.faults)


def test_a_checkpoint_held_from_before_is_found_in_the_history_or_shows_that_it_was_rewritten(bundle, database, chain):
    with database.transaction(chain) as conn:
        old = checkpoint_list(conn)[-1]
    data = bundle(Scope(entry=17), since=20)
    held = Head.read(old.note)
    assert any("your checkpoint of 20 entries is part" in item for item in check(data, held=[held]).checked)
    other = Head(held.origin, 20, bytes(32), held.time, held.text, held.signatures)
    assert any("history was rewritten" in fault for fault in check(data, held=[other]).faults)
    gone = Head(held.origin, 21, bytes(32), held.time, held.text, held.signatures)
    assert any("not in here" in item for item in check(data, held=[gone]).unchecked)


def test_after_a_rotation_both_keys_are_in_the_bundle_and_either_is_trusted_where_both_signed(database, chain, bundle):
    with database.transaction(chain) as conn:
        (old,) = audit_keys(conn)
        new, _ = rotate_key(conn, Context(chain, SYSTEM, NOW + timedelta(hours=2)), SEALS)
    data = bundle(Scope())
    for key in (old.key, new):
        assert check(data, [Key.read(str(key))]).ok


def test_what_is_not_signed_yet_and_what_is_not_there_is_refused(database, tenant, chain, bundle):
    with pytest.raises(Uncovered):
        bundle(Scope(last=41))
    with pytest.raises(NotFound):
        bundle(Scope(subject_type="thing", subject="T-none"))
    with pytest.raises(NotFound):
        bundle(Scope(), since=3)
    with pytest.raises(Invalid):
        bundle(Scope(first=30, last=20))


@pytest.mark.parametrize("data", [b"", b"\n", b"{}\n", b"[]\n", b"\xff\xfe", b'{"end":{},"sum":""}\n', b"[" * 100_000])
def test_what_is_no_bundle_is_said_to_be_none(data):
    assert not check(data).ok
