"""What letters need of the design system: how their readers read, and colours that can be read. Wiring hands
it down."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from headgate.access import Tenant
from headgate.access.mailing import MailChoice
from headgate.connectors.mail.core.writing import Shades
from headgate.kernel.errors import Invalid
from headgate.ui.brand import DEFAULT_BRAND, shades, tenant_brand
from headgate.ui.format import Formatter
from headgate.ui.languages import reading_locale
from headgate.ui.reading import Reading, locale_of, reading_zone

_ON_LIGHT: Final = "#ffffff"
_ON_DARK: Final = "#101114"


class LetterReading:
    """Languages and colours for the mailroom."""

    def reader(self, tenant: Tenant, choice: MailChoice, now: datetime) -> Formatter:
        """How somebody reads: in the language they chose, else the tenant's, else English; a tenant's own region stays
        where its language is the reader's and they chose none. Times are in the zone they chose, else the tenant's."""
        locale = reading_locale(locale_of(tenant), choice.language or None, region=choice.region)
        reading = Reading(locale, reading_zone(tenant.timezone, choice.timezone), tenant.timezone, tenant.currency)
        return reading.formatter(now, tenant_brand(tenant.name, tenant.settings).words)

    def shades(self, accent: str) -> Shades:
        """The colours of a button as pages have them."""
        try:
            found = shades(accent)
        except Invalid:
            found = shades(DEFAULT_BRAND.accent)
        return Shades(found["light button"].used, _ON_LIGHT, found["dark button"].used, _ON_DARK)
