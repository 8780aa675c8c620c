"""What stands before every page of the portal: session, form token, permission, a transaction of one partner, errors.

A page is reached only through here, so no page can forget a check. Who it is, is found in a transaction that sees the
tenant's accounts; the page itself gets one that the database limits to the rows of the reader's partner.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from headgate.access import (
    ENROL,
    LiveSession,
    Tenant,
    expect_standing,
    get_tenant,
    parse_session_token,
    read_session,
    require,
    touch_session,
)
from headgate.access.branding import NO_WORDS
from headgate.access.session_forms import KeptForm
from headgate.identity.keeping import Mark, filled_in, find_kept, keep_sent, sent_of, take_mark, use_up, without_mark
from headgate.kernel.context import Context
from headgate.kernel.errors import ProofNeeded, Unauthenticated
from headgate.kernel.phrases import phrase
from headgate.portal import urls
from headgate.portal.hosts import Hosts
from headgate.portal.render import Portal
from headgate.portal.saved import bar_of, opens_with
from headgate.portal.views import ErrorView, NavItem, Page
from headgate.portal.visit import Answer, Door, Go, Settle, Shown, Upload, Visit, Write, read_by
from headgate.ui.brand import logo_address, stylesheet_address, tenant_brand
from headgate.ui.cookies import Cookies, Notice
from headgate.ui.live import asks_again, ended, wants_news
from headgate.ui.theme import THEME_COOKIE, parse_theme
from headgate.ui.web import path_for_logs, told
from headgate.wiring import App

log = logging.getLogger("headgate.portal")

COOKIES = Cookies("headgate_portal", b"headgate portal form", urls.HOME, urls.SIGN_IN, under=urls.HOME)
WHERE = urls.WHERE
MOST_FIELDS = 400
MOST_FILES = 6
LONGEST_FIELD = 20_000


@dataclass(frozen=True, slots=True)
class Site:
    """What the portal is made of; built once, shared by all requests."""

    app: App
    portal: Portal
    hosts: Hosts
    secure: bool


@dataclass(slots=True)
class Asked:
    """A request that is being answered: what is known so far is what an error page can show. `mark` is what its address
    or form says of a form that was kept, `kept` that form."""

    request: Request
    token: str
    now: datetime
    page: Page | None = None
    mark: Mark | None = None
    kept: KeptForm | None = None


@dataclass(frozen=True, slots=True)
class Guarded:
    """The endpoint of a door."""

    site: Site
    door: Door

    async def answer(self, request: Request) -> Response:
        """Let the door's handler answer, off the event loop, for database and templates block."""
        if self.door.method == "GET":
            request, mark = without_mark(request)
            return await run_in_threadpool(self._answer, request, {}, (), mark)
        fields, uploads = await read_form(request)
        form, mark = take_mark(fields)
        return await run_in_threadpool(self._answer, request, form, uploads, mark)

    def _answer(
        self, request: Request, form: Mapping[str, str], uploads: tuple[Upload, ...], mark: Mark | None
    ) -> Response:
        site = self.site
        token = COOKIES.session_token(request, secure=site.secure)
        asked = Asked(request, token, site.app.clock.now(), mark=mark)
        request.state.asked = asked
        try:
            tenant_id, live = who(site, request, token, asked.now)
        except Unauthenticated:
            response = ended() if wants_news(request) else to_sign_in(request)
            # A form of another site comes without the cookie: it must not end the session that the browser keeps.
            if token:
                COOKIES.drop_session(response, secure=site.secure)
            return response
        if not WHERE.reaches(live.session.limited_to, request.url.path):
            return RedirectResponse(WHERE.account, 303) if live.session.limited_to == ENROL else to_sign_in(request)
        try:
            return self._within(asked, tenant_id, live, form, uploads)
        except ProofNeeded as error:
            ctx = Context(tenant_id, live.principal, asked.now)
            then = self._kept(ctx, asked, form, error, files=bool(uploads))
            return RedirectResponse(WHERE.to_confirm(then), 303)

    def _within(
        self,
        asked: Asked,
        tenant_id: UUID,
        live: LiveSession,
        form: Mapping[str, str],
        uploads: tuple[Upload, ...],
    ) -> Response:
        site, door, request = self.site, self.door, asked.request
        principal, touch = live.principal, live.touch_due and not asks_again(request)
        reads = door.method == "GET" and not door.notes and not touch
        ctx = Context(tenant_id, principal, asked.now, trace=str(request.scope["state"]["request_id"]))
        with site.app.database.transaction(tenant_id, partner=principal.partner, read_only=reads) as conn:
            if touch:
                touch_session(conn, asked.token, asked.now)
            visit = Visit(site.app, request, conn, ctx, get_tenant(conn), form, uploads, asked.token, live)
            asked.page = page_of(visit, COOKIES.csrf_of(asked.token), self._notices(asked))
            if door.method == "POST":
                COOKIES.check_form(request, form, asked.token)
            if door.needs:
                require(principal, door.needs)
            expect_standing(visit.tenant, principal, writes=True)
            if door.fresh:
                visit.prove()
            answer = opens_with(visit) or door.handler(visit)
            if door.method == "POST":
                use_up(conn, asked.token, asked.mark)
            elif asked.mark is not None:
                asked.kept = find_kept(conn, ctx, site.app.envelope, asked.token, asked.mark, request.url.path)
        return self._finish(asked, visit, answer)

    def _finish(self, asked: Asked, visit: Visit, answer: Answer) -> Response:
        """Turn an answer into a response; an event is applied after the transaction that sent it."""
        site = self.site
        if isinstance(answer, Settle):
            settled = site.app.runner().settle(visit.ctx.tenant_id, answer.seq)
            now = site.app.clock.now()
            # Not for reading only: a page that is shown then notes what of it was read.
            with site.app.database.transaction(visit.ctx.tenant_id, partner=visit.partner) as conn:
                after = replace(visit, conn=conn, ctx=replace(visit.ctx, now=now))
                return self._finish(asked, after, answer.tell(after, settled))
        if isinstance(answer, Write):
            with site.app.database.transaction(visit.ctx.tenant_id) as conn:
                site.app.mailroom.send(conn, visit.ctx, visit.tenant, answer.letter, about=answer.about, key=answer.key)
            return self._finish(asked, visit, answer.answer)
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, Go):
            response: Response = RedirectResponse(answer.href, 303)
            if answer.session:
                COOKIES.keep_session(response, answer.session, secure=site.secure)
            if answer.notice is not None:
                notice = answer.notice.said(visit.fmt)
                COOKIES.keep_notice(response, notice, answer.session or asked.token, secure=site.secure)
            return response
        view, status = (answer.view, answer.status) if isinstance(answer, Shown) else (answer, 200)
        page = asked.page
        assert page is not None, "the frame was made before the handler ran"

        def draw(more: tuple[Notice, ...]) -> str:
            return site.portal.render(replace(page, notices=(*page.notices, *more)), view)

        mark = asked.mark if self.door.method == "GET" else None
        response = HTMLResponse(filled_in(draw, asked.kept, mark, visit.fmt.tell), status)
        if page.notices:
            COOKIES.drop_notice(response, secure=site.secure)
        return response

    def _kept(self, ctx: Context, asked: Asked, form: Mapping[str, str], error: ProofNeeded, *, files: bool) -> str:
        """Where to go on after a proof, with what was typed kept for it. The tenant's own transaction: a page's own
        has been taken back."""
        if self.door.method == "GET":
            return address_of(asked.request)
        sent = sent_of(error, _sent_from(asked.request), address_of(asked.request))
        if not self.door.keeps:
            return sent[0]
        with self.site.app.database.transaction(ctx.tenant_id) as conn:
            return keep_sent(conn, ctx, self.site.app.envelope, asked.token, sent, form, files=files)

    def _notices(self, asked: Asked) -> tuple[Notice, ...]:
        found = None if asks_again(asked.request) else COOKIES.kept_notice(asked.request, asked.token)
        return () if found is None else (found,)


