"""When which version decides, and who may say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from headgate.kernel.errors import Conflict, DutyConflict, Invalid, Stale
from headgate.policy import PolicyVersion
from headgate.policy.core.lifecycle import Window, expect_digest, expect_second_person, expect_status, windows

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def version(
    number: int, status: str = "active", start: datetime | None = None, end: datetime | None = None
) -> PolicyVersion:
    return PolicyVersion("p", number, "P", status, "aa", "user:ana", "user:bo", start, end, NOW, "")


def test_a_new_version_ends_the_one_in_force() -> None:
    window, changed = windows([version(1, start=NOW - DAY)], 2, NOW, NOW)
    assert window == Window(2, NOW, None)
    assert changed == [Window(1, NOW - DAY, NOW)]


def test_a_new_version_ends_where_a_scheduled_one_starts() -> None:
    known = [version(1, start=NOW - DAY, end=NOW + 9 * DAY), version(2, start=NOW + 9 * DAY)]
    window, changed = windows(known, 3, NOW + DAY, NOW)
    assert window == Window(3, NOW + DAY, NOW + 9 * DAY)
    assert changed == [Window(1, NOW - DAY, NOW + DAY)]


def test_versions_that_ended_before_are_left_alone() -> None:
    known = [version(1, start=NOW - 9 * DAY, end=NOW - DAY), version(2, "retired", NOW - DAY, NOW), version(3, "draft")]
    assert windows(known, 4, NOW, NOW) == (Window(4, NOW, None), [])


def test_two_versions_cannot_start_at_the_same_instant() -> None:
    with pytest.raises(Conflict, match="version 1 starts at that instant"):
        windows([version(1, start=NOW + DAY)], 2, NOW + DAY, NOW)


def test_a_start_in_the_past_is_refused() -> None:
    with pytest.raises(Invalid, match=r"valid_from: lies in the past .*Use 2026-03-02T09:00:00\.000000Z or later"):
        windows([], 1, NOW - timedelta(microseconds=1), NOW)


def test_author_and_approver_differ_also_through_a_delegate() -> None:
    expect_second_person(version(1), "user:bo", None)
    for who, on_behalf_of in (("user:ana", None), ("user:bo", "user:ana"), ("user:ana", "user:bo")):
        with pytest.raises(DutyConflict):
            expect_second_person(version(1), who, on_behalf_of)


def test_approving_what_has_changed_is_stale() -> None:
    expect_digest(version(1), None)
    expect_digest(version(1), "aa")
    with pytest.raises(Stale):
        expect_digest(version(1), "bb")


def test_a_step_out_of_turn_is_a_conflict_in_plain_words() -> None:
    with pytest.raises(Conflict, match="cannot activate p version 1: it is in review, not approved"):
        expect_status(version(1, "in_review"), "approved", "activate")


def test_the_end_of_a_window_is_exclusive() -> None:
    one = version(1, start=NOW, end=NOW + DAY)
    assert [one.in_force(NOW + d) for d in (-DAY / 2, 0 * DAY, DAY / 2, DAY)] == [False, True, True, False]
    assert [one.standing(NOW + d * DAY) for d in (-1, 0, 1)] == ["scheduled", "active", "superseded"]
    assert replace(one, status="retired").standing(NOW) == "retired"
