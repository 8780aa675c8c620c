"""A tenant's brand as a value: what it may be, how it is stored, what of a stored one can be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from headgate.access.core import checks
from headgate.kernel.errors import Invalid, Problem, invalid, shorten
from headgate.kernel.phrases import phrase

# What a tenant may call otherwise, and in which languages; as one and as many.
NOUNS: Final = ("partner", "deal")
WORD_LANGUAGES: Final = ("en", "de")
LONGEST_NAME: Final = 60
LONGEST_WORD: Final = 30

Words: TypeAlias = Mapping[str, Mapping[str, tuple[str, str]]]
"""By language and noun: one, many. `{"en": {"partner": ("dealer", "dealers")}}`."""

NO_WORDS: Words = MappingProxyType({})
_COLOUR = re.compile(r"#[0-9a-f]{6}")
# Letters of any script, digits, and what joins them: nothing that a page, a mail or a placeholder could read as more.
_WORD = re.compile(r"[^\W\d_][\w ’-]*(?<![ -])")


@dataclass(frozen=True, slots=True)
class BrandDraft:
    """A look as chosen. `name` '' is the tenant's, `accent` '' the common one; `sender` is whose name mails come in,
    '' the brand's, `from_address` the address they come from, '' that of the installation, which is also used while its
    domain is not proven; answers to mails go to `reply_to`, '' nowhere."""

    name: str = ""
    accent: str = ""
    sender: str = ""
    reply_to: str = ""
    words: Words = field(default_factory=lambda: NO_WORDS)
    from_address: str = ""


def check_brand(draft: BrandDraft) -> BrandDraft:
    """The draft in its canonical form. Raises `Invalid` with every problem found."""
    found: list[Problem] = []

    def kept(field_name: str, value: str, check: Any) -> str:
        try:
            return str(check(value)) if value.strip() else ""
        except Invalid as error:
            found.extend(Problem(field_name, p.value, p.message, p.fix) for p in error.problems)
            return ""

    checked = BrandDraft(
        kept("name", draft.name, lambda value: _line("name", value)),
        kept("accent", draft.accent, colour),
        kept("sender", draft.sender, lambda value: _line("sender", value)),
        kept("reply_to", draft.reply_to, _address),
        _checked_words(draft.words, found),
        kept("from_address", draft.from_address, _address),
    )
    if found:
        raise Invalid("; ".join(str(problem) for problem in found), problems=found)
    return checked


def colour(value: str) -> str:
    """A colour as `#rrggbb` in lower case; `#rgb` and one without the sign are understood. Raises `Invalid`."""
    text = value.strip().lower().removeprefix("#")
    text = f"#{''.join(c * 2 for c in text) if len(text) == 3 else text}"
    if not _COLOUR.fullmatch(text):
        raise invalid("accent", value, "is not a colour", "Write it like #0b6e4f.")
    return text


def is_word(text: object) -> bool:
    """Whether a text may stand for a noun: letters, digits, spaces and hyphens, up to 30."""
    return isinstance(text, str) and len(text) <= LONGEST_WORD and _WORD.fullmatch(text) is not None


def words_of(stored: object) -> Words:
    """The words of stored settings that can be used; anything else is left out."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for language, noun, pair in _pairs(stored):
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and all(map(is_word, pair)):
            found.setdefault(language, {})[noun] = (pair[0], pair[1])
    return found


def stored(draft: BrandDraft) -> dict[str, Any]:
    """The brand as it is kept; what is not chosen is left out."""
    plain = {"name": draft.name, "accent": draft.accent, "sender": draft.sender, "reply_to": draft.reply_to}
    plain["from_address"] = draft.from_address
    words = {lang: {noun: list(pair) for noun, pair in nouns.items()} for lang, nouns in draft.words.items() if nouns}
    return {key: value for key, value in {**plain, "words": words}.items() if value}


def draft_of(kept: Mapping[str, Any]) -> BrandDraft:
    """The draft of a brand that is kept; the opposite of `stored`."""

    def text(key: str) -> str:
        value = kept.get(key)
        return value if isinstance(value, str) else ""

    words = words_of(kept.get("words"))
    return BrandDraft(text("name"), text("accent"), text("sender"), text("reply_to"), words, text("from_address"))


def _address(value: str) -> str:
    """An address that can stand in a header: one that mail programs would read as a coded word cannot."""
    plain = checks.email(value)
    if "=?" in plain:
        raise invalid("email", value, "is an address with a coded word in it", "Use an address without '=?'.")
    return plain


def _line(name: str, value: str) -> str:
    return " ".join(checks.text(name, value, LONGEST_NAME).split())


def _checked_words(words: Words, found: list[Problem]) -> Words:
    kept: dict[str, dict[str, tuple[str, str]]] = {}
    for language, noun, pair in _pairs(words):
        one, many = (" ".join(text.split()) for text in pair)
        if not one and not many:
            continue
        where = f"word.{language}.{noun}"
        for part, text in (("one", one), ("many", many)):
            if not text:
                found.append(Problem(f"{where}.{part}", "", "is missing", "Give both: one, and many."))
            elif not is_word(text):
                fix = phrase("Use letters, digits, spaces and hyphens, at most %(longest)s.", longest=LONGEST_WORD)
                found.append(Problem(f"{where}.{part}", shorten(text), "is not a word", fix))
        kept.setdefault(language, {})[noun] = (one, many)
    return kept


def _pairs(words: object) -> Iterable[tuple[str, str, Any]]:
    """What is there for each language and noun that is known."""
    for language in WORD_LANGUAGES:
        nouns = words.get(language) if isinstance(words, Mapping) else None
        for noun in NOUNS:
            if isinstance(nouns, Mapping) and noun in nouns:
                yield language, noun, nouns[noun]
