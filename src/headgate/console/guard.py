"""What stands before every page of somebody signed in: session, form token, permission, one transaction, and errors.

A page is reached only through here, so no page can forget a check.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from headgate.access import ENROL, Tenant, expect_standing, get_tenant, parse_session_token, read_session, touch_session
from headgate.access.session_forms import KeptForm
from headgate.access.support import Looking, end_look, is_support, note_page, read_look, support_tenant
from headgate.console import auth, urls
from headgate.console.frame import frame
from headgate.console.hosts import ConsoleHosts
from headgate.console.render import Console
from headgate.console.saved import bar_of, opens_with
from headgate.console.views.common import Notice, Page, View
from headgate.console.views.sign_in import ErrorView
from headgate.console.visit import SIGNED_IN, Answer, Door, Go, Later, Settle, Shown, Visit, address_of, read_by
from headgate.identity.keeping import Mark, filled_in, find_kept, keep_sent, sent_of, take_mark, use_up, without_mark
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Forbidden, ProofNeeded, Unauthenticated
from headgate.kernel.phrases import phrase, worded
from headgate.ui.brand import logo_address, stylesheet_address, tenant_brand
from headgate.ui.languages import language_of, translations
from headgate.ui.live import asks_again, ended, wants_news
from headgate.ui.theme import THEME_COOKIE, parse_theme
from headgate.ui.web import path_for_logs, told
from headgate.wiring import App

log = logging.getLogger("headgate.console")

HTML = "text/html; charset=utf-8"
MOST_FIELDS = 5000
WHERE = urls.WHERE


@dataclass(frozen=True, slots=True)
class Site:
    """What the console is made of; built once, shared by all requests."""

    app: App
    console: Console
    hosts: ConsoleHosts
    secure: bool

    def ours(self, request: HTTPConnection, tenant_id: UUID) -> None:
        """Raise `Unauthenticated` where the request's host is another tenant's."""
        if self.hosts.tenant_of(request) not in (None, tenant_id):
            raise Unauthenticated("this is another organisation's console")


@dataclass(slots=True)
class Asked:
    """A request that is being answered: what is known so far is what an error page can show. `mark` is what its address
    or form says of a form that was kept, `kept` that form."""

    request: Request
    token: str
    now: datetime
    page: Page | None = None
    notice_shown: bool = False
    looking: Looking | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    mark: Mark | None = None
    kept: KeptForm | None = None
    ctx: Context | None = None


@dataclass(frozen=True, slots=True)
class Guarded:
    """The endpoint of a door."""

    site: Site
    door: Door

    async def answer(self, request: Request) -> Response:
        """Let the door's handler answer, off the event loop, for database and templates block."""
        if self.door.method == "GET":
            request, mark = without_mark(request)
            return await run_in_threadpool(self._answer, request, {}, {}, mark)
        fields, files = await read_sent(request, self.door.files)
        form, mark = take_mark(fields)
        return await run_in_threadpool(self._answer, request, form, files, mark)

    def _answer(
        self, request: Request, form: Mapping[str, str], files: Mapping[str, bytes], mark: Mark | None
    ) -> Response:
        site = self.site
        token = auth.session_token(request, secure=site.secure)
        asked = Asked(request, token, site.app.clock.now(), files=files, mark=mark)
        request.state.asked = asked
        try:
            if is_support(asked.token):
                site.ours(request, support_tenant(asked.token))
                return self._for_support(asked, form)
            tenant_id, _ = parse_session_token(asked.token)
            site.ours(request, tenant_id)
            response = self._within(asked, tenant_id, form)
        except Unauthenticated:
            response = ended() if wants_news(request) else to_sign_in(request)
            # A form of another site comes without the cookie: it must not end the session that the browser keeps.
            if asked.token:
                auth.drop_session(response, secure=site.secure)
        except ProofNeeded as error:
            response = to_proof(request, self._kept(asked, form, error))
        if asked.notice_shown:
            auth.drop_notice(response, secure=site.secure)
        return response

    def _within(self, asked: Asked, tenant_id: UUID, form: Mapping[str, str]) -> Response:
        site, reads = self.site, self.door.method == "GET"
        with site.app.database.transaction(tenant_id, read_only=reads) as conn:
            live = read_session(conn, asked.token, asked.now)
            if live.touch_due and not reads:
                touch_session(conn, asked.token, asked.now)
            tenant = get_tenant(conn)
            if not WHERE.reaches(live.session.limited_to, asked.request.url.path):
                return beyond(asked.request, live.session.limited_to)
            asked.ctx = ctx = _context(asked, tenant_id, live.principal)
            visit = Visit(site.app, asked.request, conn, ctx, tenant, form, asked.token, live, asked.files)
            asked.page = self._frame(asked, visit, counted=False)
            if not reads:
                auth.check_form(asked.request, form, asked.token)
            admit(live.principal, self.door.needs)
            if self.door.path != urls.SIGN_OUT:
                expect_standing(tenant, live.principal, writes=not reads, leaves=self.door.leaves)
            if self.door.fresh:
                visit.prove()
            answer = opens_with(visit) or self.door.handler(visit)
            if not reads:
                use_up(conn, asked.token, asked.mark)
            elif asked.mark is not None:
                path = asked.request.url.path
                asked.kept = find_kept(conn, ctx, site.app.envelope, asked.token, asked.mark, path)
            self._count(asked, visit, answer)
        if live.touch_due and reads and not asks_again(asked.request):
            with site.app.database.transaction(tenant_id) as conn:
                touch_session(conn, asked.token, asked.now)
        return self._finish(asked, visit, answer)

    def _for_support(self, asked: Asked, form: Mapping[str, str]) -> Response:
        """A page that support looks at as somebody: noted first, then shown within a transaction that reads."""
        site, tenant_id = self.site, support_tenant(asked.token)
        bare = Context(tenant_id, SYSTEM, asked.now, trace=str(asked.request.scope["state"]["request_id"]))
        if self.door.method != "GET":
            auth.check_form(asked.request, form, asked.token)
            if self.door.path != urls.SIGN_OUT:
                raise Forbidden("support looks and does not act")
            with site.app.database.transaction(tenant_id) as conn:
                end_look(conn, bare, asked.token)
            response = RedirectResponse(urls.SIGN_IN, 303)
            auth.drop_session(response, secure=site.secure)
            return response
        with site.app.database.transaction(tenant_id) as conn:
            looking = read_look(conn, asked.token, asked.now)
            note_page(conn, bare, looking, address_of(asked.request))
        with site.app.database.transaction(tenant_id, read_only=True) as conn:
            tenant = get_tenant(conn)
            visit = Visit(site.app, asked.request, conn, replace(bare, principal=looking.principal), tenant, form)
            asked.looking = looking
            asked.page = self._frame(asked, visit, counted=False)
            admit(looking.principal, self.door.needs)
            answer = self.door.handler(visit)
            self._count(asked, visit, answer)
        return self._finish(asked, visit, answer)

    def _finish(self, asked: Asked, visit: Visit, answer: Answer) -> Response:
        """Turn an answer into a response; what it asks for after its transaction is done here."""
        while isinstance(answer, (Settle, Later)):
            answer = self._afterwards(asked, visit, answer)
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, Go):
            response: Response = RedirectResponse(answer.href, 303)
            if answer.session:
                auth.keep_session(response, answer.session, secure=self.site.secure)
            if answer.notice is not None:
                notice = answer.notice.said(visit.lens.fmt)
                auth.keep_notice(response, notice, answer.session or asked.token, secure=self.site.secure)
            return response
        view, status = (answer.view, answer.status) if isinstance(answer, Shown) else (answer, 200)
        page = asked.page
        assert page is not None, "the frame was made before the handler ran"
        asked.notice_shown = bool(page.notices) and visit.part not in view.parts
        if self.door.method == "POST" or visit.part:
            return HTMLResponse(self.site.console.render(page, view, visit.part), status)

        def draw(more: tuple[Notice, ...]) -> str:
            return self.site.console.render(replace(page, notices=(*page.notices, *more)), view)

        return HTMLResponse(filled_in(draw, asked.kept, asked.mark, visit.lens.fmt.tell), status)

    def _kept(self, asked: Asked, form: Mapping[str, str], error: ProofNeeded) -> str:
        """Where to go on after a proof, with what was typed kept for it."""
        if self.door.method == "GET":
            return address_of(asked.request)
        page, action = sent_of(error, _page_of(asked.request), address_of(asked.request))
        if not self.door.keeps or asked.ctx is None:
            return page
        with self.site.app.database.transaction(asked.ctx.tenant_id) as conn:
            sealer, files = self.site.app.envelope, bool(asked.files)
            return keep_sent(conn, asked.ctx, sealer, asked.token, (page, action), form, files=files)

    def _afterwards(self, asked: Asked, visit: Visit, answer: Settle | Later) -> Answer:
        tenant_id, settled = visit.ctx.tenant_id, True
        if isinstance(answer, Settle):
            settled = self.site.app.runner().settle(tenant_id, answer.seq)
        else:
            answer.run()
        with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
            now = visit.app.clock.now()
            after = replace(visit, conn=conn, ctx=replace(visit.ctx, now=now))
            told = answer.tell(after, settled) if isinstance(answer, Settle) else answer.tell(after)
            self._count(asked, after, told)
            return told

    def _count(self, asked: Asked, visit: Visit, answer: Answer) -> None:
        """For a whole page, how much work waits beside each entry of the navigation, and the list's saved views; of the
        parts only a list that was filtered anew needs any of it, for its views stand with it."""
        view = answer.view if isinstance(answer, Shown) else answer
        if isinstance(view, View) and visit.part not in view.parts:
            asked.page = self._frame(asked, visit, counted=True)
        elif isinstance(view, View) and visit.part == "results" and asked.page is not None:
            asked.page = replace(asked.page, saved=bar_of(visit))

    def _frame(self, asked: Asked, visit: Visit, *, counted: bool) -> Page:
        # What is said once is said to somebody who asked.
        notice = None if asks_again(asked.request) else auth.kept_notice(asked.request, asked.token)
        made = frame(visit, auth.csrf_of(asked.token), () if notice is None else (notice,), counted=counted)
        looking = asked.looking
        return made if looking is None else replace(made, support=looking.actor, support_until=looking.ends_at)


