"""The frame around every page: who reads, where they may go, and how much work waits there."""

from __future__ import annotations

import hashlib

from headgate.access import Tenant
from headgate.console import urls
from headgate.console.navigation import NavCounts, navigation
from headgate.console.views.common import Notice, Page, Person
from headgate.console.visit import Visit, address_of, locale_for
from headgate.kernel.errors import Invalid
from headgate.ui.brand import DEFAULT_BRAND, Brand, brand_css
from headgate.ui.theme import THEME_COOKIE, parse_theme
from headgate.ui.words import humanise

NO_COUNTS = NavCounts()


def frame(visit: Visit, csrf: str, notices: tuple[Notice, ...], *, counted: bool) -> Page:
    """The frame for the reader; without counts it asks the database nothing."""
    tenant, me = visit.tenant, visit.me
    css = brand_style(tenant)
    return Page(
        tenant=brand_of(tenant).name,
        person=Person(me.id, me.name or me.id),
        roles=tuple(humanise(role) for role in sorted(me.roles)),
        now=visit.now,
        timezone=tenant.timezone,
        locale=locale_for(tenant, visit.request),
        theme=parse_theme(visit.request.cookies.get(THEME_COOKIE)),
        csrf=csrf,
        path=address_of(visit.request) if visit.request.method == "GET" else urls.HOME,
        nav=navigation(me.permissions, _counts(visit) if counted else NO_COUNTS),
        notices=notices,
        brand_css=f"{urls.BRAND_CSS}?v={hashlib.sha256(css.encode()).hexdigest()[:12]}" if css else "",
    )


def brand_of(tenant: Tenant) -> Brand:
    """The tenant's look: its name, and the accent of its settings (`brand: {accent: "#rrggbb"}`)."""
    chosen = tenant.settings.get("brand")
    accent = chosen.get("accent") if isinstance(chosen, dict) else None
    return Brand(tenant.name, accent if isinstance(accent, str) and accent else DEFAULT_BRAND.accent)


def brand_style(tenant: Tenant) -> str:
    """The stylesheet of the tenant's accent; empty where it has none of its own, or one that is no colour."""
    brand = brand_of(tenant)
    try:
        return brand_css(brand) if brand.accent != DEFAULT_BRAND.accent else ""
    except Invalid:
        return ""


def _counts(visit: Visit) -> NavCounts:
    mine = visit.sums["mine"]
    return NavCounts(mine.count, mine.late > 0, visit.case_counts[0], visit.quarantined)
