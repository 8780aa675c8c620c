"""Two who change at once what decides, and what reads decisions: the second sees what the first left, so nothing is in
force that reads what has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from headgate.kernel.context import SYSTEM
from headgate.kernel.errors import Invalid
from headgate.packs import find_pack, read_pack
from headgate.policy import apply_at_once, take_turn
from headgate.process import install, list_versions
from tests.integration.chained import LIMITS, RELEASE
from tests.scenarios.channel import APPROVER, AUTHOR, Channel
from tests.scenarios.test_waiting_for_locks import LOCK_WAITS

RETURNS = dict(read_pack(find_pack("order_governance")).processes)["processes/return_authorisation.yaml"]
ASKING = RETURNS.replace("version: 1", "version: 2", 1).replace(
    "- {id: settlement, decide: return_settlement",
    "- {id: noted, decide: limits, with: {amount: 5}}\n      - {id: settlement, decide: return_settlement",
)
Change = Callable[[Connection], object]


class Two:
    """Changes of one tenant, each in a transaction of its own."""

    def __init__(self, channel: Channel, superuser: psycopg.Connection) -> None:
        self.channel, self.superuser = channel, superuser

    def do(self, change: Change) -> None:
        with self.channel.app.database.transaction(self.channel.tenant) as conn:
            change(conn)

    def second_meets(self, first: Change, second: Change) -> Future[None]:
        """The second begins when the first is made and not committed, and ends after it; where it does not wait, it has
        ended before."""
        with ThreadPoolExecutor(1) as pool:
            with self.channel.app.database.transaction(self.channel.tenant) as conn:
                first(conn)
                made = pool.submit(self.do, second)
                while not made.done() and self.superuser.execute(LOCK_WAITS).fetchone() == (0,):
                    threading.Event().wait(0.01)
            made.exception(60)
        return made

    def in_force(self) -> set[str]:
        with self.channel.app.database.transaction(self.channel.tenant, read_only=True) as conn:
            return {"limits", "release"} & self.channel.app.policies.active(conn, self.channel.clock.now()).keys()

    def approved(self, text: str, policy: str) -> None:
        with self.channel.app.database.transaction(self.channel.tenant) as conn:
            policies = self.channel.app.policies
            policies.draft(conn, self.channel.context(AUTHOR), text)
            policies.submit(conn, self.channel.context(AUTHOR), policy, 1)
            policies.approve(conn, self.channel.context(APPROVER), policy, 1)

    def start(self, conn: Connection, policy: str) -> None:
        self.channel.app.policies.activate(conn, self.channel.context(APPROVER), policy, 1)

    def start_reader(self, conn: Connection) -> None:
        self.start(conn, "release")

    def end_source(self, conn: Connection) -> None:
        self.channel.app.policies.retire(conn, self.channel.context(APPROVER), "limits", 1, "not needed")

    def start_process(self, conn: Connection) -> None:
        install(
            conn,
            self.channel.context(SYSTEM),
            ASKING,
            "processes/r.yaml",
            self.channel.app.policies,
            self.channel.app.actions,
        )

    def start_reader_at_once(self, conn: Connection) -> None:
        apply_at_once(self.channel.app.policies, conn, self.channel.context(AUTHOR), "release", 1, "it burns")


@pytest.fixture
def two(channel: Channel, superuser: psycopg.Connection) -> Two:
    """The policy `limits` is in force, and nothing reads it yet."""
    channel.clock.move(timedelta(days=1))
    found = Two(channel, superuser)
    found.approved(LIMITS, "limits")
    found.do(lambda conn: found.start(conn, "limits"))
    channel.clock.move(timedelta(days=1))
    return found


def refused(made: Future[None], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        made.result()


def test_a_policy_does_not_start_while_what_it_reads_ends(two: Two) -> None:
    two.approved(RELEASE, "release")
    refused(two.second_meets(two.end_source, two.start_reader), r"reads limits\.outcome, and there is no policy limits")
    assert two.in_force() == set()


def test_a_policy_does_not_end_while_one_that_reads_it_starts(two: Two) -> None:
    two.approved(RELEASE, "release")
    refused(two.second_meets(two.start_reader, two.end_source), r"policy release version 1 reads limits\.outcome")
    assert two.in_force() == {"limits", "release"}


def test_a_policy_does_not_start_in_an_emergency_while_what_it_reads_ends(two: Two) -> None:
    with two.channel.app.database.transaction(two.channel.tenant) as conn:
        two.channel.app.policies.draft(conn, two.channel.context(AUTHOR), RELEASE)
    refused(two.second_meets(two.end_source, two.start_reader_at_once), r"there is no policy limits")
    assert two.in_force() == set()


def test_a_policy_does_not_end_while_a_process_that_asks_it_starts(two: Two) -> None:
    refused(two.second_meets(two.start_process, two.end_source), r"return_authorisation version 2 .* asks 'limits'")
    assert two.in_force() == {"limits"}


def test_a_process_does_not_start_while_a_policy_that_it_asks_gets_its_end(two: Two) -> None:
    def end_later(conn: Connection) -> None:
        two.channel.app.policies.retire(
            conn,
            two.channel.context(APPROVER),
            "limits",
            1,
            "not needed",
            at=two.channel.clock.now() + timedelta(days=9),
        )

    told = r"asks 'limits', and no version of it would be in force"
    refused(two.second_meets(end_later, two.start_process), told)
    with two.channel.app.database.transaction(two.channel.tenant, read_only=True) as conn:
        found = [v["version"] for v in list_versions(conn) if v["process"] == "return_authorisation"]
    assert found == [1]


def test_of_two_who_begin_at_one_moment_one_is_refused(two: Two) -> None:
    two.approved(RELEASE, "release")
    ready = threading.Barrier(2)

    def work(change: Change) -> bool:
        ready.wait()
        try:
            two.do(change)
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        started, ended = pool.map(work, (two.start_reader, two.end_source))
    assert (started, ended) in ((True, False), (False, True))
    assert two.in_force() == ({"limits", "release"} if started else set())


def test_changes_of_another_tenant_do_not_wait(two: Two) -> None:
    with two.channel.app.database.transaction(two.channel.tenant) as conn:
        two.end_source(conn)
        with two.channel.app.database.transaction(uuid4()) as other:
            other.execute("set local lock_timeout = '1s'")
            take_turn(other)
        with two.channel.app.database.transaction(two.channel.tenant) as same:
            same.execute("set local lock_timeout = '1ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable), same.transaction():
                take_turn(same)
