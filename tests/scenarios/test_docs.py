"""The documentation keeps its word: the tutorial runs as written, and what pages name exists."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headgate.entry import main
from headgate.store import embedded

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-orders.md"
_BLOCK = re.compile(r"^```console *(?P<how>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page. `how` stands after `console`: `fails` expects a failure, `about` lets numbers differ."""

    line: int
    text: str
    output: str
    how: str


def commands_of(page: str) -> list[Command]:
    """The commands of all `console` blocks of a page, in order, each with the output shown below it."""
    found = []
    for block in _BLOCK.finditer(page):
        start = page.count("\n", 0, block.start("body")) + 1
        place, text, output = 0, "", list[str]()
        for number, line in enumerate(block["body"].splitlines(), start):
            if line.startswith("$ "):
                if text:
                    found.append(Command(place, text, "\n".join(output), block["how"]))
                place, text, output = number, line[2:], []
            else:
                output.append(line)
        found.append(Command(place, text, "\n".join(output), block["how"]))
    return found


def collapsed(text: str) -> list[str]:
    """Lines with single blanks, without empty ones."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def line_pattern(expected: str, how: str) -> re.Pattern[str]:
    """A shown line as a pattern: `…` stands for any text, and with `about` a number for any number."""
    parts = []
    for piece in expected.split("…"):
        if how == "about":
            parts.append(r"\d[\d,.]*".join(map(re.escape, _NUMBER.split(piece))))
        else:
            parts.append(re.escape(piece))
    return re.compile(".*".join(parts))


def fits(expected: list[str], actual: list[str], how: str) -> bool:
    """Whether every line is as shown; a shown line that is only `…` stands for any number of lines."""
    if not expected:
        return not actual
    if expected[0] == "…":
        return any(fits(expected[1:], actual[i:], how) for i in range(len(actual) + 1))
    return bool(actual and line_pattern(expected[0], how).fullmatch(actual[0])) and fits(expected[1:], actual[1:], how)


@dataclass(slots=True)
class Shell:
    """Runs a page's commands as a reader would, in one folder. `headgate` runs in this process, which saves starting it
    anew each time; everything else runs in a shell."""

    folder: Path
    patch: pytest.MonkeyPatch

    def run(self, command: str) -> tuple[int, str]:
        """Exit code, and what a terminal shows apart from progress; of failures also the error."""
        words = shlex.split(command)
        if words[0] == "export":
            self.patch.setenv(*words[1].split("=", 1))
            return 0, ""
        if words[0] != "headgate":
            done = subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr
        into = None
        if ">" in words:
            words, into = words[: words.index(">")], self.folder / words[-1]
        code, text, errors = self.headgate(words)
        if into is not None:
            into.write_text(text, encoding="utf-8")
            text = ""
        return code, text + errors if code else text

    def headgate(self, words: list[str]) -> tuple[int, str, str]:
        """Exit code, output and error output of a headgate command."""
        out, err, code = io.StringIO(), io.StringIO(), 0
        self.patch.setattr(sys, "argv", words)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1 if end.code else 0
        return code, out.getvalue(), err.getvalue()


@pytest.fixture
def shell(server_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in a folder that looks like the repository, with an installation of its own whose server stays up."""
    for name in ("docs", "packs"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in [n for n in os.environ if n.startswith("HEADGATE_") and n != "HEADGATE_TEST_RUN_FOLDER"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HEADGATE_HOME", str(server_home))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    server = embedded.start(server_home, durable=False)
    yield Shell(tmp_path, monkeypatch)
    server.release()


@pytest.mark.slow
def test_the_tutorial_runs_as_written(shell: Shell) -> None:
    commands = commands_of(TUTORIAL.read_text(encoding="utf-8"))
    assert len(commands) > 20
    wrong = []
    for command in commands:
        code, output = shell.run(command.text)
        expected, actual = collapsed(command.output), collapsed(output)
        if (code != 0) != (command.how == "fails") or not fits(expected, actual, command.how):
            where = f"{TUTORIAL.name}:{command.line}: {command.text}"
            wrong.append("\n".join([f"{where} (ended with {code}) shows:", *actual, "-- and not:", *expected, ""]))
    assert not wrong, "\n".join(wrong)


def test_shown_output_that_differs_is_noticed() -> None:
    shown = ["Order A-1: held", "…", "Tax 5.00 EUR"]
    assert fits(shown, ["Order A-1: held", "Prices", "Checks", "Tax 5.00 EUR"], "")
    assert fits(["Order …: held"], ["Order A-1: held"], "")
    assert fits(["12 orders"], ["1,034 orders"], "about")
    assert not fits(shown, ["Order A-1: held", "Prices", "Tax 5.01 EUR"], "")
    assert not fits(shown, ["Order A-1: held", "Tax 5.00 EUR", "more"], "")
    assert not fits(["12 orders"], ["1,034 orders"], "")