def admit(principal: Principal, needs: tuple[str, ...]) -> None:
    """Raise `Forbidden` unless somebody is of the tenant's own people and has one of the permissions needed."""
    if principal.partner is not None:
        raise Forbidden("this console is for the tenant's own people")
    if needs != SIGNED_IN and principal.permissions.isdisjoint(needs):
        raise Forbidden(phrase("%(id)s has none of the permissions %(names)s", id=principal.id, names=", ".join(needs)))


def to_proof(request: Request, then: str) -> Response:
    """On to the question for a proof, and where it leads afterwards."""
    wanted = WHERE.to_confirm(then)
    if request.headers.get("hx-request") == "true":
        return Response("", headers={"HX-Redirect": wanted})
    return RedirectResponse(wanted, 303)


def beyond(request: Request, limited_to: str) -> Response:
    """Where a session that is good for one thing only is led that wants another."""
    if limited_to != ENROL:
        return to_sign_in(request)
    return RedirectResponse(WHERE.account, 303)


def to_sign_in(request: Request) -> Response:
    """On to the sign-in page and back; HTMX is told, so that it does not put that page into this one."""
    if request.headers.get("hx-request") == "true":
        return Response("Sign in again.", 401, media_type="text/plain")
    wanted = address_of(request) if request.method == "GET" else _page_of(request)
    then = "" if wanted == urls.HOME else f"?then={quote(wanted, safe='/')}"
    return RedirectResponse(f"{urls.SIGN_IN}{then}", 303)


