"""What the demo prints for whoever has just started it."""

from __future__ import annotations

import pytest

from headgate.cli.demo import _announce

STAFF = [("carl@nordwind.example", "carl-secret", "channel_manager")]
PARTNERS = [("petra@partner.example", "petra-secret", "partner_admin")]
ADDRESS = "http://127.0.0.1:8400/"


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_it_says_where_who_can_sign_in_and_what_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    _announce(ADDRESS, [*STAFF, *PARTNERS])
    text = said(capsys)
    assert f"Console: {ADDRESS} (Ctrl-C stops it, the data stays) carl@nordwind.example carl-secret" in text
    assert f"Partner portal: {ADDRESS}portal/ petra@partner.example petra-secret partner admin" in text
    assert text.rpartition("Try it: ")[2].startswith("both sign-in pages have a button for each of them.")


def test_without_people_of_partners_there_is_no_price_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    _announce(ADDRESS, STAFF)
    assert "Try it" not in said(capsys)
