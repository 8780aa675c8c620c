"""`headgate provisioning …`: people and roles as accounts and groups in outside systems."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict
from typing import Annotated, Any, cast
from uuid import UUID

import typer
from psycopg import Connection
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from headgate.cli.session import Json, Limit, Session, Tenant, err, print_json, say, session, shown, table, tell
from headgate.connectors import provisioning
from headgate.connectors.provisioning import ProvisioningTarget, Run, RunStep, Scope, TargetDraft
from headgate.connectors.provisioning.working import check_connection, work_run
from headgate.kernel.errors import Conflict, NotFound, invalid

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The target's name or id.")]
Token = Annotated[
    str | None,
    typer.Option(envvar="HEADGATE_TOKEN", help="What the system gave; better by the variable or asked for."),
]
People = Annotated[str, typer.Option(help="staff, partners or groups.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="Only people with this role; may be repeated.")]
Partner = Annotated[str, typer.Option(help="With partners: of this one only.")]
Named = Annotated[list[str] | None, typer.Option("--of-group", help="With groups: a group of the identity provider.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="A role that becomes a group, as role or role=name; repeatable.")
]
Every = Annotated[int | None, typer.Option("--every", help="Minutes between runs; 0: only when somebody asks.")]
MatchBy = Annotated[str | None, typer.Option("--match-by", help="user_name or email.")]
Leavers = Annotated[str | None, typer.Option(help="deactivate or delete.")]
Most = Annotated[int | None, typer.Option("--most-leaving", help="More accounts that end at once wait for a word.")]
Percent = Annotated[int | None, typer.Option("--most-leaving-percent", help="The same as a share of the linked ones.")]


@app.command("list")
def list_(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List the systems with how they stand."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = provisioning.list_targets(conn)
        ids = [target.id for target in found]
        standing, last = provisioning.standing_of(conn, ids), provisioning.last_runs(conn, ids)
    rows = [
        {
            "name": target.name,
            "status": target.status,
            "accounts": standing[target.id].accounts,
            "parked": standing[target.id].parked,
            "last": last[target.id].status if target.id in last else None,
            "at": last[target.id].finished_at if target.id in last else None,
            "url": target.url,
        }
        for target in found
    ]
    if json:
        print_json({"items": [_plain(target) | row for target, row in zip(found, rows, strict=True)]})
        return
    columns = {"name": "Target", "status": "State", "accounts": "Accounts", "parked": "Parked", "last": "Last run"}
    columns |= {"at": "Ended", "url": "Address"}
    table("Provisioning", rows, columns, "No target yet: headgate provisioning add NAME https://…")


@app.command("show")
def show(name: Name, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Show one with what it can, what is parked, and its last runs."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        target = _find(conn, name)
        parked = provisioning.parked(conn, target.id)
        runs = provisioning.list_runs(conn, target.id, limit=10)
    able = () if target.abilities is None else provisioning.findings(target.abilities)
    if json:
        more = {"parked": [asdict(each) for each in parked], "runs": [asdict(run) for run in runs]}
        findings = [{"able": each.able, "text": str(each.text)} for each in able]
        print_json(_plain(target) | more | {"findings": findings})
        return
    say((target.name, "bold"), f" {target.status}  {target.url}", wrap=False)
    for each in able:
        say("✓ " if each.able else "– ", str(each.text), indent=2)
    if target.check_error:
        say((target.check_error, "red"), indent=2)
    table("Parked", [asdict(each) for each in parked], {"local": "Whose", "error": "Why", "failures": "Times"}, "")
    columns = {"id": "Run", "kind": "Kind", "cause": "Cause", "status": "State", "steps": "Steps"}
    columns |= {"steps_failed": "Failed", "finished_at": "Ended"}
    table("Last runs", [asdict(run) for run in runs], columns, "No run yet: headgate provisioning preview NAME")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    url: Annotated[str, typer.Argument(help="Its SCIM address, such as https://crm.example/scim/v2.")],
    token: Token = None,
    people: People = "staff",
    roles: Roles = None,
    partner: Partner = "",
    of_groups: Named = None,
    groups: Groups = None,
    every: Every = None,
    match_by: MatchBy = None,
    leavers: Leavers = None,
    most: Most = None,
    percent: Percent = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Register a system. It is paused: make a preview, then activate it."""
    chosen = _chosen(groups, every, match_by, leavers, most, percent)
    draft = TargetDraft(name, url, _scope(people, roles, partner, of_groups), **chosen)
    secret = token or typer.prompt("Token", hide_input=True)
    with session(tenant) as s, s.transaction() as (conn, ctx):
        by = s.app.provisioner
        made = provisioning.create_target(conn, ctx, by.sealer, by.rules, draft, secret)
    tell(_plain(made), f"{made.name} is registered and paused. Next: headgate provisioning preview '{made.name}'", json)