def _page_of(request: Request) -> str:
    """The page whose form was sent, as the browser names it; the first page where that is not one of ours."""
    sent_from = urlsplit(request.headers.get("referer", ""))
    if sent_from.netloc != request.headers.get("host", ""):
        return urls.HOME
    return auth.own_path(urlunsplit(("", "", sent_from.path, sent_from.query, "")))


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a post; of a field given twice the last counts. Files are not taken. Raises `HTTPException`."""
    return (await read_sent(request, 0))[0]


async def read_sent(request: Request, most_files: int) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields of a post and its files, as many as are allowed; a file without a name was not chosen. Raises
    `HTTPException`."""
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    async with request.form(max_files=most_files, max_fields=MOST_FIELDS, max_part_size=8_000_000) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields[name] = value.replace("\0", "")
            elif value.filename:
                files[name] = await value.read()
    return fields, files


def error_view(error: Exception, trace: str) -> ErrorView:
    """What a reader is told about an error; the unexpected is told as such and logged by the caller."""
    status, message = told(error)
    return ErrorView(status, message, trace if status >= 500 else "")


def error_response(site: Site, request: Request, error: Exception) -> Response:
    """The page for an error. HTMX shows words of its own for parts, so it gets the status and little else."""
    view = error_view(error, str(request.scope["state"]["request_id"]))
    if view.status >= 500:
        log.error("request failed: %s %s (%s)", request.method, path_for_logs(request), view.trace, exc_info=error)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if view.status == 503:
        headers["retry-after"] = str(getattr(error, "retry_after", 2))
    status = error.status_code if isinstance(error, HTTPException) else view.status
    asked: Asked | None = getattr(request.state, "asked", None)
    page = asked.page if asked is not None else None
    if page is None:
        page = outside_page(request, site.app.clock.now())
    if request.headers.get("hx-request") == "true":
        return Response(_said(view.message, page.reading.locale), status, headers, "text/plain")
    return HTMLResponse(site.console.render(page, view), status, headers)


def _said(text: str, locale: str) -> str:
    found = translations(language_of(locale))
    return worded(text).said(found.gettext, found.ngettext)


def outside_page(request: Request, now: datetime, tenant: Tenant | None = None, csrf: str = "") -> Page:
    """The frame before anybody is signed in, with the tenant's brand where it is known whose console this is."""
    brand = None if tenant is None else tenant_brand(tenant.name, tenant.settings)
    return Page(
        tenant="Headgate" if brand is None else brand.name,
        person=None,
        roles=(),
        now=now,
        reading=read_by(tenant, request),
        theme=parse_theme(request.cookies.get(THEME_COOKIE)),
        csrf=csrf,
        path=address_of(request),
        brand_css=stylesheet_address(brand, urls.SIGN_IN_BRAND_CSS),
        logo=logo_address(brand, urls.SIGN_IN_LOGO),
    )


def _context(asked: Asked, tenant_id: UUID, principal: Principal) -> Context:
    return Context(tenant_id, principal, asked.now, trace=str(asked.request.scope["state"]["request_id"]))
