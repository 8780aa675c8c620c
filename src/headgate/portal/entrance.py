"""What can be reached without being signed in: the sign-in page, the link of an invitation, brand and static files."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from headgate.access import (
    Account,
    Denied,
    Invited,
    Tenant,
    accept_invitation,
    authenticate,
    demo_tenant,
    end_session,
    find_invitation,
    find_tenant,
    get_tenant,
    is_demo,
    list_accounts,
    only_tenant,
    parse_session_token,
    rules_of,
)
from headgate.access.branding import Logo, brand_logo
from headgate.access.mfa.passkeys import offer_sign_in
from headgate.channel.partners import load_partners
from headgate.identity.mail_choices import MailDoor
from headgate.identity.outside import Outside
from headgate.identity.person import site_of
from headgate.identity.views import Step
from headgate.kernel.buckets import Buckets, Rate, client_network
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Forbidden, HeadgateError, Invalid, NotFound, Unauthenticated
from headgate.kernel.phrases import phrase, sentence
from headgate.portal import urls
from headgate.portal.guard import COOKIES, WHERE, Site, outside_page, read_form, who
from headgate.portal.views import DemoLogin, SignInView, StepView, WelcomeView
from headgate.ui.assets import Assets
from headgate.ui.brand import brand_css, tenant_brand
from headgate.ui.theme import THEME_COOKIE, THEME_MAX_AGE_SECONDS, parse_theme
from headgate.ui.web import asset_response, is_local, well_known

log = logging.getLogger("headgate.portal")

NOT_A_PARTNER = phrase("This portal is for partners. Your organisation's own people sign in to the console.")
_SEES = {
    "partner_admin": phrase("registers deals, asks for prices, invites colleagues"),
    "partner_user": phrase("registers deals, asks for prices"),
}


@dataclass(frozen=True, slots=True)
class Entrance:
    """The endpoints; each blocks and so runs off the event loop."""

    site: Site
    assets: Assets
    attempts: Buckets = field(default_factory=Buckets)

    async def show(self, request: Request) -> Response:
        """The sign-in page; on to the first page for who is signed in already."""
        return await run_in_threadpool(self._show, request)

    async def enter(self, request: Request) -> Response:
        """Sign in."""
        form, _ = await read_form(request)
        return await run_in_threadpool(self._enter, request, form)

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        form, _ = await read_form(request)
        return await run_in_threadpool(self._leave, request, form)

    async def welcome(self, request: Request) -> Response:
        """The page of an invitation: choose a password."""
        return await run_in_threadpool(self._welcome, request)

    async def accept(self, request: Request) -> Response:
        """Take the password that was chosen."""
        form, _ = await read_form(request)
        return await run_in_threadpool(self._accept, request, form)

    async def theme(self, request: Request) -> Response:
        """Keep the reader's choice of light or dark, a matter of the browser alone."""
        form, _ = await read_form(request)
        response = RedirectResponse(COOKIES.own_path(form.get("then", "")), 303)
        chosen = parse_theme(form.get("theme"))
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=THEME_MAX_AGE_SECONDS, secure=self.site.secure, httponly=True, samesite="lax"
        )
        return response

    async def asset(self, request: Request) -> Response:
        """A static file."""
        return asset_response(self.assets, request)

    async def well_known(self, request: Request) -> Response:
        """Where a password is changed, for password managers."""
        return well_known(request, WHERE.account)

    async def brand(self, request: Request) -> Response:
        """The stylesheet of the tenant's accent."""
        tenant = await run_in_threadpool(self._tenant_shown, request)
        css = "" if tenant is None else brand_css(tenant_brand(tenant.name, tenant.settings))
        return Response(css, media_type="text/css", headers={"Cache-Control": "private, max-age=300"})

    async def logo(self, request: Request) -> Response:
        """The tenant's logo: a PNG or JPEG, and nothing that could carry a script."""
        logo = await run_in_threadpool(self._logo_shown, request)
        if logo is None:
            return Response("There is no logo.", 404, media_type="text/plain")
        return Response(logo.content, media_type=logo.media_type, headers={"Cache-Control": "private, max-age=300"})

    def steps(self) -> Outside:
        """What comes after the first page of a sign-in."""
        return Outside(
            app=self.site.app,
            cookies=COOKIES,
            where=WHERE,
            secure=self.site.secure,
            lets_in=lambda principal: bool(principal.partner),
            not_here=NOT_A_PARTNER,
            draw=self._page_of_step,
            fail=lambda request, said, status: self._page(request, SignInView(error=said), status),
            wait=self._wait,
            form=_fields,
            ours=self._ours,
            tenant_of=self._tenant_id,
            staff=False,
            enter=lambda request, email, said: self._page(request, SignInView(email=email, done=said), 200),
        )

    def mail_door(self) -> MailDoor:
        """The links below mails to people of partners."""
        return MailDoor(self.site.app, WHERE, True, self._ours, _fields, self._mail_page)

    def _mail_page(self, request: Request, step: Step, status: int, tenant: Tenant | None, locale: str) -> Response:
        """A page that keeps no cookie: nobody is, or gets, signed in here."""
        page = outside_page(request, self.site.app.clock.now(), tenant or self._tenant_shown(request))
        reading = replace(page.reading, locale=locale or page.reading.locale)
        return HTMLResponse(self.site.portal.render(replace(page, reading=reading), StepView(step)), status)

    def _ours(self, request: Request, tenant_id: UUID) -> None:
        if self.site.hosts.tenant_of(request) not in (None, tenant_id):
            raise Unauthenticated("this is another organisation's portal")

    def _page_of_step(self, request: Request, step: Step, status: int) -> Response:
        return self._page(request, StepView(step), status)

    def _show(self, request: Request) -> Response:
        then = COOKIES.own_path(request.query_params.get("then", ""))
        if self._signed_in(request):
            return RedirectResponse(then, 303)
        return self._page(request, SignInView(then=then, tenant=request.query_params.get("tenant", "")[:64]))

    def _enter(self, request: Request, form: Mapping[str, str]) -> Response:
        view = SignInView(
            email=form.get("email", "")[:254],
            then=COOKIES.own_path(form.get("then", "")),
            tenant=form.get("tenant", "").strip().lower()[:64],
        )
        try:
            COOKIES.check_form(request, form, COOKIES.sent_before(request))
        except Forbidden:
            return self._page(
                request, replace(view, error=phrase("This page was out of date. Sign in again now.")), 403
            )
        if wait := self._wait(request):
            minutes = math.ceil(wait / 60)
            said = phrase("Too many attempts from your network. Try again in %(minutes)s min.", minutes=minutes)
            response = self._page(request, replace(view, error=said), 429)
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        return self._try(request, form, view)

    def _wait(self, request: Request) -> float:
        """Seconds until somebody may try again from this address."""
        most = self.site.app.settings.sign_ins_per_minute
        host = client_network(request.client.host) if request.client else ""
        return self.attempts.take(host, Rate(most / 60, most), 1, monotonic())

    def _try(self, request: Request, form: Mapping[str, str], view: SignInView) -> Response:
        tenant_id = self._tenant_id(request, view.tenant)
        if tenant_id is None:
            return self._page(request, replace(view, error=Denied("").shown), 401)
        now, trace = self.site.app.clock.now(), str(request.scope["state"]["request_id"])
        with self.site.app.database.transaction(tenant_id) as conn:
            found: Principal | Denied
            if "demo" in form:
                people = (
                    list_accounts(conn, now, kind="person", limit=500)
                    if is_local(request) and is_demo(get_tenant(conn))
                    else []
                )
                account = next(
                    (a for a in people if a.email == form["demo"] and a.partner and a.status == "active"), None
                )
                found = account.as_principal() if account else Denied("sign-in without a password is for a local demo")
            else:
                ctx = Context(tenant_id, SYSTEM, now, trace)
                known = partial(self.steps().known_device, conn, ctx, request)
                found = authenticate(conn, ctx, view.email, form.get("password", ""), known=known)
                self.steps().tell_locked(conn, ctx, found)
            proofs = ("demo",) if "demo" in form else ("password",)
            reached = None
            if isinstance(found, Principal) and found.partner:
                reached = self.steps().admit(conn, request, tenant_id, found, proofs)
            slug = get_tenant(conn).slug
        if isinstance(found, Denied):
            log.info("sign-in refused: %s", found.reason)
            return self._page(request, replace(view, error=found.shown), 401)
        if reached is None:
            return self._page(request, replace(view, error=NOT_A_PARTNER), 403)
        response = self.steps().go_on(request, reached, view.then)
        COOKIES.remember_tenant(response, slug, secure=self.site.secure)
        return response

    def _leave(self, request: Request, form: Mapping[str, str]) -> Response:
        COOKIES.check_form(request, form, COOKIES.session_token(request, secure=self.site.secure))
        self._end_old(request)
        response = RedirectResponse(urls.SIGN_IN, 303)
        COOKIES.drop_session(response, secure=self.site.secure)
        return response

    def _end_old(self, request: Request) -> None:
        """A session that this browser had before is over: nobody goes on in it."""
        token = COOKIES.session_token(request, secure=self.site.secure)
        try:
            tenant_id, live = who(self.site, request, token, self.site.app.clock.now())
            with self.site.app.database.transaction(tenant_id) as conn:
                end_session(conn, Context(tenant_id, live.principal, self.site.app.clock.now()), token)
        except HeadgateError:
            return

    def _welcome(self, request: Request) -> Response:
        token = str(request.path_params["token"])
        try:
            _, found = self._invited(request, token)
        except Unauthenticated as error:
            return self._page(request, SignInView(error=sentence(error.message)), 404)
        return self._page(request, _welcome_view(token, found))

    def _accept(self, request: Request, form: Mapping[str, str]) -> Response:
        token = str(request.path_params["token"])
        if wait := self._wait(request):
            said = phrase("Too many attempts from your network. Wait a little.")
            response = self._page(request, SignInView(error=said), 429)
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        try:
            tenant_id, found = self._invited(request, token)
        except Unauthenticated as error:
            return self._page(request, SignInView(error=sentence(error.message)), 404)
        try:
            COOKIES.check_form(request, form, COOKIES.sent_before(request))
            if form.get("password", "") != form.get("again", ""):
                said = phrase("The two passwords differ. Type both again.")
                return self._page(request, _welcome_view(token, found, said), 400)
            now, trace = self.site.app.clock.now(), str(request.scope["state"]["request_id"])
            with self.site.app.database.transaction(tenant_id) as conn:
                accept_invitation(conn, Context(tenant_id, SYSTEM, now, trace), token, form.get("password", ""))
        except Unauthenticated as error:
            return self._page(request, SignInView(error=sentence(error.message)), 404)
        except Forbidden:
            said = phrase("This page was out of date. Try again now.")
            return self._page(request, _welcome_view(token, found, said), 403)
        except Invalid as error:
            return self._page(request, _welcome_view(token, found, sentence(error.message)), 400)
        return self._page(request, SignInView(email=found.email, done=phrase("Your password is set. Sign in with it.")))

    def _invited(self, request: Request, token: str) -> tuple[UUID, Invited]:
        """The tenant and whom a link is for. Raises `Unauthenticated`."""
        tenant_id, _ = parse_session_token(token)
        if self.site.hosts.tenant_of(request) not in (None, tenant_id):
            raise Unauthenticated("this link is not for this portal")
        with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
            invited = find_invitation(conn, token, self.site.app.clock.now())
        if invited.partner is None:
            raise Unauthenticated("this link is not for this portal")
        return tenant_id, invited

    def _signed_in(self, request: Request) -> bool:
        token = COOKIES.session_token(request, secure=self.site.secure)
        try:
            who(self.site, request, token, self.site.app.clock.now())
        except Unauthenticated:
            return False
        return True

    def _tenant_id(self, request: Request, slug: str) -> UUID | None:
        """Whose portal is meant: by the host, else by the name given, else the only one there is."""
        by_host = self.site.hosts.tenant_of(request)
        if by_host is not None:
            return by_host
        if not slug:
            only = only_tenant(self.site.app.database)
            return None if only is None else only[0]
        try:
            return find_tenant(self.site.app.database, slug)
        except NotFound:
            return None

    def _tenant_shown(self, request: Request) -> Tenant | None:
        tenant_id = self._whose(request)
        if tenant_id is None:
            return None
        with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
            return get_tenant(conn)

    def _logo_shown(self, request: Request) -> Logo | None:
        tenant_id = self._whose(request)
        if tenant_id is None:
            return None
        with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
            return brand_logo(conn)

    def _whose(self, request: Request) -> UUID | None:
        """The tenant whose brand a page shows: the host's, that of the session, or the one that was named."""
        token = COOKIES.session_token(request, secure=self.site.secure)
        tenant_id = self.site.hosts.tenant_of(request)
        if tenant_id is None and token:
            try:
                tenant_id, _ = who(self.site, request, token, self.site.app.clock.now())
            except Unauthenticated:
                tenant_id = None
        return tenant_id or self._tenant_id(request, request.query_params.get("tenant", "")[:64])

    def _page(self, request: Request, view: SignInView | WelcomeView | StepView, status: int = 200) -> Response:
        before = COOKIES.before_token(request)
        named = view.tenant if isinstance(view, SignInView) else ""
        tenant_id = self._tenant_id(request, named or COOKIES.remembered_tenant(request))
        tenant, passkeys = None, True
        if tenant_id is not None:
            with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
                tenant = get_tenant(conn)
                passkeys = rules_of(tenant.settings.get("security")).passkeys
        if isinstance(view, SignInView):
            view = self._with_demo(request, view, tenant)
            # A browser that signed in before, or a host of its own, says whose portal it is; else it is asked for.
            ask = self.site.hosts.tenant_of(request) is None and only_tenant(self.site.app.database) is None
            now = self.site.app.clock.now()
            offer = offer_sign_in(self.site.app.envelope, site_of(request), now, before) if passkeys else None
            view = replace(view, ask_tenant=ask, tenant=named or COOKIES.remembered_tenant(request), passkey=offer)
        page = outside_page(request, self.site.app.clock.now(), tenant, COOKIES.csrf_of(before))
        response = HTMLResponse(self.site.portal.render(page, view), status)
        COOKIES.keep_before(response, before, secure=self.site.secure, path=urls.HOME)
        return response

    def _with_demo(self, request: Request, view: SignInView, shown: Tenant | None) -> SignInView:
        """With the people of the demo, who can be tried from the machine that shows it; also where others are beside
        it, as its clients."""
        if not is_local(request):
            return view
        found = demo_tenant(self.site.app.database) if shown is None else shown
        if found is None or not is_demo(found):
            return view
        with self.site.app.database.transaction(found.id, read_only=True) as conn:
            people = list_accounts(conn, self.site.app.clock.now(), kind="person", limit=500)
            theirs = [a for a in people if a.partner and a.roles]
            known = load_partners(conn, {a.partner for a in theirs if a.partner})
            names = {code: each.name for code, each in known.items()}
        logins = _demo_logins(theirs, names)
        return replace(view, demo_logins=logins, demo_tenant=found.slug)


def _welcome_view(token: str, found: Invited, error: str = "") -> WelcomeView:
    return WelcomeView(token, found.name, found.email, found.shortest, error)


async def _fields(request: Request) -> Mapping[str, str]:
    return (await read_form(request))[0]


def _demo_logins(people: Sequence[Account], names: Mapping[str, str]) -> tuple[DemoLogin, ...]:
    return tuple(
        DemoLogin(a.email or "", f"{a.name}, {names.get(a.partner or '', a.partner)}", _SEES.get(a.roles[0], ""))
        for a in sorted(people, key=lambda a: (a.partner or "", a.name))
        if a.email and a.status == "active"
    )
