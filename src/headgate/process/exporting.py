"""A process version as a file: its source, its picture, or BPMN for modellers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from psycopg import Connection

from headgate.kernel.errors import NotFound, invalid
from headgate.policy import PolicyService
from headgate.policy.core.model import PolicyTable
from headgate.process.core.bpmn.writing import MEDIA, write_bpmn
from headgate.process.core.definition import Definition, within
from headgate.process.core.diagram import diagram
from headgate.process.core.parse import read_definition
from headgate.process.core.rules.finding import steps_of
from headgate.process.definitions import list_versions, source_of

Form = Literal["bpmn", "svg", "yaml"]
FORMS: Final[tuple[Form, ...]] = ("bpmn", "svg", "yaml")
_MEDIA: Final = {"bpmn": MEDIA, "svg": "image/svg+xml", "yaml": "application/yaml"}
_NOT_IN_FILES: Final = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class ProcessFile:
    """A file and what to call it."""

    name: str
    media_type: str
    text: str


def version_in_force(conn: Connection[Any], process: str) -> int:
    """The active version of a process, else its newest. Raises `NotFound`."""
    own = [v for v in list_versions(conn) if v["process"] == process]
    if not own:
        raise NotFound(f"there is no process {process}")
    active = [v["version"] for v in own if v["status"] == "active"]
    return int(active[0] if active else max(v["version"] for v in own))


def export_process(
    conn: Connection[Any], policies: PolicyService, process: str, version: int, form: str, at: datetime
) -> ProcessFile:
    """A version as a file; version 0 is the one in force. Policies are described as they are at the instant.

    Raises `NotFound`, and `Invalid` for a form that there is not.
    """
    if form not in FORMS:
        raise invalid("format", form, "is no form of a process", f"Use one of {', '.join(FORMS)}.")
    chosen = version or version_in_force(conn, process)
    source = source_of(conn, process, chosen)
    name = f"{_NOT_IN_FILES.sub('_', process)}-{chosen}.{form}"
    if form == "yaml":
        return ProcessFile(name, _MEDIA[form], source)
    definition = read_definition(source, f"{process}@{chosen}")
    if form == "svg":
        return ProcessFile(name, _MEDIA[form], diagram(definition, style=True) + "\n")
    return ProcessFile(name, _MEDIA[form], write_bpmn(definition, _policies(conn, policies, definition, at)))


def _policies(conn: Connection[Any], policies: PolicyService, definition: Definition, at: datetime) -> dict[str, str]:
    """What a reader of the file should know of each policy that is asked: title, version, and the clauses it rests
    on."""
    active = policies.active(conn, at)
    asked = {
        step.name
        for stage in definition.stages.values()
        for step in within(steps_of(stage))
        if step.kind in ("decide", "approve")
    }
    return {name: _about(active[name].table) for name in sorted(asked) if name in active}


def _about(table: PolicyTable) -> str:
    rows = [*table.rows, *([table.default] if table.default is not None else [])]
    clauses = dict.fromkeys(row.clause for row in rows if row.clause)
    rests = f" Rests on {'; '.join(clauses)}." if clauses else ""
    return f"Policy {table.policy}, version {table.version}: {table.title}.{rests}"
