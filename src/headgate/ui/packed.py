"""The words of packs in other languages: a catalogue per pack and language, `packs/NAME/locale/de.po`.

A pack is written in English, with values in braces. Its titles, labels, reasons and what partners are told are looked
up when a page shows them; a tenant that rewrote a text shows its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from headgate.kernel.settings import PACKS

_BRACED = re.compile(r"\{(\w+)\}")


def pack_catalogues(language: str) -> list[Path]:
    """The catalogues of all shipped packs in a language."""
    return [file for place in PACKS for file in sorted(place.glob(f"*/locale/{language}.po"))]


def pack_messages(language: str) -> Iterator[Message]:
    """What the packs' catalogues have to say."""
    for file in pack_catalogues(language):
        with file.open("rb") as source:
            found = read_po(source, locale=language)
        yield from (each for each in found if each.id and each.string)


def percented(text: str) -> str:
    """A text of a pack as a phrase: `{days} days, 5 %` → `%(days)s days, 5 %%`; as it is without values."""
    return _BRACED.sub(r"%(\1)s", text.replace("%", "%%")) if _BRACED.search(text) else text


def pack_catalogue(language: str) -> Catalog:
    """All of it in one: as written, for pages that show a pack's text, and as phrases, for what was recorded."""
    made = Catalog(locale=language)
    for each in pack_messages(language):
        for form in (str, percented):
            made.add(form(str(each.id)), form(str(each.string)))
    return made


@lru_cache(maxsize=1)
def pack_phrases() -> tuple[str, ...]:
    """What packs record with values in it."""
    found = (percented(str(each.id)) for file in _languages() for each in pack_messages(file))
    return tuple(dict.fromkeys(text for text in found if "%(" in text))


@lru_cache(maxsize=1)
def coded_slots() -> frozenset[str]:
    """Values that are codes of a pack and have words in its catalogue, by the name of what they stand for."""
    return frozenset(each.context for file in _languages() for each in pack_messages(file) if each.context)


def _languages() -> set[str]:
    return {file.stem for place in PACKS for file in place.glob("*/locale/*.po")}
