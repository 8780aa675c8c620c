"""Where mails are handed over, and a letter as the message that goes there (RFC 5322)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from headgate.access.core import checks
from headgate.connectors.mail.core.letters import Look, one_line
from headgate.connectors.mail.core.parts import page, plain
from headgate.connectors.mail.core.writing import Written
from headgate.kernel.errors import Misconfigured, invalid

LONGEST_SUBJECT = 200
_PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_FROM = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_LINK = re.compile(r"https?://[!-;=?-~]{1,900}")
_WHOLE: Final = "list-unsubscribe"


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


class _Policy(EmailPolicy):
    """Folds headers at 78 characters, but for an address: broken into coded words, no mail program reads it. A line may
    have 998 (RFC 5322, 2.1.1)."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() == _WHOLE else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode() if name.lower() == _WHOLE else super().fold_binary(name, value)


def message_of(letter: Written, look: Look, sender: str, id: UUID, at: datetime) -> EmailMessage:
    """The message. Its id is the same at every attempt, so that a second copy can be told. Raises `Invalid`.

    Names and subject are made one line and addresses are checked, so that no text can add a header. A mail of a kind
    that can be turned off says where, also by one press in the mail program (RFC 2369, RFC 8058).
    """
    message = EmailMessage(_Policy())
    local, _, domain = sender.rpartition("@")
    message["From"] = Address(one_line(look.name)[:100], local, domain)
    to = checks.email(letter.to)
    message["To"] = Address(one_line(letter.name)[:100], *_split(to))
    message["Subject"] = one_line(letter.subject)[:LONGEST_SUBJECT]
    message["Date"] = at
    message["Message-ID"] = f"<{id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = one_line(letter.language)
    if look.reply_to:
        message["Reply-To"] = Address("", *_split(checks.email(look.reply_to)))
    if letter.stop:
        message["List-Unsubscribe"] = f"<{_address(letter.stop)}>"
        if letter.stop.startswith("https:"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(plain(letter, look), cte="quoted-printable")
    message.add_alternative(page(letter, look), subtype="html", cte="quoted-printable")
    return message


def _address(link: str) -> str:
    """An address that can stand in a header. Raises `Invalid`."""
    if not _LINK.fullmatch(link):
        raise invalid("stop", link, "is no address of a page", "Use https://your-host.")
    return link


def _split(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    return local, domain
