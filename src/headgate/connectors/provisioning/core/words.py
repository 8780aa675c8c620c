"""What an outside system can, in plain words, and words that are kept so that they can be said in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.kernel.phrases import Phrase, phrase


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a system says it can. `page` is how many records it gives at once, 0 where it does not say; `described` is
    False where it says nothing of itself at all."""

    described: bool = False
    patch: bool = False
    filter: bool = False
    page: int = 0
    bulk: bool = False
    etag: bool = False
    groups: bool = True
    schemas: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a system can or cannot, and what that means here."""

    able: bool
    text: Phrase


def findings(of: Abilities) -> tuple[Finding, ...]:
    """What a check of the connection tells, one line a point."""
    found = [
        _either(
            of.patch,
            phrase("Changes single attributes (PATCH)"),
            phrase("Changes no single attributes: Headgate reads the whole record and writes it back with the changes"),
        ),
        _either(
            of.filter,
            phrase("Finds accounts by name (filter)"),
            phrase("Finds no accounts by name: Headgate reads the whole list and looks itself"),
        ),
        _either(
            of.etag,
            phrase("Notices when somebody else changes a record at the same time (ETag)"),
            phrase("Does not notice changes by others at the same time: the last one counts"),
        ),
        _either(
            of.groups,
            phrase("Keeps groups"),
            phrase("Keeps no groups: Headgate provisions accounts only"),
        ),
        _either(
            of.bulk,
            phrase("Takes many changes in one message: Headgate sends one each, so that every step is proven"),
            phrase("Takes one change a message, as Headgate sends them"),
        ),
    ]
    if of.page:
        found.append(Finding(True, phrase("Gives %(count)s records a page", count=of.page)))
    if not of.described:
        text = phrase("Says nothing of what it can: Headgate takes the simplest way that every system knows")
        found.insert(0, Finding(False, text))
    return tuple(found)


def kept(text: str) -> dict[str, Any]:
    """A phrase as it is stored."""
    if isinstance(text, Phrase) and not text.many:
        return {"text": text.text, "values": {name: str(value) for name, value in text.values.items()}}
    return {"text": str(text), "values": {}} if text else {}


def told(stored: Mapping[str, Any]) -> str:
    """A stored phrase, to be said in the reader's language."""
    text = str(stored.get("text", ""))
    return Phrase(text, dict(stored.get("values", {}))) if text else ""


def _either(able: bool, yes: Phrase, no: Phrase) -> Finding:
    return Finding(able, yes if able else no)


__all__ = ["Abilities", "Finding", "findings", "kept", "told"]
