"""Mails through the outbox to a real mail server: over TLS only, tried again, sealed on their way."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import BytesParser
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from headgate.access import Envelope, get_tenant, set_tenant
from headgate.access.domains import trust_domain
from headgate.connectors.delivery import Courier
from headgate.connectors.mail import TARGET, Mailroom, mail_port, reset_letter
from headgate.kernel.canonical import loads
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.settings import Settings
from headgate.ledger import outbox_list
from headgate.store import Database
from headgate.ui.letters import LetterReading
from tests.conftest import NOW
from tests.integration.connectors.mail.server import mail_server

SEALER = Envelope((b"k" * 32,))
MAILROOM = Mailroom(SEALER, LetterReading)
LETTER = reset_letter("ana@nordwind.example", "Ana", "https://hg.example/sign-in/reset/very-secret-token")


@dataclass
class Mailbox:
    """What came in and whose the envelopes were, and what the server answers first."""

    messages: list[Message] = field(default_factory=list)
    envelopes: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    breaks_off: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        self.messages.append(BytesParser(policy=default).parsebytes(envelope.content))
        self.envelopes.append(envelope.mail_from)
        return "250 OK"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.breaks_off:
            server.transport.close()
        return "221 Bye"


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that signs itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


@dataclass
class Post:
    """A mail server that wants TLS and a password, and a courier that knows it."""

    mailbox: Mailbox
    database: Database
    tenant: UUID
    clock: FixedClock
    settings: Settings

    def send(self, key: str = "k") -> None:
        with self.database.transaction(self.tenant) as conn:
            ctx = Context(self.tenant, SYSTEM, self.clock.now())
            MAILROOM.send(conn, ctx, get_tenant(conn), LETTER, about="user:ana@nordwind.example", key=key)

    def deliver(self, **changes: Any) -> None:
        port = mail_port(replace(self.settings, **changes), SEALER)
        courier = Courier(self.database, {"mail": port}, SEALER, self.clock, 16, lambda: 0.5)
        for tenant, code in courier.due():
            if tenant == self.tenant:
                courier.record(tenant, [courier.send(errand) for errand in courier.claim(tenant, code, 10)])

    def states(self) -> list[tuple[str, str]]:
        with self.database.transaction(self.tenant) as conn:
            return [(c.status, c.last_error or "") for c in outbox_list(conn, target=TARGET)]


@pytest.fixture
def office(database: Database, tenant: UUID, tmp_path: Path, settings: Settings) -> Iterator[Post]:
    ca, context = certificate(tmp_path / "tls")
    mailbox = Mailbox()

    def known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        fits = isinstance(data, LoginPassword) and data.password == b"post-office"
        return AuthResult(success=fits, handled=False)

    wants = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": known}
    with mail_server(mailbox, **wants) as port:
        chosen = replace(
            settings,
            home=tmp_path,
            mail_url=f"smtp://127.0.0.1:{port}",
            mail_user="headgate",
            mail_password="post-office",
            mail_from="no-reply@nordwind.example",
            mail_ca=str(ca),
        )
        yield Post(mailbox, database, tenant, FixedClock(NOW), chosen)


def test_a_letter_arrives_once_however_often_it_is_posted(office: Post) -> None:
    office.send()
    office.send()
    office.deliver()
    office.deliver()
    [message] = office.mailbox.messages
    assert message["To"] == "Ana <ana@nordwind.example>"
    assert "very-secret-token" in str(message.get_payload()[0])  # type: ignore[index]
    assert [status for status, _ in office.states()] == ["sent"]


def test_a_letter_is_sealed_while_it_waits(office: Post) -> None:
    office.send()
    with office.database.transaction(office.tenant) as conn:
        ((stored,),) = conn.execute("select payload::text from outbox").fetchall()
    assert "very-secret-token" not in stored
    assert "ana@" not in stored


def test_a_server_that_cannot_take_it_now_is_tried_again_with_the_same_id(office: Post) -> None:
    office.mailbox.answers = ["451 come again"]
    office.send()
    office.deliver()
    [(status, error)] = office.states()
    assert status == "pending"
    assert "451" in error
    office.clock.move(timedelta(hours=1))
    office.deliver()
    assert len(office.mailbox.messages) == 1


def test_a_letter_that_was_taken_is_not_sent_again_when_the_server_breaks_off(office: Post) -> None:
    office.mailbox.breaks_off = True
    office.send()
    office.deliver()
    office.clock.move(timedelta(hours=1))
    office.deliver()
    assert [status for status, _ in office.states()] == ["sent"]
    assert len(office.mailbox.messages) == 1


def test_a_letter_that_is_never_taken_becomes_a_dead_one(office: Post) -> None:
    office.mailbox.answers = ["550 no such mailbox"]
    office.send()
    office.deliver()
    [(status, error)] = office.states()
    assert status == "dead"
    assert "550" in error


def test_wrong_credentials_and_a_server_nobody_vouches_for_keep_letters_waiting(office: Post) -> None:
    office.send()
    office.deliver(mail_password="wrong")
    [(status, error)] = office.states()
    assert status == "pending"
    assert "535" in error
    office.clock.move(timedelta(hours=1))
    office.deliver(mail_ca="")
    [(status, error)] = office.states()
    assert status == "pending"
    assert "CERTIFICATE_VERIFY_FAILED" in error
    assert office.mailbox.messages == []


def test_without_a_server_letters_are_written_into_a_folder(office: Post) -> None:
    office.send()
    office.deliver(mail_url="")
    [path] = (office.settings.home / "mail").iterdir()
    assert "very-secret-token" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_letter_comes_from_the_tenants_address_only_while_its_domain_is_proven(office: Post) -> None:
    domain = f"d-{office.tenant.hex[:12]}.example"
    ctx = Context(office.tenant, SYSTEM, office.clock.now())
    with office.database.transaction(office.tenant) as conn:
        set_tenant(conn, ctx, settings={"brand": {"from_address": f"desk@{domain}", "name": "Nordwind"}})
    office.send()
    office.deliver()
    with office.database.transaction(office.tenant) as conn:
        trust_domain(conn, ctx, domain, "a test")
    office.send("2")
    office.deliver()
    senders = [str(message["From"]) for message in office.mailbox.messages]
    assert senders == ["Nordwind <no-reply@nordwind.example>", f"Nordwind <desk@{domain}>"]
    assert office.mailbox.envelopes[-1] == f"desk@{domain}"
    with office.database.transaction(office.tenant) as conn:
        bodies = [
            loads(SEALER.open(c.payload["sealed"], f"mail {office.tenant}")) for c in outbox_list(conn, target=TARGET)
        ]
    known = {"name", "accent", "reply_to"}
    assert [body["look"].keys() for body in bodies] == [known, known], "what a process of the release before takes"
