"""Backtests on the command line: run, read, explain, in the background, interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from headgate.access import find_tenant
from headgate.cli import backtests as commands
from headgate.cli.session import operator
from headgate.kernel.clock import SystemClock
from headgate.kernel.context import Context
from headgate.kernel.ids import new_id
from headgate.kernel.settings import Settings
from headgate.policy import draft_decision, record_decisions
from headgate.policy.backtest import Backtests, Prepared, ahead_of, keeping
from headgate.wiring import build
from tests.integration.cli.shell import Shell

TEXT = """\
policy: rule
version: {version}
title: Rule
owner: finance
hit: first
inputs: [{{name: stake, type: number}}, {{name: partner, type: string}}]
outputs: [{{name: outcome, type: enum, values: [pass, hold]}}]
rows:
  - {{id: large, when: {{stake: "> {limit}"}}, then: {{outcome: hold}}, because: "{{stake}} is more than {limit}"}}
  - {{id: small, when: {{stake: "<= {limit}"}}, then: {{outcome: pass}}}}
tests:
  - {{given: {{stake: 100000, partner: A}}, expect: {{outcome: hold}}}}
  - {{given: {{stake: 1, partner: A}}, expect: {{outcome: pass}}}}
"""


@pytest.fixture(scope="module")
def office(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, str]:
    """A tenant with thirty decisions of yesterday, and a file with a stricter version."""
    shell = Shell(module_settings)
    shell.ok("tenant", "create", "lookback", "--name", "Look back", "--pack", "channel_revenue")
    app = build(module_settings)
    tenant = find_tenant(app.database, "lookback")
    now = app.clock.now()
    ctx = Context(tenant, operator(), now)
    with app.database.transaction(tenant) as conn:
        app.policies.install(conn, ctx, TEXT.format(version=1, limit="100"), pack="test")
        rule = app.policies.compiled(conn, "rule", 1)
        for number in range(30):
            at = now - timedelta(hours=24, minutes=number)
            said = rule.evaluate({"stake": str(10 * number), "partner": f"P-{number % 2}"})
            record_decisions(
                conn, [draft_decision(new_id(at), at, [said], subject_type="thing", subject=f"T-{number}")]
            )
    app.close()
    file = tmp_path_factory.mktemp("texts") / "stricter.yaml"
    file.write_text(TEXT.format(version=2, limit="50"), encoding="utf-8")
    return shell, str(file)


def days() -> tuple[str, ...]:
    """The last few."""
    return ("--from", _day(-3), "--to", _day(0))


def _day(ahead: int) -> str:
    return (SystemClock().now() + timedelta(days=ahead)).date().isoformat()


def test_it_runs_to_the_end_and_tells_who_is_hit(office: tuple[Shell, str]) -> None:
    shell, file = office
    found = shell.read("backtest", "run", "rule", "--file", file, *days(), "--tenant", "lookback")
    assert (found["status"], found["done"]) == ("done", 30)
    assert found["result"]["candidates"][0]["decisions"]["flipped"] == 5
    run = found["run"]
    flips = shell.read("backtest", "flips", run, "--partner", "P-0", "--tenant", "lookback")
    assert [f["subject"] for f in flips["items"]] == ["T-10", "T-8", "T-6"]
    why = shell.read("backtest", "explain", run, "1", "--tenant", "lookback")
    assert why["evaluations"][0]["now"]["reasons"] == ["100 is more than 50"]
    told = shell.ok("backtest", "show", run, "--tenant", "lookback").out
    assert "5 of 30 decisions would have come out otherwise" in told
    assert "small" in shell.ok("backtest", "explain", run, "1", "--tenant", "lookback").out
    assert run in shell.ok("backtest", "list", "--tenant", "lookback").out


def test_a_limit_on_flips_is_told_by_the_exit_code(office: tuple[Shell, str]) -> None:
    shell, file = office
    arguments = ("backtest", "run", "rule", "--file", file, *days(), "--tenant", "lookback")
    assert shell.run(*arguments, "--at-most", "5").code == 0
    assert shell.run(*arguments, "--at-most", "4").code == 3


def test_it_can_be_left_to_a_worker_and_cancelled(office: tuple[Shell, str]) -> None:
    shell, file = office
    arguments = ("backtest", "run", "rule", "--file", file, *days(), "--background", "--tenant", "lookback")
    found = shell.read(*arguments)
    assert (found["status"], found["result"]) == ("queued", None)
    assert "is cancelled" in shell.ok("backtest", "cancel", found["run"], "--tenant", "lookback").out
    assert shell.run("backtest", "cancel", found["run"], "--tenant", "lookback").code == 1


def test_an_interruption_cancels_it(office: tuple[Shell, str], monkeypatch: pytest.MonkeyPatch) -> None:
    shell, file = office

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Backtests, "work", interrupted)
    ran = shell.run("backtest", "run", "rule", "--file", file, *days(), "--tenant", "lookback")
    assert ran.code == 130
    assert "is cancelled" in ran.out


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few decisions lie together, they are kept, ten at a time."""
    monkeypatch.setattr(keeping, "STRETCH", 10)
    monkeypatch.setattr(keeping, "LEAST", 1)
    monkeypatch.setattr(commands, "ahead_of", partial(ahead_of, enough=1, at_once=5))


