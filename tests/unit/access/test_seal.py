from __future__ import annotations

import stat

import pytest

from headgate.access import Envelope, Sealer
from headgate.kernel.errors import Misconfigured

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def test_a_sealed_secret_opens_again_and_shows_nothing():
    sealer = Sealer([NEW])
    sealed = sealer.seal("whsec_topsecret ä", "source a")
    assert sealer.open(sealed, "source a") == "whsec_topsecret ä"
    assert "topsecret" not in sealed


def test_the_same_secret_is_never_sealed_alike():
    sealer = Sealer([NEW])
    assert sealer.seal("x", "c") != sealer.seal("x", "c")


def test_a_sealed_secret_cannot_be_moved_to_another_record():
    sealer = Sealer([NEW])
    with pytest.raises(Misconfigured):
        sealer.open(sealer.seal("x", "tenant a"), "tenant b")


def test_every_altered_character_is_noticed():
    sealer = Sealer([NEW])
    sealed = sealer.seal("secret", "c")
    for place, char in enumerate(sealed):
        changed = sealed[:place] + ("A" if char != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(Misconfigured):
            sealer.open(changed, "c")


@pytest.mark.parametrize("bad", ["", "x", "hg1", "hg1..", "hg1.0.1.2", "hg2.a.b.c"])
def test_what_is_not_sealed_does_not_open(bad):
    with pytest.raises(Misconfigured):
        Sealer([NEW]).open(bad, "c")


def test_while_a_key_is_replaced_the_old_one_opens_and_the_new_one_seals():
    sealed = Sealer([OLD]).seal("x", "c")
    assert Sealer([NEW, OLD]).open(sealed, "c") == "x"
    fresh = Sealer([NEW, OLD]).seal("x", "c")
    assert Sealer([NEW]).open(fresh, "c") == "x"
    with pytest.raises(Misconfigured, match="another key"):
        Sealer([NEW]).open(sealed, "c")


def test_an_installation_keeps_its_key_for_its_owner_only(tmp_path):
    sealed = Envelope.from_home(tmp_path).seal("x", "c")
    assert Envelope.from_home(tmp_path).open(sealed, "c") == "x"
    file = tmp_path / "secrets" / "envelope_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.rename(tmp_path / "secrets" / "envelope_key.old")
    replaced = Envelope.from_home(tmp_path)
    assert replaced.open(sealed, "c") == "x"
    assert len(replaced.keys) == 2
