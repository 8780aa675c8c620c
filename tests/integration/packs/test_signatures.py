"""A pack is not installed, and not upgraded, where an action that its process runs would not get on with a policy that
is in force: the refusal names process, stage, action, policy and what to do, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Invalid
from headgate.kernel.settings import Settings
from headgate.packs import Pack, find_pack, install_pack, read_pack
from headgate.process import list_versions
from headgate.store import Database
from headgate.wiring import App, build

FILES = read_pack(find_pack("order_governance"))
POLICIES, PROCESSES = dict(FILES.policies), dict(FILES.processes)
RETURNS = PROCESSES["processes/return_authorisation.yaml"]
READ = ("return_rules", "return_settlement", "return_disposition", "return_approvals")
# Another version of a policy, which wants to be told what no action tells it.
ASKING_MORE = (
    ("version: 1", "version: 2"),
    ("inputs:\n", "inputs:\n  - {name: region, type: string}\n"),
    ("given: {", "given: {region: north, "),
)


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def policy(name: str, *changes: tuple[str, str]) -> tuple[str, str]:
    return f"policies/{name}.yaml", changed(POLICIES[f"policies/{name}.yaml"], *changes)


def process(version: int = 1, *changes: tuple[str, str]) -> tuple[str, str]:
    text = RETURNS.replace("version: 1", f"version: {version}", 1)
    return "processes/return_authorisation.yaml", changed(text, *changes)


class Shelf:
    """Installs packs one after the other into a tenant."""

    def __init__(self, app: App, tenant: UUID, clock: FixedClock) -> None:
        self.app, self.tenant, self.clock = app, tenant, clock

    def install(
        self, version: int, policies: Sequence[tuple[str, str]] = (), processes: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.clock.move(timedelta(hours=1))
        pack = Pack("returns", version, "Returns", "", tuple(processes), tuple(policies))
        with self.app.database.transaction(self.tenant) as conn:
            install_pack(
                conn, Context(self.tenant, SYSTEM, self.clock.now()), pack, self.app.policies, self.app.actions
            )

    def refused(self, told: str, version: int, **files: Sequence[tuple[str, str]]) -> Invalid:
        before = self.standing()
        with pytest.raises(Invalid, match=told) as caught:
            self.install(version, **files)
        assert self.standing() == before, "nothing is left behind"
        return caught.value

    def standing(self) -> tuple[list[tuple[str, int, str]], list[tuple[str, int, str]]]:
        with self.app.database.transaction(self.tenant, read_only=True) as conn:
            policies = [(v.policy, v.version, v.status) for v in self.app.policies.list(conn)]
            return policies, [(v["process"], v["version"], v["status"]) for v in list_versions(conn)]


@pytest.fixture
def shelf(settings: Settings, database: Database, tenant: UUID, clock: FixedClock) -> Shelf:
    return Shelf(build(settings, clock, database), tenant, clock)


def test_a_pack_is_not_installed_whose_action_cannot_ask_a_policy_in_force(shelf: Shelf) -> None:
    shelf.install(1, policies=[policy("return_rules", *ASKING_MORE)])
    error = shelf.refused(
        r"runs 'rma\.assess', which asks policy return_rules without region, which it needs",
        2,
        policies=[policy(name) for name in READ],
        processes=[process()],
    )
    (problem,) = error.problems
    line = next(n for n, each in enumerate(RETURNS.splitlines(), start=1) if "run: rma.assess" in each)
    assert problem.field == f"processes/return_authorisation.yaml:{line} stage assessing"
    assert problem.message.startswith("process return_authorisation version 1 runs 'rma.assess', ")
    assert problem.fix.startswith("Give region a default, or leave it out: the action tells ")
    shelf.install(
        2,
        policies=[policy(name) for name in READ[1:]]
        + [
            policy(
                "return_rules",
                *ASKING_MORE[2:],
                ("version: 1", "version: 3"),
                ("inputs:\n", "inputs:\n  - {name: region, type: string, default: north}\n"),
            )
        ],
        processes=[process()],
    )  # as the refusal says
    assert shelf.standing()[1] == [("return_authorisation", 1, "active")]


def test_a_pack_is_not_upgraded_whose_action_does_not_understand_what_a_policy_in_force_answers(shelf: Shelf) -> None:
    without = changed(RETURNS, ("run: rma.assess", "run: rma.look"))
    shelf.install(1, policies=[policy(name) for name in READ], processes=[("processes/r.yaml", without)])
    shelf.install(
        2,
        policies=[
            policy(
                "return_rules", ("version: 1", "version: 2"), ("values: [authorise, ", "values: [phone, authorise, ")
            )
        ],
    )
    error = shelf.refused(
        r"runs 'rma\.assess', which does not understand outcome phone of policy return_rules", 3, processes=[process(2)]
    )
    assert all("process return_authorisation version 2 " in p.message for p in error.problems)
    assert all(p.field.endswith(" stage assessing") for p in error.problems)
    assert all("It understands " in p.fix for p in error.problems)
    assert shelf.standing()[1] == [("return_authorisation", 1, "active")]


def test_a_pack_is_not_installed_that_gives_an_action_what_it_does_not_take(shelf: Shelf) -> None:
    error = shelf.refused(
        r"passes 'speed' to rma\.assess, which does not take it",
        1,
        policies=[policy(name) for name in READ],
        processes=[process(1, ("run: rma.assess", "run: rma.assess, speed: high"))],
    )
    assert error.problems[0].field.endswith(" stage assessing")


def test_a_pack_is_not_upgraded_that_asks_what_ends_with_nothing_in_its_place(shelf: Shelf) -> None:
    without = changed(RETURNS, ("run: rma.assess", "run: rma.look"))
    shelf.install(1, policies=[policy(name) for name in READ], processes=[("processes/r.yaml", without)])
    with shelf.app.database.transaction(shelf.tenant) as conn:
        end = shelf.clock.now() + timedelta(days=30)
        shelf.app.policies.retire(
            conn, Context(shelf.tenant, SYSTEM, shelf.clock.now()), "return_rules", 1, "not needed", at=end
        )
    shelf.refused(
        r"runs 'rma\.assess', which asks policy return_rules, and no version of it would be in force",
        2,
        processes=[process(2)],
    )
