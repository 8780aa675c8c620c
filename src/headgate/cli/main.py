"""`headgate`: the commands, each group in a file of its own and loaded when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from headgate.cli.launching import Launcher
from headgate.kernel.errors import HeadgateError, invalid

# Name, where its Typer application is, and what `headgate --help` says of it. First the commands of one word …
COMMANDS = (
    ("demo", "demo:app", "Load a demo channel, govern it, print what happened and serve the console."),
    ("serve", "serving:serve_app", "Serve the console and the API, and apply events."),
    ("worker", "serving:worker_app", "Apply events until stopped."),
    ("migrate", "migrate:app", "Bring the database up to date before a new release is rolled out."),
    ("backup", "backup:backup_app", "Write everything to a file while Headgate goes on working."),
    ("restore", "backup:restore_app", "Bring a backup into an empty database and verify it."),
    ("health", "health:app", "Say what waits, what is late, and whether this installation can serve."),
)
# … then the groups of commands.
GROUPS = (
    ("tenant", "tenant_life:app", "Tenants, people, sources and keys."),
    ("offers", "inheritance:offers_app", "Policies, roles and packs that a provider gives to its clients."),
    ("inherited", "inheritance:inherited_app", "What a tenant has from those above it, and going back to it."),
    ("clients", "machines:clients_app", "OAuth 2 clients of service accounts: make, rotate, switch off."),
    ("keys", "machines:keys_app", "API keys: make, replace, revoke."),
    ("sign-on", "sign_on:app", "Identity providers, roles by groups, passwords."),
    ("support", "support:app", "See what somebody sees, with their organisation's consent."),
    ("roles", "roles:app", "Roles of your own, duties that stay apart, and why somebody may do something."),
    ("access", "access:app", "Reviews of who holds which roles: open, decide, sign, export."),
    ("account", "accounts:app", "How people sign in: invite, second factors, sessions, rules."),
    ("delegations", "delegations:app", "Who decides for whom while somebody is away."),
    ("import", "imports:app", "Bring orders in from files."),
    ("quarantine", "quarantine:app", "What could not be taken: look, mend, replay."),
    ("events", "events:app", "What came in, and what came twice with different contents."),
    ("outbox", "outbox:app", "What is on its way to other systems; dead letters: look, replay, dismiss."),
    ("targets", "targets:app", "Outside systems that commands go to: register, watch, pause."),
    ("subscriptions", "targets:subscriptions_app", "Who is told of events, by signed webhooks."),
    ("provisioning", "provisioning:app", "Accounts and groups in outside systems: preview, run, watch."),
    ("agreements", "agreements:app", "Price agreements: derive, review, activate."),
    ("orders", "orders:app", "Orders and what became of them."),
    ("deals", "deals:app", "Deal registrations and what stands against them."),
    ("returns", "returns:app", "Returns of goods, and what became of them."),
    ("explain", "explain:app", "Why something is as it is."),
    ("cases", "cases:app", "Cases off the straight path."),
    ("approvals", "cases:approvals_app", "Approvals: look and decide."),
    ("calendars", "calendars:app", "Working hours and holidays, and whose they are."),
    ("processes", "processes:app", "Processes: look, lint, draw, compare, move running cases."),
    ("backtest", "backtests:app", "Try policy versions on past decisions: what flips, for whom, how much."),
    ("policies", "policy_life:app", "Policies: look, lint, test, author, approve, schedule."),
    ("pack", "packs:app", "Packs: make, lint, test with scenarios, install."),
    ("audit", "audit:app", "The audit chain: search, verify, sign, prove, export."),
    ("privacy", "privacy:app", "Personal data: find, erase, hold, retention."),
)


# Options that Typer gives to every application; `headgate` itself has them.
_OF_THE_WHOLE = ("install_completion", "show_completion")


class Lazy(TyperGroup):
    """Knows every command by name and one line of help, and loads a command's module when it is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, _, text in (*COMMANDS, *GROUPS):
            self.commands[name] = TyperCommand(name, help=text)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, stub, rest = super().resolve_command(ctx, args)
        return name, load(name) if stub and name else None, rest


app = typer.Typer(name="headgate", cls=Lazy, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def headgate() -> None:
    """Governs partner and channel operations: every price, hold and approval explains itself."""


def load(name: str) -> Any:
    """A command or a group of commands of `headgate` with everything in it, by name. Raises KeyError."""
    for made, entries in ((get_command, COMMANDS), (get_group, GROUPS)):
        for known, place, text in entries:
            if known == name:
                module, _, attribute = place.partition(":")
                command = made(getattr(importlib.import_module(f"headgate.cli.{module}"), attribute))
                command.name, command.help = name, command.help or text
                command.params = [p for p in command.params if p.name not in _OF_THE_WHOLE]
                return command
    raise KeyError(name)


def everything() -> TyperGroup:
    """The whole tree of commands, loaded: for whoever describes it."""
    root = get_group(app)
    root.commands = {name: load(name) for name in root.commands}
    return root


def run(launcher: Launcher) -> None:
    """Entry point: known errors become one clear line and exit code 1 (2 for bad usage)."""
    try:
        _check_arguments(sys.argv[1:])
        try:
            app(obj=launcher)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python would complain when it flushes once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(130)
    except Exception as error:
        _explain(error)
        raise


def _explain(error: Exception) -> None:
    """Leave with a message where the error is one that a user can do something about."""
    from headgate.cli.session import fail  # with the whole application, which `--help` does without

    if isinstance(error, HeadgateError):
        fail(error.message, error.problems)
    if isinstance(error, OSError):
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    database = sys.modules.get("psycopg")
    if database and isinstance(error, database.OperationalError):
        fail(f"the database cannot be used: {_first_line(error)}")
    if database and isinstance(error, database.DataError):
        fail(f"a value cannot be stored: {_first_line(error)}")


def _check_arguments(arguments: list[str]) -> None:
    for text in arguments:
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise invalid("argument", ascii(text)[1:-1], "is not text", "Write it in UTF-8, without NUL characters.")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
