"""Business calendars: whose working hours count, per tenant, region and partner, in versions with a first day."""

from headgate.channel.calendars.core.book import EVER, Book, Found, Use, Version, book_of
from headgate.channel.calendars.core.month import Day, month_of, usual_spans, year_of
from headgate.channel.calendars.service import (
    SCOPES,
    assign_calendar,
    change_calendar,
    get_calendar,
    list_calendars,
    list_uses,
    load_book,
)
from headgate.channel.calendars.working import tenant_book, tenant_profile

__all__ = [
    "EVER",
    "SCOPES",
    "Book",
    "Day",
    "Found",
    "Use",
    "Version",
    "assign_calendar",
    "book_of",
    "change_calendar",
    "get_calendar",
    "list_calendars",
    "list_uses",
    "load_book",
    "month_of",
    "tenant_book",
    "tenant_profile",
    "usual_spans",
    "year_of",
]
