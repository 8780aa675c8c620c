"""What a start loads, and what it leaves alone until it is needed. Modules are counted, not seconds."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from headgate.cli.main import COMMANDS, GROUPS, load

# What takes long to load and most commands never need.
MIGRATING = {"alembic", "sqlalchemy"}
SERVING = {"fastapi", "starlette", "uvicorn", "jinja2", "babel", "holidays", "prometheus_client", "opentelemetry"}
LOGGING = {"structlog"}
WORKING = {"psycopg", "psycopg_pool", "zen", "yaml", "argon2", "cryptography", "psutil", "headgate.wiring"}

RUN = """
import sys
from headgate.entry import main
sys.argv = ["headgate", *{words}]
try:
    main()
except SystemExit:
    pass
"""
HELP = RUN.format(words=["--help"])
WIRING = "import sys, headgate.wiring"
TELL = "\nsys.stderr.write('loaded: ' + ' '.join(sys.modules))"


def loaded(code: str, **environment: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running some code."""
    ran = subprocess.run(
        [sys.executable, "-c", code + TELL],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout or code == WIRING, ran.stderr
    return set(ran.stderr.rpartition("loaded: ")[2].split())


def test_help_loads_nothing_of_what_commands_need() -> None:
    assert loaded(HELP) & (MIGRATING | SERVING | LOGGING | WORKING) == set()


def test_the_application_is_wired_without_what_migrates_serves_or_logs() -> None:
    assert loaded(WIRING) & (MIGRATING | SERVING | LOGGING | {"pydantic", "rich", "typer"}) == set()


def test_a_plain_command_on_a_current_database_does_not_load_what_migrates_or_serves(shell) -> None:
    shell.ok("tenant", "list")
    code = RUN.format(words=["tenant", "list", "--json"])
    assert loaded(code, **shell.environment) & (MIGRATING | SERVING | LOGGING) == set()


@pytest.mark.parametrize(("name", "line"), [(name, line) for name, _, line in (*COMMANDS, *GROUPS)])
def test_every_listed_command_is_there_and_speaks_of_the_same(name, line) -> None:
    command = load(name)
    assert command.help.split()[0] == line.split()[0]
    assert name in dict.fromkeys(entry for entry, *_ in COMMANDS) or command.commands
