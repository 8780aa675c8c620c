"""Write docs/reference/cli.md from the commands themselves: `python scripts/reference.py`, or `… check` to compare."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headgate.cli.main import everything

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
INTRO = """\
# Command line

Written by `python scripts/reference.py` from the commands themselves; change those, not this page.

Every list and show command takes `--json`. The tenant is `--tenant`, or `HEADGATE_TENANT`. Errors go to standard error
and say what to do; the exit code is 1 for what was refused and 2 for bad usage.
"""


def render() -> str:
    """The whole page."""
    return "\n".join([INTRO, *(_section(*found) for found in _commands(everything(), "headgate"))])


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command with its full name, in the order in which `--help` lists them."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from _commands(child, f"{path} {name}")


def _section(path: str, command: Any) -> str:
    shown = [p for p in command.params if p.name != "help" and not p.hidden]
    given = [p for p in shown if p.param_type_name == "argument"]
    options = [p for p in shown if p.param_type_name == "option"]
    usage = [path, *(_argument(p) for p in given), *(f"{p.opts[0]} {p.name.upper()}" for p in options if p.required)]
    lines = [f"## {path}", "", " ".join((command.help or "").split()), "", "```", " ".join(usage), "```", ""]
    rows = [(f"`{_argument(p)}`", p) for p in given] + [(_names(p), p) for p in options]
    if rows:
        lines += ["| | |", "|---|---|"]
        lines += [f"| {name} | {_meaning(p)} |" for name, p in rows] + [""]
    return "\n".join(lines)


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    more = "…" if parameter.nargs == -1 or parameter.multiple else ""
    return f"{name}{more}" if parameter.required else f"[{name}{more}]"


def _names(parameter: Any) -> str:
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _meaning(parameter: Any) -> str:
    text = " ".join((parameter.help or "").split()).replace("|", "\\|")
    default = parameter.default
    if parameter.required:
        return f"{text} Needed." if text and parameter.param_type_name == "option" else text
    plain = isinstance(default, (str, int)) and not isinstance(default, bool) and default not in ("", 0)
    return f"{text} Default: `{default}`." if plain else text


def main() -> None:
    """Write the page, or compare it."""
    page = render()
    if sys.argv[1:] != ["check"]:
        PAGE.write_text(page, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page:
        sys.exit(f"{PAGE.name} is out of date; run: python scripts/reference.py")


if __name__ == "__main__":
    main()
