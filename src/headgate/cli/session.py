"""What every command needs: the application, the tenant, who acts, and how to print."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from psycopg import Connection
from rich.console import Console, ConsoleDimensions
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headgate.access import find_tenant, get_tenant, load_principal, require
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.clock import Clock
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import NotFound, Problem, invalid, shorten
from headgate.kernel.settings import load_settings
from headgate.wiring import App, build

Tenant = Annotated[
    str, typer.Option("--tenant", "-t", envvar="HEADGATE_TENANT", help="The tenant's short name.", show_default=True)
]
By = Annotated[
    str, typer.Option("--as", help="Who acts: a principal id or an e-mail address; without it, you as operator.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="How many rows at most.")]

_LETTERS = "abcdefghjkmnpqrstuvwxyz"  # none that looks like a digit
_PIPED_WIDTH = 200
# A piece of text, or a piece with its style.
Part = str | tuple[str, str]


class _Console(Console):
    """A console that does not break lines for a terminal's width when a script reads them."""

    @property  # type: ignore[misc]  # nobody sets it
    def size(self) -> ConsoleDimensions:
        found = super().size
        if self.is_terminal:
            return found
        columns = os.environ.get("COLUMNS", "")
        return ConsoleDimensions(int(columns) if columns.isdecimal() else _PIPED_WIDTH, found.height)


out = _Console(highlight=False)
err = _Console(stderr=True, highlight=False)


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
    app.news.open()
    try:
        yield app
    finally:
        app.close()


@contextmanager
def session(tenant: str) -> Iterator[Session]:
    """The application with one tenant."""
    with opened() as app:
        try:
            found = find_tenant(app.database, tenant)
        except NotFound:
            raise NotFound(f"there is no tenant {shorten(tenant)}; see headgate tenant list") from None
        yield Session(app, found, tenant, operator())


def operator() -> Principal:
    """Whoever sits at this machine's shell: able to read the database files, so allowed to administer.

    The audit chain names it as such; it never counts as an approver.
    """
    name = getpass.getuser()
    return Principal(id=f"operator:{name}", kind="system", name=name, roles=frozenset({"tenant_admin"}))


def new_password() -> str:
    """A random password of 72 bits that can be read out: sixteen letters in groups of four."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def read_text(path: Path) -> str:
    """A text file. Raises `Invalid` where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise invalid(path.name, "", f"is not UTF-8 text (byte {error.start})", "Save it as UTF-8.") from None


def read_json(name: str, text: str | bytes) -> Any:
    """JSON out of an option or a file. Raises `Invalid` naming it."""
    try:
        return loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(name, shorten(text), f"is not JSON: {error}") from None


def acting(conn: Connection[Any], ctx: Context, by: str, permission: str = "") -> Context:
    """The context of a person of the tenant, named by principal id or e-mail address, who must have the permission."""
    if not by:
        raise invalid("--as", by, "is empty", "Name a person of the tenant.")
    principal = load_principal(conn, named(by), ctx.now)
    if permission:
        require(principal, permission)
    return Context(ctx.tenant_id, principal, ctx.now)


def named(person: str) -> str:
    """The principal id of a person who is named by it or by an e-mail address."""
    return person if ":" in person else f"user:{person.strip().lower()}"


def midnight(conn: Connection[Any], day: datetime) -> datetime:
    """The first instant of a day in the tenant's time zone."""
    return datetime.combine(day.date(), time(), ZoneInfo(get_tenant(conn).timezone))


def fail(message: str, problems: Sequence[Problem] = ()) -> NoReturn:
    """Say what is wrong, field by field, and leave with exit code 1."""
    err.print(Text.assemble(("Error ", "bold red"), clean(message)), soft_wrap=True)
    if len(problems) > 1:
        for problem in problems[:20]:
            err.print(Text(f"  • {clean(str(problem))}"), soft_wrap=True)
    sys.exit(1)


def print_json(value: Any) -> None:
    """Amounts as text, instants as RFC 3339; indented for a person, stable for a script."""
    sys.stdout.write(json.dumps(json.loads(canonical_text(value)), indent=2, ensure_ascii=False) + "\n")


def say(*parts: Part, indent: int = 0, style: str = "", wrap: bool = True) -> None:
    """A line of output, taken literally: nothing in it is read as markup. `wrap` breaks it at the terminal's width."""
    pieces = [(clean(p), "") if isinstance(p, str) else (clean(p[0]), p[1]) for p in parts]
    text = Text.assemble(*pieces, style=style)
    out.print(Padding(text, (0, 0, 0, indent), expand=False) if indent else text, soft_wrap=not wrap)


def tell(result: dict[str, Any], text: str, json: bool) -> None:
    """What came of a command: as JSON for scripts, or in a line."""
    if json:
        print_json(result)
    else:
        say(text, wrap=False)


def clean(text: str) -> str:
    """A text without what would steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def money(value: Decimal | str) -> str:
    """An amount with thousands separators: two decimals, or as many as it takes."""
    whole, decimals = _parts(value)
    return f"{whole}.{decimals.ljust(2, '0')}"


def number(value: Decimal | str) -> str:
    """A quantity or a rate in plain notation with no more decimals than it takes."""
    whole, decimals = _parts(value)
    return f"{whole}.{decimals}" if decimals else whole


def _parts(value: Decimal | str) -> tuple[str, str]:
    amount = Decimal(value)
    whole, _, decimals = f"{amount or Decimal(0):,f}".partition(".")
    return whole, decimals.rstrip("0")


def shown(value: object) -> str:
    """A value in a table cell or a list of facts."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return money(value) if value.as_tuple().exponent else f"{value:,}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(str, value)) or "–"
    return clean(str(value))


def table(title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], empty: str) -> None:
    """Rows under column titles; numbers stand right, ids and times in one piece. `empty` says what
    would be here; without it, nothing is printed then."""
    if not rows:
        if empty:
            say(empty, style="dim")
        return
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name, label in columns.items():
        found = next((r[name] for r in rows if r.get(name) is not None), None)
        right = isinstance(found, (Decimal, int)) and not isinstance(found, bool)
        whole = right or isinstance(found, (UUID, datetime)) or name == next(iter(columns))
        made.add_column(label, justify="right" if right else "left", overflow="fold", no_wrap=whole)
    for row in rows:
        made.add_row(*(Text(shown(row.get(name))) for name in columns))
    out.print(made)


def print_page(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, str],
    empty: str,
    *,
    next_cursor: str | None,
    json: bool,
) -> None:
    """A page of a list: as a table with the way to the next page, or as JSON."""
    if json:
        print_json({"items": list(rows), "next_cursor": next_cursor})
        return
    table(title, rows, columns, empty)
    say_more(next_cursor)


def say_more(next_cursor: str | None) -> None:
    """How a list goes on, where it does."""
    if next_cursor:
        say(f"More: --cursor {next_cursor}", style="dim", wrap=False)
