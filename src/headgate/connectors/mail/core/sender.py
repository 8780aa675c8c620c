"""Where mails are handed over, and a letter as the message that goes there (RFC 5322)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from headgate.access.core import checks
from headgate.connectors.mail.core.letters import Look, one_line
from headgate.connectors.mail.core.parts import page, plain
from headgate.connectors.mail.core.writing import Written
from headgate.kernel.errors import Misconfigured, invalid

LONGEST_SUBJECT = 200
LONGEST_NAME = 100
_PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_FROM = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_LINK = re.compile(r"https?://[!-;=?-~]{1,900}")
# What needs no coded words: of a subject, and of a name before an address, where it would need quotes.
_PLAIN: Final = re.compile(r"[ -~]{0,60}")
_ATOMS: Final = re.compile(r"[A-Za-z0-9 !#$%&'*+/^_`{|}~-]{0,60}")
_OURS: Final = frozenset({"from", "to", "reply-to", "subject", "list-unsubscribe"})
_FOLD: Final = "\n"
_FOLD_AT: Final = 74


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
    """Leaves alone what is written here already folded. The library would read the coded words in it, with what they
    hide, take the quotes off a name that it folds, and break an address into coded words, which no mail program reads.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        return (name, value) if name.lower() in _OURS else super().header_store_parse(name, value)

    def fold(self, name: str, value: str) -> str:
        ours = f"{name}: {self.linesep.join(value.split(_FOLD))}{self.linesep}"
        return ours if name.lower() in _OURS else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode() if name.lower() in _OURS else super().fold_binary(name, value)


def message_of(letter: Written, look: Look, sender: str, id: UUID, at: datetime) -> EmailMessage:
    """The message. Its id is the same at every attempt, so that a second copy can be told. Raises `Invalid`.

    Names and subject are made one line and addresses are checked, so that no text can add a header. A mail of a kind
    that can be turned off says where, also by one press in the mail program (RFC 2369, RFC 8058).
    """
    message = EmailMessage(_Policy())
    message["From"] = _mailbox("From", look.name, _email(look.address) if look.address else sender)
    message["To"] = _mailbox("To", letter.name, _email(letter.to))
    message["Subject"] = _words("Subject", letter.subject, LONGEST_SUBJECT, _PLAIN)
    message["Date"] = at
    message["Message-ID"] = f"<{id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if look.reply_to:
        message["Reply-To"] = _email(look.reply_to)
    if letter.stop:
        message["List-Unsubscribe"] = f"<{_address(letter.stop)}>"
        if letter.stop.startswith("https:"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(plain(letter, look), cte="quoted-printable")
    message.add_alternative(page(letter, look), subtype="html", cte="quoted-printable")
    # Last: setting the content drops what was said of it.
    message["Content-Language"] = one_line(letter.language)
    return message


def _address(link: str) -> str:
    """An address that can stand in a header. Raises `Invalid`."""
    if not _LINK.fullmatch(link):
        raise invalid("stop", link, "is no address of a page", "Use https://your-host.")
    return link


def _mailbox(header: str, name: str, address: str) -> str:
    """A name with an address; the address stands on a line of its own where both are long."""
    shown = _words(header, name, LONGEST_NAME, _ATOMS)
    if not shown:
        return address
    last = len(shown.rpartition(_FOLD)[2]) + len(address) + (len(header) if _FOLD not in shown else 0)
    return f"{shown}{'' if last < _FOLD_AT else _FOLD} <{address}>"


def _words(header: str, text: str, most: int, plain: re.Pattern[str]) -> str:
    """A text for a header, in coded words (RFC 2047) unless it is short and plain: whatever stands in it stays text."""
    shown = one_line(text)[:most].rstrip()
    if plain.fullmatch(shown) and "=?" not in shown:
        return shown
    return Header(shown, "utf-8", header_name=header, maxlinelen=_FOLD_AT).encode(linesep=_FOLD) if shown else ""


def _email(address: str) -> str:
    """An address that can stand in a header. Raises `Invalid`, also for one that programs would read as coded words."""
    if "=?" in address:
        raise invalid("email", address, "is an address with a coded word in it", "Use an address without '=?'.")
    return checks.email(address)
