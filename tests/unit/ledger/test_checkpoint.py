"""Signed notes: known ones are read, ours are read by their rules, and a changed character is found."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from headgate.kernel.errors import Invalid
from headgate.ledger.core.checkpoint import Note, VerifyKey, parse_note, signed, signers, tree_head

TENANT = UUID("019553c1-0000-7000-8000-000000000001")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
HEAD = tree_head(TENANT, 12, b"\7" * 32, NOW)


def key_of(private):
    return VerifyKey(HEAD.origin, private.public_key().public_bytes_raw())


NOTE = signed(HEAD, [(HEAD.origin, PRIVATE)])


def test_the_key_of_the_go_implementations_own_example_is_read():
    """`golang.org/x/mod/sumdb/note` shows this key and this note."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    key = VerifyKey.parse(text)
    assert (key.name, key.key_id, str(key)) == ("PeterNeumann", "c74f20a3", text)


def test_the_note_of_the_go_implementations_own_example_has_a_good_signature():
    class Text:
        text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"

    raw = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    key = VerifyKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert raw[:4].hex() == key.key_id
    note = Note(cast(Any, Text()), {("PeterNeumann", "c74f20a3"): raw[4:]})
    assert signers(note, [key]) == [key]


def test_a_checkpoint_is_a_note_of_origin_size_root_and_time():
    assert NOTE.split("\n")[:5] == [
        f"headgate/audit/{TENANT}",
        "12",
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        "time 2026-03-02T09:00:00.000000Z",
        "",
    ]
    assert NOTE.split("\n")[5].startswith(f"— headgate/audit/{TENANT} ")
    assert parse_note(NOTE).checkpoint == HEAD


def test_only_known_keys_count_and_each_signature_is_found():
    both = parse_note(signed(HEAD, [(HEAD.origin, PRIVATE), (HEAD.origin, OTHER)]))
    assert signers(both, [key_of(OTHER)]) == [key_of(OTHER)]
    assert signers(both, [key_of(PRIVATE), key_of(OTHER)]) == [key_of(PRIVATE), key_of(OTHER)]
    assert signers(parse_note(NOTE), [key_of(OTHER)]) == []


@given(st.integers(0, len(NOTE) - 1), st.characters())
@example(0, "\ud800")
def test_any_other_character_is_refused_or_leaves_no_signer(place, character):
    changed = NOTE[:place] + character + NOTE[place + 1 :]
    if changed == NOTE:
        return
    with contextlib.suppress(Invalid):
        assert signers(parse_note(changed), [key_of(PRIVATE)]) == []


@pytest.mark.parametrize("text", ["", "a", "a+b", "a+00000000+AQ==", str(key_of(PRIVATE)).replace("headgate", "other")])
def test_what_is_no_key_is_refused_with_what_to_do(text):
    with pytest.raises(Invalid, match="headgate audit keys"):
        VerifyKey.parse(text)


@pytest.mark.parametrize("text", ["", "\n\n", "a\n1\nAA==\ntime x\n\n", NOTE[:-1], NOTE.replace("\n12\n", "\n012\n")])
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(Invalid):
        parse_note(text)


def test_more_signatures_than_a_note_may_have_are_refused():
    with pytest.raises(Invalid, match="more than 16"):
        parse_note(NOTE + NOTE.splitlines(keepends=True)[-1] * 16)
