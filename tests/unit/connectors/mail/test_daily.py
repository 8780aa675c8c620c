"""When a daily digest is due: once on each day of its reader's calendar, whatever clocks, zones and hours do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.connectors.mail.core.daily import day_due, last_slot, next_slot, urgent
from headgate.connectors.mail.core.digest import MOST_LINES, Kept, digest_letter, kept_text, read_kept
from headgate.connectors.mail.core.letters import Entry, Line
from headgate.connectors.mail.core.packing import packed, unpacked
from headgate.kernel.clock import Until
from headgate.kernel.money import Money
from headgate.kernel.phrases import counted, phrase

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "Pacific/Apia",  # had no 30 December 2011
        "Australia/Lord_Howe",  # half an hour of summer
        "Africa/Cairo",
        "America/Santiago",  # clocks change at midnight
        "Asia/Kathmandu",
    )
]
zones = st.sampled_from(ZONES)
hours = st.integers(0, 23)
times = st.datetimes(datetime(2010, 1, 1), datetime(2031, 1, 1)).map(lambda each: each.replace(tzinfo=UTC, fold=0))  # noqa: DTZ001
MINUTE = timedelta(minutes=1)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@given(times, zones, hours)
def test_slots_lie_around_the_moment_and_follow_each_other(now: datetime, zone: ZoneInfo, hour: int) -> None:
    before, after = last_slot(now, zone, hour), next_slot(now, zone, hour)
    assert before <= now < after
    assert after - before <= timedelta(hours=26)
    assert next_slot(before, zone, hour) == after
    assert last_slot(after, zone, hour) == after


@given(times, zones, hours, st.lists(st.integers(1, 3000), min_size=10, max_size=60))
def test_each_day_has_at_most_one_digest_and_none_is_left_out(
    start: datetime, zone: ZoneInfo, hour: int, steps: list[int]
) -> None:
    """A worker that comes by at odd times, with something new each time: no day twice, and nothing waits for longer
    than until it comes by after the next hour."""
    now, last, oldest, days = start, None, start, []
    for step in steps:
        now += MINUTE * step
        day = day_due(now, zone, hour, last, oldest)
        if day is not None:
            days.append(day)
            last, oldest = day, now
        assert now - oldest < timedelta(hours=26) + MINUTE * 3000
        assert oldest > last_slot(now, zone, hour) or last == last_slot(now, zone, hour).astimezone(zone).date()
    assert days == sorted(set(days))


@given(times, st.lists(st.tuples(zones, hours, st.integers(-3000, 6000)), min_size=5, max_size=40))
def test_no_day_has_two_whatever_zone_hour_and_clock_do(
    start: datetime, changes: list[tuple[ZoneInfo, int, int]]
) -> None:
    now, last = start, None
    for zone, hour, step in changes:
        # A clock that goes back by less than the days that zones lie apart: further, and it was wrong before.
        now = max(now + MINUTE * step, start)
        day = day_due(now, zone, hour, last, start)
        if day is not None:
            assert last is None or day > last or last > day + timedelta(days=3)
            last = day


def test_what_comes_after_the_hour_waits_for_the_next_days() -> None:
    now = at("2026-03-02 10:00")
    assert day_due(now, BERLIN, 8, None, now) is None
    assert day_due(at("2026-03-03 07:59"), BERLIN, 8, None, now) is None
    assert day_due(at("2026-03-03 08:00"), BERLIN, 8, None, now) == date(2026, 3, 3)
    assert day_due(at("2026-03-03 23:00"), BERLIN, 8, None, now) == date(2026, 3, 3), "late is better than never"
    assert day_due(at("2026-03-03 23:00"), BERLIN, 8, date(2026, 3, 3), now) is None


@pytest.mark.parametrize(
    ("day", "hour", "instant"),
    [
        ("2026-03-29", 2, "2026-03-29T01:00+00:00"),  # there is no 02:00: at 03:00
        ("2026-10-25", 2, "2026-10-25T00:00+00:00"),  # there are two: the first
    ],
)
def test_a_day_on_which_the_clocks_change_has_one(day: str, hour: int, instant: str) -> None:
    slot = datetime.fromisoformat(instant)
    yesterday = date.fromisoformat(day) - timedelta(days=1)
    long_ago = slot - timedelta(days=9)
    assert day_due(slot - MINUTE, BERLIN, hour, yesterday, long_ago) is None
    assert day_due(slot, BERLIN, hour, yesterday, long_ago) == date.fromisoformat(day)
    for later in (1, 2, 10, 22):
        found = day_due(slot + timedelta(hours=later), BERLIN, hour, date.fromisoformat(day), long_ago)
        assert found is None


def test_who_moves_west_after_todays_digest_gets_the_next_on_the_next_day() -> None:
    waits = at("2026-03-01 12:00")
    auckland, honolulu = ZoneInfo("Pacific/Auckland"), ZoneInfo("Pacific/Honolulu")
    now = at("2026-03-03 08:00", auckland)
    assert day_due(now, auckland, 8, None, waits) == date(2026, 3, 3)
    assert day_due(at("2026-03-02 08:00", honolulu), honolulu, 8, date(2026, 3, 3), waits) is None
    assert day_due(at("2026-03-03 08:00", honolulu), honolulu, 8, date(2026, 3, 3), waits) is None
    assert day_due(at("2026-03-04 08:00", honolulu), honolulu, 8, date(2026, 3, 3), waits) == date(2026, 3, 4)


def test_a_clock_that_was_a_year_ahead_keeps_nothing_back() -> None:
    waits = at("2026-03-01 12:00")
    assert day_due(at("2026-03-02 09:00"), BERLIN, 8, date(2027, 3, 2), waits) == date(2026, 3, 2)


def test_a_decision_is_urgent_that_is_due_before_the_next_digest_is_read() -> None:
    now = at("2026-03-02 10:00")
    assert urgent(at("2026-03-02 17:00"), now, BERLIN, 8)
    assert urgent(at("2026-03-03 12:00"), now, BERLIN, 8)
    assert not urgent(at("2026-03-03 12:01"), now, BERLIN, 8)


values = st.one_of(
    st.text(max_size=20),
    st.integers(),
    st.booleans(),
    st.none(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    times,
    times.map(Until),
    st.dates(),
    st.decimals(-(10**9), 10**9, places=2).map(lambda amount: Money(amount, "EUR")),
)
texts = st.recursive(values, lambda inner: inner.map(lambda value: phrase("A %(one)s", one=value)), max_leaves=4)


@given(texts)
def test_what_is_packed_comes_back_as_it_was(value: object) -> None:
    assert unpacked(packed(value)) == value
    assert unpacked(packed(phrase("Price exception").lower())) == "price exception"


def kept(number: int, *, needs: bool = False, ref: str = "", stake: str = "", hours: int | None = None) -> Kept:
    entry = Entry(
        ref or f"thing:{number}",
        f"https://hg.example/{number}",
        needs=needs,
        due_at=None if hours is None else at("2026-03-02 10:00") + timedelta(hours=hours),
        stake=Money(Decimal(stake), "EUR") if stake else None,
    )
    line = Line(phrase("Deal %(number)s: %(what)s", number=str(number), what=counted("one", "many", 2)), entry)
    assert read_kept(kept_text(line)) == line
    return Kept(f"k{number}", "deals", at("2026-03-02 08:00") + MINUTE * number, line)


def test_what_is_due_first_stands_first_then_where_most_is_at_stake() -> None:
    items = [
        kept(1, needs=True),
        kept(2, needs=True, hours=9, stake="5"),
        kept(3, needs=True, hours=9, stake="500"),
        kept(4, needs=True, hours=2),
        kept(5),
    ]
    letter = digest_letter("a@b.example", "Ana", items, "https://hg.example", partners=False)
    assert letter is not None
    assert letter.subject == "Your day: 4 things need you, 1 thing happened"
    needs, news = letter.sections
    assert [line.entry.ref for line in needs.lines] == ["thing:4", "thing:3", "thing:2", "thing:1"]
    assert [line.entry.ref for line in news.lines] == ["thing:5"]


def test_a_thing_is_told_once_as_it_was_last_and_there_is_a_bound() -> None:
    items = [kept(number, ref="same" if number < 3 else "") for number in range(51)]
    letter = digest_letter("a@b.example", "Ana", items, "https://hg.example", partners=True)
    assert letter is not None
    (news,) = letter.sections
    assert len(news.lines) == MOST_LINES
    assert news.lines[0].entry.link == "https://hg.example/2"
    assert news.more == "and 24 more"
    assert digest_letter("a@b.example", "Ana", [], "https://hg.example", partners=True) is None
