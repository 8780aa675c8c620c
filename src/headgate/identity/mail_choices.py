"""Choosing which mails one gets: on one's account, and by the link below a mail, for every edge alike.

The link (RFC 8058) signs nobody in and needs no session, cookie or form token: it is sealed and says one thing only. A
GET shows a page with a button, for programs that look at links before people do; a POST, of that button or of a mail
program, turns mails of that kind to that person off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headgate.access import Tenant, get_account, get_tenant
from headgate.access.mailing import (
    DIGESTS,
    KINDS,
    NO_CHOICE,
    WHENS,
    MailChoice,
    Stop,
    choices_of,
    choose_mails,
    kinds_of,
    read_stop,
    want_kind,
)
from headgate.connectors.mail import waiting_for
from headgate.identity.views import MailBox, MailKind, OverStep, Step, StopStep
from headgate.identity.where import Where
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import NotFound, Unauthenticated, invalid
from headgate.kernel.phrases import phrase
from headgate.ui.languages import LANGUAGES
from headgate.wiring import App

# What a mail program sends (RFC 8058, 3.2), and what the button of the page does.
ONE_CLICK = ("List-Unsubscribe", "One-Click")
BY_LINK = "link of a mail"


def box_of(conn: Connection[Any], me: Principal) -> MailBox:
    """What somebody has chosen about the mails that they can get, for the page of their account."""
    choice = choices_of(conn, [me.id]).get(me.id, NO_CHOICE)
    kinds = tuple(MailKind(kind.code, kind.label, choice.when(kind.code)) for kind in kinds_of(me))
    return MailBox(kinds, choice.language, tuple(LANGUAGES.items()), choice.digest_hour)


def keep_choices(conn: Connection[Any], ctx: Context, form: Mapping[str, str]) -> None:
    """Keep what the form of the account page says. Raises `Invalid`."""
    among = [kind.code for kind in kinds_of(ctx.principal)]
    chosen = {code: _when(form.get(f"mail-{code}", "")) for code in among}
    choose_mails(
        conn,
        ctx,
        language=form.get("language", ""),
        timezone=None,
        off=[code for code, when in chosen.items() if when == "off"],
        digest=[code for code, when in chosen.items() if when == "digest"],
        among=among,
        hour=_hour(form.get("digest_hour", "")),
    )


def _when(text: str) -> str:
    # A page of the release before says "on", or nothing for what is not wanted.
    when = {"on": "at_once", "": "off"}.get(text, text)
    if when not in WHENS:
        raise invalid("mails", text, "is no time for mails", "Choose one of the list.")
    return when


def _hour(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise invalid("digest_hour", text, "is no hour of the day", "Choose one of the list.")
    return int(text) if text else None


@dataclass(frozen=True, slots=True)
class MailDoor:
    """The endpoints of the links. `ours` refuses (`Unauthenticated`) a tenant whose pages these are not; `partners`:
    this edge is for people of partners; `draw` makes a page, for a tenant and in a locale where they are known."""

    app: App
    where: Where
    partners: bool
    ours: Callable[[Request, UUID], None]
    form: Callable[[Request], Any]
    draw: Callable[[Request, Step, int, Tenant | None, str], Response]

    def routes(self) -> list[Route]:
        """Both ways of a link."""
        address = self.where.stop_mails("{token}")
        return [Route(address, self._show, methods=["GET"]), Route(address, self._act, methods=["POST"])]

    async def _show(self, request: Request) -> Response:
        return await run_in_threadpool(self._answer, request, None)

    async def _act(self, request: Request) -> Response:
        return await run_in_threadpool(self._answer, request, await self.form(request))

    def _answer(self, request: Request, form: Mapping[str, str] | None) -> Response:
        """The page of a link; before that, with a form, what it asks for. Never a redirect (RFC 8058, 3.1)."""
        now, token = self.app.clock.now(), str(request.path_params["token"])
        try:
            stop = read_stop(self.app.envelope, token, now)
            self.ours(request, stop.tenant_id)
            with self.app.database.transaction(stop.tenant_id, read_only=form is None) as conn:
                tenant = self._tenant(conn, stop)
                known, status = True, 200
                if form is not None:
                    ctx = Context(stop.tenant_id, SYSTEM, now, str(request.scope["state"]["request_id"]))
                    known = self._do(conn, ctx, stop, form)
                    status = 200 if known else 400
                choice = choices_of(conn, [stop.principal]).get(stop.principal, NO_CHOICE)
                waits = waiting_for(conn, stop.principal) if stop.kind in DIGESTS else 0
        except (Unauthenticated, NotFound):
            text = phrase("Sign in and choose on the page of your account which mails you get.")
            over = OverStep(self.where, phrase("This link is over"), text, f"{self.where.account}#mails")
            return self.draw(request, over, 404, None, "")
        locale = self.app.mailroom.reading().reader(tenant, choice, now).locale
        return self.draw(
            request, self._step(stop, token, choice, waits, done=form is not None and known), status, tenant, locale
        )

    def _tenant(self, conn: Connection[Any], stop: Stop) -> Tenant:
        """The tenant of a link, if whom it is for is of this edge. Raises `NotFound`."""
        account = get_account(conn, stop.principal, self.app.clock.now())
        if (account.partner is not None) != self.partners:
            raise NotFound("this link is for another door")
        return get_tenant(conn)

    def _do(self, conn: Connection[Any], ctx: Context, stop: Stop, form: Mapping[str, str]) -> bool:
        """Turn the kind off or on again; False for a form that asks for neither."""
        name, value = ONE_CLICK
        act = "stop" if form.get(name) == value else form.get("act", "")
        if act not in ("stop", "again"):
            return False
        want_kind(conn, ctx, stop.principal, stop.kind, wanted=act == "again", by=BY_LINK)
        return True

    def _step(self, stop: Stop, token: str, choice: MailChoice, waits: int, *, done: bool) -> StopStep:
        return StopStep(self.where, token, KINDS[stop.kind].label, choice.wants(stop.kind), done, waits)
