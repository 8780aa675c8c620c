"""Calendars as stored: versions, whose they are, and clocks of cases that run by them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from headgate.channel import calendars
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Forbidden, Invalid, NotFound
from headgate.ledger import audit_list
from headgate.store import Database
from tests.scenarios.channel import Channel, open_channel, partner

WEEK = ("mon", "tue", "wed", "thu", "fri")
OFFICE: dict[str, object] = {"timezone": "Europe/Berlin", "hours": {d: [["09:00", "17:00"]] for d in WEEK}}
MORNINGS: dict[str, object] = {"timezone": "Europe/Berlin", "hours": {d: [["09:00", "12:00"]] for d in WEEK}}
LONDON: dict[str, object] = {
    "timezone": "Europe/London",
    "hours": {d: [["08:00", "16:00"]] for d in WEEK},
    "country": "GB",
}
KEEPER = Principal("user:ops@nordwind.example", "person", "Ops", permissions=frozenset({"calendars.write"}))


@pytest.fixture
def channel(database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path) -> Channel:
    return open_channel(database, tenant, clock, tmp_path)


def write(channel: Channel, name: str, body: dict[str, object], since: date | None = None) -> calendars.Version:
    with channel.app.database.transaction(channel.tenant) as conn:
        return calendars.change_calendar(
            conn,
            channel.context(KEEPER),
            calendar=name,
            title=name.title(),
            body=body,
            reason="agreed",
            valid_from=since,
        )


def assign(channel: Channel, calendar: str, scope: str = "tenant", ref: str = "") -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        calendars.assign_calendar(
            conn, channel.context(KEEPER), scope=scope, ref=ref, calendar=calendar, reason="agreed"
        )


def found(channel: Channel, partner: str | None = None) -> calendars.Found:
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        return channel.app.calendars(conn).of(partner)


def test_the_nearest_calendar_counts_and_says_why(channel: Channel) -> None:
    channel.send("partner.recorded", items=[partner("P-1", "A-1"), partner("P-2", "A-1", region="north")])
    channel.send("partner.recorded", items=[partner("P-3", "A-1", country="GB")])
    channel.govern()
    assert found(channel, "P-1").because == "no calendar is set"
    for name, body in (("office", OFFICE), ("mornings", MORNINGS), ("london", LONDON)):
        write(channel, name, body)
    assign(channel, "office")
    assign(channel, "mornings", "region", "north")
    assign(channel, "london", "region", "GB")
    assert [found(channel, p).calendar for p in (None, "P-1", "P-2", "P-3")] == [
        "office",
        "office",
        "mornings",
        "london",
    ]
    assign(channel, "london", "partner", "P-2")
    assert found(channel, "P-2").because == "set for partner P-2"
    assign(channel, "", "partner", "P-2")
    assert (found(channel, "P-2").calendar, found(channel, "P-2").because) == ("mornings", "set for region north")
    # Where a partner is may change; nobody has to touch the calendars for it.
    channel.send("partner.recorded", items=[partner("P-2", "A-1", region="south")])
    channel.govern()
    assert found(channel, "P-2").calendar == "office"


def test_a_case_has_its_partners_clock(channel: Channel) -> None:
    """Monday nine o'clock in Berlin: sixteen hours are Tuesday evening in the office, and much later in mornings."""
    channel.order("O-1", ("S-1", "20", "5.00"))
    channel.govern()
    write(channel, "mornings", MORNINGS)
    assign(channel, "mornings", "partner", "P-1")
    channel.order("O-2", ("S-1", "20", "5.00"))
    channel.govern()
    assert (channel.stage("O-1"), channel.stage("O-2")) == ("exception", "exception")
    usual, own = (due(channel, number) for number in ("O-1", "O-2"))
    start = channel.clock.now()
    assert own > usual > start
    # 16 hours of three a day are over on the sixth working day.
    assert own.date() == (start + timedelta(days=7)).date()
    # A clock that runs keeps the due time it has.
    write(channel, "mornings", OFFICE)
    assert due(channel, "O-2") == own


def due(channel: Channel, number: str) -> datetime:
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        row = conn.execute("select due_at from cases where subject = %s", (number,)).fetchone()
    assert row is not None
    return row[0].astimezone(UTC)


def test_versions_hold_from_their_day_and_none_begins_in_the_past(channel: Channel) -> None:
    first = write(channel, "office", OFFICE)
    assert first.version == 1
    later = channel.clock.now().date() + timedelta(days=30)
    second = write(channel, "office", MORNINGS, later)
    assert second.version == 2
    assert second.valid_from.astimezone(UTC).hour in (22, 23)  # midnight in Berlin
    with pytest.raises(Invalid) as refused:
        write(channel, "office", OFFICE, channel.clock.now().date() - timedelta(days=1))
    assert refused.value.problems[0].field == "valid_from"
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        assert [v.version for v in calendars.get_calendar(conn, "office")] == [2, 1]
        hours = channel.app.calendars(conn).hours["office"]
        entries = audit_list(conn, subject_type="calendar", limit=10)
    worked = [d.worked for d in calendars.month_of(hours, later) if d.day in (later, later - timedelta(days=1))]
    assert worked[-1] == timedelta(hours=3)
    assert [e.action for e in entries] == ["calendar.changed", "calendar.changed"]


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("Büro", OFFICE, "calendar"),
        ("office", {"timezone": "Europe/Berlin", "hours": {"mon": []}}, "hours"),
        ("office", OFFICE | {"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_a_calendar_is_refused_and_nothing_is_written(
    channel: Channel, name: str, body: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        write(channel, name, body)
    assert refused.value.problems[0].field == field
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        assert calendars.list_calendars(conn) == {}


def test_a_calendar_is_only_for_whom_there_is(channel: Channel) -> None:
    write(channel, "office", OFFICE)
    for scope, ref in (("partner", "P-404"), ("region", "atlantis"), ("partner", ""), ("tenant", "P-1"), ("moon", "x")):
        with pytest.raises(Invalid):
            assign(channel, "office", scope, ref)
    with pytest.raises(NotFound):
        assign(channel, "no_such")
    stranger = Principal("user:x@nordwind.example", "person", "X", permissions=frozenset({"cases.read"}))
    with channel.app.database.transaction(channel.tenant) as conn, pytest.raises(Forbidden):
        calendars.change_calendar(
            conn, channel.context(stranger), calendar="office", title="X", body=OFFICE, reason="because"
        )


def test_tenants_do_not_see_each_others_calendars(channel: Channel, database: Database) -> None:
    write(channel, "office", OFFICE)
    other = UUID(int=channel.tenant.int ^ 1)
    with database.transaction(other, read_only=True) as conn:
        assert calendars.list_calendars(conn) == {}
    assert Context(other, SYSTEM, channel.clock.now()).tenant_id != channel.tenant
