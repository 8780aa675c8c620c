"""A case that starts in the very moment its process version is replaced is seen by whoever ends what only that version
asks: it is not left without the policy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from headgate.kernel.context import SYSTEM
from headgate.kernel.errors import Invalid
from headgate.packs import find_pack, install_pack, read_pack
from headgate.process import hold_versions, install, replace_in_turn
from tests.integration.chained import LIMITS
from tests.scenarios.channel import APPROVER, AUTHOR, Channel
from tests.scenarios.test_waiting_for_locks import LOCK_WAITS

FILE = "processes/order_to_release.yaml"
PACK = read_pack(find_pack("order_governance"))
ORDERS = dict(PACK.processes)[FILE]
SHIPMENT = "shipment.confirmed: {do: [{id: shipment, run: order.ship}], to: shipping}"
ASKING = SHIPMENT.replace("[{id: shipment", "[{id: noted, decide: limits, with: {amount: 5}}, {id: shipment")


def version(number: int, *, asking: bool) -> str:
    text = ORDERS.replace("version: 2", f"version: {number}", 1)
    return text.replace(SHIPMENT, ASKING, 1) if asking else text


class Meeting:
    """A batch that starts a case, and changes that are made meanwhile."""

    def __init__(self, channel: Channel, superuser: psycopg.Connection) -> None:
        self.channel, self.superuser = channel, superuser

    def do_all(self) -> None:
        self.channel.runner.drain(self.channel.tenant)

    def do(self, change: Callable[[Connection], object]) -> None:
        with self.channel.app.database.transaction(self.channel.tenant) as conn:
            change(conn)

    def replaced(self, conn: Connection, *, number: int = 4, asking: bool = False) -> None:
        app = self.channel.app
        install(conn, self.channel.context(SYSTEM), version(number, asking=asking), FILE, app.policies, app.actions)

    def replaced_by_pack(self, conn: Connection) -> None:
        app = self.channel.app
        pack = replace(PACK, processes=((FILE, version(4, asking=False)),), policies=())
        install_pack(conn, self.channel.context(SYSTEM), pack, app.policies, app.actions)

    def ended(self, conn: Connection) -> None:
        self.channel.app.policies.retire(conn, self.channel.context(APPROVER), "limits", 1, "not needed")

    def waiting(self) -> int:
        found = self.superuser.execute(LOCK_WAITS).fetchone()
        assert found is not None
        return int(found[0])

    @contextmanager
    def starting(self) -> Iterator[ThreadPoolExecutor]:
        """Within the block a batch has read which versions there are and starts a case on one; it comes to its end, the
        audit chain and the commit, after it."""
        with ThreadPoolExecutor(2) as pool:
            with self.channel.app.database.transaction(self.channel.tenant) as conn:
                conn.execute("select from stock where product = 'S-1' for update")
                batch = pool.submit(self.channel.runner.drain, self.channel.tenant)
                while not self.waiting():
                    assert not batch.done()
                    threading.Event().wait(0.01)
                yield pool
            batch.result(60)
        self.channel.nothing_left()

    def met(self, made: Future[None], waiting: int = 1) -> None:
        """Until a change is made, or waits beside so many others."""
        while not made.done() and self.waiting() <= waiting:
            threading.Event().wait(0.01)


@pytest.fixture
def meeting(channel: Channel, superuser: psycopg.Connection) -> Meeting:
    """The version of the process that is active asks the policy `limits` once an order ships."""
    made = Meeting(channel, superuser)
    policies = channel.app.policies
    with channel.app.database.transaction(channel.tenant) as conn:
        policies.draft(conn, channel.context(AUTHOR), LIMITS)
        policies.submit(conn, channel.context(AUTHOR), "limits", 1)
        policies.approve(conn, channel.context(APPROVER), "limits", 1)
        policies.activate(conn, channel.context(APPROVER), "limits", 1)
    channel.clock.move(timedelta(hours=1))
    made.do(lambda conn: made.replaced(conn, number=3, asking=True))
    return made


@pytest.mark.parametrize("how", ["replaced", "replaced_by_pack"])
def test_a_policy_is_not_ended_under_a_case_that_starts_while_its_version_is_replaced(
    meeting: Meeting, how: str
) -> None:
    def change() -> None:
        meeting.do(getattr(meeting, how))
        meeting.do(meeting.ended)

    meeting.channel.order("O-1", ("S-1", "1", "10.00"))
    with meeting.starting() as pool:
        made = pool.submit(change)
        meeting.met(made)
    with pytest.raises(Invalid, match=r"version 3 .* asks 'limits'.*cases still run on that version"):
        made.result(60)
    meeting.channel.ship("O-1", ("1", "1"))
    meeting.channel.govern()
    assert meeting.channel.stage("O-1") == "fulfilled"


def test_a_case_that_starts_while_its_version_is_being_replaced_runs_on_the_new_one(meeting: Meeting) -> None:
    meeting.channel.order("O-1", ("S-1", "1", "10.00"))
    with ThreadPoolExecutor(1) as pool:
        with meeting.channel.app.database.transaction(meeting.channel.tenant) as conn:
            meeting.replaced(conn)
            batch = pool.submit(meeting.do_all)
            meeting.met(batch, waiting=0)
        batch.result(60)
    meeting.do(meeting.ended)
    meeting.channel.ship("O-1", ("1", "1"))
    meeting.channel.govern()
    assert meeting.channel.stage("O-1") == "fulfilled"


def test_a_change_of_policies_does_not_wait_for_cases_that_start(meeting: Meeting) -> None:
    meeting.do(meeting.replaced)
    meeting.channel.order("O-1", ("S-1", "1", "10.00"))
    with meeting.starting() as pool:
        pool.submit(meeting.do, meeting.ended).result(60)  # they start on a version that does not ask it


def test_cases_do_not_wait_for_each_other_nor_for_a_process_of_another_tenant(meeting: Meeting) -> None:
    database, tenant = meeting.channel.app.database, meeting.channel.tenant
    with database.transaction(tenant) as one:
        hold_versions(one)
        with database.transaction(tenant) as two:
            two.execute("set local lock_timeout = '1s'")
            hold_versions(two)
        with database.transaction(uuid4()) as other:
            other.execute("set local lock_timeout = '1s'")
            replace_in_turn(other)
        with database.transaction(tenant) as same:
            same.execute("set local lock_timeout = '1ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable), same.transaction():
                replace_in_turn(same)
