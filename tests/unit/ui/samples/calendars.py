"""Business calendars."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from headgate.channel.calendars import EVER, Use, Version
from headgate.console.present import calendar_form, calendars
from headgate.console.present.names import Names
from headgate.console.views.calendars import Ask, CalendarEditView, CalendarsView, CalendarView, Due, PauseRow
from headgate.console.views.common import FormError, Option
from headgate.domain.calendar import WEEKDAYS, calendar_from
from tests.unit.ui.samples.base import NOW, ago

BODY = {
    "timezone": "Europe/Berlin",
    "hours": {
        **{day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in ("mon", "tue", "wed", "thu")},
        "fri": [["09:00", "15:00"]],
    },
    "country": "DE",
    "subdivision": "BY",
    "days_off": ["12-24", "2025-05-30"],
    "special_days": {"2025-12-31": [["09:00", "12:00"]]},
}
NAMES = Names({}, {})
MUNICH = Version(
    "munich", 1, "Munich office", BODY, EVER, "works council", "user:mira.osei@nordwind.example", ago(days=90)
)
NEXT = replace(
    MUNICH, version=2, valid_from=datetime(2026, 1, 1, tzinfo=UTC), reason="shorter Fridays", created_at=ago(days=2)
)
ROUND = Version(
    "round-the-clock",
    1,
    "Round the clock, every day of the year and every hour of the day",
    {"timezone": "UTC", "hours": {day: [["00:00", "24:00"]] for day in WEEKDAYS}},
    EVER,
    "24/7 contracts",
    "user:mira.osei@nordwind.example",
    ago(days=40),
)
USES = [
    Use(1, "tenant", "", "munich", "our own hours", MUNICH.author, ago(days=90)),
    Use(2, "region", "AT", "munich", "close enough", MUNICH.author, ago(days=80)),
    *(
        Use(n, "partner", f"P-00{n}", "round-the-clock", "24/7 contract, see annex C", MUNICH.author, ago(days=4))
        for n in range(12, 17)
    ),
]
TITLES = {"munich": MUNICH.title, "round-the-clock": ROUND.title}
DUE = Due(
    "8", NOW, datetime(2025, 11, 24, 15, 0, tzinfo=UTC), "15:00", MUNICH.title, "set for everybody", "Europe/London"
)
CALENDARS = CalendarsView(
    rows=calendars.rows({"munich": [NEXT, MUNICH], "round-the-clock": [ROUND]}, USES, NAMES),
    uses=calendars.use_rows(USES, TITLES, NAMES),
    pauses=(
        PauseRow(
            "Deal registration",
            "/processes/deal_registration",
            "Under review",
            "the partner was asked",
            "deal.question_asked",
            ("deal.question_answered", "deal.amended"),
        ),
    ),
    usual="Mon–Fri 09:00-17:00 in Europe/Berlin",
    ask=Ask("8"),
    due=DUE,
    may_write=True,
    choices=tuple(Option(*each) for each in TITLES.items()),
    places=(Option("AT", "region or country"), Option("P-0012", "partner")),
)
NO_CALENDARS = replace(CALENDARS, rows=(), uses=(), pauses=(), choices=(), due=replace(DUE, local=""))
REFUSED = replace(
    CALENDARS,
    ask=Ask("eight"),
    due=None,
    form={"scope": "partner", "ref": "P-9999"},
    errors=(
        FormError("hours", "Hours ‘eight’ are no working hours. Write a number over 0, for example 8 or 1.5."),
        FormError("ref", "This ‘P-9999’ is not a partner of any partner here. Take it from the list of partners."),
        FormError("calendar", "Calendar is missing. Choose one."),
    ),
)
HELD = calendar_from(BODY)
CALENDAR = CalendarView(
    name="munich",
    title=MUNICH.title,
    zone="Europe/Berlin",
    holidays="DE-BY",
    week=tuple(zip(calendars.WEEKDAY_NAMES, calendars.week_spans(HELD), strict=True)),
    used_by=("Everybody", "Partners in AT"),
    year=calendars.year_view(HELD, 2025, NOW.date()),
    earlier="/calendars/munich?year=2024",
    later="/calendars/munich?year=2026",
    versions=calendars.version_rows([NEXT, MUNICH], NAMES, NOW, EVER),
    ask=Ask("8", start="2025-12-23T09:00"),
    due=DUE,
    may_write=True,
)
READ_CALENDAR = replace(CALENDAR, may_write=False, used_by=(), holidays="", later="", due=None)
EDIT = CalendarEditView(
    name="munich",
    title=MUNICH.title,
    fields={"title": MUNICH.title, **calendar_form.typed(BODY)},
    weekdays=calendars.weekdays(),
    zones=("Europe/Berlin", "UTC"),
    year=calendars.year_view(HELD, 2026, date(2025, 11, 21)),
)
WRONG_EDIT = replace(
    EDIT,
    fields={**EDIT.fields, "mon": "nine to five", "timezone": "Bavaria", "reason": ""},
    year=None,
    errors=(
        FormError("mon", "Mon ‘nine to five’ are no hours. Write it like 9:00-12:00, 13:00-17:30."),
        FormError("timezone", "Timezone ‘Bavaria’ is not an IANA time zone. Use a name such as Europe/Berlin."),
        FormError("reason", "Reason is empty."),
    ),
)
NEW = CalendarEditView("", "", {"timezone": "Europe/Berlin", "mon": "09:00-17:00"}, calendars.weekdays(), ("UTC",))
