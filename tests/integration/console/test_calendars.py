"""Business calendars in the console: written, looked at before, given to somebody, and asked when something is due."""

from __future__ import annotations

import pytest

from headgate.channel.calendars import list_uses
from headgate.console.present.calendar_form import body_of, spans_of, typed
from headgate.kernel.errors import Invalid
from headgate.ledger import audit_list
from tests.integration.console.site import Visitor, words

OFFICE = {
    "title": "Munich office",
    "name": "munich",
    "timezone": "Europe/Berlin",
    "mon": "9-12, 13:00-17",
    "tue": "9:00-17:00",
    "holidays": "de-by",
    "days_off": "12-24\n2026-05-26",
    "special_days": "2026-12-29 9:00-12:00",
    "reason": "works council",
}
EVERYBODY = {"scope": "tenant", "calendar": "munich", "reason": "our own hours"}
WRONG: list[tuple[dict[str, str], str]] = [
    ({"mon": "nine to five"}, "‘nine to five’ are no hours. Write it like 9:00-12:00"),
    ({"mon": "17-9"}, "has a span that ends before it starts"),
    ({"mon": "9-12, 11-13"}, "has spans that overlap"),
    ({"mon": "9-25"}, "is not a time of day"),
    ({"mon": "", "tue": ""}, "have no working day. Give at least one weekday a span of hours."),
    ({"timezone": "Bavaria"}, "is not an IANA time zone"),
    ({"timezone": ""}, "is missing"),
    ({"holidays": "DE-XX"}, "has no known public holidays"),
    ({"days_off": "31-12"}, "is not a day of a year"),
    ({"special_days": "2026-12-31 9-12\n2026-12-31 9-13"}, "stands there twice"),
    ({"from": "2026-03-01"}, "has passed"),
    ({"from": "soon"}, "is not a day"),
    ({"reason": " "}, "is empty"),
]
NO_USE: list[tuple[dict[str, str], str]] = [
    ({"scope": "partner", "ref": "P-9"}, "is not a partner of any partner here"),
    ({"scope": "region", "ref": ""}, "Name the region."),
    ({"scope": "planet", "ref": "Mars"}, "is not one"),
    ({"calendar": ""}, "Choose one."),
    ({"calendar": "berlin"}, "There is no calendar berlin"),
    ({"reason": ""}, "is empty"),
]
NO_ANSWER = [
    ("hours=eight", "‘eight’ are no working hours"),
    ("hours=-1", "are no working hours"),
    ("hours=NaN", "are no working hours"),
    ("partner=nobody", "There is no partner nobody"),
    ("start=later", "is not a time"),
    ("start=9999-01-01T00:00", "is too far away"),
]


@pytest.fixture
def office(visitor: Visitor) -> Visitor:
    """A tenant with one calendar, and somebody who may change it."""
    visitor.enter("tom")
    assert "Version 1 of Munich office is written" in words(visitor.post("/new-calendar", OFFICE))
    return visitor


def test_without_a_calendar_the_page_says_what_counts(visitor: Visitor) -> None:
    told = words(visitor.enter("tom").get("/calendars"))
    assert "No calendar yet" in told
    assert "Mon–Fri 09:00-17:00 in Europe/Berlin" in told
    # Monday 2 March, 10:00: seven hours are left of the day.
    assert "An SLA of 8 working hours that starts now ends 3 Mar 2026, 10:00 CET" in told


def test_a_calendar_that_was_written_shows_its_year(office: Visitor) -> None:
    told = words(office.get("/calendars/munich?year=2026"))
    assert "2026 at a glance" in told
    assert "Mon 25 May Pentecost Monday" in told
    assert "Tue 26 May Day off" in told
    assert "Tue 29 Dec 09:00-12:00 (3 h) hours of its own" in told
    assert "Wednesday off" in told
    assert "2025 at a glance" in words(office.get("/calendars/munich?year=2025"))
    assert "2026 at a glance" in words(office.get("/calendars/munich?year=99999"))