@pytest.mark.usefixtures("few")
def test_columns_are_kept_ahead_of_time_and_a_second_time_there_is_nothing_to_do(office: tuple[Shell, str]) -> None:
    shell, file = office
    before = shell.read("backtest", "run", "rule", "--file", file, *days(), "--tenant", "lookback")["result"]
    asked = ("backtest", "prepare", "--policy", "rule", "--tenant", "lookback")
    assert "0 of 0 decisions" in shell.ok("backtest", "prepare", "--days", "1", "--tenant", "lookback").out
    found = shell.read(*asked)
    assert (found["decisions"], found["left"], found["done"]) == (30, 0, True)
    assert found["kept_before"] + found["kept_now"] == 30
    assert "30 of 30 decisions since" in shell.ok(*asked).out
    again = shell.read(*asked)
    assert (again["kept_before"], again["kept_now"]) == (30, 0)
    assert shell.read("backtest", "run", "rule", "--file", file, *days(), "--tenant", "lookback")["result"] == before


def test_few_decisions_are_left_to_a_run_with_a_word(office: tuple[Shell, str]) -> None:
    told = office[0].ok("backtest", "prepare", "--policy", "rule", "--days", "100", "--tenant", "lookback").out
    assert "of 30 decisions" in told


def test_it_waits_for_a_worker_and_an_interruption_leaves_what_is_kept(
    office: tuple[Shell, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Iterator[Prepared | None] = iter([None, Prepared(read=30, added=30, whole=True)])
    monkeypatch.setattr(commands, "TURN_SECONDS", 0)
    monkeypatch.setattr(Backtests, "prepare", lambda *_: next(answers))
    assert office[0].read("backtest", "prepare", "--tenant", "lookback")["kept_now"] == 30

    def interrupted(*arguments: object) -> None:
        arguments[-1](Prepared(read=20, added=10))  # type: ignore[operator]  # the last is told how far it is
        raise KeyboardInterrupt

    monkeypatch.setattr(Backtests, "prepare", interrupted)
    ran = office[0].run("backtest", "prepare", "--tenant", "lookback")
    assert ran.code == 130
    assert "10 of 30 decisions" in ran.out


def test_a_policy_that_is_not_there_cannot_be_prepared(office: tuple[Shell, str]) -> None:
    ran = office[0].run("backtest", "prepare", "--policy", "nothing", "--tenant", "lookback")
    assert ran.code == 1
    assert "there is no policy nothing" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rule",), "candidates: is not 1 to 5 (got 0)"),
        (("rule", "--version", "9"), "there is no version 9 of policy rule"),
        (("rule", "--version", "1", "--from", "2026-02-01", "--to", "2026-01-01"), "lies before 2026-02-01"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_word(
    office: tuple[Shell, str], arguments: tuple[str, ...], message: str
) -> None:
    ran = office[0].run("backtest", "run", *arguments, "--tenant", "lookback")
    assert ran.code == 1
    assert message in " ".join(ran.err.split())


def test_a_file_that_is_not_there_is_refused(office: tuple[Shell, str], tmp_path: Path) -> None:
    ran = office[0].run("backtest", "run", "rule", "--file", str(tmp_path / "none.yaml"), "--tenant", "lookback")
    assert ran.code == 2