def who(site: Site, request: Request, token: str, now: datetime) -> tuple[UUID, LiveSession]:
    """The tenant and the session of a reader. Raises `Unauthenticated` also for
    sessions of the tenant's own people, and of another tenant than the one whose portal this host is."""
    tenant_id, _ = parse_session_token(token)
    over = Unauthenticated("the session has ended; sign in again")
    if site.hosts.tenant_of(request) not in (None, tenant_id):
        raise over
    with site.app.database.transaction(tenant_id, read_only=True) as conn:
        live = read_session(conn, token, now)
    if not live.principal.partner:
        raise over
    return tenant_id, live


def page_of(visit: Visit, csrf: str, notices: tuple[Notice, ...]) -> Page:
    """The frame for the reader."""
    me = visit.me
    brand = tenant_brand(visit.tenant.name, visit.tenant.settings)
    return Page(
        tenant=brand.name,
        person=me.name or me.id,
        email=me.id.removeprefix("user:"),
        now=visit.now,
        reading=visit.reading,
        theme=parse_theme(visit.request.cookies.get(THEME_COOKIE)),
        csrf=csrf,
        path=address_of(visit.request) if visit.request.method == "GET" else urls.HOME,
        nav=navigation(visit),
        notices=notices,
        brand_css=stylesheet_address(brand, urls.BRAND_CSS),
        logo=logo_address(brand, urls.LOGO),
        words=brand.words,
        saved=bar_of(visit),
    )


