"""`headgate policies …`: the life of a version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from psycopg import Connection

from headgate.access import require
from headgate.cli.policies import app
from headgate.cli.session import Json, Tenant, acting, named, print_json, read_text, say, session
from headgate.kernel.clock import parse_instant
from headgate.kernel.context import Context
from headgate.kernel.errors import invalid
from headgate.policy import PolicyService, PolicyVersion, apply_at_once, propose, review_emergency, save
from headgate.policy.rights import expect_right, withdrawing

As = Annotated[str, typer.Option("--as", help="Who acts: a principal id or an e-mail address.")]
Policy = Annotated[str, typer.Argument()]
Version = Annotated[int, typer.Argument()]
Because = Annotated[str, typer.Option("--because", help="The reason; it is kept.")]
When = "An instant, or a day of the tenant's: its first minute there. Without it, now."
For = Annotated[str, typer.Option("--for", help="Whom they act for; a delegation to them must be in force.")]
AUTHOR, APPROVE = "policies.author", "policies.approve"
Act = Callable[[Connection[Any], Context, PolicyService], PolicyVersion]


def _step(tenant: str, by: str, permission: str, act: Act, *, json: bool) -> None:
    with session(tenant) as s, s.transaction() as (conn, ctx):
        actor = acting(conn, ctx, by)
        require(actor.principal, permission)
        after = act(conn, actor, s.app.policies)
    _said(asdict(after), json)


@app.command("draft")
def draft(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    by: As,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Store a new version as a draft and send it to review; refused with every error of its lints and tests."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        author = acting(conn, ctx, by, AUTHOR)
        version = s.app.policies.draft(conn, author, read_text(file), file=file.name).version
        after = s.app.policies.submit(conn, author, version.policy, version.version)
    _said(asdict(after), json)


@app.command("approve")
def approve(
    policy: Policy,
    version: Version,
    by: As,
    because: Annotated[str, typer.Option("--because", help="A word on it; it is kept.")] = "",
    for_: For = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Approve a version that somebody else wrote, without bringing it into force yet."""
    behalf = named(for_) if for_ else None
    with session(tenant) as s, s.transaction() as (conn, ctx):
        actor = acting(conn, ctx, by)
        expect_right(conn, actor, APPROVE, behalf)
        after = s.app.policies.approve(conn, actor, policy, version, on_behalf_of=behalf, justification=because)
    _said(asdict(after), json)


@app.command("activate")
def activate(
    policy: Policy,
    version: Version,
    by: As,
    start: Annotated[str, typer.Option("--from", help=When)] = "",
    for_: For = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Approve a version that somebody else wrote, and bring it into force."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        approver = acting(conn, ctx, by)
        behalf = named(for_) if for_ else None
        expect_right(conn, approver, APPROVE, behalf)
        if s.app.policies.get(conn, policy, version).status == "in_review":
            s.app.policies.approve(conn, approver, policy, version, on_behalf_of=behalf)
        when = _instant("from", start, s.app.engine.registry.profile(conn).timezone)
        after = s.app.policies.activate(conn, approver, policy, version, when)
    _said(asdict(after), json)


@app.command("propose")
def propose_(
    policy: Policy,
    by: As,
    based_on: Annotated[int, typer.Option(help="Without it, the version in force.")] = 0,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Make a draft from a version, to be changed with `policies save`."""
    _step(tenant, by, AUTHOR, lambda conn, ctx, _: propose(conn, ctx, policy, based_on or None), json=json)


@app.command("save")
def save_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    policy: Policy,
    version: Version,
    by: As,
    seen: Annotated[str, typer.Option(help="Digest of the text you started from; without it, the one stored.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Write a draft over from a file; what lints and tests say is printed and keeps it from review only."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        known = seen or s.app.policies.get(conn, policy, version).digest
        actor = acting(conn, ctx, by)
        require(actor.principal, AUTHOR)
        after, checked = save(conn, actor, policy, version, read_text(file), seen=known)
        checked = s.app.policies.beside(conn, ctx.now, checked)
    if json:
        print_json(asdict(after) | {"issues": [asdict(i) for i in checked.issues]})
        return
    for issue in checked.issues:
        say(str(issue), wrap=False)
    _said(asdict(after), json)


@app.command("submit")
def submit(policy: Policy, version: Version, by: As, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Send a draft to review."""
    _step(tenant, by, AUTHOR, lambda conn, ctx, policies: policies.submit(conn, ctx, policy, version), json=json)


@app.command("send-back")
def send_back(
    policy: Policy, version: Version, by: As, because: Because, tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Give a version under review back to its author."""
    _step(
        tenant,
        by,
        APPROVE,
        lambda conn, ctx, policies: policies.send_back(conn, ctx, policy, version, because),
        json=json,
    )


@app.command("withdraw")
def withdraw(
    policy: Policy, version: Version, by: As, because: Because, tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Give up a version that does not decide yet; what it would have replaced goes on."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        actor = acting(conn, ctx, by)
        found = s.app.policies.get(conn, policy, version)
        expect_right(conn, actor, withdrawing(found, actor.principal.permissions))
        after = s.app.policies.withdraw(conn, actor, policy, version, because)
    _said(asdict(after), json)


@app.command("retire")
def retire(
    policy: Policy,
    version: Version,
    by: As,
    because: Because,
    end: Annotated[str, typer.Option("--at", help=When)] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """End a version, now or later; nothing takes its place."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        when = _instant("at", end, s.app.engine.registry.profile(conn).timezone)
        actor = acting(conn, ctx, by)
        require(actor.principal, APPROVE)
        after = s.app.policies.retire(conn, actor, policy, version, because, at=when)
    _said(asdict(after), json)


@app.command("emergency")
def emergency(
    policy: Policy,
    version: Version,
    by: As,
    because: Because,
    hours: Annotated[int, typer.Option(min=1, max=336, help="Within how many hours somebody else reviews it.")] = 24,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Apply a draft at once, before anybody else has looked at it; somebody else must afterwards."""
    within = timedelta(hours=hours)
    _step(
        tenant,
        by,
        "policies.emergency",
        lambda conn, ctx, policies: apply_at_once(policies, conn, ctx, policy, version, because, review_within=within),
        json=json,
    )


@app.command("review-emergency")
def review(
    policy: Policy,
    version: Version,
    outcome: Annotated[str, typer.Argument(help="confirm, or revert: bring the text before it back.")],
    by: As,
    because: Because,
    for_: For = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Review an emergency change afterwards; who applied or wrote it may not."""
    behalf = named(for_) if for_ else None
    with session(tenant) as s, s.transaction() as (conn, ctx):
        actor = acting(conn, ctx, by)
        expect_right(conn, actor, APPROVE, behalf)
        after = review_emergency(s.app.policies, conn, actor, policy, version, outcome, because, on_behalf_of=behalf)
    _said(asdict(after), json)


def _instant(field: str, text: str, zone: str) -> datetime | None:
    """An instant as written, or a day's first minute in the tenant's zone."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return parse_instant(field, text)
    if len(text) != len("2026-03-31"):
        raise invalid(field, text, "is not a day", "Write it like 2026-03-31.")
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def _said(version: dict[str, Any], json: bool) -> None:
    if json:
        print_json(version)
    else:
        flagged = " (emergency, to be reviewed)" if version["emergency_by"] and not version["reviewed_at"] else ""
        say(f"{version['policy']}@{version['version']} is {version['status']}{flagged}")
