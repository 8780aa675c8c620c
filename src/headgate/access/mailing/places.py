"""Time zones and regions that somebody can choose: what is known here, whatever a browser, a form or a key says."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from headgate.access.branding import WORD_LANGUAGES
from headgate.kernel.errors import invalid

_OF_MACHINES: Final = frozenset({"Factory", "localtime", "posixrules"})
_LOCALE: Final = re.compile(r"([a-z]{2,3})_([A-Z]{2})")


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Every IANA time zone by name. Kept, for finding them takes a tenth of a second."""
    return frozenset(available_timezones()) - _OF_MACHINES


@lru_cache(maxsize=1)
def usual_zones() -> tuple[str, ...]:
    """The zones to be offered, by name: those of places, and UTC."""
    named = (zone for zone in zones() if "/" in zone and not zone.startswith(("Etc/", "posix", "right")))
    return ("UTC", *sorted(named))


@lru_cache(maxsize=1)
def _all_regions() -> dict[str, frozenset[str]]:
    # Loaded here: what starts without choosing a region does without it.
    from babel.localedata import locale_identifiers

    found: dict[str, set[str]] = {language: set() for language in WORD_LANGUAGES}
    for name in locale_identifiers():
        match = _LOCALE.fullmatch(name)
        if match is not None and match[1] in found:
            found[match[1]].add(match[2])
    return {language: frozenset(codes) for language, codes in found.items()}


def regions(language: str) -> frozenset[str]:
    """The countries (ISO 3166) whose way of writing numbers and dates is known for a language."""
    return _all_regions().get(language, frozenset())


def check_zone(name: str) -> None:
    """Raise `Invalid` for what is neither a time zone nor empty."""
    if name and name not in zones():
        raise invalid("timezone", name, "is not a time zone", "Use a name such as Europe/Berlin.")


def check_region(code: str) -> None:
    """Raise `Invalid` for what is neither empty nor a region that one of our languages is written in."""
    if code and not any(code in regions(language) for language in WORD_LANGUAGES):
        raise invalid("region", code, "is no region that is known", "Use a code such as DE, CH, GB or US.")
