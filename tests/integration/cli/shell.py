"""The command line as a person or a script uses it: arguments in, exit code and both outputs out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from headgate.cli import Launcher, run
from headgate.kernel.settings import Settings

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What a script reads: nothing but JSON on stdout."""
        return json.loads(self.out)


@dataclass(slots=True)
class Shell:
    """Runs commands against the database of some settings. `served` and `worked` record what the launcher was told."""

    settings: Settings
    served: list[tuple[str, int, bool]] = field(default_factory=list)
    worked: list[int] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that choose the database."""
        return {
            "HEADGATE_HOME": str(self.settings.home),
            "HEADGATE_DATABASE_URL": self.settings.database_url,
            "HEADGATE_APP_DATABASE_URL": self.settings.app_database_url,
            "COLUMNS": str(WIDTH),
        }

    def run(self, *arguments: str) -> Ran:
        """A command in this process, through the entry that turns errors into messages."""
        stdout, stderr = io.StringIO(), io.StringIO()
        launcher = Launcher(
            serve=lambda app, host, port, ready, beside, processes: self.served.append((host, port, beside)),
            work=lambda app, lanes: self.worked.append(lanes),
        )
        code = 0
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.delenv("HEADGATE_TENANT", raising=False)
            patch.setattr(sys, "argv", ["headgate", *arguments])
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                try:
                    run(launcher)
                except SystemExit as end:
                    code = end.code if isinstance(end.code, int) else 1
        return Ran(code, stdout.getvalue(), stderr.getvalue())

    def ok(self, *arguments: str) -> Ran:
        """A command that must succeed."""
        ran = self.run(*arguments)
        assert ran.code == 0, f"headgate {' '.join(arguments)}: exit code {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def read(self, *arguments: str) -> Any:
        """What a command prints with --json."""
        return self.ok(*arguments, "--json").json()

    def start(self, *arguments: str, extra: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """A command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", "from headgate.entry import main; main()", *arguments],
            env={**os.environ, **self.environment, **(extra or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
