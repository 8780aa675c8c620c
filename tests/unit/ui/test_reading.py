"""How somebody reads: what they chose goes before what their browser tells, and that before what is usual; times are on
their clock, days are the tenant's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from headgate.access.mailing import regions, usual_zones, zones
from headgate.ui.format import Formatter
from headgate.ui.languages import reading_locale
from headgate.ui.reading import Reading, reading_of, reading_zone

NOW = datetime(2025, 11, 21, 13, 32, 7, tzinfo=UTC)


def reads(timezone: str, business: str = "Europe/Berlin", locale: str = "en_GB") -> Formatter:
    return Reading(locale, timezone, business).formatter(NOW)


def test_a_choice_goes_before_the_browser_and_the_browser_before_the_tenant() -> None:
    assert reading_zone("Europe/Berlin", "Asia/Tokyo", "America/New_York") == "Asia/Tokyo"
    assert reading_zone("Europe/Berlin", "", "America/New_York") == "America/New_York"
    assert reading_zone("Europe/Berlin", "") == "Europe/Berlin"


@pytest.mark.parametrize(
    "told",
    ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "Europe/Berlin\0", "x" * 9000, "localtime", "é"],
)
def test_a_browser_that_tells_what_is_no_zone_is_not_believed(told: str) -> None:
    assert reading_zone("Europe/Berlin", "", told) == "Europe/Berlin"
    assert reading_of(None, {"headgate_zone": told}, "").timezone == "UTC"


def test_zones_are_offered_by_place_and_every_one_of_them_is_taken() -> None:
    assert set(usual_zones()) <= zones()
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"} <= set(usual_zones())
    assert not [zone for zone in usual_zones() if zone.startswith(("Etc/", "posix/"))]


def test_an_exact_time_names_both_zones_where_their_clocks_differ() -> None:
    assert reads("Europe/Berlin").hover(NOW) == "21 Nov 2025, 14:32:07 CET"
    assert reads("Europe/Paris").hover(NOW) == "21 Nov 2025, 14:32:07 CET", "the same clock needs no second one"
    assert (
        reads("America/New_York").hover(NOW)
        == "21 Nov 2025, 08:32:07 EST (America/New_York) · 21 Nov 2025, 14:32:07 CET (Europe/Berlin)"
    )
    late = reads("Asia/Tokyo").hover(NOW.replace(hour=20))
    assert late == "22 Nov 2025, 05:32:07 JST (Asia/Tokyo) · 21 Nov 2025, 21:32:07 CET (Europe/Berlin)"


def test_clocks_that_differ_for_some_weeks_of_the_year_are_told_apart_in_those() -> None:
    london = reads("Europe/London", "Africa/Abidjan")
    assert london.hover(NOW) == "21 Nov 2025, 13:32:07 GMT"
    assert london.hover(datetime(2025, 7, 1, 12, tzinfo=UTC)).endswith("12:00:00 GMT (Africa/Abidjan)")


def test_the_hour_that_comes_twice_is_told_apart_and_the_one_that_is_skipped_is_never_shown() -> None:
    fmt = reads("Europe/Berlin", "UTC")
    first = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert fmt.minute(first) == "26 Oct 2025, 02:30 CEST"
    assert fmt.minute(first + timedelta(hours=1)) == "26 Oct 2025, 02:30 CET"
    spring = datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)
    assert fmt.exact(spring) == "29 Mar 2026, 01:59:59 CET"
    assert fmt.exact(spring + timedelta(seconds=1)) == "29 Mar 2026, 03:00:00 CEST"


def test_days_of_business_are_the_tenants_whoever_reads_them() -> None:
    begins = datetime(2025, 12, 31, 23, tzinfo=UTC)  # midnight in Berlin
    for zone in ("America/New_York", "Asia/Tokyo", "Pacific/Kiritimati"):
        fmt = reads(zone)
        assert fmt.day(begins) == "1 Jan 2026"
        assert fmt.last_day(begins) == "31 Dec 2025"
        assert fmt.weekday(begins) == "Thursday, 1 January 2026"
    assert reads("America/New_York").minute(begins) == "31 Dec 2025, 18:00 EST"


def test_a_time_long_past_is_the_day_it_was_for_the_reader() -> None:
    before = datetime(2025, 10, 1, 2, 0, tzinfo=UTC)
    assert reads("America/New_York").relative(before) == "30 Sept 2025"
    assert reads("Europe/Berlin").relative(before) == "1 Oct 2025"


@pytest.mark.parametrize(
    ("tenant", "language", "region", "locale"),
    [
        ("en_GB", None, "US", "en_US"),
        ("en_GB", "de", "CH", "de_CH"),
        ("de_DE", None, "AT", "de_AT"),
        ("de_AT", "en", "DE", "en_DE"),
        ("de_AT", "de", "US", "de_AT"),
        ("en_GB", None, "XX", "en_GB"),
        ("en_GB", None, "", "en_GB"),
        ("fr_FR", None, "CH", "en_CH"),
    ],
)
def test_a_region_counts_where_the_readers_language_is_written(
    tenant: str, language: str | None, region: str, locale: str
) -> None:
    assert reading_locale(tenant, language, region=region) == locale


def test_every_region_that_is_offered_can_be_written() -> None:
    for language in ("en", "de"):
        for code in regions(language):
            fmt = reads("UTC", "UTC", f"{language}_{code}")
            assert "2025" in fmt.minute(NOW)
            assert "45" in fmt.number(12345)
    assert regions("xx") == frozenset()
