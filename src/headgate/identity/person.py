"""Somebody who is signed in and asks for a page of their own account, and what they are answered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from psycopg import Connection
from starlette.requests import Request

from headgate.access import LiveSession, Sealer, Tenant
from headgate.access.mfa.passkeys import Site
from headgate.identity import views
from headgate.identity.where import Where
from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden
from headgate.ui.cookies import Notice


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, with the transaction of their request."""

    conn: Connection[Any]
    ctx: Context
    tenant: Tenant
    form: Mapping[str, str]
    request: Request
    token: str
    live: LiveSession
    sealer: Sealer
    where: Where
    own_path: Callable[[str], str]


class Sealing(Protocol):
    """What of the application a page of the account needs."""

    @property
    def envelope(self) -> Sealer: ...


class Visiting(Protocol):
    """A request as the console and the portal know it; `live` is None for somebody who looks in for another."""

    @property
    def app(self) -> Sealing: ...
    @property
    def request(self) -> Request: ...
    @property
    def conn(self) -> Connection[Any]: ...
    @property
    def ctx(self) -> Context: ...
    @property
    def tenant(self) -> Tenant: ...
    @property
    def form(self) -> Mapping[str, str]: ...
    @property
    def token(self) -> str: ...
    @property
    def live(self) -> LiveSession | None: ...


def person_of(visit: Visiting, where: Where, own_path: Callable[[str], str]) -> Person:
    """Who asks. Raises `Forbidden` for support that looks in: another's account is not theirs to change."""
    if visit.live is None:
        raise Forbidden("support looks at nobody's own account")
    return Person(
        visit.conn,
        visit.ctx,
        visit.tenant,
        visit.form,
        visit.request,
        visit.token,
        visit.live,
        visit.app.envelope,
        where,
        own_path,
    )


@dataclass(frozen=True, slots=True)
class Show:
    """A page. `changed` is what has become of ways of signing in, for a mail to their owner; '' for nothing."""

    body: views.Account | views.Confirm
    status: int = 200
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """On to another page; `session` is the token that takes the place of the one before, `changed` as in `Show`."""

    href: str
    notice: Notice | None = None
    session: str = ""
    changed: str = ""


class Act(Protocol):
    """What is done at one address."""

    def __call__(self, person: Person, /) -> Show | Leave: ...


def site_of(request: Request) -> Site:
    """Host and origin as the browser that asks knows them."""
    host = request.headers.get("host", "").lower()
    name = host if host.startswith("[") else host.partition(":")[0]
    return Site(name, f"{request.url.scheme}://{host}")
