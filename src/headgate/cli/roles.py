"""`headgate roles …`: roles of a tenant's own, duties that stay apart, and why somebody may do something."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from headgate.access import (
    PERMISSIONS,
    ROLES,
    approve_mitigation,
    ask_mitigation,
    confirm_role,
    decide_matrix,
    end_mitigation,
    list_custom_roles,
    list_matrices,
    list_mitigations,
    matrix_in_force,
    propose_matrix,
    retire_role,
    save_role,
)
from headgate.access.duties import explain_right
from headgate.cli.session import (
    By,
    Json,
    Tenant,
    acting,
    midnight,
    named,
    print_json,
    read_json,
    say,
    session,
    table,
    tell,
)
from headgate.kernel.errors import invalid

app = typer.Typer(no_args_is_help=True)
Role = Annotated[str, typer.Argument(help="The role's short name.")]


@app.command("list")
def list_(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List every role, shipped and the tenant's own, with what it allows."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        own = list_custom_roles(conn)
    rows: list[dict[str, Any]] = [
        {"role": role, "from": "shipped", "status": "active", "permissions": sorted(held)}
        for role, held in ROLES.items()
    ]
    rows += [
        {"role": r.role, "from": tenant, "status": r.status, "permissions": sorted(r.permissions or r.wanted)}
        for r in own
    ]
    _listed("Roles", rows, {"role": "Role", "from": "From", "status": "Status", "permissions": "Allows"}, json)


@app.command("permissions")
def permissions(json: Json = False) -> None:
    """List what can be allowed, in plain words."""
    rows: list[dict[str, Any]] = [{"permission": name, "words": words} for name, words in PERMISSIONS.items()]
    _listed("Permissions", rows, {"permission": "Permission", "words": "To"}, json)


@app.command("save")
def save(
    role: Role,
    title: Annotated[str, typer.Option(help="What people call it.")],
    description: Annotated[str, typer.Option(help="What it is for.")],
    permission: Annotated[list[str], typer.Option(help="What it allows; may be repeated.")],
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Make a role of the tenant's own, or change one. What its maker does not hold waits for somebody who does."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        who = acting(conn, ctx, by) if by else ctx
        made = save_role(conn, who, role, title=title, description=description, permissions=permission)
    tell(asdict(made), f"{role} is {made.status}: {', '.join(sorted(made.wanted))}", json)


@app.command("confirm")
def confirm(role: Role, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Let a proposed role have what its maker does not hold."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = confirm_role(conn, acting(conn, ctx, by) if by else ctx, role)
    tell(asdict(made), f"{role} is {made.status}.", json)


@app.command("retire")
def retire(role: Role, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Take a role that nobody holds out of use."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        retire_role(conn, acting(conn, ctx, by) if by else ctx, role)
    tell({"role": role, "status": "retired"}, f"{role} is retired.", json)


@app.command("matrix")
def matrix(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Show which duties stay apart, and the versions of that matrix."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found, known = matrix_in_force(conn), list_matrices(conn)
    rules = [rule.as_dict() for rule in found.rules]
    if json:
        print_json({"version": found.version, "rules": rules, "versions": [asdict(each) for each in known]})
        return
    table(f"Duties, version {found.version}", rules, {"first": "This", "second": "and this", "reason": "Why"}, "")
    shown = [asdict(each) for each in known]
    columns = {"version": "Version", "status": "Status", "proposed_by": "By", "approved_by": "Approved by", "note": ""}
    table("Versions", shown, columns, "")


@app.command("propose-matrix")
def propose(
    file: Annotated[Path, typer.Argument(help="JSON: the list `rules` of `headgate roles matrix --json`, changed.")],
    note: Annotated[str, typer.Option(help="Why.")],
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Propose a version of the matrix; it counts when somebody else approved it."""
    rules = read_json(file.name, file.read_bytes())
    rules = rules.get("rules") if isinstance(rules, dict) else rules
    if not isinstance(rules, list):
        raise invalid(file.name, "", "holds no list of rules", "Start from headgate roles matrix --json.")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = propose_matrix(conn, acting(conn, ctx, by) if by else ctx, rules, note)
    tell(asdict(made), f"Version {made.version} waits for approval.", json)


@app.command("decide-matrix")
def decide(
    version: Annotated[int, typer.Argument()],
    reject: Annotated[bool, typer.Option("--reject", help="Turn it down.")] = False,
    because: Annotated[str, typer.Option("--because", help="The reason.")] = "",
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Approve a proposed version of the matrix, or turn it down."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        decide_matrix(conn, acting(conn, ctx, by) if by else ctx, version, approve=not reject, reason=because)
    word = "turned down" if reject else "in force"
    tell({"version": version, "status": word}, f"Version {version} is {word}.", json)


@app.command("mitigations")
def mitigations(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List which conflicts are allowed for a while, and what keeps watch."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        rows = [asdict(m) | {"status": m.status(ctx.now)} for m in list_mitigations(conn)]
    columns = {"id": "Id", "principal": "Who", "first": "This", "second": "and this", "control": "Control"}
    _listed("Mitigations", rows, columns | {"valid_until": "Until (UTC)", "status": "Status"}, json)


@app.command("mitigate")
def mitigate(
    person: Annotated[str, typer.Argument(help="A principal id or an e-mail address.")],
    first: Annotated[str, typer.Argument(help="One permission of the pair.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    control: Annotated[str, typer.Option(help="What keeps watch: who looks at what, how often.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day, through its end.")],
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Ask that somebody may hold both of two duties until a day; somebody else approves it."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        end = midnight(conn, until + timedelta(days=1))
        terms = {"principal": named(person), "first": first, "second": second, "control": control}
        made = ask_mitigation(conn, acting(conn, ctx, by) if by else ctx, **terms, valid_until=end)
    tell(asdict(made), f"Asked; headgate roles approve-mitigation {made.id}", json)


@app.command("approve-mitigation")
def approve(mitigation: UUID, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Agree to a mitigation: neither who asked for it nor who it is for."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = approve_mitigation(conn, acting(conn, ctx, by) if by else ctx, mitigation)
    tell(asdict(made), f"In force until {made.valid_until:%Y-%m-%d %H:%M} UTC.", json)


@app.command("end-mitigation")
def end(mitigation: UUID, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """End a mitigation, or turn it down."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = end_mitigation(conn, acting(conn, ctx, by) if by else ctx, mitigation)
    tell(asdict(made), "Ended.", json)


@app.command("why")
def why(
    person: Annotated[str, typer.Argument(help="A principal id or an e-mail address.")],
    permission: Annotated[str, typer.Argument(help="One of headgate roles permissions.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Say why somebody may do something, or why not."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        found = explain_right(conn, named(person), permission, ctx.now)
    if json:
        print_json(asdict(found))
        return
    say(found.sentence)
    for line in found.lines:
        say(line, indent=2)


def _listed(title: str, rows: list[dict[str, Any]], columns: dict[str, str], json: bool) -> None:
    if json:
        print_json({"items": rows})
    else:
        table(title, rows, columns, "None.")
