"""`headgate backtest …`."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from headgate.access import get_tenant
from headgate.cli.session import (
    By,
    Json,
    Limit,
    Session,
    Tenant,
    acting,
    err,
    money,
    print_json,
    read_text,
    say,
    session,
    shown,
    table,
)
from headgate.kernel.errors import NotFound
from headgate.kernel.settings import BACKTEST_DAYS
from headgate.policy.backtest import (
    Ahead,
    Drilled,
    Prepared,
    Run,
    Wanted,
    ahead_of,
    get_result,
    get_run,
    headline,
    list_flips,
    list_runs,
)
from headgate.policy.backtest.core.spec import MOST_DAYS

app = typer.Typer(no_args_is_help=True)
RunId = Annotated[UUID, typer.Argument(help="The id of a backtest.")]
Candidate = Annotated[int, typer.Option(min=1, help="Which candidate, from 1.")]
CANCELLED, TOO_MANY = 130, 3
TURN_SECONDS = 1.0  # between two looks whether a worker is through


@app.command("run")
def run(
    policy: Annotated[str, typer.Argument()],
    version: Annotated[list[int] | None, typer.Option(help="A version of the tenant's, drafts too.")] = None,
    file: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="A policy file; may repeat.")
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="The first day; else last quarter or, where nothing was decided then, the last 90 days.",
        ),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day, else today.")
    ] = None,
    at_most: Annotated[
        int | None, typer.Option(min=0, help="Leave with exit code 3 when more decisions than this flip.")
    ] = None,
    background: Annotated[bool, typer.Option("--background", help="Leave it to a worker and return at once.")] = False,
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Weigh the decisions of a period again under other versions of a policy, and say what flips.

    Interrupting it cancels it (exit code 130).
    """
    texts = tuple((path.name, read_text(path)) for path in file or ())
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            zone = get_tenant(conn).timezone
            today = ctx.now.astimezone(ZoneInfo(zone)).date()
            if first is not None or last is not None:
                end = last.date() if last is not None else today
                begin = first.date() if first is not None else end.replace(day=1)
            else:
                begin, end = s.app.backtests.usual_days(conn, policy, today, zone)
            wanted = Wanted(policy, begin, end, tuple(version or ()), texts)
            started = s.app.backtests.start(conn, acting(conn, ctx, by) if by else ctx, wanted, small=0)
        ended = started if background else _worked(s, started, quiet=json)
        _tell(s, ended.run, json)
        flipped = _flipped(s, ended.run)
    if ended.status == "cancelled":
        sys.exit(CANCELLED)
    if ended.status == "failed":
        sys.exit(1)
    if at_most is not None and flipped > at_most:
        sys.exit(TOO_MANY)


def _worked(s: Session, started: Run, *, quiet: bool) -> Run:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    app_, ctx = s.app, s.context()
    with Progress(*columns, console=err, transient=True, disable=quiet) as bar:
        task = bar.add_task("Weighing decisions again", total=started.total)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        try:
            done = app_.backtests.work(app_.database, ctx, app_.clock, owner, started.run, told)
        except KeyboardInterrupt:
            with s.transaction() as (conn, at):
                done = app_.backtests.cancel(conn, at, started.run)
    if done is not None:
        return done
    with s.transaction(read_only=True) as (conn, _):  # a worker was faster
        return get_run(conn, started.run)


def _flipped(s: Session, run: UUID) -> int:
    with s.transaction(read_only=True) as (conn, _):
        result = get_result(conn, run)
    return max((of["decisions"]["flipped"] for of in result["candidates"]), default=0) if result else 0


