"""What whoever runs the installation does at the shell: shut, place, limit, export and delete a tenant; its roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate.cli.main import load
from headgate.kernel.settings import Settings

SLUG = "lifetime"


@pytest.fixture
def run(fresh_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on a database of its own; the parsed JSON, or the error."""
    monkeypatch.setenv("HEADGATE_HOME", str(fresh_settings.home))
    monkeypatch.setenv("HEADGATE_DATABASE_URL", fresh_settings.database_url)
    monkeypatch.setenv("HEADGATE_APP_DATABASE_URL", fresh_settings.app_database_url)
    monkeypatch.setenv("HEADGATE_DELETION_DAYS", "1")

    def call(group: str, *arguments: str) -> Any:
        result = CliRunner().invoke(load_app(group), [*arguments, "--json"], catch_exceptions=True)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    call("tenant", "create", SLUG, "--name", "Lifetime Ltd")
    return call


def load_app(group: str) -> Any:
    """The Typer application behind a group."""
    import importlib

    module = {"tenant": "tenant_life", "roles": "roles"}[group]
    assert load(group)
    return importlib.import_module(f"headgate.cli.{module}").app


def test_a_tenant_is_shut_opened_limited_placed_exported_and_asked_to_go(run: Any, tmp_path: Path) -> None:
    from headgate.kernel.errors import Conflict, DutyConflict, Invalid

    assert run("tenant", "suspend", SLUG, "--because", "unpaid", "--as", "olga")["status"] == "suspended"
    assert run("tenant", "all")["items"][0]["status"] == "suspended"
    assert run("tenant", "resume", SLUG)["status"] == "active"
    assert run("tenant", "quota", SLUG, "--limit", "people=5")["quotas"] == {"people": 5}
    assert run("tenant", "quota", SLUG)["quotas"] == {"people": 5}
    assert run("tenant", "place", SLUG, "--residency", "eu")["residency"] == "eu"
    assert run("tenant", "tree", SLUG, "--kind", "provider")["kind"] == "provider"
    assert run("tenant", "umbrella", "--tenant", SLUG)["items"] == []
    file = tmp_path / "all.zip"
    told = run("tenant", "export", SLUG, str(file))
    assert told["rows"] > 10
    assert run("tenant", "check-export", str(file))["slug"] == SLUG
    with pytest.raises(Invalid, match="there already"):
        run("tenant", "export", SLUG, str(file))
    with pytest.raises(Invalid, match="which step"):
        run("tenant", "delete", SLUG)
    run("tenant", "delete", SLUG, "--because", "the contract ended", "--as", "olga")
    with pytest.raises(DutyConflict):
        run("tenant", "delete", SLUG, "--confirm", "--as", "olga")
    run("tenant", "delete", SLUG, "--confirm", "--as", "otto")
    with pytest.raises(Conflict, match="waits until"):
        run("tenant", "delete", SLUG, "--carry-out")
    assert run("tenant", "sweep")["items"] == []
    assert run("tenant", "delete", SLUG, "--withdraw", "--as", "olga")["status"] == "suspended"


def test_roles_are_made_explained_and_kept_apart(run: Any, tmp_path: Path) -> None:
    there = ("--tenant", SLUG)
    run("tenant", "add-person", "ana@lifetime.example", "--name", "Ana", "--role", "support", *there)
    made = ("--title", "Clerk", "--description", "Enters orders", "--permission", "orders.write")
    assert run("roles", "save", "clerk", *made, *there)["status"] == "active"
    run("tenant", "grant", "ana@lifetime.example", "clerk", *there)
    found = run("roles", "why", "ana@lifetime.example", "orders.write", *there)
    assert found["allowed"]
    assert "clerk (your own, revision 1) in force since" in found["lines"][0]
    assert not run("roles", "why", "ana@lifetime.example", "admin", *there)["allowed"]
    matrix = run("roles", "matrix", *there)
    file = tmp_path / "matrix.json"
    file.write_text(json.dumps(matrix["rules"][1:]))
    assert run("roles", "propose-matrix", str(file), "--note", "we are two people", *there)["version"] == 1
    assert {row["role"] for row in run("roles", "list", *there)["items"]} >= {"operator", "support", "clerk"}
    assert "admin" in {row["permission"] for row in run("roles", "permissions")["items"]}
