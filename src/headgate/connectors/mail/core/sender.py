"""Where mails are handed over, and a letter as the message that goes there (RFC 5322)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from headgate.access.core import checks
from headgate.connectors.mail.core.letters import Letter, Look, one_line, page, plain
from headgate.kernel.errors import Misconfigured

LONGEST_SUBJECT = 200
_PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_FROM = re.compile(r"[^\s<>@]+@[^\s<>@]+")


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server. `security`: tls from the first byte, starttls before anything is said, or none (own machine)."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str = ""
    password: str = ""
    ca: str = ""


def read_relay(url: str, user: str, password: str, ca: str) -> Relay | None:
    """`smtps://host[:port]`, `smtp://host[:port]` (STARTTLS, always), `smtp+plain://localhost[:port]`; None for none.

    Raises `Misconfigured`: a password is never sent in the clear, nor a mail beyond the own machine.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise Misconfigured(f"HEADGATE_MAIL_URL={url!r} is no address of a mail server; use smtps://host") from None
    if not parts.hostname or parts.path.strip("/") or parts.username:
        raise Misconfigured("HEADGATE_MAIL_URL is only a host and a port; user and password have settings of their own")
    if parts.scheme == "smtp+plain" and (parts.hostname not in ("localhost", "127.0.0.1", "::1") or user):
        raise Misconfigured("HEADGATE_MAIL_URL: smtp+plain is for a server on this machine, without a password")
    security: Literal["tls", "starttls", "none"]
    security = {"smtps": "tls", "smtp": "starttls"}.get(parts.scheme, "none")  # type: ignore[assignment]  # of these
    return Relay(parts.hostname, port, security, user, password, ca)


def check_from(address: str) -> str:
    """The address mails come from. Raises `Misconfigured`."""
    if not _FROM.fullmatch(address) or not address.isprintable():
        raise Misconfigured(f"HEADGATE_MAIL_FROM={address!r} is no e-mail address; use no-reply@your-domain")
    return address


def message_of(letter: Letter, look: Look, sender: str, id: UUID, at: datetime) -> EmailMessage:
    """The message. Its id is the same at every attempt, so that a second copy can be told. Raises `Invalid`.

    Names and subject are made one line and addresses are checked, so that no text can add a header.
    """
    message = EmailMessage()
    local, _, domain = sender.rpartition("@")
    message["From"] = Address(one_line(look.name)[:100], local, domain)
    to = checks.email(letter.to)
    message["To"] = Address(one_line(letter.name)[:100], *_split(to))
    message["Subject"] = one_line(letter.subject)[:LONGEST_SUBJECT]
    message["Date"] = at
    message["Message-ID"] = f"<{id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if look.reply_to:
        message["Reply-To"] = Address("", *_split(checks.email(look.reply_to)))
    message.set_content(plain(letter, look))
    message.add_alternative(page(letter, look), subtype="html")
    return message


def _split(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return local, domain
