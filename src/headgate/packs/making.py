"""A new pack that works from the start, and the lints of a whole pack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from headgate.access import ROLES
from headgate.kernel.errors import Conflict, Invalid, invalid
from headgate.packs.core.metrics import parse_metric
from headgate.packs.core.template import FILES
from headgate.packs.loader import Pack, read_pack
from headgate.packs.scenarios import read_suite
from headgate.policy import PolicyTable, check_text
from headgate.process.core.deciding import policy_signatures
from headgate.process.core.lint import Known, lint_process
from headgate.process.core.signature import Signature

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,39}")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to mend (severity error) or to think about (warning) in a pack's file."""

    severity: str
    file: str
    line: int
    message: str
    fix: str = ""


def make_pack(into: Path, name: str) -> Path:
    """Write a pack called `name` under the folder `into` and return its folder. Raises Invalid for a name that cannot
    be one, Conflict when something of that name is there already; then nothing is written."""
    if not _NAME.fullmatch(name):
        raise invalid("name", name, "is not a pack's name", "Use 3 to 40 lower-case letters, digits and _.")
    folder = into / name
    if folder.exists():
        raise Conflict(f"{folder} is there already, and nothing is overwritten; choose another name or folder")
    if not into.is_dir():
        raise invalid("into", str(into), "is not a folder", "Make it first.")
    title = name.replace("_", " ").capitalize()
    for path, text in FILES.items():
        target = folder / path.replace("NAME", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("NAME", name).replace("TITLE", title), encoding="utf-8")
    return folder


def lint_pack(folder: Path, actions: Mapping[str, Signature] | None = None) -> list[Remark]:
    """Everything wrong with a pack's files; an empty list is good. Only a manifest that cannot be read raises.

    `actions` are those of the installation, with what each takes and gives; None where that is not known.
    """
    pack = read_pack(folder)
    found = [*_processes(pack, _known(pack, actions)), *_policies(pack), *_metrics(pack)]
    try:
        suite = read_suite(folder)
    except Invalid as error:
        found += _remarks("scenarios", error)
    else:
        if not suite.stories:
            fix = "Add files under scenarios; headgate pack new shows how."
            found.append(Remark("warning", "scenarios", 0, "the pack has no scenarios", fix))
    return found


def _known(pack: Pack, actions: Mapping[str, Signature] | None) -> Known:
    policies = frozenset(Path(file).stem for file, _ in pack.policies)
    decides = policy_signatures(_tables(pack))
    return Known(None if actions is None else frozenset(actions), policies, frozenset(ROLES), actions or {}, decides)


def _tables(pack: Pack) -> Iterator[PolicyTable]:
    """Those of the pack's policies that can be read; what is wrong with the others is said of them."""
    for file, text in pack.policies:
        with suppress(Invalid):
            yield check_text(text, file).table


def _processes(pack: Pack, known: Known) -> Iterator[Remark]:
    for file, text in pack.processes:
        for issue in lint_process(text, file, known):
            said = f"{issue.where}: {issue.message}" if issue.where else issue.message
            yield Remark(issue.severity, file, issue.line, said, issue.fix)


def _policies(pack: Pack) -> Iterator[Remark]:
    for file, text in pack.policies:
        try:
            issues = check_text(text, file).issues
        except Invalid as error:
            yield from _remarks(file, error)
            continue
        for issue in issues:
            yield Remark(issue.severity, file, issue.line, issue.message, issue.fix)


def _metrics(pack: Pack) -> Iterator[Remark]:
    names: dict[str, str] = {}
    for file, text in pack.metrics:
        try:
            metric = parse_metric(text, file)
        except Invalid as error:
            yield from _remarks(file, error)
            continue
        if metric.metric in names:
            yield Remark("error", file, 1, f"metric {metric.metric} stands in {names[metric.metric]} as well", "")
        names[metric.metric] = file


def _remarks(file: str, error: Invalid) -> Iterator[Remark]:
    for problem in error.problems or ():
        name, _, line = problem.field.rpartition(":")
        known = name and line.isdecimal()
        yield Remark("error", name if known else file, int(line) if known else 0, problem.message, problem.fix)
    if not error.problems:
        yield Remark("error", file, 0, error.message)
