"""What mail programs and servers get: a letter through a real SMTP conversation, parsed by the standard library."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP, default, strict
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate.access import Envelope, get_tenant, set_tenant
from headgate.access.mailing import read_stop
from headgate.connectors.delivery import Courier
from headgate.connectors.mail import Mailroom, mail_port
from headgate.connectors.mail.core.letters import Letter, asked_letter
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.settings import Settings
from headgate.store import Database
from headgate.ui.letters import LetterReading
from tests.conftest import NOW
from tests.integration.connectors.mail.server import mail_server

SEALER = Envelope((b"k" * 32,))
HOST = "https://partners.a-rather-long-name-of-a-distributor.example"
MAILROOM = Mailroom(SEALER, LetterReading, HOST)
WHO = "user:joerg.muellerschoen@nordwind.example"
TO = WHO.removeprefix("user:")
SUBJECT = "Größenänderung für Müller & Söhne – 12 % Nachlaß " + "und noch viel mehr dazu " * 4
LETTER = asked_letter(
    TO,
    "Jörg Müllerschön",
    kind="price_exception",
    subject=SUBJECT,
    partner="Öztürk " + "x" * 3000,
    stake=None,
    due_at=NOW,
    link=f"{HOST}/from-mail/{'s' * 43}",
    days=7,
    again=False,
)


class Mailbox:
    """Keeps what came in, byte for byte; the first answers may be refusals."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []
        self.options: list[list[str]] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.contents.append(envelope.original_content)
        self.options.append(list(envelope.mail_options))
        return self.answers.pop(0) if self.answers else "250 OK"


@pytest.fixture
def arrived(database: Database, tenant: UUID, tmp_path: Path, settings: Settings) -> list[bytes]:
    """The bytes of one letter: put off at first, then taken."""
    return deliver(database, tenant, tmp_path, settings, LETTER)


def deliver(
    database: Database, tenant: UUID, home: Path, settings: Settings, letter: Letter, **how: Any
) -> list[bytes]:
    """Post a letter and let the courier bring it, twice, because the server puts it off the first time."""
    mailbox, clock = Mailbox(), FixedClock(NOW)
    mailbox.answers = ["451 come again"]
    ctx = Context(tenant, SYSTEM, NOW)
    with database.transaction(tenant) as conn:
        brand = {"brand": {"sender": "Nordwind Süd GmbH, „Groß“ & Söhne", "reply_to": "fragen@nordwind.example"}}
        set_tenant(conn, ctx, settings={**get_tenant(conn).settings, **brand})
        MAILROOM.send(conn, ctx, get_tenant(conn), letter, about=WHO, key="k")
    with mail_server(mailbox, **how) as port:
        chosen = Settings(home=home, mail_url=f"smtp+plain://127.0.0.1:{port}", mail_from="no-reply@nordwind.example")
        courier = Courier(database, {"mail": mail_port(chosen, SEALER)}, SEALER, clock, 16, lambda: 0.5)
        for _ in range(2):
            for of, code in courier.due():
                if of == tenant:
                    courier.record(of, [courier.send(errand) for errand in courier.claim(of, code, 10)])
            clock.move(timedelta(hours=1))
    assert len(mailbox.contents) == 2
    assert not any("SMTPUTF8" in option.upper() for options in mailbox.options for option in options)
    return mailbox.contents


def parsed(content: bytes) -> EmailMessage:
    found = BytesParser(policy=default).parsebytes(content)
    assert isinstance(found, EmailMessage)
    return found


def test_headers_are_seven_bits_and_lines_as_short_as_they_must_be(arrived: list[bytes]) -> None:
    for content in arrived:
        assert content.isascii(), "no server needs SMTPUTF8 or 8BITMIME for it"
        lines = content.split(b"\r\n")
        assert max(map(len, lines)) <= 998
        assert b"\n" not in b"".join(lines), "each line ends with CR LF"
        assert b"\r" not in b"".join(lines)


def test_what_was_written_comes_out_again(arrived: list[bytes]) -> None:
    message = parsed(arrived[1])
    assert message["From"].addresses[0].display_name == "Nordwind Süd GmbH, „Groß“ & Söhne"
    assert message["From"].addresses[0].addr_spec == "no-reply@nordwind.example"
    assert message["To"].addresses[0].display_name == "Jörg Müllerschön"
    assert message["To"].addresses[0].addr_spec == TO
    assert message["Subject"].startswith("Please decide: price exception Größenänderung für Müller & Söhne – 12 %")
    assert message["Reply-To"].addresses[0].addr_spec == "fragen@nordwind.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        assert "Größenänderung" in part.get_content()
    for header in ("From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe", "MIME-Version"):
        assert len(message.get_all(header, [])) == 1, header
    assert message.defects == []


def test_no_parser_finds_fault_with_it(arrived: list[bytes]) -> None:
    message = BytesParser(policy=strict + default).parsebytes(arrived[1])
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_the_way_out_survives_folding_and_is_one_address(arrived: list[bytes], tenant: UUID) -> None:
    head = arrived[1].partition(b"\r\n\r\n")[0].decode("ascii")
    [line] = re.findall(r"^List-Unsubscribe: (.*)$", head, re.MULTILINE)
    assert re.fullmatch(r"<https://[!-;=?-~]+>", line.strip()), "in one piece, coded nowhere"
    message = parsed(arrived[1])
    address = str(message["List-Unsubscribe"]).strip("<>")
    assert address == line.strip().strip("<>")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop = read_stop(SEALER, address.rpartition("/")[2], NOW)
    assert (stop.tenant_id, stop.principal, stop.kind) == (tenant, WHO, "approvals")
    again = BytesParser(policy=default).parsebytes(message.as_bytes(policy=SMTP.clone(max_line_length=998)))
    assert str(again["List-Unsubscribe"]) == str(message["List-Unsubscribe"]), "also where a server writes it anew"


def test_a_signature_over_headers_covers_the_way_out(arrived: list[bytes]) -> None:
    """RFC 8058, 4: a DKIM signature must cover both fields. The server signs; it can, because each is there once, in
    the head, and reads the same when white space is relaxed (RFC 6376, 3.4.2), whoever folds it."""
    head = arrived[1].partition(b"\r\n\r\n")[0].decode("ascii")
    fields = [field for field in re.split(r"\r\n(?![ \t])", head) if field]
    relaxed = {}
    for name in ("list-unsubscribe", "list-unsubscribe-post"):
        [found] = [field.partition(":")[2] for field in fields if field.partition(":")[0].lower() == name]
        relaxed[name] = re.sub(r"[ \t]+", " ", found.replace("\r\n", "")).strip()
        refolded = found.replace(" ", "\r\n\t", 1)
        assert re.sub(r"[ \t]+", " ", refolded.replace("\r\n", "")).strip() == relaxed[name]
    assert relaxed["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert " " not in relaxed["list-unsubscribe"]


def test_a_second_try_is_the_same_message(arrived: list[bytes]) -> None:
    first, second = map(parsed, arrived)
    assert first["Message-ID"] == second["Message-ID"]
    assert re.fullmatch(r"<[0-9a-f-]{36}@nordwind\.example>", str(first["Message-ID"]))
    for header in ("From", "To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"):
        assert first[header] == second[header], header


def test_a_server_that_knows_nothing_but_the_oldest_takes_it(
    database: Database, tenant: UUID, tmp_path: Path, settings: Settings
) -> None:
    contents = deliver(database, tenant, tmp_path, settings, LETTER, enable_SMTPUTF8=False, decode_data=False)
    assert parsed(contents[1])["Subject"].startswith("Please decide")
