"""`headgate backup` and `headgate restore`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from headgate.cli.session import Json, err, opened, operator, print_json, read_text, say
from headgate.kernel.errors import invalid
from headgate.kernel.settings import load_settings
from headgate.ledger import AuditDraft, append_audit, verify_audit
from headgate.store.backup import Manifest, Progress, back_up, check_passphrase, read_manifest
from headgate.store.backup import restore as put_back
from headgate.wiring import App, load_tables

PASSPHRASE = "HEADGATE_BACKUP_PASSPHRASE"  # noqa: S105 (the name of a variable)

backup_app = typer.Typer()
restore_app = typer.Typer()

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help=f"A file whose first line is the passphrase; or set {PASSPHRASE}, or be asked."
    ),
]


@backup_app.command()
def backup(
    file: File,
    passphrase_file: PassphraseFile = None,
    without_secrets: Annotated[
        bool, typer.Option("--without-secrets", help="Leave the folder secrets out; you keep a copy of it apart.")
    ] = False,
    json: Json = False,
) -> None:
    """Write everything of every tenant to a new file, from one moment, while Headgate goes on working.

    The file holds personal data and prices in the clear, the installation's secrets sealed under your passphrase. Both
    are needed to read stored signing secrets again: keep the passphrase where the backup is not.
    """
    settings = load_settings()
    passphrase = None if without_secrets else _passphrase(passphrase_file, twice=True)
    with _shown("Backing up", json=json) as progress:
        made = back_up(settings, file, datetime.now(UTC), passphrase=passphrase, progress=progress)
    with opened() as app:
        _record(app, made, "backup.taken", [head.tenant_id for head in made.heads])
    if json:
        print_json(_facts(made, file))
        return
    say(("Backed up", "green"), f": {made.rows:,} rows of {len(made.tables)} tables, {_size(file)}, to {file}")
    for head in made.heads:
        say(f"  tenant {head.tenant_id}: chain ends at entry {head.seq}, {head.hash}", style="dim", wrap=False)
    if without_secrets:
        say(("Without secrets", "yellow"), f": keep a copy of {settings.home / 'secrets'}, or sealed values are lost.")


@restore_app.command()
def restore(
    file: File,
    passphrase_file: PassphraseFile = None,
    without_secrets: Annotated[
        bool, typer.Option("--without-secrets", help="Do not put secrets back; you bring the folder secrets yourself.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring a backup into an empty database, migrate it to this release, and verify every tenant's audit chain.

    The database is the one of the settings: a new HEADGATE_HOME, or an empty database behind HEADGATE_DATABASE_URL.
    Nothing is overwritten. Exit code 1 when a chain does not hold or does not end where the backup says.
    """
    settings = load_settings()
    found = read_manifest(file)
    if not found.secrets and not without_secrets:
        raise invalid(
            "FILE", file.name, "holds no secrets", "Put the folder secrets into HEADGATE_HOME, then --without-secrets."
        )
    passphrase = None if without_secrets else _passphrase(passphrase_file, twice=False)
    with _shown("Restoring", json=json) as progress:
        made = put_back(settings, file, load_tables, passphrase=passphrase, progress=progress)
    with opened() as app:
        bad = _verify(app, made, json=json)
        _record(app, made, "backup.restored", [head.tenant_id for head in made.heads if head.tenant_id not in bad])
    if json:
        print_json(_facts(made, file) | {"ok": not bad, "broken": bad})
    elif not bad:
        say(("Restored", "green"), f": {made.rows:,} rows, {len(made.heads)} audit chains verified up to their heads.")
    for tenant, why in bad.items():
        err.print(f"tenant {tenant}: {why}", soft_wrap=True, markup=False)
    if bad:
        sys.exit(1)


def _verify(app: App, made: Manifest, *, json: bool) -> dict[str, str]:
    """What is wrong with restored chains, by tenant: nothing, hopefully."""
    bad: dict[str, str] = {}
    with _shown("Verifying", json=json) as progress:
        for head in made.heads:
            with app.database.transaction(UUID(head.tenant_id), read_only=True) as conn:
                report = verify_audit(conn, progress=progress, checks=app.content_checks())
            if not report.ok:
                bad[head.tenant_id] = f"{report.bad_count} findings, the first: {report.first_bad}"
            elif (report.head_seq, report.head_hash) != (head.seq, head.hash):
                bad[head.tenant_id] = f"the chain ends at {report.head_seq}, and the backup's ended at {head.seq}"
    return bad


def _record(app: App, made: Manifest, action: str, tenants: list[str]) -> None:
    """Put it into each tenant's chain: all of a tenant's data left the database, or came back into it."""
    facts = {"made_at": made.made_at, "rows": made.rows, "headgate": made.headgate, "secrets": made.secrets}
    draft = AuditDraft(action, "installation", "backup", operator().id, facts)
    for tenant in tenants:
        with app.database.transaction(UUID(tenant)) as conn:
            append_audit(conn, app.clock.now(), [draft])


def _passphrase(file: Path | None, *, twice: bool) -> str:
    """The passphrase from a file, the environment, or whoever sits there."""
    if file is not None:
        given = read_text(file).partition("\n")[0].strip("\r")
    elif os.environ.get(PASSPHRASE):
        given = os.environ[PASSPHRASE]
    elif sys.stdin.isatty():
        given = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=twice)
    else:
        raise invalid("--passphrase-file", "", "is missing", f"Give it, set {PASSPHRASE}, or use --without-secrets.")
    check_passphrase(given)
    return given


@contextmanager
def _shown(what: str, *, json: bool) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    with Bar(*columns, console=err, transient=True, disable=json) as bar:
        task = bar.add_task(what, total=None)

        def tell(step: str, done: int, total: int) -> None:
            bar.update(task, description=f"{what}: {step}", completed=done, total=total)

        yield tell


def _facts(made: Manifest, file: Path) -> dict[str, object]:
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        "made_at": made.made_at,
        "headgate": made.headgate,
        "revision": made.revision,
        "rows": made.rows,
        "secrets": made.secrets,
        "heads": [asdict(head) for head in made.heads],
    }


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1_000_000:,.1f} MB"
