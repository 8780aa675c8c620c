"""Calendars on the command line."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli.shell import Shell

OFFICE = """
timezone: Europe/Berlin
hours: {mon: [["09:00", "17:00"]], tue: [["09:00", "17:00"]]}
country: DE
days_off: [12-24]
"""


def test_a_calendar_is_set_used_shown_and_released(shell: Shell, tmp_path: Path) -> None:
    shell.ok("tenant", "create", "hours", "--name", "Hours")
    file = tmp_path / "office.yaml"
    file.write_text(OFFICE, encoding="utf-8")
    at = ("--tenant", "hours")
    shell.ok("calendars", "set", "office", str(file), "--title", "Office", "--because", "agreed", *at)
    shell.ok("calendars", "use", "office", "--because", "agreed", *at)
    listed = shell.read("calendars", "list", *at)
    assert [(c["calendar"], c["version"], c["timezone"]) for c in listed["items"]] == [("office", 1, "Europe/Berlin")]
    assert [u["whose"] for u in listed["uses"]] == ["tenant"]
    days = {d["day"]: d for d in shell.read("calendars", "show", "office", "--month", "2029-12", *at)["days"]}
    assert days["2029-12-03"]["hours"] == "09:00–17:00"
    assert days["2029-12-24"]["why_off"] == "day off every year"
    due = shell.read("calendars", "due", "9", "--from", "2029-12-03T08:00:00Z", *at)
    assert (due["due"], due["because"]) == ("2029-12-04T09:00:00.000000Z", "set for everybody")
    shell.ok("calendars", "release", "--because", "closed", *at)
    assert shell.read("calendars", "list", *at)["uses"] == []


def test_a_bad_calendar_says_which_field(shell: Shell, tmp_path: Path) -> None:
    shell.ok("tenant", "create", "badhours", "--name", "Hours")
    file = tmp_path / "never.yaml"
    file.write_text("timezone: UTC\nhours: {mon: []}\n", encoding="utf-8")
    ran = shell.run(
        "calendars", "set", "never", str(file), "--title", "Never", "--because", "why not", "--tenant", "badhours"
    )
    assert ran.code == 1
    assert "no working day" in ran.err
