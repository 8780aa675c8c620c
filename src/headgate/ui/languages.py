"""The languages that pages are written in: English in the templates, others as catalogues beside this file.

Catalogues are kept as text (`locale/*.po`) and read when a language is first asked for, so there is nothing to compile
and nothing to forget. A phrase that a catalogue does not have stays English.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from headgate.access.mailing import regions
from headgate.ui.packed import pack_catalogue

LOCALE = Path(__file__).parent / "locale"
ENGLISH = "en"
# By code, in their own words; the region is that of readers whose tenant is set to another language.
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
_REGIONS = {ENGLISH: "en_GB", "de": "de_DE"}
LANGUAGE_COOKIE = "headgate_language"


@lru_cache(maxsize=8)
def translations(language: str) -> NullTranslations:
    """The phrases of a language by its code; English for one that there is no catalogue for."""
    file = LOCALE / f"{language}.po"
    if language == ENGLISH or language not in LANGUAGES:
        return NullTranslations()
    with file.open("rb") as source:
        catalog = read_po(source, locale=language)
    ours = _compiled(catalog)
    # What packs bring counts where our own catalogue has nothing to say.
    ours.add_fallback(_compiled(pack_catalogue(language)))
    return ours


def _compiled(catalog: Catalog) -> GNUTranslations:
    made = io.BytesIO()
    write_mo(made, catalog)
    made.seek(0)
    return GNUTranslations(made)


def language_of(locale: str) -> str:
    """The language of a locale, when pages are written in it; else English."""
    code = locale.replace("-", "_").partition("_")[0].lower()
    return code if code in LANGUAGES else ENGLISH


def accepted(header: str) -> str:
    """The best of our languages for an `Accept-Language` header (RFC 9110, 12.5.4); '' where none fits."""
    found = negotiate_locale(list(_preferred(header)), list(LANGUAGES), sep="_")
    return found or ""


def _preferred(header: str) -> Iterable[str]:
    weighed = []
    for part in header[:500].split(","):
        name, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if name and name != "*" and weight > 0:
            weighed.append((-weight, name.strip().replace("-", "_")))
    return [name for _, name in sorted(weighed, key=lambda pair: pair[0])]


def reading_locale(tenant_locale: str, chosen: str | None, header: str = "", region: str = "") -> str:
    """The locale a page is written in: the reader's choice, else what the browser asks for, else the tenant's.

    The `region` that a reader chose says how numbers and dates are written, where their language is written there. Else
    a tenant's own region stays where its language is the reader's: who chose German at an Austrian tenant reads
    Austrian numbers.
    """
    language = chosen if chosen in LANGUAGES else accepted(header)
    if region in regions(language or language_of(tenant_locale)):
        return f"{language or language_of(tenant_locale)}_{region}"
    if not language or language == language_of(tenant_locale):
        return tenant_locale if _known(tenant_locale) else _REGIONS[ENGLISH]
    return _REGIONS[language]


def _known(locale: str) -> bool:
    try:
        Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return False
    return True
