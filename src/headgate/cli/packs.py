"""`headgate pack …`: make a pack, lint it, test it with scenarios, install it for a tenant."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.cli.session import By, Json, Tenant, acting, print_json, say, session, table
from headgate.kernel.clock import SystemClock
from headgate.kernel.errors import NotFound
from headgate.kernel.settings import Settings
from headgate.packs import find_pack, install_pack, read_pack
from headgate.packs.drafting import draft_pack
from headgate.packs.making import lint_pack, make_pack
from headgate.packs.scenarios import Outcome, read_suite, report, run_suite
from headgate.store import embedded
from headgate.wiring import build, known_actions

app = typer.Typer(no_args_is_help=True)
Which = Annotated[str, typer.Argument(metavar="PACK", help="A shipped pack's name, or a folder with pack.yaml.")]


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and _; the folder is named like it.")],
    into: Annotated[Path, typer.Option(help="The folder to make it in.")] = Path(),
) -> None:
    """Make a working pack: one process, one policy, one metric, one scenario. Nothing is overwritten."""
    folder = make_pack(into, name)
    say(f"{folder} is a pack. Try it: headgate pack test {folder}", wrap=False)


@app.command("lint")
def lint(pack: Which, json: Json = False) -> None:
    """Check every file of a pack: manifest, processes, policies with their tests, metrics, scenarios."""
    found = lint_pack(folder_of(pack), known_actions())
    if json:
        print_json({"issues": [asdict(each) for each in found]})
    else:
        columns = {"severity": "", "file": "File", "line": "Line", "message": "What", "fix": "Mend"}
        table("Lint", [asdict(each) for each in found], columns, f"{pack}: nothing to remark.")
    if any(each.severity == "error" for each in found):
        raise typer.Exit(1)


@app.command("test")
def play(
    pack: Which,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only scenarios whose name holds this.")] = None,
    json: Json = False,
) -> None:
    """Play a pack's scenarios on an installation of their own, which is thrown away, and tell what differs."""
    suite = read_suite(folder_of(pack))
    if not suite.stories:
        raise NotFound(f"{pack} has no scenarios; add files under its folder scenarios")
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="headgate-pack-", ignore_cleanup_errors=True) as home:
        # It is thrown away, so nothing in it has to survive.
        server = embedded.start(Path(home), durable=False)
        built = build(Settings(home=Path(home)), SystemClock())
        try:
            began = time.perf_counter()
            outcomes = run_suite(built.database, built.engine, suite, only or ())
            took = time.perf_counter() - began
        finally:
            built.close()
            server.release()
    if not outcomes:
        raise NotFound(f"no scenario of {pack} has a name with {' or '.join(only or ())}")
    failed = [each for each in outcomes if not each.passed]
    if json:
        print_json({"passed": len(outcomes) - len(failed), "failed": len(failed), "scenarios": [*map(_row, outcomes)]})
    else:
        for each in failed:
            for line in report(each):
                say(line, wrap=False)
        say(f"{len(outcomes) - len(failed)} of {len(outcomes)} scenarios passed in {took:.1f} s")
    if failed:
        raise typer.Exit(1)


@app.command("install")
def install(
    pack: Which,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Install a pack for a tenant: a shipped one at once; of a folder the policies as drafts, for two people to review
    and activate, and the processes once the policies that they use are in force. Safe to repeat."""
    folder = folder_of(pack)
    found = read_pack(folder)
    shipped = _shipped(pack)
    with session(tenant) as s, s.transaction() as (conn, ctx):
        person = acting(conn, ctx, by) if by else ctx
        if shipped:
            install_pack(conn, person, found, s.app.policies, s.app.actions)
            waiting: list[str] = []
        else:
            waiting = draft_pack(conn, person, found, s.app.policies, s.app.actions)
    if json:
        print_json({"pack": found.name, "version": found.version, "waiting": waiting, "in_force": not waiting})
    elif waiting:
        say(f"{found.name}: drafted {', '.join(waiting)}. Review, approve and activate them, then install again.")
    else:
        say(f"{found.name}@{found.version} is in force for {tenant}")


def folder_of(pack: str) -> Path:
    """The folder of a pack given by its path or, when there is none, by the name of a shipped one."""
    path = Path(pack)
    return path if (path / "pack.yaml").is_file() else find_pack(pack)


def _shipped(pack: str) -> bool:
    return not (Path(pack) / "pack.yaml").is_file()


def _row(outcome: Outcome) -> dict[str, Any]:
    scenario = outcome.scenario
    return {
        "name": scenario.name,
        "file": scenario.file,
        "line": scenario.line,
        "passed": outcome.passed,
        "differences": [asdict(each) for each in outcome.mismatches],
        "why": dict(outcome.why),
    }
