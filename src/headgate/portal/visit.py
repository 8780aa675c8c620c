"""One request of somebody of a partner, and what a page can answer to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from starlette.requests import Request
from starlette.responses import Response

from headgate.access import LiveSession, Tenant
from headgate.access.saved import SavedView, views_of
from headgate.connectors.mail import Letter
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import Conflict, NotFound, Problem, ProofNeeded, Refused, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import joined, phrase
from headgate.ledger import quarantine_of_events
from headgate.portal import urls
from headgate.portal.views import View
from headgate.process import Incoming, ingest
from headgate.process.sent_forms import PEOPLE
from headgate.ui.brand import tenant_brand
from headgate.ui.cookies import Notice
from headgate.ui.format import Formatter
from headgate.ui.reading import Reading, reading_of
from headgate.ui.recorded import recorded
from headgate.ui.web import problem_told
from headgate.wiring import App

_LONGEST_PARAMETER = 200
_FOR_STAFF = "replay"  # a fix that says so is done in the quarantine
OURS = phrase("We were told and look into it. What you filled in is kept; you can change it and send it again.")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form: the name the browser gave it, and its bytes."""

    field: str
    name: str
    content: bytes


@dataclass
class Visit:
    """Who asks for what, with a transaction that has their own partner's rows and no others."""

    app: App
    request: Request
    conn: Connection[Any]
    ctx: Context
    tenant: Tenant
    form: Mapping[str, str] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()
    token: str = ""
    live: LiveSession | None = None

    @property
    def me(self) -> Principal:
        """The reader."""
        return self.ctx.principal

    @property
    def partner(self) -> str:
        """The reader's company."""
        assert self.me.partner is not None, "the guard lets in people of partners only"
        return self.me.partner

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return self.ctx.now

    @cached_property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone: that of days. How times are shown is the reader's: `fmt`."""
        return ZoneInfo(self.tenant.timezone)

    @cached_property
    def reading(self) -> Reading:
        """The reader's locale and zone."""
        return read_by(self.tenant, self.request, self.live)

    @cached_property
    def fmt(self) -> Formatter:
        """Writes values as the reader reads them."""
        return self.reading.formatter(self.now, tenant_brand(self.tenant.name, self.tenant.settings).words)

    @cached_property
    def saved_views(self) -> list[SavedView]:
        """The reader's saved views, of all lists, and those that colleagues share."""
        return views_of(self.conn, self.ctx)

    def day(self, name: str) -> date | None:
        """A parameter of the address that is a date. Raises `Invalid`."""
        value = self.text(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise invalid(name, value, "is not a date", "Write it like 2026-03-31.") from None

    def midnight(self, day: date) -> datetime:
        """When a day begins in the tenant's zone."""
        return datetime.combine(day, time(0), self.zone)

    def today(self) -> date:
        """The tenant's day."""
        return self.now.astimezone(self.zone).date()

    def prove(self) -> None:
        """Ask the reader for a fresh proof of who they are before what comes next. Raises `ProofNeeded`."""
        if self.live is None or not self.live.is_fresh(self.now):
            raise ProofNeeded("this asks for a proof of who you are")

    def may(self, permission: str) -> bool:
        """Whether the reader has a permission."""
        return permission in self.me.permissions

    def text(self, name: str) -> str:
        """A parameter of the address, trimmed; empty when it is not there."""
        return self.request.query_params.get(name, "").replace("\0", "").strip()[:_LONGEST_PARAMETER]

    def field(self, name: str) -> str:
        """A field of the form, trimmed."""
        return self.form.get(name, "").strip()

    def cursor(self) -> str:
        """Where a list goes on."""
        return self.request.query_params.get("after", "")[:1000]

    def code(self, name: str) -> str:
        """A code in the path."""
        return urls.code_of(str(self.request.path_params[name])).replace("\0", "")

    def uuid(self, name: str) -> UUID:
        """An id in the path. Raises `NotFound` for anything else."""
        try:
            return UUID(str(self.request.path_params[name]))
        except ValueError:
            raise NotFound("there is nothing under this address") from None

    def send(self, kind: str, data: Mapping[str, Any]) -> int:
        """Put an event into the log in the reader's name and for the reader's partner; its number."""
        event = Incoming(str(new_id(self.now)), kind, self.now, {**data, "partner": self.partner})
        (appended,) = ingest(self.conn, self.ctx, self.app.engine, PEOPLE, [event])
        if appended.status == "conflict":
            raise Conflict("this was sent before with other content")
        return appended.seq

    def refusals(self, seqs: Collection[int]) -> dict[int, Refused]:
        """Those of these events that could not be applied, with why, as a partner is told it.

        The quarantine is staff's, so it is read in a transaction of the tenant's own.
        """
        if not seqs:
            return {}
        with self.app.database.transaction(self.ctx.tenant_id, read_only=True) as conn:
            found = quarantine_of_events(conn, sorted(seqs))
        return {seq: told_to_partner(each.problems) for seq, each in found.items() if each.status != "replayed"}

    def refusal(self, seq: int) -> Refused | None:
        """Why an event that the reader sent could not be applied; None when it was."""
        return self.refusals([seq]).get(seq)


def told_to_partner(problems: Sequence[Problem]) -> Refused:
    """A refusal without what only staff can mend: they find it in the quarantine."""
    told = tuple(
        Problem(p.field, p.value, recorded(p.message), OURS if _FOR_STAFF in p.fix else recorded(p.fix))
        for p in problems
    )
    told = told or (Problem("", "", phrase("it could not be taken in"), OURS),)
    return Refused(joined(" ", map(problem_told, told)), problems=told)


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
    """An event was put into the log. Let it be applied, then tell what came of it in a transaction of the partner's;
    `tell` learns whether it was applied (False: a worker still has it)."""

    seq: int
    tell: Callable[[Visit, bool], Answer]


@dataclass(frozen=True, slots=True)
class Write:
    """A letter about what was done, posted once that is committed, with whom it is about and its key; then the answer.
    A partner's transaction has no way into the outbox, so it is posted in the tenant's name."""

    letter: Letter
    about: str
    key: str
    answer: Answer


Answer: TypeAlias = View | Shown | Go | Settle | Write | Response
Handler: TypeAlias = Callable[[Visit], Answer]


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: method and path, who may pass, and what is done. `notes`: a page that writes down that it was read;
    `fresh`: only for who has lately proved who they are; what others typed is kept meanwhile unless `keeps` says
    otherwise."""

    method: Literal["GET", "POST"]
    path: str
    needs: str
    handler: Handler
    notes: bool = False
    fresh: bool = False
    keeps: bool = True


# Pages for everybody of a partner.
SIGNED_IN = ""
