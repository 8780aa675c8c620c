"""What letters need of the design system: how their readers read, and colours that can be read. Wiring hands
it down."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from headgate.access import Tenant
from headgate.connectors.mail.core.writing import Shades
from headgate.kernel.errors import Invalid
from headgate.ui.brand import DEFAULT_BRAND, shades, tenant_brand
from headgate.ui.format import Formatter
from headgate.ui.languages import language_of, reading_locale, translations
from headgate.ui.wording import voice

DEFAULT_LOCALE: Final = "en_GB"
_ON_LIGHT: Final = "#ffffff"
_ON_DARK: Final = "#101114"


class LetterReading:
    """Languages and colours for the mailroom."""

    def reader(self, tenant: Tenant, language: str, timezone: str, now: datetime) -> Formatter:
        """How somebody reads: in the language they chose, else the tenant's, else English; a tenant's own region stays
        where its language is the reader's. Times are in the zone they chose, else the tenant's."""
        own = tenant.settings.get("locale")
        locale = reading_locale(own if isinstance(own, str) and own else DEFAULT_LOCALE, language or None)
        words = tenant_brand(tenant.name, tenant.settings).words
        said = language_of(locale)
        zone = ZoneInfo(timezone if timezone in available_timezones() else tenant.timezone)
        return Formatter(locale, zone, now, *voice(translations(said), said, words))

    def shades(self, accent: str) -> Shades:
        """The colours of a button as pages have them."""
        try:
            found = shades(accent)
        except Invalid:
            found = shades(DEFAULT_BRAND.accent)
        return Shades(found["light button"].used, _ON_LIGHT, found["dark button"].used, _ON_DARK)
