"""Letters as messages: no text adds a header, everything is escaped, addresses of servers are checked."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import pytest

from headgate.connectors.mail import Letter, read_relay, reset_letter
from headgate.connectors.mail.core.letters import Look, look_of, page
from headgate.connectors.mail.core.sender import check_from, message_of
from headgate.kernel.errors import Invalid, Misconfigured

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVIL = "x\r\nBcc: eve@evil.example\r\n\r\nbody\u2028<script>alert(1)</script>"


def written(letter: Letter, look: Look):
    message = message_of(letter, look, "no-reply@nordwind.example", UUID(int=7), NOW)
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
    assert "Nordwind &amp; Söhne" in html


def test_no_name_or_subject_adds_a_header_or_markup():
    letter = Letter("ana@nordwind.example", EVIL, EVIL, (EVIL,), EVIL, 'https://a.example/"><script>', (EVIL,))
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
        "mime-version",
        "content-type",
    }
    _, html = [part.get_content() for part in found.iter_parts()]
    assert "<script" not in html
    assert "<script" not in page(letter, look_of(EVIL, {"brand": {"name": EVIL, "accent": 'red;"><script>'}}))


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
