"""How somebody reads: the locale of words, numbers and dates, and the zone of times. What they chose comes first, then
what their browser tells, then what is usual at the tenant.

The zone is how times are shown and nothing else. Days of business (when a price begins, what is due today, what a
report counts) are the tenant's, whoever reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from gettext import NullTranslations
from typing import Final
from zoneinfo import ZoneInfo

from headgate.access import LiveSession, Tenant
from headgate.access.branding import NO_WORDS, Words
from headgate.access.mailing import zones
from headgate.ui.format import Formatter
from headgate.ui.languages import LANGUAGE_COOKIE, language_of, reading_locale, translations
from headgate.ui.wording import voice

# Set by `static/js/zone.js`: what the browser's clock shows. Anybody can write anything there, so it is looked up.
ZONE_COOKIE: Final = "headgate_zone"
DEFAULT_LOCALE: Final = "en_GB"
DEFAULT_ZONE: Final = "UTC"


@dataclass(frozen=True, slots=True)
class Reading:
    """A reader's locale and zone, the zone of the tenant's days and its own currency."""

    locale: str
    timezone: str
    business: str
    currency: str = ""

    def formatter(self, now: datetime, words: Words = NO_WORDS, catalogue: NullTranslations | None = None) -> Formatter:
        """Writes values as this reader reads them, with a tenant's words; `catalogue` stands in for the language's."""
        language = language_of(self.locale)
        spoken = voice(catalogue or translations(language), language, words)
        return Formatter(self.locale, ZoneInfo(self.timezone), now, *spoken, ZoneInfo(self.business), self.currency)


def reading_of(
    tenant: Tenant | None, cookies: Mapping[str, str], accept_language: str, live: LiveSession | None = None
) -> Reading:
    """How the one who asks reads; `live` is their session, where they are signed in."""
    region, chosen = (live.region, live.timezone) if live is not None else ("", "")
    locale = reading_locale(locale_of(tenant), cookies.get(LANGUAGE_COOKIE), accept_language, region)
    business = tenant.timezone if tenant is not None else DEFAULT_ZONE
    zone = reading_zone(business, chosen, cookies.get(ZONE_COOKIE, ""))
    return Reading(locale, zone, business, tenant.currency if tenant is not None else "")


def reading_zone(usual: str, chosen: str, told: str = "") -> str:
    """The first of a person's choice and what their browser tells that is a time zone; else the usual one."""
    return next((name for name in (chosen, told) if name in zones()), usual)


def locale_of(tenant: Tenant | None) -> str:
    """The locale in which a tenant's people read unless they chose another."""
    found = tenant.settings.get("locale") if tenant is not None else None
    return found if isinstance(found, str) and found else DEFAULT_LOCALE
