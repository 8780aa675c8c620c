"""What every command needs: the application, the tenant, who acts, and how to print."""

from __future__ import annotations

import getpass
import json
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer
from psycopg import Connection
from rich.console import Console
from rich.table import Table

from headgate.access import find_tenant
from headgate.kernel.canonical import canonical_text
from headgate.kernel.clock import Clock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import HeadgateError
from headgate.kernel.settings import load_settings
from headgate.wiring import App, build

Tenant = Annotated[
    str, typer.Option("--tenant", "-t", envvar="HEADGATE_TENANT", help="The tenant's short name.", show_default=True)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="How many rows at most.")]

_LETTERS = "abcdefghjkmnpqrstuvwxyz"  # none that looks like a digit

out = Console()
err = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Session:
    """An open application and the tenant a command works on."""

    app: App
    tenant_id: UUID
    tenant: str
    principal: Principal

    def context(self) -> Context:
        """Who, where, now."""
        return Context(self.tenant_id, self.principal, self.app.clock.now())

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[tuple[Connection[Any], Context]]:
        """One unit of work of this command."""
        with self.app.database.transaction(self.tenant_id, read_only=read_only) as conn:
            yield conn, self.context()


@contextmanager
def opened(clock: Clock | None = None) -> Iterator[App]:
    """The application of these settings; closed at the end."""
    app = build(load_settings(), clock)
    try:
        yield app
    finally:
        app.close()


@contextmanager
def session(tenant: str) -> Iterator[Session]:
    """The application with one tenant."""
    with opened() as app:
        yield Session(app, find_tenant(app.database, tenant), tenant, operator())


def operator() -> Principal:
    """Whoever sits at this machine's shell: it can read the database files, so it may administer; it is named in the audit
    chain as such and never counts as an approver."""
    name = getpass.getuser()
    return Principal(id=f"operator:{name}", kind="system", name=name, roles=frozenset({"tenant_admin"}))


def new_password() -> str:
    """A random password of 72 bits that can be read out: sixteen letters in groups of four."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def fail(error: HeadgateError) -> NoReturn:
    """Say what is wrong, field by field, and leave with exit code 1."""
    err.print(f"[bold red]Error[/] {error.message}", highlight=False, soft_wrap=True)
    if len(error.problems) > 1:
        for problem in error.problems[:20]:
            err.print(f"  • {problem}", highlight=False, soft_wrap=True)
    sys.exit(1)


def print_json(value: Any) -> None:
    """Amounts as text, instants as RFC 3339; indented for a person, stable for a script."""
    sys.stdout.write(json.dumps(json.loads(canonical_text(value)), indent=2, ensure_ascii=False) + "\n")


def shown(value: object) -> str:
    """A value in a table cell."""
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if value.as_tuple().exponent else f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "–"
    return str(value)


def table(title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], empty: str) -> None:
    """Rows under column titles; numbers stand right. `empty` says what would be here."""
    if not rows:
        out.print(f"[dim]{empty}[/]")
        return
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name, label in columns.items():
        first = next((r[name] for r in rows if r.get(name) is not None), None)
        number = isinstance(first, (Decimal, int))
        # An id stands on one line, so that it can be copied.
        made.add_column(label, justify="right" if number else "left", overflow="fold", no_wrap=isinstance(first, UUID))
    for row in rows:
        made.add_row(*(shown(row.get(name)) for name in columns))
    out.print(made)