def navigation(visit: Visit) -> tuple[NavItem, ...]:
    """The entries this reader may open."""
    entries = (
        ("", NavItem("home", phrase("Home"), urls.HOME, "home")),
        ("deals.read", NavItem("deals", phrase("Deals"), urls.DEALS, "git-merge")),
        ("orders.read", NavItem("orders", phrase("Orders"), urls.ORDERS, "receipt")),
        ("prices.request", NavItem("prices", phrase("Prices"), urls.PRICES, "scale")),
        ("returns.request", NavItem("returns", phrase("Returns"), urls.RETURNS, "arrow-back-up")),
        ("", NavItem("company", phrase("Company"), urls.COMPANY, "building-store")),
    )
    return tuple(item for needed, item in entries if not needed or visit.may(needed))


def outside_page(request: Request, now: datetime, tenant: Tenant | None, csrf: str = "") -> Page:
    """The frame before anybody is signed in, with the tenant's brand where its host or name says whose this is."""
    brand = None if tenant is None else tenant_brand(tenant.name, tenant.settings)
    return Page(
        tenant=brand.name if brand else phrase("Partner portal"),
        person="",
        email="",
        now=now,
        reading=read_by(tenant, request),
        theme=parse_theme(request.cookies.get(THEME_COOKIE)),
        csrf=csrf,
        path=urls.HOME,
        brand_css=stylesheet_address(brand, urls.query(urls.BRAND_CSS, tenant=tenant.slug)) if brand and tenant else "",
        logo=logo_address(brand, urls.query(urls.LOGO, tenant=tenant.slug)) if tenant else "",
        words=brand.words if brand else NO_WORDS,
    )


def to_sign_in(request: Request) -> Response:
    """On to the sign-in page and back."""
    wanted = address_of(request) if request.method == "GET" else _sent_from(request)
    then = "" if wanted in (urls.HOME, urls.ROOT) else f"?then={quote(wanted, safe='/')}"
    return RedirectResponse(f"{urls.SIGN_IN}{then}", 303)


def address_of(request: Request) -> str:
    """Path and query as the browser asked."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _sent_from(request: Request) -> str:
    sent_from = urlsplit(request.headers.get("referer", ""))
    if sent_from.netloc != request.headers.get("host", ""):
        return urls.HOME
    return COOKIES.own_path(urlunsplit(("", "", sent_from.path, sent_from.query, "")))


async def read_form(request: Request) -> tuple[dict[str, str], tuple[Upload, ...]]:
    """The fields and files of a post; of a field given twice the last counts. Raises `HTTPException`."""
    fields: dict[str, str] = {}
    uploads: list[Upload] = []
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD * 4) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    uploads.append(Upload(name, value.filename, await value.read()))
            else:
                fields[name] = value.replace("\0", "")[:LONGEST_FIELD]
    return fields, tuple(uploads)


def error_response(site: Site, request: Request, error: Exception) -> Response:
    """The page for an error."""
    status, message = told(error)
    trace = str(request.scope["state"]["request_id"])
    if status >= 500:
        log.error("request failed: %s %s (%s)", request.method, path_for_logs(request), trace, exc_info=error)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 503:
        headers["retry-after"] = str(getattr(error, "retry_after", 2))
    asked: Asked | None = getattr(request.state, "asked", None)
    page = asked.page if asked is not None else None
    if page is None:
        page = outside_page(request, site.app.clock.now(), None)
    return HTMLResponse(
        site.portal.render(page, ErrorView(status, message, trace if status >= 500 else "")), status, headers
    )
