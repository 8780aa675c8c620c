"""The shipped packs' own scenarios, a pack made anew, and what a scenario that fails looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Conflict, Invalid
from headgate.kernel.settings import Settings
from headgate.packs import find_pack, install_pack, read_pack
from headgate.packs.drafting import draft_pack
from headgate.packs.making import lint_pack, make_pack
from headgate.packs.scenarios import Outcome, read_suite, report, run_suite
from headgate.packs.scenarios.stage import play
from headgate.policy.core import Evaluation
from headgate.process import Action, ActionCall, ActionResult, list_versions
from headgate.process.core.running import Decide
from headgate.process.core.signature import Signature, Slot, misfits
from headgate.store import Database
from headgate.wiring import App, build, known_actions


@pytest.fixture
def app(database: Database, clock: FixedClock, tmp_path: Path) -> App:
    return build(Settings(home=tmp_path / "home"), clock, database=database)


def played(app: App, folder: Path, *only: str) -> list[Outcome]:
    return run_suite(app.database, app.engine, read_suite(folder), only)


class Read(dict[str, Any]):
    """What a policy answered, which notes every output that is read of it and that the action does not declare."""

    def __init__(self, outputs: Mapping[str, Any], declared: Mapping[str, Slot], said: str, undeclared: list[str]):
        rows = {
            name: tuple(Read(each, declared[name].fields, f"{said}.{name}", undeclared) for each in value)
            for name, value in outputs.items()
            if name in declared and declared[name].fields
        }
        super().__init__({**outputs, **rows})
        known = {"outcome", *declared}  # the outcome is read of every answer, for the record of the decision
        self.note = lambda name: undeclared.append(f"{said} {name}") if name not in known else None

    def __getitem__(self, name: str) -> Any:
        self.note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.note(name)
        return super().get(name, default)


def watch_actions(app: App) -> list[str]:
    """Hold what every action is given and gives against what it declares; what differs is added to the list."""
    differs: list[str] = []
    registry = app.engine.registry
    assert registry.actions.keys() == registry.signatures.keys()

    def asked(action: str, signature: Signature, decide: Decide) -> Decide:
        def ask(policy: str, inputs: Mapping[str, object]) -> Evaluation:
            asking = signature.asks.get(policy)
            if asking is None:
                differs.append(f"{action} asks {policy}")
                return decide(policy, inputs)
            differs.extend(f"{action} tells {policy}: {said}" for said in misfits(asking.tells, inputs))
            found = decide(policy, inputs)
            return found._replace(outputs=Read(found.outputs, asking.reads, f"{action} reads {policy}", differs))

        return ask

    def watched(name: str, act: Action) -> Action:
        def run(call: ActionCall) -> ActionResult:
            signature = registry.signatures[name]
            result = act(call._replace(decide=asked(name, signature, call.decide)))
            differs.extend(f"{name} takes: {said}" for said in misfits(signature.takes, call.args))
            differs.extend(f"{name} gives: {said}" for said in misfits(signature.gives, result.outputs))
            return result

        return run

    registry.actions = {name: watched(name, act) for name, act in registry.actions.items()}
    return differs


def told(outcomes: list[Outcome]) -> str:
    return "\n".join(line for each in outcomes if not each.passed for line in report(each))


@pytest.mark.slow
@pytest.mark.parametrize(("pack", "least"), [("order_governance", 15), ("channel_revenue", 12)])
def test_every_scenario_of_a_shipped_pack_comes_as_it_says(app: App, pack: str, least: int) -> None:
    undeclared = watch_actions(app)
    outcomes = played(app, find_pack(pack))
    assert told(outcomes) == ""
    assert len(outcomes) >= least
    assert [r for r in lint_pack(find_pack(pack), known_actions()) if r.severity == "error"] == []
    assert undeclared == []


def test_scenarios_leave_nothing_behind(app: App, tenant: UUID, clock: FixedClock) -> None:
    suite = read_suite(find_pack("channel_revenue"))
    (story,) = suite.stories
    with app.database.transaction(tenant) as conn:
        install_pack(
            conn, Context(tenant, SYSTEM, clock.now() - timedelta(days=1)), suite.pack, app.policies, app.actions
        )
    with app.database.transaction(tenant) as conn:
        assert [o.passed for o in play(conn, tenant, app.engine, suite.changed, story, ["withdrawn", "draft"])] == [
            True
        ] * 3
    with app.database.transaction(tenant) as conn:
        for table in ("cases", "events", "inbox", "principals", "outbox"):
            assert conn.execute(f"select count(*) from {table}").fetchone() == (0,), table


def test_a_new_pack_works_at_once_and_is_never_overwritten(app: App, tmp_path: Path) -> None:
    folder = make_pack(tmp_path, "trial_pack")
    assert lint_pack(folder, known_actions()) == []
    outcomes = played(app, folder)
    assert told(outcomes) == ""
    assert len(outcomes) == 1
    before = {path: path.read_text() for path in folder.rglob("*.yaml")}
    with pytest.raises(Conflict, match="nothing is overwritten"):
        make_pack(tmp_path, "trial_pack")
    assert {path: path.read_text() for path in folder.rglob("*.yaml")} == before


def test_a_process_of_a_pack_is_held_against_what_actions_give(tmp_path: Path) -> None:
    folder = make_pack(tmp_path, "trial_pack")
    file = folder / "processes" / "trial_pack.yaml"
    text = file.read_text().replace("stake: $assess.stake\n", "stake: $assess.steak\n", 1)
    file.write_text(text.replace("run: price_exception.grant", "run: price_exception.grand"))
    wrong, unknown = lint_pack(folder, known_actions())
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "steak" in each)
    assert (wrong.severity, wrong.file, wrong.line) == ("error", "processes/trial_pack.yaml", line)
    assert (wrong.message, wrong.fix) == (
        "assessing: reads '$assess.steak', but price_exception.assess gives no steak",
        "Did you mean stake?",
    )
    assert (unknown.severity, "price_exception.grand" in unknown.message) == ("warning", True)
    assert "for example price_exception.grant" in unknown.fix
    assert lint_pack(folder) == [], "without an installation nothing is known of its actions"


@pytest.mark.parametrize("name", ["Bad", "a", "../up", "has-dash", "x" * 41, ""])
def test_a_name_that_cannot_be_one_makes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        make_pack(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_difference_names_line_expectation_and_reason(app: App, tmp_path: Path) -> None:
    folder = make_pack(tmp_path, "trial_pack")
    file = folder / "scenarios" / "trial_pack.yaml"
    text = file.read_text().replace("stage: granted, outcome: granted", "stage: declined, outcome: granted")
    file.write_text(text)
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "stage: declined" in each)
    (outcome,) = played(app, folder)
    assert not outcome.passed
    shown = told([outcome])
    assert f"scenarios/trial_pack.yaml:{line} expected.cases[0].stage" in shown
    assert re.search(r"expected  declined\n +got       granted", shown)
    assert "why R-1 was decided so" in shown
    assert "A special price is for the channel manager" in shown


def test_what_should_be_refused_and_is_not_differs_and_the_other_way_round(app: App, tmp_path: Path) -> None:
    folder = make_pack(tmp_path, "trial_pack")
    file = folder / "scenarios" / "trial_pack.yaml"
    text = file.read_text()
    file.write_text(text.replace("reason: worth it for the volume", "refused: too cheap"))
    assert "expected  refused: too cheap\n    got       taken" in told(played(app, folder))
    file.write_text(text.replace(", refused: asked for this", ""))
    assert "expected  to be taken\n    got       refused: user:rita@scenario.example asked" in told(played(app, folder))


def test_a_pack_of_a_folder_goes_through_review(app: App, tenant: UUID, clock: FixedClock, tmp_path: Path) -> None:
    pack = read_pack(make_pack(tmp_path, "trial_pack"))
    author = Context(tenant, Principal("user:ana", "person"), clock.now())
    with app.database.transaction(tenant) as conn:
        assert draft_pack(conn, author, pack, app.policies, app.actions) == ["trial_pack_approvals@1"]
        assert draft_pack(conn, author, pack, app.policies, app.actions) == ["trial_pack_approvals@1"]
        assert list_versions(conn) == []
        other = Context(tenant, Principal("user:ben", "person"), clock.now())
        app.policies.approve(conn, other, "trial_pack_approvals", 1)
        app.policies.activate(conn, other, "trial_pack_approvals", 1)
        assert draft_pack(conn, author, pack, app.policies, app.actions) == []
        assert [v["process"] for v in list_versions(conn)] == ["trial_pack"]
