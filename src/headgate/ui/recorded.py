"""Recorded sentences, found again as the phrases they were made of.

What is recorded stays English and as it is, for records are the same for every reader and their digests must not
change. Reading it, a page asks which phrase made it: the texts of packs (`packs/*/locale`) and the sentences below,
which code beneath the pages records. A sentence that none of them made is its author's and shown as it is.

A phrase is matched piece by piece from left to right, without regular expressions: the work is bounded by the length
of the text, whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from headgate.kernel.money import stated
from headgate.kernel.phrases import OWN, Figure, Phrase, worded
from headgate.ui.packed import coded_slots, pack_phrases
from headgate.ui.sentences import FIGURES, IN_CURRENCY_OF, NESTED, OF_ONE, OWN_AMOUNTS, RECORDED, SAID_AS

_SLOT = re.compile(r"%\((\w+)\)s")
_PLAIN = re.compile(r"-?\d{1,15}(?:\.\d{1,12})?", re.ASCII)
# Between digits that English sentences were recorded with in groups of three.
_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))", re.ASCII)
# A phrase that is mostly values would be found in any text.
FEWEST_LETTERS = 6
LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """A phrase taken apart: what stands before, between and after its values."""

    text: str
    pieces: tuple[str, ...]
    slots: tuple[str, ...]

    def values(self, told: str) -> dict[str, str] | None:
        """The values of a text that was made of this phrase; None for any other text."""
        first, last = self.pieces[0], self.pieces[-1]
        if len(told) < len(first) + len(last) or not told.startswith(first) or not told.endswith(last):
            return None
        at, end = len(first), len(told) - len(last)
        found: dict[str, str] = {}
        for slot, piece in zip(self.slots[:-1], self.pieces[1:-1], strict=True):
            # A value has at least one character, so that two phrases of the same begin are told apart.
            there = told.find(piece, at + 1, end)
            if there < 0 or found.setdefault(slot, told[at:there]) != told[at:there]:
                return None
            at = there + len(piece)
        value = told[at:end]
        return found if value and found.setdefault(self.slots[-1], value) == value else None


def pattern(text: str) -> Pattern | None:
    """A phrase as a pattern; None for one without values, or with too few words of its own."""
    parts = [part if place % 2 else part.replace("%%", "%") for place, part in enumerate(_SLOT.split(text))]
    pieces, slots = tuple(parts[::2]), tuple(parts[1::2])
    letters = sum(len(re.sub(r"\W", "", piece)) for piece in pieces)
    if not slots or letters < FEWEST_LETTERS or any(not piece for piece in pieces[1:-1]):
        return None
    return Pattern(text, pieces, slots)


def longest_first(texts: Iterable[str]) -> Sequence[Pattern]:
    """The patterns of phrases, those that say more themselves first."""
    found = [made for made in map(pattern, dict.fromkeys(texts)) if made is not None]
    return sorted(found, key=lambda each: -sum(map(len, each.pieces)))


@lru_cache(maxsize=1)
def _patterns() -> Sequence[Pattern]:
    return longest_first([*RECORDED, *SAID_AS, *pack_phrases()])


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values[name]
    if name in NESTED:
        return recorded(value)
    figure = _figure(name, value, values)
    return figure or (Phrase(value) if name in coded_slots() else value)


def _figure(name: str, value: str, values: Mapping[str, str]) -> Figure | None:
    """A recorded number or amount, which a page writes as its reader does; None for any other value."""
    bare = _GROUPS.sub("", value) if name in FIGURES else value
    amount = stated(bare)
    if amount is not None:
        return Figure(value, amount.amount, amount.currency)
    if not _PLAIN.fullmatch(bare):
        return None
    beside = stated(values.get(IN_CURRENCY_OF.get(name, ""), ""))
    if beside is not None:
        return Figure(value, Decimal(bare), beside.currency)
    if name in OWN_AMOUNTS:
        return Figure(value, Decimal(bare), OWN)
    return Figure(value, Decimal(bare)) if name in FIGURES else None


@lru_cache(maxsize=8_192)
def recorded(text: str) -> Phrase:
    """A recorded sentence as the phrase that made it; else as a phrase that the catalogues may know as it stands."""
    if len(text) <= LONGEST:
        for each in _patterns():
            values = each.values(text)
            if values is not None:
                told = OF_ONE.get(each.text, each.text) if values.get("lines") == "1" else each.text
                return Phrase(SAID_AS.get(told, told), {name: _value(name, values) for name in values})
    return worded(text)