@app.command("change")
def change(
    name: Name,
    rename: Annotated[str | None, typer.Option(help="Another name.")] = None,
    url: Annotated[str | None, typer.Option(help="Another address.")] = None,
    people: Annotated[str | None, typer.Option(help="staff, partners or groups; with the options beside it.")] = None,
    roles: Roles = None,
    partner: Partner = "",
    of_groups: Named = None,
    groups: Groups = None,
    every: Every = None,
    match_by: MatchBy = None,
    leavers: Leavers = None,
    most: Most = None,
    percent: Percent = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Change what is named; the rest stays."""
    changes: dict[str, Any] = _chosen(groups, every, match_by, leavers, most, percent)
    changes |= {key: value for key, value in (("name", rename), ("url", url)) if value is not None}
    if people is not None:
        changes["scope"] = _scope(people, roles, partner, of_groups)
    with session(tenant) as s, s.transaction() as (conn, ctx):
        target = _find(conn, name)
        made = provisioning.change_target(conn, ctx, s.app.provisioner.rules, target.id, changes)
    tell(_plain(made), f"{made.name} is changed.", json)


@app.command("token")
def token_(name: Name, token: Token = None, tenant: Tenant = "nordwind") -> None:
    """Set another token; the former one is forgotten."""
    secret = token or typer.prompt("Token", hide_input=True)
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = provisioning.set_token(conn, ctx, s.app.provisioner.sealer, _find(conn, name).id, secret)
    say(f"{made.name} has another token.")


@app.command("activate")
def activate(name: Name, tenant: Tenant = "nordwind") -> None:
    """Let runs come: on demand, by the clock, after changes."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = provisioning.set_status(conn, ctx, _find(conn, name).id, "active")
    say(f"{made.name} is active.")


@app.command("pause")
def pause(name: Name, tenant: Tenant = "nordwind") -> None:
    """Let no run come; one that is under way ends at its next step."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = provisioning.set_status(conn, ctx, _find(conn, name).id, "paused")
    say(f"{made.name} is paused.")


@app.command("remove")
def remove(name: Name, tenant: Tenant = "nordwind") -> None:
    """Forget a system, its links and runs. What is over there stays as it is."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        target = _find(conn, name)
        provisioning.remove_target(conn, ctx, target.id)
    say(f"{target.name} is forgotten; its accounts stay as they are.")


@app.command("check")
def check(name: Name, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Ask the system what it can, and whether the token is good."""
    with session(tenant) as s:
        with s.transaction(read_only=True) as (conn, _):
            target = _find(conn, name)
        found = check_connection(s.app.provisioner, s.context(), target.id, _sleep)
    able = () if found.abilities is None else provisioning.findings(found.abilities)
    if json:
        findings = [{"able": each.able, "text": str(each.text)} for each in able]
        print_json({"error": found.check_error, "findings": findings})
    elif not found.check_error:
        for each in able:
            say("✓ " if each.able else "– ", str(each.text))
    else:
        say((found.check_error, "red"))
    if found.check_error:
        raise typer.Exit(1)


@app.command("preview")
def preview(name: Name, limit: Limit = 100, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Show what a run would do; it changes nothing."""
    _work(name, "preview", limit, tenant, json=json)


@app.command("run")
def run_(name: Name, limit: Limit = 100, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Bring a system up to date, now."""
    _work(name, "run", limit, tenant, json=json)


@app.command("confirm")
def confirm(
    run: Annotated[UUID, typer.Argument(help="The run that is held.")],
    limit: Limit = 100,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Let the accounts of a held run end, and do the run."""
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            asked = provisioning.confirm_run(conn, ctx, run)
        _finish(s, asked, limit, json=json)


@app.command("steps")
def steps(
    run: Annotated[UUID, typer.Argument(help="The run.")],
    limit: Limit = 100,
    after: Annotated[int, typer.Option(help="Read on behind this place.")] = -1,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """The steps of a run, with what changes and what came of each."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = provisioning.list_steps(conn, run, after=after, limit=limit)
        about = provisioning.get_run(conn, run)
    if json:
        print_json(asdict(about) | {"items": [asdict(step) for step in found]})
        return
    _print_steps(found)


@app.command("orphans")
def orphans(
    name: Name,
    deactivate: Annotated[list[str] | None, typer.Option(help="Deactivate this one there; may be repeated.")] = None,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Accounts over there that belong to nobody here, as the newest run saw them."""
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            target = _find(conn, name)
            asked = provisioning.end_orphans(conn, ctx, target.id, deactivate) if deactivate else None
            last = provisioning.last_runs(conn, [target.id]).get(target.id)
            found = [] if last is None else provisioning.orphans_of(conn, last.id)
        if asked is not None:
            _finish(s, asked, 100, json=json)
            return
    if json:
        print_json({"items": [asdict(each) for each in found]})
        return
    rows = [{"remote_id": o.remote_id, "name": o.name, **o.detail} for o in found]
    columns = {"remote_id": "Account", "user_name": "User name", "name": "Name", "active": "Active"}
    table("Orphans", rows, columns, "The newest run saw none.")


def _work(name: str, kind: str, limit: int, tenant: str, *, json: bool) -> None:
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            ask = provisioning.ask_preview if kind == "preview" else provisioning.ask_run
            asked = ask(conn, ctx, _find(conn, name).id)
        _finish(s, asked, limit, json=json)


def _finish(s: Session, asked: Run, limit: int, *, json: bool) -> None:
    """Do the run here, or follow a worker that was quicker."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=err, transient=True, disable=json
    )
    with bar:
        task = bar.add_task("Reading the other side", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, description="Taking steps", completed=done, total=total)

        done = work_run(
            s.app.provisioner, s.context(), f"cli-{secrets.token_hex(6)}", _sleep, progress=progress, run=asked.id
        )
        while done is None or done.under_way:
            if done is not None and done.not_before is not None:
                raise Conflict(f"the system asks for a pause; a worker goes on at {shown(done.not_before)} UTC")
            time.sleep(0.5)
            with s.transaction(read_only=True) as (conn, _):
                done = provisioning.get_run(conn, asked.id)
            progress(done.steps_done + done.steps_failed, done.steps)
    with s.transaction(read_only=True) as (conn, _):
        found = provisioning.list_steps(conn, done.id, limit=limit)
    if json:
        print_json(asdict(done) | {"items": [asdict(step) for step in found]})
    else:
        _print_steps(found)
        say(_summary(done), wrap=False)
    if done.status not in ("done", "partly"):
        raise typer.Exit(1)


def _summary(run: Run) -> str:
    told = f"{run.kind.capitalize()} {run.id}: {run.status}"
    counts = f"{run.steps:,} steps for {run.people:,} people"
    if run.kind == "run":
        counts += f", {run.steps_done:,} done, {run.steps_failed:,} failed"
    orphans = f"; {run.orphans:,} orphans" if run.orphans else ""
    why = f"\n{run.error}" if run.error else ""
    again = f"\nConfirm: headgate provisioning confirm {run.id}" if run.status == "held" else ""
    return f"{told}, {counts}{orphans}.{why}{again}"


def _print_steps(found: list[RunStep]) -> None:
    rows = [
        {
            "place": step.place,
            "verb": step.verb,
            "name": step.name,
            "what": _what(step),
            "status": step.status,
            "error": step.error or step.reason or None,
        }
        for step in found
    ]
    columns = {"place": "#", "verb": "Step", "name": "Who", "what": "What", "status": "State", "error": "Why"}
    table("Steps", rows, columns, "Nothing to do: the other side is as it should be.")


def _what(step: RunStep) -> str:
    changes = [f"{a}: {b or '–'} → {c}" for a, b, c in step.detail.get("changes", [])]
    if step.verb == "create" and step.resource == "user":
        changes = []
    joins, leaves = step.detail.get("joins", []), step.detail.get("leaves", [])
    return "; ".join([*changes, *(f"+{each}" for each in joins), *(f"−{each}" for each in leaves)])


def _find(conn: Connection[Any], name: str) -> ProvisioningTarget:
    found = [t for t in provisioning.list_targets(conn) if name in (t.name, str(t.id))]
    if not found:
        raise NotFound(f"there is no target {name}; see headgate provisioning list")
    return cast("ProvisioningTarget", found[0])


def _scope(people: str, roles: list[str] | None, partner: str, groups: list[str] | None) -> Scope:
    return Scope(cast("Any", people), tuple(roles or ()), partner, tuple(groups or ()))


def _chosen(
    groups: list[str] | None,
    every: int | None,
    match_by: str | None,
    leavers: str | None,
    most: int | None,
    percent: int | None,
) -> dict[str, Any]:
    given = {
        "groups": None if groups is None else dict(_group(each) for each in groups),
        "every_minutes": every,
        "match_by": match_by,
        "leavers": leavers,
        "most_leaving": most,
        "most_leaving_percent": percent,
    }
    return {name: value for name, value in given.items() if value is not None}


def _group(text: str) -> tuple[str, str]:
    role, _, name = text.partition("=")
    if not role:
        raise invalid("--group", text, "names no role", "Write it like finance or finance=Finance team.")
    return role.strip(), name.strip()


def _plain(target: ProvisioningTarget) -> dict[str, Any]:
    return asdict(target)


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return True
