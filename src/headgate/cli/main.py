"""`headgate`: the commands, each group in a file of its own and loaded when it is called."""

from __future__ import annotations

import sys

import typer
from typer.core import TyperGroup

from headgate.cli import agreements, audit, cases, demo, imports, orders, policies, quarantine, serving, tenants
from headgate.cli.serving import Launcher
from headgate.cli.session import fail
from headgate.kernel.errors import HeadgateError


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
    try:
        app(obj=launcher)
    except HeadgateError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
