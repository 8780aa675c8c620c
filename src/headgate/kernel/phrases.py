"""Phrases that are made in one place and said in another, in the reader's language.

Code that knows no reader (presenters, tables of words, pure cores) says *what* is to be told: the English phrase and
the values that stand in it. A `Phrase` is that English text, so it can be compared, sorted and stored as one; the page
that shows it translates the phrase first and then puts the values in:

    phrase("Held: %(ask)s. Waits for %(who)s.", ask=ask, who=phrase("you"))
    counted("%(count)s order", "%(count)s orders", 3)

A value may be a phrase itself, or a `Figure`, which the page writes as its reader does. Once it is cut, joined or
stored it is plain English text: keep it whole until it is shown. Phrases are found by their calls (`make messages`), so
the first argument is always written out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

Translate = Callable[[str], str]
Count = Callable[[str, str, int], str]

# The currency of an amount that was recorded in the tenant's own, which its sentence does not name.
OWN = "own"

_SLOT = re.compile(r"%\((\w+)\)s")
_FILE = re.compile(r"[^\n]{1,255}\.[A-Za-z0-9]{1,8}")
_NONE: Mapping[str, object] = MappingProxyType({})


class Phrase(str):
    """English text that remembers its phrase and the values in it."""

    __slots__ = ("many", "number", "text", "values")

    text: str
    many: str
    number: int
    values: Mapping[str, object]

    def __new__(cls, text: str, values: Mapping[str, object] = _NONE, many: str = "", number: int = 1) -> Phrase:
        """The phrase in English; a phrase without values is taken as it is, so a lone `%` needs no doubling."""
        chosen = many if many and number != 1 else text
        made = super().__new__(cls, chosen % values if values else chosen)
        made.text, made.values, made.many, made.number = text, values, many, number
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Phrase, (self.text, dict(self.values), self.many, self.number)

    def lower(self) -> Phrase:
        """The phrase as it stands within an English sentence. Other languages keep the capitals of their nouns."""
        made = super().__new__(Phrase, super().lower())
        made.text, made.values, made.many, made.number = self.text, self.values, self.many, self.number
        return made

    def said(self, translate: Translate, count: Count) -> str:
        """The phrase in another language, its values too where they are phrases."""
        if not self.text:
            return ""  # a catalogue answers with its own header
        found = count(self.text, self.many, self.number) if self.many else translate(self.text)
        if not self.values:
            return str(self) if found == self.text else found
        return found % {name: said(value, translate, count) for name, value in self.values.items()}


class Figure(str):
    """A number as it stands in English, or an amount if it has a currency, which remembers its value: a page writes it
    in the reader's figures."""

    __slots__ = ("currency", "value")

    value: Decimal
    currency: str

    def __new__(cls, text: str, value: Decimal, currency: str = "") -> Figure:
        """The value, written as `text` where nobody's figures are known."""
        made = super().__new__(cls, text)
        made.value, made.currency = value, currency
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Figure, (str(self), self.value, self.currency)


class Sentence(Phrase):
    """A phrase that stands alone: with a capital and a full stop, in whatever language it is said."""

    __slots__ = ()

    def __new__(cls, told: Phrase) -> Sentence:
        """The phrase as a sentence."""
        made = str.__new__(cls, _closed(_opened(told, told)))
        made.text, made.values, made.many, made.number = told.text, told.values, told.many, told.number
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (Phrase(self.text, dict(self.values), self.many, self.number),)

    def said(self, translate: Translate, count: Count) -> str:
        """The sentence in another language."""
        return _closed(_opened(super().said(translate, count), self))


class Opening(Phrase):
    """A phrase that stands at the beginning: with a capital, in whatever language it is said."""

    __slots__ = ()

    def __new__(cls, told: Phrase) -> Opening:
        """The phrase with a capital."""
        made = str.__new__(cls, _opened(told, told))
        made.text, made.values, made.many, made.number = told.text, told.values, told.many, told.number
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Opening, (Phrase(self.text, dict(self.values), self.many, self.number),)

    def said(self, translate: Translate, count: Count) -> str:
        """The phrase in another language."""
        return _opened(super().said(translate, count), self)


def finished(text: str) -> str:
    """A text with a capital and a full stop."""
    return _closed(text[:1].upper() + text[1:])


def _closed(text: str) -> str:
    return text + ("" if text.endswith((".", "?", "…")) else ".") if text else ""


def _opened(text: str, told: Phrase) -> str:
    """A text with a capital, unless it begins with the name of a file, which is written as its owner wrote it."""
    name = _first(told)
    return text if _FILE.fullmatch(name) and text.startswith(name) else text[:1].upper() + text[1:]


def _first(told: Phrase) -> str:
    """The value that a phrase begins with; empty for one that begins with words of its own."""
    slot = _SLOT.match(told.text)
    value = told.values.get(slot[1], "") if slot else ""
    return _first(value) if isinstance(value, Phrase) else str(value)


def sentence(text: str) -> Phrase:
    """A message as a sentence, which remembers its phrase if it is one."""
    return Sentence(worded(text))


def worded(text: str) -> Phrase:
    """A text as a phrase: itself if it is one; else the catalogues may know it as it stands."""
    return text if isinstance(text, Phrase) else Phrase(text)


def phrase(text: str, /, **values: object) -> Phrase:
    """A phrase with values by name: `phrase("Entry %(number)s", number=7)`; `%%` is a per cent sign beside values."""
    return Phrase(text, values)


def counted(one: str, many: str, number: int, /, **values: object) -> Phrase:
    """A phrase that tells one from many by a number, which is its value `count` unless another is given (for example
    written in the reader's figures)."""
    return Phrase(one, {"count": number, **values}, many, number)


def figure(number: int) -> Figure:
    """A count as a value of a phrase."""
    return Figure(f"{number:,}", Decimal(number))


def joined(between: str, parts: Iterable[object]) -> Phrase:
    """Phrases and other texts in a row. `between` may be a phrase: `joined(phrase(" and "), names)`."""
    values: dict[str, object] = {f"part{place}": part for place, part in enumerate(parts)}
    text = "%(between)s".join(f"%({name})s" for name in values)
    return Phrase(text, {**values, "between": between} if values else _NONE)


def swapped(text: str, change: Callable[[str], str]) -> Phrase:
    """A phrase with its values changed, for example ids into names; a text without values is changed itself."""
    told = worded(text)
    if not told.values:
        return told if change(told) == told else Phrase(change(told))
    values = {name: _swapped(value, change) for name, value in told.values.items()}
    made = Phrase(told.text, values, told.many, told.number)
    return type(told)(made) if isinstance(told, (Sentence, Opening)) else made


def _swapped(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, Phrase):
        return swapped(value, change)
    return change(value) if isinstance(value, str) else value


def said(value: object, translate: Translate, count: Count) -> object:
    """A value in the reader's language: a phrase translated, anything else as it is."""
    return value.said(translate, count) if isinstance(value, Phrase) else value
