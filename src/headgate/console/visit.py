"""One request of somebody who is signed in, and what a page can answer to it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from starlette.requests import Request
from starlette.responses import Response

from headgate.access import LiveSession, Tenant
from headgate.access.saved import SavedView, views_of
from headgate.console import urls
from headgate.console.present.lens import Lens
from headgate.console.views.common import Notice, View
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import NotFound, ProofNeeded, invalid
from headgate.ledger.quarantine import quarantine_size
from headgate.process import Voter
from headgate.process.desk import DeskSums, Reader, desk_case_counts, desk_sums, reader_of
from headgate.ui.brand import Brand, tenant_brand
from headgate.ui.reading import Reading, reading_of
from headgate.wiring import App

_LONGEST_PARAMETER = 200


@dataclass
class Visit:
    """Who asks for what, in which tenant, with the transaction of this request."""

    app: App
    request: Request
    conn: Connection[Any]
    ctx: Context
    tenant: Tenant
    form: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    live: LiveSession | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def me(self) -> Principal:
        """The reader."""
        return self.ctx.principal

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return self.ctx.now

    @cached_property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone: that of days, of what is counted by day or hour, and of the times at which rules come
        into force. How times are shown is the reader's: `lens.fmt`."""
        return ZoneInfo(self.tenant.timezone)

    @cached_property
    def reading(self) -> Reading:
        """The reader's locale and zone."""
        return read_by(self.tenant, self.request, self.live)

    @cached_property
    def brand(self) -> Brand:
        """The tenant's look and words."""
        return tenant_brand(self.tenant.name, self.tenant.settings)

    @cached_property
    def lens(self) -> Lens:
        """What the page is made for."""
        formatter = self.reading.formatter(self.now, self.brand.words)
        return Lens(self.me, self.now, self.zone, self.tenant.currency, formatter)

    @cached_property
    def voter(self) -> Voter | None:
        """The reader as somebody who decides: roles and delegations in force; None for who is no person."""
        return self.app.engine.registry.voters(self.conn, [self.me.id], self.now).get(self.me.id)

    @cached_property
    def reader(self) -> Reader:
        """Whose tasks are shown."""
        return reader_of(self.me.id, self.me.roles, self.voter)

    @cached_property
    def sums(self) -> Mapping[str, DeskSums]:
        """How much there is to do for the reader, by scope."""
        return desk_sums(self.conn, self.now, self.reader)

    @cached_property
    def case_counts(self) -> tuple[int, int]:
        """How many cases wait, and how many of them are at risk or overdue; none for who may not see cases."""
        return desk_case_counts(self.conn, self.now) if self.may("cases.read") else (0, 0)

    @cached_property
    def quarantined(self) -> int:
        """How much waits in quarantine; none for who may not see it."""
        return quarantine_size(self.conn) if self.may("quarantine.read") else 0

    @cached_property
    def saved_views(self) -> list[SavedView]:
        """The reader's saved views, of all lists, and those that colleagues share."""
        return views_of(self.conn, self.ctx)

    @property
    def part(self) -> str:
        """The element that HTMX wants replaced; empty for a whole page."""
        headers = self.request.headers
        return headers.get("hx-target", "") if headers.get("hx-request") == "true" else ""

    def prove(self, page: str = "", action: str = "") -> None:
        """Ask the reader for a fresh proof of who they are before what comes next. Raises `ProofNeeded`; `page` and
        `action` as there."""
        if self.live is None or not self.live.is_fresh(self.now):
            raise ProofNeeded("this asks for a proof of who you are", page=page, action=action)

    def prove_for(self, stake: Decimal | None, page: str = "", action: str = "") -> None:
        """The same, before approving so much (tenant currency), if the tenant's rules ask for it from there on."""
        limit = self.live.rules.step_up_amount if self.live is not None else None
        if limit is not None and stake is not None and stake >= limit:
            self.prove(page, action)

    def may(self, *permissions: str) -> bool:
        """Whether the reader has any of these permissions."""
        return self.lens.may(*permissions)

    def text(self, name: str) -> str:
        """A parameter of the address, trimmed; empty when it is not there."""
        return self.request.query_params.get(name, "").replace("\0", "").strip()[:_LONGEST_PARAMETER]

    def choice(self, name: str, allowed: Container[str]) -> str:
        """A parameter that must be one of these; empty otherwise, as for an old address."""
        value = self.text(name)
        return value if value in allowed else ""

    def cursor(self) -> str:
        """Where a list goes on."""
        return self.request.query_params.get("after", "")[:1000]

    def day(self, name: str) -> date | None:
        """A parameter that is a date. Raises `Invalid`."""
        value = self.text(name)
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise invalid(name, value, "is not a date", "Write it like 2026-03-31.") from None

    def code(self, name: str) -> str:
        """A code of the tenant's in the path."""
        return urls.code_of(str(self.request.path_params[name])).replace("\0", "")

    def uuid(self, name: str) -> UUID:
        """An id in the path. Raises `NotFound` for anything else."""
        try:
            return UUID(str(self.request.path_params[name]))
        except ValueError:
            raise NotFound("there is nothing under this address") from None

    def number(self, name: str) -> int:
        """A number in the path. Raises `NotFound` for anything else."""
        value = str(self.request.path_params[name])
        if not (value.isascii() and value.isdigit() and len(value) <= 18):
            raise NotFound("there is nothing under this address")
        return int(value)

    def midnight(self, day: date) -> datetime:
        """When a day begins in the tenant's zone."""
        return datetime.combine(day, time(0), self.zone)

    def today(self) -> date:
        """The tenant's day."""
        return self.now.astimezone(self.zone).date()

    def days_ago(self, days: int) -> datetime:
        """Midnight of so many days before today."""
        return self.midnight(self.today() - timedelta(days=days))

    def further(self, path: str, cursor: str) -> str:
        """The address of the next page of the list shown: its filters and where it goes on; '' on the last page."""
        if not cursor:
            return ""
        kept = [(k, v) for k, v in self.request.query_params.multi_items() if k != "after"]
        return urls.query(path, [*kept, ("after", cursor)])


