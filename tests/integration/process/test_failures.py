"""What breaks is put aside on its own, told once, tried again, and never lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from structlog.testing import capture_logs

from headgate.kernel.context import SYSTEM
from headgate.kernel.errors import Busy
from headgate.ledger import (
    CONTROL_LANE,
    NewEvent,
    audit_list,
    claim_lanes,
    quarantine_list,
    quarantine_resolve,
    release,
    requeue,
    verify_audit,
)
from headgate.packs import find_pack, read_pack
from headgate.policy import PolicyService
from headgate.process import ActionCall, ActionResult, SubjectPort
from tests.scenarios.channel import Channel, partner, product


def break_check_of(channel: Channel, *orders: str) -> list[str]:
    """Let the check of these orders raise as long as they stand in the returned list."""
    broken, check = list(orders), channel.app.engine.registry.actions["order.check"]

    def act(call: ActionCall) -> ActionResult:
        if call.case.subject in broken:
            raise ZeroDivisionError("a mistake in the check")
        return check(call)

    channel.app.engine.registry.actions["order.check"] = act
    return broken


def waiting(channel: Channel) -> dict[str, int]:
    """Subject and tries of what waits."""
    with channel.app.database.transaction(channel.tenant) as conn:
        query = "select subject, attempts from inbox join events using (seq) order by seq"
        return {f"{n}:{row[0]}": row[1] for n, row in enumerate(conn.execute(query))}


def known(channel: Channel) -> list[str]:
    with channel.app.database.transaction(channel.tenant) as conn:
        return [row[0] for row in conn.execute("select order_no from orders order by order_no")]


def test_an_event_that_breaks_holds_back_its_own_key_only(channel: Channel) -> None:
    break_check_of(channel, "O-2")
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.order("O-2", ("S-1", "2", "10.00"))
    channel.amend("O-2", ("S-1", "3", "10.00"))
    channel.send("order.cancelled", order="O-2", reason="never mind")
    channel.order("O-3", ("S-1", "4", "10.00"))
    with capture_logs() as logs:
        done = channel.runner.drain(channel.tenant)
    assert (done.events, done.failed) == (2, 1)
    assert known(channel) == ["O-1", "O-3"]
    assert waiting(channel) == {"0:O-2": 1, "1:O-2": 0, "2:O-2": 0}
    assert [(entry["log_level"], entry["error"]) for entry in logs] == [
        ("error", "ZeroDivisionError: a mistake in the check")
    ]


def test_it_is_tried_again_with_growing_pauses_and_then_parked(channel: Channel) -> None:
    break_check_of(channel, "O-1")
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.amend("O-1", ("S-1", "2", "10.00"))
    tries = []
    with capture_logs():
        while waiting(channel):
            if channel.runner.drain(channel.tenant).failed:
                tries.append(channel.clock.now())
            channel.clock.move(timedelta(seconds=1))
    pauses = [round((b - a).total_seconds()) for a, b in pairwise(tries)]
    assert pauses == [2, 4, 8, 16]
    with channel.app.database.transaction(channel.tenant) as conn:
        parked, refused = quarantine_list(conn)
        (entry,) = audit_list(conn, action="event.parked")
        assert verify_audit(conn).ok
    assert "a mistake in the check" in parked.reason
    assert parked.event_seq == entry.event_seq
    assert entry.body["error"] == "ZeroDivisionError: a mistake in the check"
    # What stood behind it is tried on its own then, and refused, for there is nothing to amend.
    assert "is not known" in refused.reason


def test_a_parked_event_can_be_replayed_once_the_mistake_is_mended(channel: Channel) -> None:
    broken = break_check_of(channel, "O-1")
    channel.order("O-1", ("S-1", "1", "10.00"))
    with capture_logs():
        while waiting(channel):
            channel.runner.drain(channel.tenant)
            channel.clock.move(timedelta(seconds=1))
    broken.clear()
    with channel.app.database.transaction(channel.tenant) as conn:
        (parked,) = quarantine_list(conn)
        assert parked.event_seq is not None
        assert requeue(conn, [parked.event_seq]) == 1
        quarantine_resolve(conn, channel.clock.now(), [parked.id], "replayed", "user:op")
    channel.govern()
    assert channel.status("O-1") == "released"


def test_an_event_that_works_at_the_second_try_leaves_no_trace_of_the_first(channel: Channel) -> None:
    broken = break_check_of(channel, "O-1")
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.amend("O-1", ("S-1", "2", "10.00"))
    with capture_logs():
        channel.runner.drain(channel.tenant)
    broken.clear()
    channel.clock.move(timedelta(seconds=2))
    channel.govern()
    assert channel.found("O-1")["revision"] == 2
    assert channel.quarantine() == []
    assert channel.sums()["reserved"] == 2


def test_masters_and_other_orders_pass_an_order_that_waits(channel: Channel) -> None:
    break_check_of(channel, "O-1")
    channel.order("O-1", ("S-1", "1", "10.00"))
    with capture_logs():
        channel.runner.drain(channel.tenant)
    channel.send("partner.recorded", items=[partner("P-9", "A-1")])
    channel.order("O-2", ("S-1", "1", "10.00"), partner="P-9")
    with capture_logs():
        channel.runner.drain(channel.tenant)
    assert channel.status("O-2") == "released"


def test_nothing_passes_a_master_that_waits(channel: Channel) -> None:
    project = channel.app.engine.registry.projections["partner.recorded"]

    def broken(*_: object) -> Any:
        raise ZeroDivisionError("a mistake in the projection")

    channel.app.engine.registry.projections["partner.recorded"] = broken
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.send("partner.recorded", items=[partner("P-9", "A-1")])
    channel.order("O-2", ("S-1", "1", "10.00"), partner="P-9")
    channel.send("product.recorded", items=[product("S-9", "1.00")])
    with capture_logs():
        assert channel.runner.drain(channel.tenant).failed == 1
        assert known(channel) == ["O-1"]
        channel.clock.move(timedelta(seconds=1))
        done = channel.runner.run_tenant(channel.tenant)
        # There is no point in asking again at once, so it does not count as blocked.
        assert (done.events, done.failed, done.blocked) == (0, 0, False)
    channel.app.engine.registry.projections["partner.recorded"] = project
    channel.clock.move(timedelta(seconds=1))
    channel.runner.drain(channel.tenant)
    assert channel.status("O-2") == "released"


@dataclass(frozen=True)
class Breaking:
    """A port that breaks while a certain order is written; nothing pure could have noticed before."""

    port: SubjectPort
    order: str
    broken: list[int]

    def load(self, *given: Any) -> object:
        return self.port.load(*given)

    def apply(self, facts: object, records: Sequence[object]) -> None:
        self.port.apply(facts, records)

    def flush(self, conn: Connection[Any], ctx: Any, facts: object, records: Sequence[Any]) -> Sequence[NewEvent]:
        found = self.port.flush(conn, ctx, facts, records)
        if self.broken and any(r.state.order.order == self.order for r in records):
            self.broken.append(len(records))
            conn.execute("select 1 / 0")
        return found


def test_a_batch_that_breaks_in_the_database_is_cut_down_to_the_event_that_breaks_it(channel: Channel) -> None:
    ports, broken = channel.app.engine.registry.ports, [0]
    ports["order"] = Breaking(ports["order"], "O-5", broken)
    for number in range(12):
        channel.order(f"O-{number}", ("S-1", str(number + 1), "10.00"))
    with capture_logs() as logs:
        done = channel.runner.drain(channel.tenant)
    assert (done.events, done.failed) == (11, 1)
    assert len(known(channel)) == 11
    assert list(waiting(channel)) == ["0:O-5"]
    assert ["DivisionByZero" in entry["error"] for entry in logs] == [True]
    assert len(broken) < 12  # halves, not one by one
    broken.clear()
    channel.clock.move(timedelta(seconds=2))
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        assert verify_audit(conn, checks=channel.app.content_checks()).ok


def test_a_missing_policy_keeps_what_needs_it_waiting_and_nothing_else(channel: Channel) -> None:
    policies = channel.app.policies
    with channel.app.database.transaction(channel.tenant) as conn:
        # Asked by hand and not refused, as where a tenant lost its policies before anybody looked at who reads them.
        PolicyService().retire(conn, channel.context(SYSTEM), "approval_matrix", 1, "by mistake")
    channel.order("O-1", ("S-1", "1", "10.00"))
    channel.order("O-2", ("S-1", "2", "8.80"))
    channel.order("O-3", ("S-1", "3", "8.80"))
    with capture_logs() as logs:
        done = channel.runner.drain(channel.tenant)
    assert (done.events, done.failed) == (1, 2)
    assert channel.status("O-1") == "released"
    (told,) = logs
    assert "approval_matrix has no active version" in told["error"]
    assert told["events"] == 2
    # However long it takes, it is nobody's fault but the installation's: no tries are counted, nothing is parked.
    with capture_logs():
        for _ in range(12):
            channel.clock.move(timedelta(minutes=10))
            channel.runner.drain(channel.tenant)
    assert waiting(channel) == {"0:O-2": 0, "1:O-3": 0}
    files = dict(read_pack(find_pack("order_governance")).policies)
    text = files["policies/approval_matrix.yaml"].replace("version: 1", "version: 2", 1)
    with channel.app.database.transaction(channel.tenant) as conn:
        policies.install(conn, channel.context(SYSTEM), text, pack="mended")
    channel.clock.move(timedelta(seconds=30))
    channel.govern()
    assert (channel.status("O-2"), channel.status("O-3")) == ("held", "held")


@pytest.mark.parametrize("what", ["a subject nobody knows", "a table that is missing"])
def test_an_installation_that_lacks_something_puts_the_batch_off_as_a_whole(channel: Channel, what: str) -> None:
    registry = channel.app.engine.registry
    load = registry.profile
    ports = dict(registry.ports)
    if what == "a subject nobody knows":
        registry.ports.clear()
    else:
        registry.profile = lambda conn: conn.execute("select * from a_table_of_tomorrow")  # type: ignore[assignment,return-value]
    for number in range(20):
        channel.order(f"O-{number}", ("S-1", str(number + 1), "10.00"))
    rounds: list[str] = []
    runner = replace(channel.runner, probe=rounds.append)
    with capture_logs() as logs:
        assert runner.drain(channel.tenant).failed == 20
    (told,) = logs
    assert told["events"] == 20
    assert set(waiting(channel).values()) == {0}
    registry.profile = load
    registry.ports |= ports
    channel.clock.move(timedelta(seconds=30))
    channel.govern()
    assert len(known(channel)) == 20


def test_contention_is_waited_out_and_told_when_it_does_not_end(channel: Channel) -> None:
    registry = channel.app.engine.registry
    load, left = registry.profile, [3]

    def contended(conn: Connection[Any]) -> Any:
        if left[0]:
            left[0] -= 1
            raise psycopg.errors.DeadlockDetected("deadlock detected")
        return load(conn)

    registry.profile = contended
    channel.order("O-1", ("S-1", "1", "10.00"))
    done = channel.runner.drain(channel.tenant)
    assert (done.events, done.failed) == (1, 0)
    left[0] = 1000
    channel.order("O-2", ("S-1", "2", "10.00"))
    with pytest.raises(Busy, match="deadlock"):
        channel.runner.drain(channel.tenant)
    left[0] = 0
    channel.govern()
    assert channel.status("O-2") == "released"
    assert waiting(channel) == {}


def test_a_runner_says_when_others_hold_what_has_to_come_first(channel: Channel) -> None:
    channel.send("partner.recorded", items=[partner("P-9", "A-1")])
    channel.order("O-1", ("S-1", "1", "10.00"), partner="P-9")
    with channel.app.database.transaction(channel.tenant) as conn:
        held = claim_lanes(conn, "another", 15, channel.clock.now(), 1, among=[CONTROL_LANE])
    done = channel.runner.run_tenant(channel.tenant)
    assert (done.events, done.blocked) == (0, True)
    with channel.app.database.transaction(channel.tenant) as conn:
        release(conn, held)
    channel.govern()
    assert channel.status("O-1") == "released"
    assert channel.runner.run_tenant(channel.tenant).blocked is False


def test_an_event_put_back_by_one_key_never_starves_a_drain(channel: Channel) -> None:
    break_check_of(channel, *(f"O-{n}" for n in range(0, 40, 2)))
    for number in range(40):
        channel.order(f"O-{number}", ("S-1", str(number + 1), "10.00"))
    with capture_logs():
        done = replace(channel.runner, batch=4).drain(channel.tenant)
    assert (done.events, done.failed) == (20, 20)
