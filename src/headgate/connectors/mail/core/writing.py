"""A letter written out for its reader: in their language, with amounts and times as they write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from headgate.access.mailing import KINDS
from headgate.connectors.mail.core.letters import Entry, Letter, Section, one_line
from headgate.kernel.phrases import Count, Phrase, Translate, phrase

_INK: Final = "#101114"
_LIGHT: Final = "#ffffff"


class Reader(Protocol):
    """How somebody reads: the language of phrases, and how values are written."""

    @property
    def locale(self) -> str: ...
    @property
    def say(self) -> Translate: ...
    @property
    def count(self) -> Count: ...

    def show(self, value: object, /) -> str:
        """An amount, number or instant in the reader's figures and zone."""


@dataclass(frozen=True, slots=True)
class Shades:
    """The accent as the ground of a button in light and dark, and what is written on it."""

    light: str = _INK
    on_light: str = _LIGHT
    dark: str = _LIGHT
    on_dark: str = _INK


@dataclass(frozen=True, slots=True)
class Ways:
    """Where somebody turns this kind of mail off without signing in, and where they choose among all; '' nowhere."""

    stop: str = ""
    choose: str = ""


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line of a digest: what there is, what to know of it, where it leads."""

    title: str
    facts: str
    link: str


@dataclass(frozen=True, slots=True)
class WrittenSection:
    """Lines of a digest under a heading; `more` says how many are left out."""

    title: str
    lines: tuple[WrittenLine, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in its reader's words. `stop` is the address that turns its kind off, also for mail programs."""

    to: str
    name: str
    subject: str
    paragraphs: tuple[str, ...]
    act: str = ""
    link: str = ""
    after: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    greeting: str = ""
    # Beside the button, for who cannot press it.
    instead: str = ""
    why: str = ""
    stop_said: str = ""
    stop: str = ""
    choose_said: str = ""
    choose: str = ""
    language: str = "en"
    shades: Shades = Shades()
    sections: tuple[WrittenSection, ...] = ()


_STOP: Final = phrase("Stop mails of this kind")
_CHOOSE: Final = phrase("Choose which mails you get")
_ACCOUNT: Final = phrase("You get this mail because it is about your own account. Such mails cannot be turned off.")


def written(letter: Letter, reader: Reader, ways: Ways, shades: Shades, now: datetime | None = None) -> Written:
    """Write a letter out; what was due before `now` is said to be late."""

    def said(text: str) -> str:
        return told(text, reader)

    kind = KINDS.get(letter.kind)
    return Written(
        to=letter.to,
        name=one_line(letter.name),
        subject=one_line(said(letter.subject)),
        paragraphs=tuple(said(text) for text in letter.paragraphs),
        act=said(letter.act),
        link=letter.link,
        after=tuple(said(text) for text in letter.after),
        facts=tuple((said(label), _value(value, reader)) for label, value in letter.facts),
        greeting=said(phrase("Hello %(name)s,", name=one_line(letter.name))),
        instead=said(phrase("If the button does not work, open this address:")) if letter.link else "",
        why=said(kind.why if kind else letter.why or _ACCOUNT),
        stop_said=said(_STOP) if kind and ways.stop else "",
        stop=ways.stop if kind else "",
        choose_said=said(_CHOOSE) if kind and ways.choose else "",
        choose=ways.choose if kind else "",
        language=reader.locale.replace("_", "-"),
        shades=shades,
        sections=tuple(_section(each, reader, now) for each in letter.sections),
    )


def _section(section: Section, reader: Reader, now: datetime | None) -> WrittenSection:
    lines = tuple(
        WrittenLine(one_line(told(each.title, reader)), _facts(each.entry, reader, now), each.entry.link)
        for each in section.lines
    )
    return WrittenSection(told(section.title, reader), lines, told(section.more, reader))


def _facts(entry: Entry, reader: Reader, now: datetime | None) -> str:
    found = []
    if entry.due_at is not None:
        late = now is not None and entry.due_at <= now
        label = phrase("Was due") if late else phrase("Due")
        found.append(f"{told(label, reader)}: {reader.show(entry.due_at)}")
    if entry.stake is not None:
        found.append(f"{told(phrase('At stake'), reader)}: {reader.show(entry.stake)}")
    return " · ".join(found)


def told(text: str, reader: Reader) -> str:
    """A phrase in the reader's words with its values as they write them; any other text as it is."""
    if not isinstance(text, Phrase):
        return text
    found = reader.count(text.text, text.many, text.number) if text.many else reader.say(text.text)
    if not text.values:
        return str(text) if found == text.text else found
    values: Mapping[str, str] = {name: _value(value, reader) for name, value in text.values.items()}
    return found % values


def _value(value: object, reader: Reader) -> str:
    return told(value, reader) if isinstance(value, str) else reader.show(value)
