"""The frame around every page: who reads, where they may go, and how much work waits there."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.navigation import NavCounts, navigation
from headgate.console.saved import bar_of
from headgate.console.views.common import Notice, Page, Person
from headgate.console.visit import Visit, address_of
from headgate.ui.brand import logo_address, stylesheet_address
from headgate.ui.theme import THEME_COOKIE, parse_theme
from headgate.ui.words import humanise

NO_COUNTS = NavCounts()


def frame(visit: Visit, csrf: str, notices: tuple[Notice, ...], *, counted: bool) -> Page:
    """The frame for the reader; without counts it asks the database nothing."""
    me, brand = visit.me, visit.brand
    return Page(
        tenant=brand.name,
        person=Person(me.id, me.name or me.id),
        roles=tuple(humanise(role) for role in sorted(me.roles)),
        now=visit.now,
        reading=visit.reading,
        theme=parse_theme(visit.request.cookies.get(THEME_COOKIE)),
        csrf=csrf,
        path=address_of(visit.request) if visit.request.method == "GET" else urls.HOME,
        nav=navigation(me.permissions, _counts(visit) if counted else NO_COUNTS),
        notices=notices,
        brand_css=stylesheet_address(brand, urls.BRAND_CSS),
        logo=logo_address(brand, urls.LOGO),
        words=brand.words,
        saved=bar_of(visit) if counted else None,
    )


def _counts(visit: Visit) -> NavCounts:
    mine = visit.sums["mine"]
    return NavCounts(mine.count, mine.late > 0, visit.case_counts[0], visit.quarantined)
