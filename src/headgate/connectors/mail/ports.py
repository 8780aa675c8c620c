"""Handing mails over: to a mail server, or into a folder where nobody has set one up."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from headgate.access import Sealer
from headgate.connectors.delivery import Answer, Parcel
from headgate.connectors.mail.core.sender import Relay, check_from, message_of, read_relay
from headgate.connectors.mail.post import opened
from headgate.kernel.errors import HeadgateError, invalid
from headgate.kernel.settings import Settings

# A letter that cannot be written or that the server will never take: trying again does not help (RFC 5321, 4.2.1).
HOPELESS = 422


class Sender(Protocol):
    """Hands one message over; raises `OSError` or `smtplib.SMTPException` when that fails."""

    def __call__(self, message: EmailMessage, timeout: int) -> None: ...


@dataclass(frozen=True, slots=True)
class MailPort:
    """Mails as a kind of outside system. `sender` is the address they come from."""

    sealer: Sealer
    sender: str
    hand_over: Sender

    def check(self, url: str, config: Mapping[str, Any]) -> None:
        """Nothing is chosen per target: the installation's settings say where mails go. Raises `Invalid`."""
        if url != "mail:":
            raise invalid("url", url, "is for mails, which go where the installation's settings say", "Leave it.")

    def send(self, parcel: Parcel, now: datetime) -> Answer:
        """One attempt. What the server answers is kept, the letter is not."""
        begun = monotonic()
        try:
            letter, look = opened(self.sealer, parcel.fact.data)
            message = message_of(letter, look, self.sender, parcel.id, now)
        except (HeadgateError, KeyError, ValueError, TypeError) as error:
            return Answer(HOPELESS, excerpt=f"the letter cannot be written ({type(error).__name__})")
        try:
            self.hand_over(message, parcel.timeout_seconds)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return _answered(code, said, begun)
        except smtplib.SMTPResponseException as error:
            # Refused credentials are the installation's fault and not the letter's: it waits until they are mended.
            gone = isinstance(error, smtplib.SMTPAuthenticationError)
            return (
                _failed(f"{error.smtp_code} {_text(error.smtp_error)}", begun)
                if gone
                else _answered(error.smtp_code, error.smtp_error, begun)
            )
        except (smtplib.SMTPException, OSError) as error:
            return _failed(f"{type(error).__name__}: {error}", begun)
        return Answer(250, seconds=monotonic() - begun)


@dataclass(frozen=True, slots=True)
class SmtpPort:
    """A mail server, over TLS but on the own machine."""

    relay: Relay

    def __call__(self, message: EmailMessage, timeout: int) -> None:
        """Hand a message over, in one connection of its own."""
        relay, context = self.relay, ssl.create_default_context(cafile=self.relay.ca or None)
        if relay.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(relay.host, relay.port, timeout=timeout)
        with server:
            if relay.security == "starttls":
                server.starttls(context=context)
            if relay.user:
                server.login(relay.user, relay.password)
            ((author,), (reader,)) = message["From"].addresses, message["To"].addresses
            server.send_message(message, author.addr_spec, [reader.addr_spec])


@dataclass(frozen=True, slots=True)
class FolderPort:
    """A folder that mails are written into, for development: nothing leaves the machine."""

    folder: Path

    def __call__(self, message: EmailMessage, timeout: int) -> None:
        """Write a message to a file of its own; the same one again overwrites it. Only the owner can read it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        path = self.folder / f"{name}.eml"
        path.touch(mode=0o600)
        path.write_bytes(message.as_bytes())


def mail_port(settings: Settings, sealer: Sealer) -> MailPort:
    """The way mails leave by these settings. Raises `Misconfigured`."""
    relay = read_relay(settings.mail_url, settings.mail_user, settings.mail_password, settings.mail_ca)
    hand_over: Sender = FolderPort(settings.home / "mail") if relay is None else SmtpPort(relay)
    return MailPort(sealer, check_from(settings.mail_from), hand_over)


def _answered(code: int, said: bytes | str, begun: float) -> Answer:
    """A refusal for good (5xx) counts as hopeless; anything else is tried again."""
    text = f"{code} {_text(said)}"
    if 500 <= code < 600:
        return Answer(HOPELESS, excerpt=text[:200], seconds=monotonic() - begun)
    return _failed(text, begun)


def _failed(text: str, begun: float) -> Answer:
    return Answer(error=text[:200], seconds=monotonic() - begun)


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
