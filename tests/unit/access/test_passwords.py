from __future__ import annotations

import pytest

from headgate.access.core.passwords import LONGEST, SHORTEST, check_password
from headgate.kernel.errors import Invalid


@pytest.mark.parametrize(
    "good",
    [
        "correct horse battery",
        "Löwe trinkt gern Tee",
        "xk7-Qm2-vv9-Lp0",
        "headgate demo 4711",
        "七つの海を渡る風の音楽会へ",
    ],
)
def test_long_and_odd_passwords_are_taken(good):
    check_password(good, about=("ana@nordwind.example", "Ana Silva"))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", "shorter"),
        ("correct\x00horse battery", "cannot be typed"),
        ("correct horse batter\udcff", "cannot be typed"),
        ("k7-Qm2-vv9-", "shorter"),
        ("x7" * LONGEST, "longer"),
        ("aaaaaaaaaaaaaaaa", "few characters"),
        ("abababababababab", "few characters"),
        ("password12345678", "tried first"),
        ("Passw0rd!!!!!!!!", "tried first"),
        ("passwordpassword", "tried first"),
        ("administrator123", "tried first"),
        ("12345678901234", "tried first"),
        ("abcdefghijklmnop", "tried first"),
        ("qwertyuiop1234567", "tried first"),
        ("nordwind rocks 77", "name or the e-mail"),
        ("Silva forever 42!", "name or the e-mail"),
    ],
)
def test_guessable_passwords_are_refused_with_the_reason(bad, why):
    with pytest.raises(Invalid, match=why) as caught:
        check_password(bad, about=("ana@nordwind.example", "Ana Silva"))
    assert caught.value.problems[0].field == "password"
    assert not bad or bad not in str(caught.value)


def test_lengths_at_the_edge_are_taken():
    check_password("xk7-Qm2-vv9L"[:SHORTEST])
    check_password(("xk7-Qm2-vv9L" * 20)[:LONGEST])


def test_what_looks_alike_is_the_same_password():
    assert check_password("Cafe\u0301 au lait \uff11\uff12") == check_password("Café au lait 12")
