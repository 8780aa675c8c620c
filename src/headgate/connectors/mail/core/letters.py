"""What mails say: plain sentences, one link at most, in the tenant's name."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

_ACCENT = re.compile(r"#[0-9a-fA-F]{6}")
_INK = "#101114"
_COMMON_ACCENT = "#4646c6"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is written out. `act` and `link` are the button; empty where there is nothing to press."""

    to: str
    name: str
    subject: str
    paragraphs: tuple[str, ...]
    act: str = ""
    link: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """In whose name a letter is sent: the name people know, their accent colour, where answers go ('' nowhere)."""

    name: str
    accent: str = _COMMON_ACCENT
    reply_to: str = ""


def look_of(name: str, settings: Mapping[str, Any]) -> Look:
    """A tenant's look by its settings (`brand`: name, sender, accent, reply_to; `mail`: reply_to). A mail comes in the
    sender's name where there is one. What cannot be used is left out."""
    brand, mail = settings.get("brand"), settings.get("mail")
    brand = brand if isinstance(brand, Mapping) else {}
    mail = mail if isinstance(mail, Mapping) else {}
    shown, accent = brand.get("sender") or brand.get("name"), brand.get("accent")
    reply = brand.get("reply_to") or mail.get("reply_to")
    return Look(
        one_line(shown) if isinstance(shown, str) and shown.strip() else one_line(name),
        accent if isinstance(accent, str) and _ACCENT.fullmatch(accent) else _COMMON_ACCENT,
        reply if isinstance(reply, str) else "",
    )


def one_line(text: str) -> str:
    """A text that cannot end a header: control characters and line ends become spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def plain(letter: Letter, look: Look) -> str:
    """The letter as text."""
    link = (f"{letter.act}:\n{letter.link}",) if letter.link else ()
    greeting = f"Hello {one_line(letter.name)},"
    return "\n\n".join((greeting, *letter.paragraphs, *link, *letter.after, look.name)) + "\n"


def page(letter: Letter, look: Look) -> str:
    """The letter as simple HTML; everything in it is escaped, and nothing is loaded from elsewhere."""
    paragraphs = [f"Hello {one_line(letter.name)},", *letter.paragraphs]
    body = "".join(f"<p>{html.escape(p)}</p>" for p in paragraphs)
    if letter.link:
        link = html.escape(letter.link, quote=True)
        style = f"display:inline-block;padding:10px 18px;border:2px solid {look.accent};border-radius:6px;color:{_INK}"
        body += f'<p><a href="{link}" style="{style};text-decoration:none">{html.escape(letter.act)}</a></p>'
        body += f'<p style="font-size:13px">If the button does not work, open this address:<br>{link}</p>'
    body += "".join(f"<p>{html.escape(p)}</p>" for p in letter.after)
    return (
        '<!doctype html><html lang="en"><body style="margin:0;padding:24px;background:#fff;'
        f'color:{_INK};font:16px/1.5 sans-serif"><div style="max-width:34em">{body}'
        f"<p>{html.escape(look.name)}</p></div></body></html>"
    )


def reset_letter(to: str, name: str, link: str) -> Letter:
    """Somebody, we hope the person, lost the password."""
    return Letter(
        to,
        name,
        "Choose a new password",
        ("Somebody asked for a new password for your account.",),
        "Choose a new password",
        link,
        (
            "The link works once, for 30 minutes.",
            "It was not you? Then do nothing: your password stays as it is. Nobody sees this mail but you.",
        ),
    )


def invitation_letter(to: str, name: str, by: str, link: str, days: int) -> Letter:
    """Somebody is let in, and chooses the password by themselves."""
    return Letter(
        to,
        name,
        "Your account is ready",
        (f"{one_line(by)} made an account for you. Choose a password and sign in.",),
        "Choose a password",
        link,
        (f"The link works once, for {days} days.",),
    )


def review_letter(to: str, name: str, title: str, left: int, link: str, *, late: bool) -> Letter:
    """Somebody is to review who may do what, and it is nearly or just due."""
    grants = "one grant waits" if left == 1 else f"{left} grants wait"
    when = "was due" if late else "is due in three days or sooner"
    return Letter(
        to,
        name,
        f"{'Late' if late else 'Soon due'}: review of access, {one_line(title)}",
        (f"The review of access {one_line(title)} {when}, and {grants} for a decision of its reviewers.",),
        "Look at the review",
        link,
    )


def changed_letter(to: str, name: str, what: str) -> Letter:
    """Something about how somebody signs in has changed."""
    return Letter(
        to,
        name,
        "Your account was changed",
        (what, "It was not you? Tell your administrator at once, and choose a new password."),
    )


def locked_letter(to: str, name: str, minutes: int) -> Letter:
    """Wrong passwords or codes locked an account for a while."""
    return Letter(
        to,
        name,
        "Wrong passwords for your account",
        (
            (
                "Somebody gave a wrong password or code for your account several times. "
                f"It is locked for {minutes} min; after that it opens by itself."
            ),
            (
                "It was you? Then wait, or choose a new password. It was not you? Your account is safe while your "
                "password is; a second factor protects it even then."
            ),
        ),
    )


def asked_letter(
    to: str,
    name: str,
    *,
    kind: str,
    subject: str,
    partner: str,
    stake: Decimal | None,
    currency: str,
    due_at: datetime,
    link: str,
    days: int,
    again: bool,
    overdue: bool = False,
) -> Letter:
    """Somebody has to decide about something; `again` for a reminder. `due_at` is in the tenant's zone."""
    about = f"{kind} {one_line(subject)}" + (f" of {one_line(partner)}" if partner else "")
    money = f" At stake: {stake:,.2f} {one_line(currency)}." if stake is not None else ""
    due = "It was due" if overdue else "It is due"
    opens = f"The link opens the request for you, once, within {days} days; you sign in as always."
    first = f"Still waiting for your decision: {about}." if again else f"Your decision is asked for: {about}."
    return Letter(
        to,
        name,
        f"{'Reminder: ' if again else ''}Please decide: {about}",
        (f"{first}{money}", f"{due} on {due_at:%d %B %Y at %H:%M} ({due_at.tzname()})."),
        "Open the request",
        link,
        (f"{opens} It decides nothing by itself. After that the request is in your work as long as it waits.",),
    )


def many_asked_letter(to: str, name: str, count: int, link: str) -> Letter:
    """More requests than mails should be written about wait for somebody."""
    return Letter(
        to,
        name,
        f"{count} requests wait for your decision",
        (f"{count} requests have reached you. The one that is due first stands at the top of your work.",),
        "Open my work",
        link,
    )
