"""`headgate audit …`: checkpoints, keys, proofs and bundles for whoever checks the chain without Headgate."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import UUID

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from headgate.cli.session import Json, Limit, Session, Tenant, err, fail, print_json, say, session, table
from headgate.kernel.errors import invalid
from headgate.ledger import (
    Exported,
    Rewritten,
    Scope,
    StoredCheckpoint,
    audit_keys,
    checkpoint_list,
    checkpoint_now,
    export_bundle,
    rotate_key,
    verifier_source,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("checkpoint")(checkpoint)
    app.command("checkpoints")(checkpoints)
    app.command("keys")(keys)
    app.command("proof")(proof)
    app.command("export")(export)
    app.command("verifier")(verifier)


def checkpoint(
    tenant: Tenant = "nordwind",
    rotate: Annotated[
        bool, typer.Option("--rotate-key", help="Sign with a new key from now on; the old one signs this one too.")
    ] = False,
    json: Json = False,
) -> None:
    """Sign the chain as it stands and print the note; hand it to somebody who keeps it for you."""
    with session(tenant) as s:
        made = _rotated(s) if rotate else _signed(s)
    if made is None:
        say("The chain has no entries, so there is nothing to sign.", style="dim")
    elif json:
        print_json(_shown(made) | {"note": made.note})
    else:
        sys.stdout.write(made.note)


def checkpoints(tenant: Tenant = "nordwind", limit: Limit = 25, json: Json = False) -> None:
    """List the checkpoints, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [_shown(found) for found in checkpoint_list(conn, limit=limit)]
    if json:
        print_json({"items": rows})
        return
    columns = {"size": "Entries", "at": "Signed (UTC)", "key_id": "Key", "root": "Root"}
    table("Checkpoints", rows, columns, "None yet: a worker signs every 15 minutes, or headgate audit checkpoint does.")


def keys(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Print the public keys of the checkpoints, one a line, newest first. Hand them out by another way than bundles."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = audit_keys(conn)
    if json:
        items = [
            {"key": str(k.key), "key_id": k.key.key_id, "since": k.created_at, "current": k.current} for k in found
        ]
        print_json({"items": items})
        return
    for key in found:
        say(str(key.key), wrap=False)
    if not found:
        say("None yet: the first checkpoint makes one.", style="dim")


def proof(
    entry: Annotated[int, typer.Argument(min=1, help="The number of an entry.")],
    tenant: Tenant = "nordwind",
) -> None:
    """Print a bundle of one entry: the proof that it is in the signed chain."""
    with session(tenant) as s:
        _sign_first(s)
        with s.transaction(read_only=True) as (conn, ctx):
            export_bundle(conn, ctx, Scope(entry=entry), lambda raw: sys.stdout.write(raw.decode()))


def export(
    to: Annotated[Path, typer.Argument(help="A file that does not exist yet: .jsonl, or .jsonl.gz to compress it.")],
    tenant: Tenant = "nordwind",
    first: Annotated[int, typer.Option(min=0, help="From this entry on.")] = 0,
    last: Annotated[int, typer.Option(min=0, help="Up to this entry; 0 is all that is signed.")] = 0,
    subject: Annotated[str, typer.Option(help="Only entries about this, such as an order; with --subject-type.")] = "",
    subject_type: Annotated[str, typer.Option(help="What the subject is: order, partner, policy, …")] = "order",
    case: Annotated[UUID | None, typer.Option(help="Only entries of this case.")] = None,
    events: Annotated[bool, typer.Option("--events", help="With the events that the entries speak of.")] = False,
    since: Annotated[int, typer.Option(min=0, help="Prove that the checkpoint of this size is a part of it.")] = 0,
    json: Json = False,
) -> None:
    """Write a bundle that is checked without Headgate: entries, proofs, checkpoints, keys."""
    if sum(bool(given) for given in (first or last, subject, case)) > 1:
        raise invalid("--subject", subject, "is one of three ways to choose", "Give a range, a subject or a case.")
    scope = Scope(first=first, last=last, subject=subject, subject_type=subject_type if subject else "", case=case)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    with session(tenant) as s, Progress(*columns, console=err, transient=True, disable=json) as bar:
        _sign_first(s)
        task = bar.add_task("Exporting", total=None)

        def told(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        with _new_file(to) as write, s.transaction(read_only=True) as (conn, ctx):
            made = export_bundle(conn, ctx, scope, write, events=events, since=since, progress=told)
    _say_exported(to, made, json)


def verifier() -> None:
    """Print the stand-alone verifier: one file that checks bundles without Headgate."""
    sys.stdout.write(verifier_source())


def _say_exported(to: Path, made: Exported, json: bool) -> None:
    if json:
        names = ("entries", "events", "size", "bytes", "sha256")
        print_json({"file": str(to)} | {name: getattr(made, name) for name in names})
        return
    say(
        f"{made.entries:,} entries and {made.events:,} events, proved by the checkpoint of {made.size:,}: {to}",
        wrap=False,
    )
    say(f"SHA-256 of the contents {made.sha256}", style="dim", wrap=False)
    say("Check it with: headgate audit verifier > verify.py; python verify.py " + str(to), style="dim", wrap=False)


def _signed(s: Session) -> StoredCheckpoint | None:
    with s.transaction() as (conn, ctx):
        made = checkpoint_now(conn, ctx, s.app.envelope, lanes=s.app.settings.lanes)
    if isinstance(made, Rewritten):
        fail(
            f"no checkpoint is made: {made.message}. An alarm is in the log; see docs/how-to/verify-the-audit-chain.md"
        )
    return made


def _rotated(s: Session) -> StoredCheckpoint:
    with s.transaction() as (conn, ctx):
        return rotate_key(conn, ctx, s.app.envelope)[1]


def _sign_first(s: Session) -> None:
    """So that what came since the last checkpoint is in the bundle too."""
    _signed(s)


@contextmanager
def _new_file(path: Path) -> Iterator[Callable[[bytes], Any]]:
    """A new file that is there whole or not at all; compressed with nothing in it that changes from day to day."""
    if path.exists():
        raise invalid("to", path, "exists already", "Name another file.")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("xb") as raw:
            packed: BinaryIO | gzip.GzipFile = raw
            if path.suffix == ".gz":
                packed = gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0)
            yield packed.write
            if packed is not raw:
                packed.close()
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)


def _shown(found: StoredCheckpoint) -> dict[str, Any]:
    return {"size": found.size, "at": found.at, "key_id": found.key_id, "root": found.root.hex()}
