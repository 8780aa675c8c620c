"""What mails say: plain sentences, one link at most, in the tenant's name.

A letter is made of phrases by code that does not know who reads it in which language; `writing` says it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headgate.access.mailing import SECURITY
from headgate.kernel.money import Money
from headgate.kernel.phrases import Phrase, counted, phrase

_ACCENT = re.compile(r"#[0-9a-fA-F]{6}")
_COMMON_ACCENT = "#4646c6"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a letter comes to as a line of somebody's daily digest. `ref` names the thing, so that it can be looked at
    again; `link` leads to its page, for who signs in. `needs`: somebody waits for the reader, by `due_at`, with this
    much at stake; a `pressing` one is not put off where it would be due first."""

    ref: str
    link: str
    needs: bool = False
    due_at: datetime | None = None
    stake: Money | None = None
    pressing: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a digest: what there is, with its entry."""

    title: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; `more` says how many are left out, '' where none is."""

    title: str
    lines: tuple[Line, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is written out. Texts are phrases, whose values may be amounts and instants; `facts` are labels
    with values. `act` and `link` are the button; empty where there is nothing to press. `kind` is one of
    `access.mailing.KINDS`, or `security` for what nobody can turn off. What has an `entry` can wait for a digest;
    `sections` are those of one. `why` somebody gets it, where that is not about their own account and of no kind."""

    to: str
    name: str
    subject: str
    paragraphs: tuple[str, ...]
    act: str = ""
    link: str = ""
    after: tuple[str, ...] = ()
    facts: tuple[tuple[str, object], ...] = ()
    kind: str = SECURITY
    entry: Entry | None = None
    sections: tuple[Section, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """In whose name a letter is sent: the name people know, their accent colour, where answers go ('' nowhere), and the
    address it comes from ('' that of the installation)."""

    name: str
    accent: str = _COMMON_ACCENT
    reply_to: str = ""
    address: str = ""


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


def reset_letter(to: str, name: str, link: str) -> Letter:
    """Somebody, we hope the person, lost the password."""
    return Letter(
        to,
        name,
        phrase("Choose a new password"),
        (phrase("Somebody asked for a new password for your account."),),
        phrase("Choose a new password"),
        link,
        (
            phrase("The link works once, for 30 minutes."),
            phrase("It was not you? Then do nothing: your password stays as it is. Nobody sees this mail but you."),
        ),
    )


def invitation_letter(to: str, name: str, by: str, link: str, days: int) -> Letter:
    """Somebody is let in, and chooses the password by themselves."""
    who = by if isinstance(by, Phrase) else one_line(by)
    return Letter(
        to,
        name,
        phrase("Your account is ready"),
        (phrase("%(who)s made an account for you. Choose a password and sign in.", who=who),),
        phrase("Choose a password"),
        link,
        (counted("The link works once, for %(count)s day.", "The link works once, for %(count)s days.", days),),
    )


def review_letter(to: str, name: str, title: str, left: int, link: str, due_at: datetime, *, late: bool) -> Letter:
    """Somebody is to review who may do what, and it is nearly or just due."""
    named = one_line(title)
    return Letter(
        to,
        name,
        phrase("Late: review of access, %(title)s", title=named)
        if late
        else phrase("Soon due: review of access, %(title)s", title=named),
        (
            counted(
                "%(count)s grant waits for a decision of the reviewers.",
                "%(count)s grants wait for a decision of the reviewers.",
                left,
            ),
        ),
        phrase("Look at the review"),
        link,
        facts=((phrase("Review"), named), (phrase("Was due") if late else phrase("Due"), due_at)),
        kind="reviews",
        entry=Entry(f"review:{link.rpartition('/')[2]}", link, needs=True, due_at=due_at),
    )


def changed_letter(to: str, name: str, what: str, facts: tuple[tuple[str, object], ...] = ()) -> Letter:
    """Something about how somebody signs in has changed. `facts`: when, and with what browser."""
    return Letter(
        to,
        name,
        phrase("Your account was changed"),
        (what, phrase("It was not you? Tell your administrator at once, and choose a new password.")),
        facts=facts,
    )


def browser_letter(
    to: str, name: str, facts: tuple[tuple[str, object], ...], link: str, *, password: bool, last: bool
) -> Letter:
    """An account was entered with a browser that is not known. `password`: it has one here, to be changed; `last`: more
    of today are not told."""
    change = (
        phrase("It was not you? Sign that browser out there, choose a new password, and tell your administrator.")
        if password
        else phrase(
            "It was not you? Sign that browser out there, change your password at your organisation, and tell your "
            "administrator."
        )
    )
    more = phrase("These are many new browsers for one day: until tomorrow you get no further mail of this kind.")
    return Letter(
        to,
        name,
        phrase("Somebody signed in to your account with a new browser"),
        (
            phrase("Somebody signed in to your account with a browser that it does not know."),
            phrase("It was you? Then there is nothing to do."),
            change,
            *((more,) if last else ()),
        ),
        phrase("See where you are signed in"),
        link,
        facts=facts,
    )


def locked_letter(to: str, name: str, minutes: int) -> Letter:
    """Wrong passwords or codes locked an account for a while."""
    return Letter(
        to,
        name,
        phrase("Wrong passwords for your account"),
        (
            phrase(
                "Somebody gave a wrong password or code for your account several times. It is locked for "
                "%(minutes)s min; after that it opens by itself.",
                minutes=minutes,
            ),
            phrase(
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
    stake: Money | None,
    due_at: datetime,
    link: str,
    days: int,
    again: bool,
    overdue: bool = False,
    entry: Entry | None = None,
) -> Letter:
    """Somebody has to decide about something; `again` for a reminder. `kind` is the code of what it is about."""
    about = phrase("%(kind)s %(subject)s", kind=word_of(kind), subject=one_line(subject))
    if partner:
        about = phrase("%(thing)s of %(partner)s", thing=about, partner=one_line(partner))
    opens = counted(
        "The link opens the request for you, once, within %(count)s day; you sign in as always.",
        "The link opens the request for you, once, within %(count)s days; you sign in as always.",
        days,
    )
    stays = phrase("It decides nothing by itself. After that the request is in your work as long as it waits.")
    at_stake: tuple[tuple[str, object], ...] = ((phrase("At stake"), stake),) if stake is not None else ()
    return Letter(
        to,
        name,
        phrase("Reminder: please decide: %(what)s", what=about)
        if again
        else phrase("Please decide: %(what)s", what=about),
        (phrase("This still waits for your decision.") if again else phrase("Your decision is asked for."),),
        phrase("Open the request"),
        link,
        (phrase("%(one)s %(two)s", one=opens, two=stays),),
        facts=(
            (phrase("Request"), about),
            *at_stake,
            (phrase("Was due") if overdue else phrase("Due"), due_at),
        ),
        kind="reminders" if again else "approvals",
        entry=entry,
    )


def many_asked_letter(to: str, name: str, count: int, link: str, *, again: bool = False) -> Letter:
    """More requests than mails should be written about wait for somebody; `again` when each is a reminder."""
    return Letter(
        to,
        name,
        counted("%(count)s request waits for your decision", "%(count)s requests wait for your decision", count),
        (
            counted(
                "%(count)s request has reached you.",
                "%(count)s requests have reached you. The one that is due first stands at the top of your work.",
                count,
            ),
        ),
        phrase("Open my work"),
        link,
        kind="reminders" if again else "approvals",
    )


def message_letter(
    to: str, name: str, *, who: str, kind: str, subject: str, count: int, link: str, ref: str = ""
) -> Letter:
    """Somebody of the tenant wrote to a partner about a case; what, stands in the portal."""
    about = phrase("%(kind)s %(subject)s", kind=word_of(kind), subject=one_line(subject))
    return Letter(
        to,
        name,
        phrase("New message about %(what)s", what=about),
        (counted("%(who)s wrote to you.", "%(who)s wrote to you; %(count)s messages wait.", count, who=one_line(who)),),
        phrase("Read it in the portal"),
        link,
        facts=((phrase("About"), about),),
        kind="messages",
        entry=Entry(ref, link) if ref else None,
    )


def export_letter(to: str, name: str, *, asked_at: datetime, until: datetime | None, link: str) -> Letter:
    """An export of everything is ready to be downloaded until then, or it failed. The file is on the page, behind the
    sign-in, and not in the mail."""
    ready = until is not None
    told = (
        phrase("Everything that your organisation has is written to one file.")
        if ready
        else phrase("It could not be written. The page says why; ask for it again when that is mended.")
    )
    known_until: tuple[tuple[str, object], ...] = ((phrase("Can be downloaded until"), until),) if ready else ()
    return Letter(
        to,
        name,
        phrase("Your export is ready") if ready else phrase("Your export failed"),
        (told,),
        phrase("Open the page of exports"),
        link,
        (phrase("You sign in as always, and prove once more who you are before you download it."),) if ready else (),
        facts=((phrase("Asked for"), asked_at), *known_until),
        kind="exports",
        entry=Entry(f"export:{asked_at.isoformat()}", link),
    )


def domain_letter(
    to: str, name: str, *, domain: str, what: str, host: str, until: datetime | None, link: str
) -> Letter:
    """A domain is in danger (`missing`), or gone: `lapsed`, or `taken` by another organisation that has proved it."""
    subject, told = _DOMAIN_NEWS[what]
    facts: tuple[tuple[str, object], ...] = ((phrase("Domain"), domain),)
    if what == "missing":
        facts = (*facts, (phrase("It lapses"), until))
    if host:
        facts = (*facts, (phrase("Host of the portal"), host))
    return Letter(
        to,
        name,
        phrase("%(what)s: %(domain)s", what=subject, domain=domain),
        (
            told,
            phrase(
                "Without it the portal is not served at its hosts, and mails come from the address of the installation."
            ),
        ),
        phrase("Open the page of domains"),
        link,
        facts=facts,
        why=phrase("You get this mail because you administer your organisation here. Such mails cannot be turned off."),
    )


_DOMAIN_NEWS = {
    "missing": (
        phrase("The proof of a domain is missing"),
        phrase(
            "The record that proves that this domain is yours is not in the domain name system any more. Put it back; "
            "the page says where and what. It counts as yours for 14 days from now."
        ),
    ),
    "lapsed": (
        phrase("A domain is not yours any more here"),
        phrase("The record that proved it has been missing for 14 days. Put it back and check again to have it back."),
    ),
    "taken": (
        phrase("A domain is not yours any more here"),
        phrase("Another organisation has proved that it is theirs, and your own record of it was not there."),
    ),
}


def word_of(code: str) -> Phrase:
    """What a code such as `price_exception` is called within a sentence."""
    return Phrase(" ".join(code.split("_")).capitalize()).lower()
