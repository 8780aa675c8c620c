"""`headgate`: the commands, each group in a file of its own and loaded when it is called."""

from __future__ import annotations

import os
import sys

import psycopg
import structlog
import typer
from typer.core import TyperGroup

from headgate.cli import agreements, audit, cases, demo, imports, orders, policies, quarantine, serving, tenants
from headgate.cli.serving import Launcher
from headgate.cli.session import fail
from headgate.kernel.errors import HeadgateError, invalid


class Ordered(TyperGroup):
    """Lists commands in the order in which they are added."""

    def list_commands(self, ctx: object) -> list[str]:
        return list(self.commands)


app = typer.Typer(
    name="headgate",
    cls=Ordered,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Governs partner and channel operations: every price, hold and approval explains itself.",
)
demo.register(app)
serving.register(app)
app.add_typer(tenants.app, name="tenant", help="Tenants, people, sources and keys.")
app.add_typer(imports.app, name="import", help="Bring orders in from files.")
app.add_typer(quarantine.app, name="quarantine", help="What could not be taken: look, mend, replay.")
app.add_typer(agreements.app, name="agreements", help="Price agreements: derive, review, activate.")
app.add_typer(orders.app, name="orders", help="Orders and what became of them.")
app.add_typer(orders.explain_app, name="explain", help="Why something is as it is.")
app.add_typer(cases.app, name="cases", help="Cases off the straight path.")
app.add_typer(cases.approvals_app, name="approvals", help="Approvals: look and decide.")
app.add_typer(policies.app, name="policies", help="Policies: look, lint, test, author.")
app.add_typer(audit.app, name="audit", help="The audit chain: search and verify.")


def run(launcher: Launcher) -> None:
    """Entry point: known errors become one clear line and exit code 1 (2 for bad usage)."""
    # Stdout is for what was asked.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        _check_arguments(sys.argv[1:])
        try:
            app(obj=launcher)
        finally:
            sys.stdout.flush()
    except HeadgateError as error:
        fail(error.message, error.problems)
    except psycopg.OperationalError as error:
        fail(f"the database cannot be used: {_first_line(error)}")
    except psycopg.DataError as error:
        fail(f"a value cannot be stored: {_first_line(error)}")
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python would complain when it flushes once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(130)


def _check_arguments(arguments: list[str]) -> None:
    for text in arguments:
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise invalid("argument", ascii(text)[1:-1], "is not text", "Write it in UTF-8, without NUL characters.")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
