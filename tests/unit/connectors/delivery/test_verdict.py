from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.connectors.delivery.core.verdict import Answer, judge

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def verdict(status: int | None, attempt: int = 1, most: int = 5, **more: object):
    return judge(Answer(status, **more), attempt, most, 1.0, NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_one(status: int) -> None:
    assert verdict(status).kind == "delivered"


@pytest.mark.parametrize("status", [None, 100, 301, 304, 408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_what_time_may_mend_is_tried_again(status: int | None) -> None:
    found = verdict(status, error="no answer")
    assert (found.kind, found.next_at) == ("retry", NOW + timedelta(seconds=5))
    assert verdict(status, attempt=5).kind == "refused"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 418, 422, 451, 499])
def test_other_refusals_are_final(status: int) -> None:
    found = verdict(status)
    assert (found.kind, found.next_at) == ("refused", None)
    assert found.target_failed == (status in (401, 403, 404, 405, 410))


def test_a_blocked_address_is_final_and_stops_the_target() -> None:
    found = judge(Answer(error="leads inside", blocked=True), 1, 5, 1.0, NOW)
    assert (found.kind, found.target_failed) == ("refused", True)


def test_being_asked_to_wait_is_no_fault_and_is_kept_to() -> None:
    found = verdict(429, retry_after=timedelta(minutes=10))
    assert (found.next_at, found.pause_target) == (NOW + timedelta(minutes=10),) * 2
    assert not found.target_failed
    assert verdict(503, retry_after=timedelta(minutes=10)).pause_target == NOW + timedelta(minutes=10)
    assert verdict(500, retry_after=timedelta(minutes=10)).pause_target is None
    assert verdict(429, retry_after=timedelta(0)).next_at == NOW + timedelta(seconds=5)


@given(
    st.one_of(st.none(), st.integers(100, 599)),
    st.integers(1, 200),
    st.integers(1, 100),
    st.floats(0, 1, exclude_max=True),
)
def test_every_answer_has_one_verdict_and_an_end(status: int | None, attempt: int, most: int, chance: float) -> None:
    found = judge(Answer(status, error="x"), attempt, most, chance, NOW)
    assert (found.kind == "retry") == (found.next_at is not None)
    assert found.kind != "retry" or attempt < most
    assert found.next_at is None or found.next_at >= NOW
    assert (found.kind == "delivered") == (status is not None and 200 <= status < 300)
    assert len(found.reason) < 500
