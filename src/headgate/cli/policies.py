"""`headgate policies …`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from headgate.channel import orders
from headgate.cli.session import Json, Tenant, print_json, read_json, read_text, say, session, shown, table
from headgate.kernel.clock import parse_instant
from headgate.kernel.errors import NotFound, invalid
from headgate.policy import (
    PolicyService,
    PolicyTable,
    PolicyVersion,
    chain_among,
    check_text,
    compile_policy,
    lint,
    parse_policy,
    run_examples,
)
from headgate.policy.core.diff import TableDiff, diff_lines, diff_tables

app = typer.Typer(no_args_is_help=True)


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


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="DMN, GoRules JSON, xlsx, csv or YAML.")],
    by: Annotated[str, typer.Option("--as", help="Who drafts it: a principal id or an e-mail address.")] = "",
    policy: Annotated[str, typer.Option(help="The policy that a spreadsheet changes.")] = "",
    decision: Annotated[str, typer.Option(help="The one to take of several in a DMN or GoRules model.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Only say what would come of it.")] = False,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Draft the policies in a file; exit code 1 when they cannot be drafted or a test fails."""
    from headgate.cli import policy_exchange  # the readers of foreign files take their time to load

    policy_exchange.bring_in(file, by, policy, decision, tenant, check=check, json=json)


@app.command("export")
def export(
    policy: Annotated[str, typer.Argument()],
    form: Annotated[str, typer.Option("--format", help="csv, dmn, jdm, xlsx or yaml.")] = "dmn",
    out: Annotated[Path | None, typer.Option(help="The file to write; without it, the policy's name.")] = None,
    version: Annotated[int, typer.Option(help="Without it, the newest.")] = 0,
    tenant: Tenant = "nordwind",
) -> None:
    """Write a policy version to a file of another tool; what that cannot hold is said."""
    from headgate.cli import policy_exchange

    policy_exchange.take_out(policy, form, out, version, tenant)


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


@app.command("diff")
def diff(
    policy: Annotated[str, typer.Argument()],
    before: Annotated[str, typer.Argument(help="A version, or a file.")],
    after: Annotated[str, typer.Argument(help="A version, or a file.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Compare two versions as tables: rows, columns and cells that changed; exit code 1 if they differ."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        tables = [_table_of(conn, s.app.policies, policy, each) for each in (before, after)]
    found = diff_tables(*tables)
    lines = diff_lines(found)
    if json:
        print_json(
            {"policy": policy, "before": found.before, "after": found.after, "lines": lines, "rows": _rows(found)}
        )
    else:
        for line in lines:
            say(line, wrap=False)
        say(_summary(found))
    if lines:
        sys.exit(1)


@app.command("coverage")
def coverage(
    policy: Annotated[str, typer.Argument()],
    version: Annotated[int, typer.Option(help="Without it, the one in force.")] = 0,
    days: Annotated[int, typer.Option(min=1, max=366)] = 90,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Which rows of a version decided how often."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        chosen = version or _in_force(s.app.policies.versions(conn, policy), policy, ctx.now)
        table_ = check_text(s.app.policies.text(conn, policy, chosen)).table
        found = orders.policy_coverage(conn, table_, chosen, ctx.now - timedelta(days=days))
    rows = [asdict(r) for r in found.rows]
    if json:
        print_json(
            {"policy": policy, "version": chosen, "counted": found.counted, "source": found.source, "rows": rows}
        )
        return
    shown_rows = [{**r, "share": f"{r['share']} %" if r["count"] else "never"} for r in rows]
    title = f"{policy}@{chosen}, {found.counted} in {days} days"
    table(title, shown_rows, {"row": "Row", "count": "Decided", "share": "Share"}, "It has no rows.")


@app.command("lint")
def check(files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)], json: Json = False) -> None:
    """Lint policy files and run their tests, without a database; exit code 1 on errors. Chains are checked between the
    files."""
    found: list[dict[str, Any]] = []
    failed = False
    tables = [parse_policy(read_text(file), file.name) for file in files]
    for file, table_, chained in zip(files, tables, chain_among(tables), strict=True):
        issues = [*lint(table_), *chained]
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


def _table_of(conn: Connection[Any], policies: PolicyService, policy: str, named: str) -> PolicyTable:
    if named.isascii() and named.isdigit():
        return check_text(policies.text(conn, policy, int(named))).table
    file = Path(named)
    if not file.is_file():
        raise invalid("version", named, "is neither a version nor a file", "Give a number such as 2, or a path.")
    return parse_policy(read_text(file), file.name)


def _in_force(versions: Sequence[PolicyVersion], policy: str, now: datetime) -> int:
    found = next((v for v in versions if v.in_force(now)), next(iter(versions), None))
    if found is None:
        raise NotFound(f"there is no policy {policy}")
    return found.version


def _summary(found: TableDiff) -> str:
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts().items() if count)
    said = "no difference" if found.same else counts or "no row differs"
    return f"{found.policy} {found.before} → {found.after}: {said}"


def _rows(found: TableDiff) -> list[dict[str, Any]]:
    return [{**asdict(r), "cells": [asdict(c) for c in r.cells if c.differs]} for r in found.rows if r.differs]
