"""The life of a policy version on the command line: who may do which step, also for somebody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.kernel.settings import Settings
from headgate.packs import find_pack
from tests.integration.cli.shell import Shell

AT = ("--tenant", "life")


@pytest.fixture(scope="module")
def shell(module_settings: Settings) -> Shell:
    """A tenant with an author, an approver and somebody without a role."""
    found = Shell(module_settings)
    found.ok("tenant", "create", "life", "--name", "Life", "--pack", "order_governance")
    for name, *role in (("ana", "--role", "channel_manager"), ("fiona", "--role", "finance_director"), ("dora",)):
        found.ok("tenant", "add-person", f"{name}@life.example", "--name", name.title(), *role, *AT)
    return found


def test_each_step_asks_whether_the_person_may_or_acts_for_one_who_may(shell: Shell, tmp_path: Path) -> None:
    text = (find_pack("order_governance") / "policies" / "price_deviation.yaml").read_text(encoding="utf-8")
    file = tmp_path / "next.yaml"
    file.write_text(text.replace("version: 1", "version: 2", 1), encoding="utf-8")
    refused = shell.run("policies", "draft", str(file), "--as", "dora@life.example", *AT)
    assert (refused.code, "policies.author" in refused.err) == (1, True)
    shell.ok("policies", "draft", str(file), "--as", "ana@life.example", *AT)
    step = ("price_deviation", "2")
    refused = shell.run("policies", "activate", *step, "--as", "ana@life.example", *AT)
    assert (refused.code, "policies.approve" in refused.err) == (1, True)
    instead = ("--as", "dora@life.example", "--for", "fiona@life.example")
    refused = shell.run("policies", "approve", *step, *instead, *AT)
    assert (refused.code, "delegated nothing" in refused.err) == (1, True)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    terms = ("--role", "finance_director", "--until", tomorrow, "--because", "away")
    shell.ok("delegations", "create", "fiona@life.example", "dora@life.example", *terms, *AT)
    told = shell.ok("policies", "approve", *step, *instead, "--because", "as agreed", *AT)
    assert "price_deviation@2 is approved" in told.out
    told = shell.ok("policies", "activate", *step, "--as", "fiona@life.example", *AT)
    assert "price_deviation@2 is active" in told.out


def test_a_version_that_a_process_reads_is_not_retired_now_or_later(shell: Shell) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
    for end in ((), ("--at", later)):
        step = (
            "policies",
            "retire",
            "credit_release",
            "1",
            "--as",
            "fiona@life.example",
            "--because",
            "over",
            *end,
            *AT,
        )
        refused = shell.run(*step)
        assert refused.code == 1
        assert "process order_to_release version " in refused.err
        assert "which asks policy credit_release, and no version of it would be in force" in " ".join(
            refused.err.split()
        )
    versions = json.loads(shell.ok("policies", "list", *AT, "--json").out)["items"]
    assert [v["status"] for v in versions if v["policy"] == "credit_release"] == ["active"]