def test_a_clock_counts_a_calendar_once_somebody_works_by_it(office: Visitor) -> None:
    assert "Everybody: clocks that start from now on count these hours." in words(
        office.post("/calendar-uses", EVERYBODY)
    )
    told = words(office.get("/calendars?hours=8"))
    assert "ends 3 Mar 2026, 11:00 CET by Munich office, set for everybody" in told
    told = words(office.get("/calendars?hours=7&partner=P-1"))
    assert "An SLA of 7 working hours that starts now ends 3 Mar 2026, 10:00 CET" in told
    with office.channel.app.database.transaction(office.channel.tenant) as conn:
        (entry,) = audit_list(conn, action="calendar.assigned")
        assert entry.body["reason"] == "our own hours"
    assert "It has ended" in words(office.post("/calendar-uses/end", {"scope": "tenant", "ref": "", "reason": "over"}))
    with office.channel.app.database.transaction(office.channel.tenant) as conn:
        assert list_uses(conn) == []


def test_looking_at_the_year_first_writes_nothing(office: Visitor) -> None:
    told = words(office.post("/calendars/munich/edit", {**OFFICE, "wed": "8-10", "look": "1"}))
    assert "2026 with this" in told
    assert "Version 2" not in words(office.get("/calendars/munich"))


def test_the_form_of_a_change_holds_what_is_written_now(office: Visitor) -> None:
    page = office.get("/calendars/munich/edit").text
    assert 'value="09:00-12:00, 13:00-17:00"' in page
    assert 'value="DE-BY"' in page
    changed = {**OFFICE, "wed": "9-12", "reason": "Wednesdays too"}
    assert "Version 2 of Munich office is written. Clocks that run keep" in words(
        office.post("/calendars/munich/edit", changed)
    )
    assert "Wednesday 09:00-12:00" in words(office.get("/calendars/munich"))


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_written(office: Visitor) -> None:
    for wrong, says in WRONG:
        answer = office.post("/calendars/munich/edit", {**OFFICE, **wrong})
        assert answer.status_code == 422, wrong
        assert says in words(answer)
        (field,) = {*wrong} - {"tue"}
        place = "hours" if field == "mon" and not wrong[field] else field
        assert f'id="{place}-error"' in answer.text, wrong
    assert "There is a calendar munich already" in words(office.post("/new-calendar", OFFICE))
    answer = office.post("/new-calendar", {**OFFICE, "name": "Our Office"})
    assert "is not a short name" in words(answer)
    assert 'id="name-error"' in answer.text
    for given, says in NO_USE:
        answer = office.post("/calendar-uses", {**EVERYBODY, **given})
        assert answer.status_code == 422, given
        assert says in words(answer)
    for asked, says in NO_ANSWER:
        page = office.get(f"/calendars?{asked}")
        assert page.status_code == 200
        assert says in words(page)
    assert "is not over within ten years" in words(office.get("/calendars/munich?hours=9999"))
    told = words(office.get("/calendars/munich"))
    assert "Version 2" not in told
    assert "Counts for nobody yet" in told


def test_a_start_in_a_skipped_hour_and_a_working_day_of_23_hours(office: Visitor) -> None:
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "0:00-24:00")
    office.post("/new-calendar", {**week, "title": "Ever", "name": "ever", "timezone": "Europe/Berlin", "reason": "x"})
    told = words(office.get("/calendars/ever?year=2026&hours=2&start=2026-03-29T02:30"))
    assert "starts 29 Mar 2026, 03:30 CEST ends 29 Mar 2026, 05:30 CEST" in told
    assert "Sun 29 Mar 00:00-03:00, 03:00-24:00 (23 h)" in told
    assert "Sun 25 Oct 00:00-02:00, 02:00-24:00 (25 h)" in told


def test_who_may_only_read_sees_no_forms(office: Visitor) -> None:
    office.enter("fay")
    page = office.get("/calendars")
    assert "Munich office" in page.text
    assert "/new-calendar" not in page.text
    assert "/edit" not in office.get("/calendars/munich").text
    assert office.get("/calendars/munich/edit").status_code == 403
    assert office.post("/calendar-uses", EVERYBODY).status_code == 403
    assert office.get("/calendars/nowhere").status_code == 404


def test_what_was_typed_comes_back_as_it_was_written() -> None:
    body = body_of({**OFFICE, "fri": "22-24"})
    assert body_of(typed(body)) == body
    assert body["hours"]["fri"] == [["22:00", "24:00"]]
    with pytest.raises(Invalid, match="mon"):
        spans_of("mon", "9")
