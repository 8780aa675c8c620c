"""`headgate processes …`: look at process versions, lint process files, print the schema."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from headgate.access import ROLES
from headgate.cli import migrating
from headgate.cli.session import Json, Tenant, print_json, read_text, say, session, table
from headgate.kernel.errors import Invalid, invalid
from headgate.policy import PolicyTable, parse_policy
from headgate.process import get_definition, list_versions
from headgate.process.core.bpmn.writing import write_bpmn
from headgate.process.core.deciding import policy_signatures
from headgate.process.core.diagram import diagram
from headgate.process.core.lint import Known, lint_process
from headgate.process.core.parse import parse_definition, read_definition
from headgate.process.core.schema import process_schema
from headgate.process.exporting import FORMS, export_process
from headgate.wiring import known_actions

app = typer.Typer(no_args_is_help=True)
migrating.add_to(app)
Name = Annotated[str, typer.Argument(help="A process.")]
Version = Annotated[int, typer.Option(help="Without it, the newest.")]


@app.command("list")
def list_(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List every version of every process."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = list_versions(conn)
    if json:
        print_json({"items": rows})
        return
    columns = {
        "process": "Process",
        "version": "Version",
        "title": "Title",
        "status": "Status",
        "pack": "Pack",
        "valid_from": "From (UTC)",
    }
    table("Processes", rows, columns, "No processes yet: install a pack with headgate tenant create.")


@app.command("show")
def show(process: Name, version: Version = 0, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Show the stages of a process version: what each waits for, its clock, and where it leads."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        chosen = version or max((v["version"] for v in list_versions(conn) if v["process"] == process), default=1)
        found = get_definition(conn, process, chosen)
    if json:
        print_json(asdict(found) | {"children": sorted(found.children)})
        return
    rows = [
        {
            "id": stage.id,
            "title": stage.title,
            "sla": f"{stage.sla.hours.normalize():f} h" if stage.sla else "",
            "waits": ", ".join(stage.on) or ("ends" if stage.final else ""),
            "leads": ", ".join(dict.fromkeys(t.to for ts in (stage.go, *stage.on.values()) for t in ts if t.to)),
        }
        for stage in found.stages.values()
    ]
    columns = {"id": "Stage", "title": "Title", "sla": "Clock", "leads": "Leads to", "waits": "Waits for"}
    table(f"{found.title}, {process}@{chosen}", rows, columns, "")


@app.command("diagram")
def draw(
    process: Annotated[str, typer.Argument(help="A process, or a process file.")],
    out: Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help="Where the SVG goes.")],
    version: Version = 0,
    tenant: Tenant = "nordwind",
) -> None:
    """Draw a process as an SVG file: stages as boxes, transitions as arrows."""
    file = Path(process)
    if file.suffix in (".yaml", ".yml"):
        found = read_definition(read_text(file), file.name)
    else:
        with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
            chosen = version or max((v["version"] for v in list_versions(conn) if v["process"] == process), default=1)
            found = get_definition(conn, process, chosen)
    out.write_text(diagram(found, style=True) + "\n", encoding="utf-8")
    say(f"{found.process}@{found.version} is drawn in {out}", wrap=False)


@app.command("export")
def export(
    process: Annotated[str, typer.Argument(help="A process, or a process file.")],
    form: Annotated[str, typer.Option("--format", help="bpmn, svg or yaml.")] = "bpmn",
    out: Annotated[Path | None, typer.Option("--out", "-o", dir_okay=False, help="Instead of the screen.")] = None,
    version: Version = 0,
    tenant: Tenant = "nordwind",
) -> None:
    """Write a process as a file: BPMN 2.0 with layout for modellers, its picture, or its source."""
    file = Path(process)
    if file.suffix in (".yaml", ".yml"):
        text = _from_file(read_text(file), file.name, form)
    else:
        with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
            text = export_process(conn, s.app.policies, process, version, form, ctx.now).text
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    say(f"{process} is written to {out}", wrap=False)


@app.command("lint")
def lint(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    warnings: Annotated[bool, typer.Option("--strict", help="Exit code 1 on warnings too.")] = False,
    json: Json = False,
) -> None:
    """Check process files without a database: file:line:column: severity code message. Exit code 1 on errors."""
    issues = [issue for file in files for issue in lint_process(read_text(file), str(file), _known(file))]
    if json:
        print_json({"issues": [asdict(issue) for issue in issues]})
    else:
        for issue in issues:
            say(str(issue), wrap=False)
        say(f"{len(files)} files, {len(issues)} issues", wrap=False)
    if any(warnings or issue.severity == "error" for issue in issues):
        sys.exit(1)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a process file, for editors: # yaml-language-server: $schema=FILE."""
    print_json(process_schema())


def _from_file(text: str, name: str, form: str) -> str:
    if form not in FORMS:
        raise invalid("--format", form, "is no form of a process", f"Use one of {', '.join(FORMS)}.")
    found = parse_definition(text, name)
    return {"yaml": text, "svg": diagram(found, style=True) + "\n", "bpmn": write_bpmn(found)}[form]


def _known(file: Path) -> Known:
    """What is registered here, and the policies that lie in the pack beside the file."""
    folder = file.resolve().parent.parent / "policies"
    found = sorted(folder.glob("*.yaml")) if folder.is_dir() else None
    signatures = known_actions()
    return Known(
        frozenset(signatures),
        None if found is None else frozenset(each.stem for each in found),
        frozenset(ROLES),
        signatures,
        policy_signatures(_tables(found or ())),
    )


def _tables(files: Iterable[Path]) -> Iterator[PolicyTable]:
    """Those that can be read; what is wrong with the others is for `headgate policies lint` to say."""
    for file in files:
        with suppress(Invalid):
            yield parse_policy(read_text(file), str(file))
