"""What may be a domain, what a record proves, and what a check makes of where a domain stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.access.domains.core.names import (
    HostRules,
    overlap,
    plain_domain,
    plain_host,
    shown_name,
    under,
)
from headgate.access.domains.core.standing import (
    GRACE,
    Found,
    Standing,
    after_check,
    new_token,
    read_answer,
    read_spf,
    record_value,
)
from headgate.kernel.errors import Invalid

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = HostRules(frozenset({"console.provider.example"}), ("portals.provider.example",))
CLAIMED = Standing("claimed", "", NOW)
PROVEN = Standing("proven", "dns", NOW, NOW, NOW, None, NOW)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("Partners.Example.COM.", "partners.example.com"),
        ("  example.com ", "example.com"),
        ("müller.example", "xn--mller-kva.example"),
        ("MÜLLER.example", "xn--mller-kva.example"),
        ("xn--mller-kva.example", "xn--mller-kva.example"),
        ("пример.example", "xn--e1afmkfd.example"),
    ],
)
def test_a_domain_has_one_spelling(given: str, plain: str) -> None:
    assert plain_domain("domain", given, RULES) == plain


@pytest.mark.parametrize(
    "wrong",
    [
        "", ".", "localhost", "example", "https://example.com", "example.com:443", "example.com/x", "a..b.example",
        "-a.example", "a-.example", "a b.example", "exa_mple.com", "192.0.2.1", "[::1]", "2001:db8::1", "1.2.3",
        "10.0.0", f"{'a' * 64}.example", ".".join(["a" * 60] * 4) + ".example", "exam\nple.com", "exam\0ple.com",
        "*.example.com", "straße.example", "com", "co.uk", "github.io", "s3.amazonaws.com", "x.localhost",
        "console.provider.example", "portals.provider.example", "acme.portals.provider.example", "user@example.com",
        "\N{FULLWIDTH SOLIDUS}.example", "a\u200db.example",
    ],
)  # fmt: skip
def test_what_nobody_can_prove_is_refused_with_what_to_do(wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        plain_domain("domain", wrong, RULES)
    assert caught.value.problems[0].field == "domain"


def test_a_name_that_looks_like_another_is_shown_as_what_it_is() -> None:
    latin, cyrillic = plain_domain("domain", "apple.example", RULES), plain_domain("domain", "аpple.example", RULES)
    assert latin != cyrillic
    assert cyrillic.startswith("xn--")
    assert shown_name(cyrillic) == "аpple.example"
    assert shown_name(latin) == ""
    assert shown_name("xn--a.example") == "", "what cannot be read is not shown"


@given(st.text(max_size=300))
def test_no_text_breaks_the_spelling_and_what_passes_is_plain_and_stays(text: str) -> None:
    try:
        name = plain_host("host", text)
    except Invalid:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert plain_host("host", name) == name
    assert len(name) <= 253


def test_a_domain_covers_itself_and_what_stands_below_it_and_no_more() -> None:
    assert under("example.com", "example.com")
    assert under("a.b.example.com", "example.com")
    assert not under("badexample.com", "example.com")
    assert not under("com", "example.com")
    assert overlap("example.com", "a.example.com")
    assert overlap("a.example.com", "example.com")
    assert not overlap("a.example.com", "b.example.com")


def test_a_suffix_gives_a_tenant_its_own_host_and_nothing_else() -> None:
    assert RULES.gives("acme.portals.provider.example", "acme")
    for host in ("portals.provider.example", "x.acme.portals.provider.example", "other.portals.provider.example"):
        assert not RULES.gives(host, "acme")
    assert not RULES.gives("acme.localhost", "acme")
    assert HostRules(local=True).gives("anything.localhost", "acme")
    assert not HostRules(local=True).gives("anything.localhost.example", "acme")


def test_the_record_proves_by_its_exact_text_among_any_others() -> None:
    token = new_token()
    good = record_value(token)
    assert read_answer([good], token)[0] == "proven"
    assert read_answer(["v=spf1 -all", f' "{good}" '], token)[0] == "proven", "some forms keep the quotes"
    assert read_answer([], token) == ("no_record", "")
    for other in (record_value(new_token()), good[:-1], good + "0", good.upper(), token, "headgate-verification="):
        assert read_answer([other], token)[0] == "other_value"
    assert read_answer(["something", record_value("abc")], token)[1] == record_value("abc"), "the nearest is told"


def test_what_stands_there_instead_is_told_short_and_harmless() -> None:
    found, seen = read_answer(["\x1b[31m<script>" + "x" * 9000], "abc")
    assert found == "other_value"
    assert len(seen) == 120
    assert seen.isprintable()


def test_no_two_domains_have_the_same_token() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert all(len(new_token()) == 40 for _ in range(3))


@pytest.mark.parametrize(
    ("texts", "include", "told"),
    [
        ([], "spf.relay.example", "none"),
        (["v=spf10 include:spf.relay.example"], "spf.relay.example", "none"),
        (["v=spf1 include:spf.relay.example -all"], "spf.relay.example", "named"),
        (["V=SPF1 Include:SPF.relay.example ~all"], "spf.relay.example", "named"),
        (["v=spf1 include:spf.relay.example.org -all"], "spf.relay.example", "unnamed"),
        (["v=spf1 redirect=spf.relay.example"], "spf.relay.example", "named"),
        (["v=spf1 -all"], "", ""),
    ],
)
def test_what_spf_says_of_the_relay(texts: list[str], include: str, told: str) -> None:
    assert read_spf(texts, include) == told


def test_a_claim_is_proven_by_its_record_and_waits_without_it() -> None:
    assert after_check(CLAIMED, "proven", NOW) == (replace(PROVEN, next_at=NOW + timedelta(days=1)), "proven")
    for found in ("no_name", "no_record", "other_value", "unreachable", "contested"):
        after, event = after_check(CLAIMED, found, NOW)
        assert (after.status, event) == ("claimed", "")
        assert after.next_at == NOW + timedelta(hours=1)
    late, _ = after_check(CLAIMED, "no_record", NOW + timedelta(days=8))
    assert late.next_at is None, "nobody waits for it any more"


def test_a_missing_record_warns_once_and_the_domain_lapses_after_fourteen_days_of_it() -> None:
    missing, event = after_check(PROVEN, "no_record", NOW)
    assert (missing.status, event, missing.lapses_at) == ("missing", "missing", NOW + GRACE)
    still, event = after_check(missing, "other_value", NOW + timedelta(days=13))
    assert (still.status, event, still.missing_since) == ("missing", "", NOW)
    gone, event = after_check(still, "no_record", NOW + GRACE)
    assert (gone.status, event, gone.next_at) == ("lost", "lapsed", None)
    back, event = after_check(still, "proven", NOW + timedelta(days=13))
    assert (back.status, event, back.missing_since) == ("proven", "back", None)
    again, event = after_check(gone, "proven", NOW + timedelta(days=20))
    assert (again.status, event, again.proven_at) == ("proven", "proven", NOW + timedelta(days=20))


@pytest.mark.parametrize("days", [0, 13, 14, 400])
def test_silence_of_name_servers_takes_nothing_from_anybody(days: int) -> None:
    missing = after_check(PROVEN, "no_record", NOW)[0]
    for before in (PROVEN, missing):
        after, event = after_check(before, "unreachable", NOW + timedelta(days=days))
        assert (after.status, after.missing_since, event) == (before.status, before.missing_since, "")
        assert after.next_at is not None


def test_what_stands_by_word_stays_without_a_record_and_a_taken_over_one_becomes_a_proof_with_it() -> None:
    trusted, moved = replace(PROVEN, proof="operator"), replace(PROVEN, proof="migration", next_at=None)
    failing: tuple[Found, ...] = ("no_name", "no_record", "other_value", "unreachable", "contested")
    for before in (trusted, moved):
        for found in failing:
            assert after_check(before, found, NOW + timedelta(days=99)) == (before, "")
    after, event = after_check(moved, "proven", NOW)
    assert (after.proof, event) == ("dns", "proven")
    assert after.next_at is not None
    assert after_check(trusted, "proven", NOW)[0].proof == "operator"
