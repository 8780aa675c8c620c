"""Browsers as sign-ins meet them, for every edge and way of signing in alike: the cookie by which one is known again,
and the mail to its owner when an account is entered with one that is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from starlette.requests import Request
from starlette.responses import Response

from headgate.access import get_account, get_tenant, has_password
from headgate.access.devices import LONGEST_KNOWN, device_mark, owner_learns, recognise_device, remember_device
from headgate.connectors.mail import browser_letter
from headgate.identity.devices import device_of, proofs_in_words
from headgate.identity.mails import base_of
from headgate.identity.where import Where
from headgate.kernel.context import Context
from headgate.kernel.phrases import phrase
from headgate.ui.cookies import Cookies
from headgate.wiring import App


@dataclass(frozen=True, slots=True)
class Met:
    """A browser somebody has just signed in with: its id, whom its cookie is for, and the cookie."""

    device: UUID
    mark: str
    token: str


@dataclass(frozen=True, slots=True)
class Browsers:
    """The browsers in front of one edge."""

    app: App
    cookies: Cookies
    where: Where
    secure: bool

    def known(self, conn: Connection[Any], ctx: Context, request: Request, principal: str) -> UUID | None:
        """The known browser of this person that a request comes from, if it is one."""
        token = self.cookies.device_token(request, device_mark(ctx.tenant_id, principal), secure=self.secure)
        return recognise_device(conn, ctx, self.app.envelope, principal, token)

    def meet(self, conn: Connection[Any], ctx: Context, request: Request, proofs: tuple[str, ...]) -> Met:
        """Know the browser of a sign-in that just succeeded, by whom `ctx` names; they are told where it is new."""
        me, agent = ctx.principal.id, request.headers.get("user-agent", "")
        before = self.known(conn, ctx, request, me)
        device, token = remember_device(conn, ctx, self.app.envelope, me, user_agent=agent, known=before)
        if device != before:
            self._tell(conn, ctx, request, device, proofs)
        return Met(device, device_mark(ctx.tenant_id, me), token)

    def keep(self, request: Request, response: Response, met: Met) -> None:
        """Hand the cookie to the browser."""
        seconds = int(LONGEST_KNOWN.total_seconds())
        self.cookies.keep_device(request, response, met.mark, met.token, secure=self.secure, seconds=seconds)

    def _tell(
        self, conn: Connection[Any], ctx: Context, request: Request, device: UUID, proofs: tuple[str, ...]
    ) -> None:
        account = get_account(conn, ctx.principal.id, ctx.now)
        learns = owner_learns(conn, ctx, account.principal, device) if account.email else ""
        if not account.email or not learns:
            return
        tenant = get_tenant(conn)
        facts: tuple[tuple[str, object], ...] = (
            (phrase("When"), ctx.now),
            (phrase("Browser"), device_of(request.headers.get("user-agent", ""))),
            (phrase("Network address"), request.client.host if request.client else phrase("not known")),
            (phrase("Signed in by"), proofs_in_words(proofs)),
        )
        base = base_of(self.app, request, tenant.portal_host if account.partner else None)
        letter = browser_letter(
            account.email,
            account.name,
            facts,
            f"{base}{self.where.account}#sessions",
            password="sign-on" not in proofs and has_password(conn, account.principal),
            last=learns == "last",
        )
        self.app.mailroom.send(conn, ctx, tenant, letter, about=account.principal, key=f"browser:{device}")
