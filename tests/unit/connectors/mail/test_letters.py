"""Letters as messages: no text adds a header, everything is escaped, addresses of servers are checked."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from headgate.connectors.mail import Letter, read_relay, reset_letter
from headgate.connectors.mail.core.addresses import portal_page
from headgate.connectors.mail.core.letters import Look, look_of, many_asked_letter
from headgate.connectors.mail.core.parts import page
from headgate.connectors.mail.core.sender import check_from, message_of
from headgate.connectors.mail.core.writing import Shades, Ways
from headgate.connectors.mail.core.writing import written as write_out
from headgate.kernel.errors import Invalid, Misconfigured
from headgate.portal import urls
from headgate.ui.format import Formatter

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVIL = "x\r\nBcc: eve@evil.example\r\n\r\nbody\u2028<script>alert(1)</script>"


ENGLISH = Formatter("en_GB", ZoneInfo("UTC"), NOW)


def out(letter: Letter, ways: Ways | None = None):
    return write_out(letter, ENGLISH, ways or Ways(), Shades())


def written(letter: Letter, look: Look, ways: Ways | None = None):
    message = message_of(out(letter, ways), look, "no-reply@nordwind.example", UUID(int=7), NOW)
    return message_from_bytes(message.as_bytes(), policy=default)


def test_a_letter_is_text_and_html_in_the_tenants_name_with_an_id_that_stays():
    found = written(
        reset_letter("ana@nordwind.example", "Ana Köhler", "https://hg.example/sign-in/reset/t"),
        Look("Nordwind & Söhne", "#0b6e4f", "help@nordwind.example"),
    )
    assert found["From"] == "Nordwind & Söhne <no-reply@nordwind.example>"
    assert found["Reply-To"] == "help@nordwind.example"
    assert found["Message-ID"] == "<00000000-0000-0000-0000-000000000007@nordwind.example>"
    text, html = [part.get_content() for part in found.iter_parts()]
    assert "https://hg.example/sign-in/reset/t" in text
    assert "#0b6e4f" in html
    assert "cannot be turned off" in text
    assert found["List-Unsubscribe"] is None, "nobody stops mails about their own account"
    assert "Nordwind &amp; Söhne" in html


def spaceless(*texts: str):
    return ["".join(text.split()) for text in texts]


def test_no_name_or_subject_adds_a_header_or_markup():
    link = 'https://a.example/"><script>'
    letter = Letter("ana@nordwind.example", EVIL, EVIL, (EVIL,), EVIL, link, (EVIL,), ((EVIL, EVIL),))
    found = written(letter, Look(EVIL))
    assert found["Bcc"] is None
    assert len(found.get_all("To")) == 1
    assert {name.lower() for name in found} <= {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "content-language",
        "mime-version",
        "content-type",
    }
    _, html = [part.get_content() for part in found.iter_parts()]
    assert "<script" not in html
    assert "<script" not in page(out(letter), look_of(EVIL, {"brand": {"name": EVIL, "accent": 'red;"><script>'}}))


@pytest.mark.parametrize(
    "evil",
    [
        "=?utf-8?q?=0D=0ABcc:_eve@evil.example?=",
        "=?utf-8?b?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?= Ana",
        "a=?utf-8?q?=22_=3Ceve@evil.example=3E=2C?=b",
        "Köhler, Ana <eve@evil.example>, " + "x" * 60,
        ".@" + "x" * 40 + '[, <; eve@evil.example, "',
        ";group:eve@evil.example;>" + "é" * 50,
        "Müller, " * 12,
    ],
)
def test_coded_words_and_long_names_stay_text_in_the_header_they_are_given_for(evil: str):
    raw = message_of(
        out(Letter("ana@nordwind.example", evil, evil, (evil,))),
        Look(evil, reply_to="help@nordwind.example"),
        "no-reply@nordwind.example",
        UUID(int=7),
        NOW,
    ).as_bytes()
    found = message_from_bytes(raw, policy=default)
    assert found["Bcc"] is None
    assert [each.addr_spec for each in found["To"].addresses] == ["ana@nordwind.example"]
    assert [each.addr_spec for each in found["From"].addresses] == ["no-reply@nordwind.example"]
    # The library that reads it puts spaces where two coded words meet.
    assert spaceless(*[each.display_name for each in found["To"].addresses]) == spaceless(evil[:100])
    assert spaceless(found["Subject"]) == spaceless(evil)
    assert max(len(line) for line in raw.partition(b"\n\n")[0].splitlines()) <= 78


@pytest.mark.parametrize("to", ["=?utf-8?q?=0d=0abcc=3a_eve?=@evil.example", "=?utf-8?q?ana?=@nordwind.example"])
def test_an_address_with_coded_words_is_none(to: str):
    for letter, look in (
        (reset_letter(to, "A", "l"), Look("N")),
        (reset_letter("a@b.example", "A", "l"), Look("N", reply_to=to)),
        (reset_letter("a@b.example", "A", "l"), Look("N", address=to)),
    ):
        with pytest.raises(Invalid):
            written(letter, look)


@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nBcc: eve@evil.example", "a@b.example, eve@evil.example", "Boss <a@b.example>", "a b@c.example"],
)
def test_a_sender_that_is_more_than_an_address_is_none(address: str):
    with pytest.raises(Invalid):
        written(reset_letter("a@b.example", "A", "l"), Look("N", address=address))


def test_a_letter_says_in_which_language_it_is():
    assert written(reset_letter("ana@nordwind.example", "Ana", "l"), Look("N"))["Content-Language"] == "en-GB"


def test_a_mail_that_can_be_turned_off_says_where_in_header_and_footer():
    stop = "https://hg.example/mails/" + "x" * 320
    ways = Ways(stop, "https://hg.example/account#mails")
    asked = many_asked_letter("ana@nordwind.example", "Ana", 7, "https://hg.example/work")
    raw = message_of(out(asked, ways), Look("Ångström & Söhne " * 3), "no-reply@nordwind.example", UUID(int=7), NOW)
    lines = raw.as_bytes().splitlines()
    assert f"List-Unsubscribe: <{stop}>".encode() in lines, "whole, on one line"
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert max(len(line) for line in lines if not line.startswith(b"List-Unsubscribe:")) <= 78
    found = message_from_bytes(raw.as_bytes(), policy=default)
    for part in found.iter_parts():
        content = part.get_content()
        assert stop in content
        assert "https://hg.example/account#mails" in content
        assert "because something waits for your decision" in content


def test_one_click_is_offered_over_https_only_and_never_at_an_address_that_is_none():
    asked = many_asked_letter("ana@nordwind.example", "Ana", 7, "http://localhost/work")
    found = written(asked, Look("N"), Ways("http://localhost/mails/t", ""))
    assert found["List-Unsubscribe"] == "<http://localhost/mails/t>"
    assert found["List-Unsubscribe-Post"] is None
    for evil in ("https://a.example/\r\nBcc: eve@evil.example", "https://a.example/>,<mailto:eve@evil.example", "no"):
        with pytest.raises(Invalid):
            written(asked, Look("N"), Ways(evil, ""))


@pytest.mark.parametrize("to", ["", "ana", "a@b\r\nBcc: x@y.example", "a@b.example, c@d.example", "a@b.example\n"])
def test_an_address_that_is_none_gets_no_letter(to: str):
    if to.endswith("\n"):
        assert written(reset_letter(to, "A", "l"), Look("N"))["To"].addresses[0].addr_spec == "a@b.example"
        return
    with pytest.raises(Invalid):
        written(reset_letter(to, "A", "l"), Look("N"))


@pytest.mark.parametrize(
    ("url", "user"),
    [
        ("mail.example", ""),
        ("http://mail.example", ""),
        ("smtps://", ""),
        ("smtps://user:secret@mail.example", ""),
        ("smtps://mail.example/path", ""),
        ("smtps://mail.example:port", ""),
        ("smtp+plain://mail.example", ""),
        ("smtp+plain://localhost", "ana"),
    ],
)
def test_a_mail_server_that_would_be_spoken_to_in_the_clear_is_refused(url: str, user: str):
    with pytest.raises(Misconfigured):
        read_relay(url, user, "secret", "")


def test_servers_have_their_usual_ports_and_senders_are_addresses():
    assert read_relay("", "", "", "") is None
    found = [
        read_relay(u, "", "", "") for u in ("smtps://a.example", "smtp://a.example", "smtp+plain://localhost:1025")
    ]
    assert [(r.port, r.security) for r in found if r] == [(465, "tls"), (587, "starttls"), (1025, "none")]
    for wrong in ("", "nobody", "a b@c", "a@b\r\nBcc: x@y", "A <a@b>"):
        with pytest.raises(Misconfigured):
            check_from(wrong)


@pytest.mark.parametrize("code", ["KON-1", "2026/17", "a~1/b", "Ä &?#%2F"])
def test_a_letter_leads_to_the_page_that_the_portal_has(code: str):
    base = "https://portal.nordwind.example" + urls.ROOT
    for kind, page_of in (("order", urls.order), ("deal", urls.deal), ("price_exception", urls.price)):
        assert portal_page(base, kind, code) == "https://portal.nordwind.example" + page_of(code)
    assert portal_page(base, "return", code) == portal_page(base, "rma", code)
    assert portal_page(base, "rma", code).endswith(urls.rma(code))


def test_a_long_word_breaks_within_its_cell_and_only_addresses_break_anywhere():
    letter = Letter("ana@nordwind.example", "Ana", "S", (), "Open", "https://a.example/x", (), (("Firm", "x" * 90),))
    html = page(out(letter), Look("N"))
    cell = html.partition(">" + "x" * 90)[0].rpartition("<td")[2]
    assert "overflow-wrap:anywhere" in cell
    assert html.count("break-all") == 1
    assert '<span style="word-break:break-all">https://a.example/x</span>' in html
