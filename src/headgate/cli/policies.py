"""`headgate policies …`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.cli.session import Json, Tenant, acting, print_json, read_json, read_text, say, session, shown, table
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import invalid
from headgate.policy import compile_policy, lint, parse_policy, run_examples

app = typer.Typer(no_args_is_help=True)
As = Annotated[str, typer.Option("--as", help="Who acts: a principal id or an e-mail address.")]


@app.command("list")
def list_(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List every version of every policy."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [asdict(v) for v in s.app.policies.list(conn)]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "policy": "Policy",
        "version": "Version",
        "status": "Status",
        "title": "Title",
        "valid_from": "From (UTC)",
        "valid_until": "Until (UTC)",
    }
    table("Policies", rows, columns, "No policies yet: install a pack with headgate tenant create.")


@app.command("show")
def show(
    policy: Annotated[str, typer.Argument()],
    version: Annotated[int, typer.Option(help="Without it, the newest.")] = 0,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Print a policy version as authored."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        chosen = version or max((v.version for v in s.app.policies.versions(conn, policy)), default=1)
        found = s.app.policies.get(conn, policy, chosen)
        text = s.app.policies.text(conn, policy, chosen)
    if json:
        print_json(asdict(found) | {"text": text})
    else:
        sys.stdout.write(text)


@app.command("lint")
def check(files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)], json: Json = False) -> None:
    """Lint policy files and run their tests, without a database; exit code 1 on errors."""
    found: list[dict[str, Any]] = []
    failed = False
    for file in files:
        table_ = parse_policy(read_text(file), file.name)
        issues = lint(table_)
        examples = run_examples(compile_policy(table_)) if not any(i.severity == "error" for i in issues) else ()
        failed = failed or any(i.severity == "error" for i in issues) or not all(e.passed for e in examples)
        found.append(
            {
                "file": file.name,
                "issues": [asdict(i) for i in issues],
                "tests": len(examples),
                "failed": sum(not e.passed for e in examples),
            }
        )
        if not json:
            for issue in issues:
                say(str(issue), wrap=False)
            tests = f", {sum(e.passed for e in examples)} of {len(examples)} tests pass" if examples else ""
            say(f"{file.name}: {len(issues)} issues{tests}")
    if json:
        print_json({"files": found})
    if failed:
        sys.exit(1)


@app.command("evaluate")
def evaluate(
    policy: Annotated[str, typer.Argument()],
    facts: Annotated[str, typer.Argument(help="The inputs as JSON.")],
    at: Annotated[str, typer.Option(help="An instant; without it, now.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Ask what a policy says about facts, and why; nothing is recorded."""
    given = read_json("facts", facts)
    if not isinstance(given, dict):
        raise invalid("facts", facts, "is not a JSON object", "Give the inputs by name.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        when = parse_instant("at", at) if at else ctx.now
        evaluation = s.app.policies.active(conn, when).evaluate(policy, given)
    if json:
        print_json(evaluation.as_json())
        return
    outputs = ", ".join(f"{name} = {shown(value)}" for name, value in evaluation.as_json()["outputs"].items())
    say(f"{policy}@{evaluation.version} row {', '.join(evaluation.rows) or 'none'}: {outputs}")
    for reason in evaluation.reasons:
        say(f"because {reason}", indent=2)


@app.command("draft")
def draft(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    by: As,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Store a new version as a draft and send it to review."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        author = acting(conn, ctx, by)
        version = s.app.policies.draft(conn, author, read_text(file), file=file.name).version
        after = s.app.policies.submit(conn, author, version.policy, version.version)
    _said(asdict(after), json)


@app.command("activate")
def activate(
    policy: Annotated[str, typer.Argument()],
    version: Annotated[int, typer.Argument()],
    by: As,
    start: Annotated[str, typer.Option("--from", help="An instant; without it, now.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Approve a version that somebody else wrote, and bring it into force."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        approver = acting(conn, ctx, by)
        if s.app.policies.get(conn, policy, version).status == "in_review":
            s.app.policies.approve(conn, approver, policy, version)
        when = parse_instant("from", start) if start else None
        after = s.app.policies.activate(conn, approver, policy, version, when)
    _said(asdict(after), json)


def _said(version: dict[str, Any], json: bool) -> None:
    if json:
        print_json(version)
    else:
        say(f"{version['policy']}@{version['version']} is {version['status']}")