@app.command("prepare")
def prepare(
    policy: Annotated[str, typer.Option(help="Only decisions that this policy had a part in.")] = "",
    days: Annotated[
        int | None, typer.Option(min=1, max=MOST_DAYS, help="How many days back, else HEADGATE_BACKTEST_DAYS or 400.")
    ] = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Keep what backtests read as columns now, so that even the first run over a period is quick.

    A worker does the same when nothing else is to be done. What was kept before an interruption (exit code 130) stays.
    """
    with session(tenant) as s:
        back = days or s.app.settings.backtest_days or BACKTEST_DAYS
        ahead = ahead_of(s.app.clock.now(), back, policy)
        with s.transaction(read_only=True) as (conn, _):
            total = s.app.backtests.to_prepare(conn, ahead)
        done = _prepared(s, ahead, total, quiet=json)
    left = max(0, total - done.before - done.added)
    if json:
        found = {"policy": policy, "since": ahead.since, "until": ahead.until, "decisions": total}
        print_json(found | {"kept_before": done.before, "kept_now": done.added, "left": left, "done": done.whole})
    else:
        since = f"since {ahead.since:%Y-%m-%d %H:%M} (UTC)"
        kept = f"{done.before + done.added:,} of {total:,} decisions"
        say(f"{kept} {since} are kept as columns, {done.added:,} of them new")
        if left and done.whole:
            say(f"{left:,} are too few together; a backtest reads their records", indent=2)
    if not done.whole:
        sys.exit(CANCELLED)


def _prepared(s: Session, ahead: Ahead, total: int, *, quiet: bool) -> Prepared:
    """Wait for a worker that does the same, then keep what is left. Interrupted: as far as it came."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    reached = Prepared()
    with Progress(*columns, console=err, transient=True, disable=quiet) as bar:
        task = bar.add_task("Keeping columns", total=total)

        def goes_on(done: Prepared) -> bool:
            nonlocal reached
            reached = done
            bar.update(task, completed=min(total, done.before + done.read))
            return True

        try:
            while (done := s.app.backtests.prepare(s.app.database, s.context(), ahead, goes_on)) is None:
                bar.update(task, description="A worker keeps columns; waiting for it")
                time.sleep(TURN_SECONDS)
        except KeyboardInterrupt:
            return reached
    return done


@app.command("list")
def list_(
    policy: Annotated[str, typer.Option(help="Only of this policy.")] = "",
    limit: Limit = 20,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """List backtests, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [_line(found) for found in list_runs(conn, policy, limit=limit)]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "run": "Backtest",
        "policy": "Policy",
        "tried": "Tried",
        "first": "From",
        "last": "To",
        "status": "Status",
        "done": "Decisions",
        "requested_by": "By",
        "requested_at": "Asked for (UTC)",
    }
    table("Backtests", rows, columns, "No backtest yet: headgate backtest run POLICY --version N.")


@app.command("show")
def show(run: RunId, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """What a backtest found, or how far it is."""
    with session(tenant) as s:
        _tell(s, run, json)


@app.command("flips")
def flips(
    run: RunId,
    candidate: Candidate = 1,
    partner: Annotated[str, typer.Option(help="Only of this partner.")] = "",
    product: Annotated[str, typer.Option(help="Only with this product.")] = "",
    kind: Annotated[str, typer.Option(help="outcome, approvals or inner; else all.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Behind this place.")] = 0,
    limit: Limit = 50,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """List what flips: changed outcomes first, the largest amount first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        get_run(conn, run)
        found = list_flips(
            conn, run, candidate - 1, after=after, limit=limit, partner=partner, product=product, kind=kind
        )
    if json:
        print_json({"items": [asdict(f) for f in found]})
        return
    rows = [asdict(f) | {"what": f"{f.before} → {f.after}" if f.before != f.after else f.kind} for f in found]
    columns = {
        "place": "Place",
        "subject": "Subject",
        "partner": "Partner",
        "what": "Flips",
        "amount": "Amount",
        "margin": "Margin",
        "at": "Decided (UTC)",
    }
    table("Flips", rows, columns, "Nothing flips.")


@app.command("explain")
def explain(
    run: RunId,
    place: Annotated[int, typer.Argument(min=1, help="The flip's place in the list.")],
    candidate: Candidate = 1,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Why one decision flips: which row applied then, and which would apply."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        if candidate > len(get_run(conn, run).candidates):
            raise NotFound(f"backtest {run} has no candidate {candidate}")
        found = s.app.backtests.explain(conn, run, candidate - 1, place)
    if json:
        print_json({"flip": asdict(found.flip), "evaluations": [asdict(pair) for pair in found.pairs]})
        return
    _explained(found)


def _explained(found: Drilled) -> None:
    flip = found.flip
    say(f"{flip.subject_type} {flip.subject}: {flip.before} → {flip.after}")
    for pair in found.pairs:
        facts = ", ".join(f"{name} {shown(value)}" for name, value in pair.facts.items())
        say(f"{pair.product + ': ' if pair.product else ''}{facts}", indent=2)
        for when, said in (("then", pair.then), ("now", pair.now)):
            reasons = f": {'; '.join(said.reasons)}" if said.reasons else ""
            say(f"{when} v{said.version} row {', '.join(said.rows) or 'none'}{reasons}", indent=4)
    say(f"decision {flip.decision}", indent=2)


@app.command("cancel")
def cancel(run: RunId, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Stop a backtest that waits or runs."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        found = s.app.backtests.cancel(conn, acting(conn, ctx, by) if by else ctx, run)
    if json:
        print_json(_line(found))
    else:
        say(f"backtest {found.run} is {found.status}")


def _line(run: Run) -> dict[str, Any]:
    return asdict(run) | {"tried": ", ".join(c.label for c in run.candidates)}


def _tell(s: Session, run: UUID, json: bool) -> None:
    with s.transaction(read_only=True) as (conn, _):
        found, result = get_run(conn, run), get_result(conn, run)
    if json:
        print_json(_line(found) | {"result": result})
        return
    if result is None:
        why = f": {found.error}" if found.error else ""
        say(f"backtest {found.run} is {found.status}{why} ({found.done:,} of {found.total:,} decisions)")
        return
    say(f"{found.policy}, {found.first} to {found.last} ({found.zone}), backtest {found.run}", style="bold")
    base = result["baseline"]
    say(f"{base['reproduced']:,} of {base['evaluations']:,} evaluations are reproduced by the version that made them")
    for place, candidate in enumerate(found.candidates):
        say()
        say(f"{candidate.label}: {headline(result, place)}", style="bold")
        _candidate(result["candidates"][place], result["currency"])


def _candidate(of: dict[str, Any], currency: str) -> None:
    straight = of["straight"]
    if straight["before_pct"] is not None:
        say(f"straight through {straight['before_pct']} % → {straight['after_pct']} %", indent=2)
    for load in of["load"]:
        say(f"approvals by {load['role'].replace('_', ' ')} {load['before']:,} → {load['after']:,}", indent=2)
    for names, words in ((of["lacking"], "not recorded"), (of["refusals"], "no answer")):
        for name, count in names.items():
            say(f"{words}: {name} ({count:,} decisions)", indent=2)
    rows = [
        {"what": f"{t['before']} → {t['after']}", "decisions": t["decisions"], "amount": money(t["amount"])}
        for t in of["transitions"]
    ]
    table("", rows, {"what": "Flips", "decisions": "Decisions", "amount": f"Amount, {currency}"}, "")
    hit = [
        {"partner": p["partner"] or "–", "decisions": p["decisions"], "amount": money(p["amount"])}
        for p in of["partners"]["items"][:10]
    ]
    table("", hit, {"partner": "Partner", "decisions": "Decisions", "amount": f"Amount, {currency}"}, "")
