"""The daily digest as a letter: first what needs its reader, what is due first at the top, then what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from headgate.access.mailing import DIGEST, PARTNERS_DIGEST
from headgate.connectors.mail.core.letters import Entry, Letter, Line, Section
from headgate.connectors.mail.core.packing import packed, unpacked
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.money import Money
from headgate.kernel.phrases import counted, phrase

MOST_LINES: Final = 25
_LAST: Final = phrase(
    "You have stopped the daily digest. This had waited for it and comes once more; no other follows."
)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kept:
    """What waits for somebody's digest: under which key, since when, of which kind, and what it says."""

    key: str
    kind: str
    added_at: datetime
    line: Line


def kept_text(line: Line) -> str:
    """A line as it is kept until its digest."""
    entry = line.entry
    return canonical_text(
        {
            "title": packed(line.title),
            "ref": entry.ref,
            "link": entry.link,
            "needs": entry.needs,
            "due_at": packed(entry.due_at),
            "stake": packed(entry.stake),
        }
    )


def read_kept(text: str) -> Line:
    """What `kept_text` wrote."""
    body = loads(text)
    due_at, stake = unpacked(body["due_at"]), unpacked(body["stake"])
    entry = Entry(
        body["ref"],
        body["link"],
        needs=body["needs"],
        due_at=due_at if isinstance(due_at, datetime) else None,
        stake=stake if isinstance(stake, Money) else None,
    )
    title = unpacked(body["title"])
    assert isinstance(title, str), "a text or phrase was kept"
    return Line(title, entry)


def digest_letter(
    to: str, name: str, kept: Iterable[Kept], home: str, *, partners: bool, last: bool = False
) -> Letter | None:
    """The letter; None where there is nothing to tell. A thing that is told twice is told as it was told last; the
    `last` letter, after the digest was stopped, says so."""
    newest = {each.line.entry.ref: each for each in sorted(kept, key=lambda each: (each.added_at, each.key))}
    needs = sorted((each for each in newest.values() if each.line.entry.needs), key=_soonest)
    others = [each for each in newest.values() if not each.line.entry.needs]
    if not newest:
        return None
    sections = []
    if needs:
        sections.append(_section(phrase("What needs you"), needs))
    if others:
        sections.append(_section(phrase("What happened"), others))
    return Letter(
        to,
        name,
        _subject(len(needs), len(others)),
        (_LAST,) if last else (),
        phrase("Open the portal") if partners else phrase("Open my work"),
        home,
        kind=PARTNERS_DIGEST if partners else DIGEST,
        sections=tuple(sections),
    )


def _subject(needs: int, others: int) -> str:
    waiting = counted("%(count)s thing needs you", "%(count)s things need you", needs)
    news = counted("%(count)s thing happened", "%(count)s things happened", others)
    if not needs:
        return phrase("Your day: %(news)s", news=news)
    if not others:
        return phrase("Your day: %(waiting)s", waiting=waiting)
    return phrase("Your day: %(waiting)s, %(news)s", waiting=waiting, news=news)


def _section(title: str, found: Sequence[Kept]) -> Section:
    left = len(found) - MOST_LINES
    more = counted("and %(count)s more", "and %(count)s more", left) if left > 0 else ""
    return Section(title, tuple(each.line for each in found[:MOST_LINES]), more)


def _soonest(each: Kept) -> tuple[datetime, Decimal, datetime]:
    """What is due first, then where most is at stake, then what has waited longest."""
    entry = each.line.entry
    return entry.due_at or _NEVER, -(entry.stake.amount if entry.stake else Decimal(0)), each.added_at
