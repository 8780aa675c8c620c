"""`headgate access review …`: who holds which roles is looked at, kept or revoked, signed and exported."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from headgate.access.reviews import (
    DECISIONS,
    SCOPES,
    SHOWN,
    Review,
    as_csv,
    cancel_review,
    check_review_file,
    decide_items,
    export_review,
    get_review,
    list_items,
    list_reviews,
    open_review,
    sign_review,
)
from headgate.cli.session import (
    By,
    Json,
    Limit,
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
from headgate.kernel.canonical import canonical
from headgate.kernel.errors import invalid

app = typer.Typer(no_args_is_help=True)
review_app = typer.Typer(no_args_is_help=True, help="Reviews of access: open, decide, sign, export.")
app.add_typer(review_app, name="review")


@app.callback()
def access() -> None:
    """Reviews of who holds which roles."""


ReviewId = Annotated[UUID, typer.Argument(help="The review's id.", metavar="REVIEW")]
Because = Annotated[str, typer.Option("--because", help="The reason; it is kept with each grant.")]
_COLUMNS = {"id": "Id", "title": "Review", "status": "Status", "due_at": "Due (UTC)", "listed": "Grants"}
_MORE = {"open": "Open", "kept": "Kept", "revoked": "Revoked", "conflicts": "Conflicts"}


@review_app.command("open")
def open_(
    title: Annotated[str, typer.Argument(help="What it is called, such as 'Access, first quarter'.")],
    reviewer: Annotated[list[str], typer.Option(help="Who decides: an e-mail address; may be repeated.")],
    due: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day, through its end.")],
    scope: Annotated[str, typer.Option(help=f"{', '.join(SCOPES)}.")] = "all",
    role: Annotated[str, typer.Option(help="With --scope role: which one.")] = "",
    by: By = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Open a review of every grant within a scope. Reviewers decide; nobody about their own, and not who opens it."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = open_review(
            conn,
            acting(conn, ctx, by) if by else ctx,
            title=title,
            scope=scope,
            role=role,
            reviewers=[named(each) for each in reviewer],
            due_at=midnight(conn, due + timedelta(days=1)),
        )
    said = f"Review {made.id} lists {made.progress.listed:,} grants for {', '.join(made.reviewers)}."
    tell(_told(made, made.opened_at), said, json)


@review_app.command("list")
def list_(by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List reviews, open ones first; with --as, those that somebody may see."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        found = list_reviews(conn, acting(conn, ctx, by) if by else ctx)
        rows = [_told(each, ctx.now) for each in found]
    if json:
        print_json({"items": rows})
    else:
        table("Reviews of access", rows, _COLUMNS | _MORE, "No review yet: headgate access review open …")


@review_app.command("show")
def show(
    review: ReviewId,
    only: Annotated[str, typer.Option(help=f"One of {', '.join(filter(None, SHOWN))}.")] = "",
    text: Annotated[str, typer.Option("--find", help="Part of a name, an address or a role.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Go on after this number.")] = 0,
    limit: Limit = 100,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show a review with its grants: who, what, since when, last used, conflicts, and what was decided."""
    if only not in SHOWN:
        raise invalid("--only", only, "cannot be looked for", f"Use one of {', '.join(filter(None, SHOWN))}.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        found = get_review(conn, ctx, review)
        items = list_items(conn, review, ctx.now, shown=only, text=text, after=after, limit=limit + 1)
    kept = items[:limit]
    if json:
        print_json(_told(found, ctx.now) | {"items": [asdict(each) for each in kept]})
        return
    say(f"{found.title}: {_told(found, ctx.now)['status']}, {found.progress.open:,} of {found.progress.listed:,} open")
    rows = [asdict(i) | {"conflicts": [_conflict(c) for c in asdict(i)["conflicts"]]} for i in kept]
    columns = {"item": "No", "principal": "Who", "role": "Role", "granted_at": "Since (UTC)", "last_used": "Last seen"}
    table("Grants", rows, columns | {"conflicts": "Conflicts", "decision": "Decision", "reason": "Why"}, "None fits.")
    if len(items) > limit:
        say(f"There are more: --after {kept[-1].item}", style="dim")


@review_app.command("decide")
def decide(
    review: ReviewId,
    decision: Annotated[str, typer.Argument(help=" or ".join(DECISIONS))],
    item: Annotated[list[int], typer.Argument(help="Numbers of grants, as `headgate access review show` lists them.")],
    by: By = "",
    because: Because = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Keep grants, or revoke them at once: all of them or none. Revoking needs a reason; so does keeping a conflict."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        done = decide_items(conn, acting(conn, ctx, by), review, item, decision, because)
    gone = sum(each.outcome == "gone" for each in done)
    more = f"; {gone} were gone already" if gone else ""
    said = f"{len(done)} {'kept' if decision == 'keep' else 'revoked'}{more}."
    tell({"review": review, "items": [asdict(each) for each in done]}, said, json)


@review_app.command("sign")
def sign(review: ReviewId, because: Because, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Confirm that all was decided, and close the review: by somebody who decided nothing in it."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = sign_review(conn, acting(conn, ctx, by), review, because)
    digest = (made.digest or b"").hex()
    tell(_told(made, made.opened_at), f"Signed by {made.closed_by}; digest {digest}.", json)


@review_app.command("cancel")
def cancel(review: ReviewId, because: Because, by: By = "", tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Give a review up; what was revoked in it stays revoked."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = cancel_review(conn, acting(conn, ctx, by) if by else ctx, review, because)
    tell(_told(made, made.opened_at), "Cancelled.", json)


@review_app.command("export")
def export(
    review: ReviewId,
    file: Annotated[Path, typer.Argument(help="The new file; .csv or .json says which form.", dir_okay=False)],
    tenant: Tenant = "nordwind",
) -> None:
    """Write a review for an auditor: CSV for a spreadsheet, or JSON with the digest that was signed."""
    if file.suffix not in (".csv", ".json"):
        raise invalid("FILE", file.name, "is neither .csv nor .json", "Name it like review.json.")
    if file.exists():
        raise invalid("FILE", str(file), "is there already", "Name a new file.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        found, items, told = export_review(conn, ctx, review)
    file.write_bytes(as_csv(found, items).encode() if file.suffix == ".csv" else canonical(told))
    say(f"{len(items):,} grants to {file}; digest {told['digest']}.", wrap=False)


@review_app.command("check")
def check(file: Annotated[Path, typer.Argument(help="A JSON export.", exists=True, dir_okay=False)]) -> None:
    """Recompute the digest of a JSON export: whether the file is as it was signed."""
    found = check_review_file(read_json(file.name, file.read_bytes()))
    signed = f"signed by {found['signed_by']}" if found.get("signed_by") else "not signed"
    say(f"{file.name} is as it was written: {found.get('title')}, {signed}.", wrap=False)


def _told(review: Review, now: datetime) -> dict[str, Any]:
    progress = asdict(review.progress) | {"open": review.progress.open}
    plain = {k: v for k, v in asdict(review).items() if k != "progress"} | progress
    return plain | {"status": "overdue" if review.overdue(now) else review.status}


def _conflict(found: dict[str, str]) -> str:
    watched = f" (watched: {found['control']})" if found["control"] else ""
    return f"{found['first']} × {found['second']}{watched}"
