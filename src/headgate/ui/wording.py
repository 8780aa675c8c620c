"""What a tenant calls partners and deals, put into the phrases of pages after they were translated.

Only our own phrases pass through here, never what people or systems wrote. English takes care of 'a' and 'an'; other
languages keep the articles and endings of the phrase, so a word of the same gender reads best there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from gettext import NullTranslations
from types import MappingProxyType

from headgate.access.branding import Words
from headgate.kernel.phrases import Count, Translate

# Every form that a phrase of a language uses, with its noun.
_FORMS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": {"partner": "partner", "partners": "partner", "deal": "deal", "deals": "deal"},
        "de": {
            **dict.fromkeys(("Partner", "Partners", "Partnern"), "partner"),
            **dict.fromkeys(("Geschäft", "Geschäfts", "Geschäftes", "Geschäfte", "Geschäften"), "deal"),
        },
    }
)
# Which of them are many where the English phrase does not tell.
_MANY = frozenset({"partners", "deals", "Partnern", "Geschäfte", "Geschäften"})
# Spoken with a consonant, however they are written.
_LIKE_CONSONANT = re.compile(r"(uni|use|usu|eu|one)", re.IGNORECASE)


def _pattern(language: str) -> re.Pattern[str]:
    forms = "|".join(sorted(_FORMS[language], key=len, reverse=True))
    article = r"(?:(?P<article>\b[Aa]n?)(?P<gap>\s))?" if language == "en" else ""
    # Not in placeholders, addresses, tags and technical names such as %(partner)s, /deals or deal.submitted.
    return re.compile(rf"{article}(?<![\w./<_-])(?<!%\()(?P<noun>{forms})(?![\w/_]|\.\w)", re.IGNORECASE)


_PATTERNS = {language: _pattern(language) for language in _FORMS}


def voice(translations: NullTranslations, language: str, words: Words) -> tuple[Translate, Count]:
    """Both ways in which a page says a phrase, with a tenant's words."""
    return (
        speaker(translations.gettext, language, words),
        counter(translations.ngettext, language, words),
    )


def speaker(translate: Translate, language: str, words: Words) -> Translate:
    """The translator with a tenant's words put in; the same one where the tenant has none for the language."""
    chosen = words.get(language)
    if not chosen or language not in _PATTERNS:
        return translate

    def say(phrase: str) -> str:
        return reword(translate(phrase), language, chosen, phrase)

    return say


def counter(count: Count, language: str, words: Words) -> Count:
    """The same for phrases that tell one from many."""
    chosen = words.get(language)
    if not chosen or language not in _PATTERNS:
        return count

    def tell(one: str, many: str, number: int) -> str:
        return reword(count(one, many, number), language, chosen, one if number == 1 else many)

    return tell


def reword(text: str, language: str, words: Mapping[str, tuple[str, str]], phrase: str = "") -> str:
    """The text with the tenant's words. `phrase` is what it was translated from: it tells one from many where the
    language has one form for both."""
    many = _numbers(phrase) if language != "en" else {}

    def put(found: re.Match[str]) -> str:
        form = found["noun"]
        noun = _noun(language, form)
        if noun not in words:
            return found[0]
        queue = many.get(noun)
        plural = queue.pop(0) if queue else _is_many(form)
        word = words[noun][plural]
        if form[0].isupper():
            word = word[0].upper() + word[1:]
        groups = found.groupdict()
        return f"{_article(groups['article'], word)}{groups['gap']}{word}" if groups.get("article") else word

    return _PATTERNS[language].sub(put, text)


def _numbers(phrase: str) -> dict[str, list[bool]]:
    """For each noun of an English phrase, in order, whether it stands for many."""
    found: dict[str, list[bool]] = {}
    for match in _PATTERNS["en"].finditer(phrase):
        found.setdefault(_noun("en", match["noun"]), []).append(_is_many(match["noun"]))
    return found


def _noun(language: str, form: str) -> str:
    forms = _FORMS[language]
    return forms.get(form) or forms.get(form.lower()) or forms.get(form.capitalize(), "")


def _is_many(form: str) -> bool:
    return form in _MANY or form.lower() in _MANY


def _article(article: str, word: str) -> str:
    vowel = word[0].lower() in "aeiou" and not _LIKE_CONSONANT.match(word)
    return article[0] + ("n" if vowel else "")
