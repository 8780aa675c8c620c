"""Write docs/reference/cli.md from the commands themselves and docs/reference/actions.md from what actions declare:
`python scripts/reference.py`, or `… check` to compare."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from headgate.cli.main import everything
from headgate.process.core.signature import Asking, Signature, Slot
from headgate.wiring import known_actions

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
ACTIONS = """\
# Actions

Written by `python scripts/reference.py` from what the actions declare (`signatures.py` beside them); change that, not
this page.

What a step `run` of a process can do ([Add a process](../how-to/add-a-process.md)). Inputs are arguments of the step;
what an action gives is kept under the step's id. `?` says that an input may be left out, and that an output may be
missing. `headgate processes lint` holds process files against this ([Lints of process files](process-lints.md)).

Some actions ask policies. Such a policy may need fewer facts than the action tells it, and may answer more than the
action reads; a version that needs another fact, or leaves out what is read, is not reviewed or activated while a
process runs the action. Of an output with few values the action understands these and no others. `?` says that the
action does without the output, or without the policy.
"""
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


def render_actions() -> str:
    """The page of actions."""
    return "\n".join([ACTIONS, *(_action(name, signature) for name, signature in sorted(known_actions().items()))])


def _action(name: str, signature: Signature) -> str:
    does = signature.does[0].upper() + signature.does[1:]
    lines = [f"## {name}", "", f"{does}.", ""]
    rows = [*_slots(signature.takes, "takes"), *_slots(signature.gives, "gives")]
    if rows:
        lines += ["| | name | kind | |", "|---|---|---|---|", *rows, ""]
    if signature.asks:
        lines += ["| asks policy | tells | reads |", "|---|---|---|"]
        lines += [_asking(policy, asking) for policy, asking in signature.asks.items()]
        lines.append("")
    return "\n".join(lines)


def _asking(policy: str, asking: Asking) -> str:
    reads = [found for name, slot in asking.reads.items() for found in _outputs(name, slot)]
    tells = ", ".join(_named(name, slot) for name, slot in asking.tells.items())
    return f"| `{policy}`{' ?' if asking.optional else ''} | {tells} | {', '.join(reads)} |"


def _outputs(name: str, slot: Slot) -> Iterator[str]:
    """An output, or those of every row that fits."""
    if slot.kind == "list" and slot.fields:
        yield from (f"{_named(field, each)} of every row" for field, each in slot.fields.items())
    else:
        yield _named(name, slot)


def _named(name: str, slot: Slot) -> str:
    values = f": {', '.join(f'`{v}`' for v in slot.values)}" if slot.values else ""
    return f"`{name}`{_maybe(slot)} ({slot.kind}{values})"


def _slots(slots: Mapping[str, Slot], side: str) -> Iterator[str]:
    for name, slot in slots.items():
        values = f": {', '.join(f'`{v}`' for v in slot.values)}" if slot.values else ""
        fields = f" with {', '.join(f'`{f}`{_maybe(s)}' for f, s in slot.fields.items())}" if slot.fields else ""
        yield f"| {side} | `{name}`{_maybe(slot)} | {slot.kind}{values}{fields} | {slot.about} |"


def _maybe(slot: Slot) -> str:
    return " ?" if slot.optional else ""


def main() -> None:
    """Write the pages, or compare them."""
    for name, page in {"cli.md": render(), "actions.md": render_actions()}.items():
        path = FOLDER / name
        if sys.argv[1:] != ["check"]:
            path.write_text(page, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != page:
            sys.exit(f"{name} is out of date; run: python scripts/reference.py")


if __name__ == "__main__":
    main()