def address_of(request: Request) -> str:
    """Path and query as the browser asked."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def read_by(tenant: Tenant | None, request: Request, live: LiveSession | None = None) -> Reading:
    """How the one reads who asks: by their own choice, else what the browser tells, else as is usual at the tenant."""
    return reading_of(tenant, request.cookies, request.headers.get("accept-language", ""), live)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page with another status than 200, for example a form with errors."""

    view: View
    status: int = 200


@dataclass(frozen=True, slots=True)
class Go:
    """After an act: on to a page, with a message there."""

    href: str
    notice: Notice | None = None
    session: str = ""  # a token that takes the place of the one before


@dataclass(frozen=True, slots=True)
class Settle:
    """An event was put into the log. Let it be applied, then tell what came of it in a transaction that reads;
    `tell` learns whether it was applied (False: a worker still has it)."""

    seq: int
    tell: Callable[[Visit, bool], Answer]


@dataclass(frozen=True, slots=True)
class Later:
    """Work after this transaction, which opens its own; then `tell` in a transaction that reads."""

    run: Callable[[], None]
    tell: Callable[[Visit], Answer]


Answer: TypeAlias = View | Shown | Go | Settle | Later | Response
Handler: TypeAlias = Callable[[Visit], Answer]


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: method and path, who may pass (any of these permissions), and what is done.

    `SIGNED_IN` stands for pages that everybody of the tenant's own people may see. `fresh`: only for who has lately
    proved who they are; others are asked to, and what they typed is kept meanwhile unless `keeps` says otherwise.
    `files`: how many files its form may carry. `leaves`: it is about taking one's data away, which is done also in a
    tenant that is shut.
    """

    method: Literal["GET", "POST"]
    path: str
    needs: tuple[str, ...]
    handler: Handler
    fresh: bool = False
    files: int = 0
    leaves: bool = False
    keeps: bool = True


SIGNED_IN = ("signed in",)
