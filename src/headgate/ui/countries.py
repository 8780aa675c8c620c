"""Countries by their codes, in the words of a locale."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale


def country(code: str, locale: str) -> str:
    """A country by its ISO 3166 code, in the locale's words; a code that is not known as it is."""
    return str(Locale.parse(locale).territories.get(code.upper(), code))


# Codes that CLDR keeps beside countries: unions, pseudo regions, what is unknown.
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


@lru_cache(maxsize=16)
def countries(locale: str) -> tuple[tuple[str, str], ...]:
    """Every country's ISO 3166 code with its name in the locale's words, by name."""
    found = Locale.parse(locale).territories.items()
    return tuple(
        sorted(
            ((c, str(n)) for c, n in found if c.isalpha() and len(c) == 2 and c not in _NO_COUNTRIES),
            key=lambda p: p[1],
        )
    )
