"""What every list of the portal takes from its address: a state, words, a period, and where it goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.list_views import Applied, Filters
from headgate.portal.views import Tab
from headgate.portal.visit import Visit

PAGE = 30


@dataclass(frozen=True, slots=True)
class Sought:
    """The filters of a list; both days are included, and are the tenant's."""

    path: str
    status: str
    text: str
    since: date | None
    until: date | None

    def address(self, **other: str) -> str:
        """The list with these filters, some of them replaced; an empty one is left out."""
        days = {"since": _iso(self.since), "until": _iso(self.until)}
        return urls.query(self.path, **{"status": self.status, "q": self.text, **days, **other})


def sought_in(visit: Visit, path: str, statuses: Collection[str]) -> Sought:
    """The filters of the request; a state that the list does not have counts as not given. Raises `Invalid` for what
    is no day."""
    status = visit.text("status")
    return Sought(path, status if status in statuses else "", visit.text("q"), visit.day("since"), visit.day("until"))


def period(visit: Visit, sought: Sought) -> tuple[datetime | None, datetime | None]:
    """From when, and before when."""
    until = sought.until + timedelta(days=1) if sought.until and sought.until < date.max else None
    return (
        visit.midnight(sought.since) if sought.since else None,
        visit.midnight(until) if until else None,
    )


def filters_of(visit: Visit, sought: Sought, tabs: Iterable[tuple[str, str]]) -> Filters:
    """The filters as the page shows them."""
    return Filters(
        clear=sought.path,
        tabs=tuple(Tab(label, sought.address(status=code), code == sought.status) for code, label in tabs),
        text=sought.text,
        status=sought.status,
        since=sought.since,
        until=sought.until,
        applied=_applied(visit, sought),
    )


def further(sought: Sought, cursor: str) -> str:
    """The address of the next page; '' on the last."""
    return sought.address(after=cursor) if cursor else ""


def _applied(visit: Visit, sought: Sought) -> tuple[Applied, ...]:
    """What is on besides the state, which the tabs show."""
    fmt = visit.fmt
    shown = (
        ("q", phrase("Search"), sought.text),
        ("since", phrase("From"), fmt.day(sought.since) if sought.since else ""),
        ("until", phrase("To"), fmt.day(sought.until) if sought.until else ""),
    )
    return tuple(Applied(fmt.say(label), value, sought.address(**{name: ""})) for name, label, value in shown if value)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
