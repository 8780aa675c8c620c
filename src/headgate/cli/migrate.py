"""`headgate migrate`: bring the database up to date before a new release is rolled out."""

from __future__ import annotations

import typer

from headgate.cli.session import say
from headgate.kernel.settings import load_settings
from headgate.store import migrate_database
from headgate.wiring import load_tables

app = typer.Typer()


@app.command()
def migrate() -> None:
    """Bring the database up to date while others go on working; run it before a new release is rolled out.

    It needs HEADGATE_DATABASE_URL, the owner's (or the embedded server). Several may run at once: one does the work.
    """
    migrate_database(load_settings(), load_tables, tell=say)
    say(("Up to date.", "green"))
