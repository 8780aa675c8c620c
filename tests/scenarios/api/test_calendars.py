"""Business calendars over HTTP: written, given to somebody, looked at, and asked when something is due."""

from __future__ import annotations

from typing import Any

from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World

OFFICE: dict[str, Any] = {
    "title": "Berlin office",
    "timezone": "Europe/Berlin",
    "hours": {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "country": "DE",
    "subdivision": "BE",
    "days_off": ["12-24"],
    "reason": "works council agreement",
}


def test_a_calendar_is_written_given_to_a_partner_and_counts(world: World) -> None:
    made = world.post("adam", "/v1/calendars/office/versions", OFFICE)
    assert made.status_code == 201, made.text
    assert (made.json()["version"], made.json()["body"]["country"]) == (1, "DE")
    use = {"scope": "partner", "ref": "P-1", "calendar": "office", "reason": "they asked for it"}
    assert world.post("adam", "/v1/calendar-uses", use).status_code == 201
    assert [u["ref"] for u in world.get("carl", "/v1/calendar-uses").json()["items"]] == ["P-1"]
    ask = {"hours": "10", "start": "2026-04-02T14:00:00Z"}
    own = world.get("carl", "/v1/due-time", partner="P-1", **ask).json()
    # Thursday 16:00 in Berlin, then Good Friday, the weekend and Easter Monday: one hour, seven, and two.
    assert own["due"] == "2026-04-08T09:00:00.000000Z"
    assert (own["calendar"], own["because"]) == ("office", "set for partner P-1")
    assert world.get("carl", "/v1/due-time", **ask).json()["calendar"] == ""


def test_a_month_says_who_works_when_and_why_nobody_does(world: World) -> None:
    world.post("adam", "/v1/calendars/office/versions", OFFICE)
    month = world.get("carl", "/v1/calendars/office/months/2026-12").json()
    days = {d["day"]: d for d in month["days"]}
    assert len(days) == 31
    assert days["2026-12-23"]["spans"] == [["09:00", "12:00"], ["13:00", "17:00"]]
    assert days["2026-12-23"]["hours"] == "7.0"
    assert [days[f"2026-12-{d}"]["why_off"] for d in (24, 25, 27)] == [
        "day off every year",
        "Christmas Day",
        "no working hours on this weekday",
    ]


def test_only_those_who_look_after_calendars_change_them(world: World) -> None:
    refused = world.post("carl", "/v1/calendars/office/versions", OFFICE)
    problem(refused, 403, "forbidden")
    assert world.get("pia", "/v1/calendars").status_code == 403


def test_a_calendar_without_a_working_day_is_refused_with_the_field(world: World) -> None:
    found = problem(
        world.post("adam", "/v1/calendars/office/versions", OFFICE | {"hours": {"mon": []}}), 422, "invalid"
    )
    assert "no working day" in str(found)
    assert world.get("carl", "/v1/calendars/office").status_code == 404
