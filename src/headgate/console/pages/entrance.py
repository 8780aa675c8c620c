"""What can be reached without being signed in: the sign-in page, the brand of whose console it is, static files."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from headgate.access import (
    Denied,
    Tenant,
    authenticate,
    demo_tenant,
    find_tenant,
    get_tenant,
    is_demo,
    list_accounts,
    only_tenant,
    parse_session_token,
    read_session,
)
from headgate.access.branding import brand_logo
from headgate.access.mfa.passkeys import offer_sign_in
from headgate.console import auth
from headgate.console.guard import WHERE, Site, outside_page, read_form
from headgate.console.pages.provider_links import WaysIn, only_break_glass, ways_in
from headgate.console.views.sign_in import DemoLogin, SignInView, StepView
from headgate.identity.mail_choices import MailDoor
from headgate.identity.outside import Outside
from headgate.identity.person import site_of
from headgate.identity.views import Step
from headgate.kernel.buckets import Buckets, Rate, client_network
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Forbidden, NotFound, Unauthenticated
from headgate.kernel.phrases import joined, phrase
from headgate.ui.assets import Assets
from headgate.ui.brand import brand_css, tenant_brand
from headgate.ui.web import asset_response, is_local, well_known
from headgate.ui.words import humanise

log = logging.getLogger("headgate.console")

NOT_STAFF = phrase("This console is for the organisation's own people. Ask your contact there about your orders.")
_KEPT = {"Cache-Control": "private, max-age=300"}
_SEES = {
    "channel_manager": phrase("decides on prices and margins, sees every order"),
    "finance": phrase("decides on credit, second level of margins, verifies the audit trail"),
    "finance_director": phrase("decides on large and loss-making exceptions"),
    "order_desk": phrase("mends orders and rows in quarantine, adds notes"),
    "auditor": phrase("reads everything, verifies the audit trail"),
    "tenant_admin": phrase("sees cases, quarantine and the audit trail"),
    "partner_success": phrase("reads orders and cases"),
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
        form = await read_form(request)
        return await run_in_threadpool(self._enter, request, form)

    async def asset(self, request: Request) -> Response:
        """A static file; its address holds the version, so it may be kept for ever."""
        return asset_response(self.assets, request)

    async def well_known(self, request: Request) -> Response:
        """Where a password is changed, for password managers."""
        return well_known(request, WHERE.account)

    async def brand(self, request: Request) -> Response:
        """The stylesheet of the accent of whose console this is."""
        return await run_in_threadpool(self._brand, request)

    async def logo(self, request: Request) -> Response:
        """The logo of whose console this is: a PNG or JPEG, and nothing that could carry a script."""
        return await run_in_threadpool(self._logo, request)

    def steps(self) -> Outside:
        """What comes after the first page of a sign-in."""
        return Outside(
            app=self.site.app,
            cookies=auth.COOKIES,
            where=WHERE,
            secure=self.site.secure,
            lets_in=lambda principal: principal.partner is None,
            not_here=NOT_STAFF,
            draw=self._draw,
            fail=lambda request, said, status: self._page(request, SignInView(error=said), status),
            wait=self._wait,
            form=read_form,
            ours=self.site.ours,
            tenant_of=self._tenant,
            staff=True,
            enter=lambda request, email, said: self._page(request, SignInView(email=email, done=said), 200),
            permit=only_break_glass,
        )

    def mail_door(self) -> MailDoor:
        """The links below mails to the tenant's own people."""
        return MailDoor(self.site.app, WHERE, False, self.site.ours, read_form, self._mail_page)

    def _mail_page(self, request: Request, step: Step, status: int, tenant: Tenant | None, locale: str) -> Response:
        """A page that keeps no cookie: nobody is, or gets, signed in here."""
        page = outside_page(request, self.site.app.clock.now(), self._shown(request))
        if tenant is not None:
            brand = tenant_brand(tenant.name, tenant.settings)
            reading = replace(page.reading, locale=locale)
            page = replace(page, tenant=brand.name, words=brand.words, reading=reading)
        return HTMLResponse(self.site.console.render(page, StepView(step)), status)

    def _draw(self, request: Request, step: Step, status: int) -> Response:
        """A page of a step of the sign-in."""
        before = auth.before_token(request)
        page = outside_page(request, self.site.app.clock.now(), self._shown(request), auth.csrf_of(before))
        response = HTMLResponse(self.site.console.render(page, StepView(step)), status)
        auth.keep_before(response, before, secure=self.site.secure)
        return response

    def _show(self, request: Request) -> Response:
        then = auth.own_path(request.query_params.get("then", ""))
        if self._signed_in(request):
            return RedirectResponse(then, 303)
        return self._page(request, SignInView(then=then))

    def _enter(self, request: Request, form: Mapping[str, str]) -> Response:
        try:
            auth.check_form(request, form, auth.sent_before(request))
        except Forbidden:
            view = replace(_view_of(form), error=phrase("This page was out of date. Sign in again now."))
            return self._page(request, view, 403)
        if wait := self._wait(request):
            minutes = math.ceil(wait / 60)
            view = replace(
                _view_of(form),
                error=phrase("Too many attempts from your network. Try again in %(minutes)s min.", minutes=minutes),
            )
            response = self._page(request, view, 429)
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        return self._try(request, form)

    def _wait(self, request: Request) -> float:
        """Seconds until somebody may try again from this address. A locked account alone would not stop one password
        from being tried on every account, and every try costs a hash."""
        most = self.site.app.settings.sign_ins_per_minute
        host = client_network(request.client.host) if request.client else ""
        return self.attempts.take(host, Rate(most / 60, most), 1, monotonic())

    def _try(self, request: Request, form: Mapping[str, str]) -> Response:
        view = _view_of(form)
        tenant_id = self._tenant(request, view.tenant)
        if tenant_id is None:
            return self._page(request, replace(view, error=Denied("").shown), 401)
        now, trace = self.site.app.clock.now(), str(request.scope["state"]["request_id"])
        with self.site.app.database.transaction(tenant_id) as conn:
            found: Principal | Denied
            if "demo" in form:
                found = _demo_principal(request, conn, form["demo"], now)
            else:
                ctx = Context(tenant_id, SYSTEM, now, trace)
                known = partial(self.steps().known_device, conn, ctx, request)
                found = authenticate(conn, ctx, view.email, form.get("password", ""), known=known)
                self.steps().tell_locked(conn, ctx, found)
                found = only_break_glass(conn, ctx, found)
            proofs = ("demo",) if "demo" in form else ("password",)
            reached = None
            if isinstance(found, Principal) and found.partner is None:
                reached = self.steps().admit(conn, request, tenant_id, found, proofs)
        if isinstance(found, Denied):
            log.info("sign-in refused: %s", found.reason)
            return self._page(request, replace(view, error=found.shown), 401)
        if reached is None:
            return self._page(request, replace(view, error=NOT_STAFF), 403)
        response = self.steps().go_on(request, reached, view.then)
        if view.tenant:
            auth.remember_tenant(response, view.tenant, secure=self.site.secure)
        return response

    def _known(self, request: Request) -> UUID | None:
        """Whose console this is where nobody needs to be asked: the host's, else the only tenant there is."""
        by_host = self.site.hosts.tenant_of(request)
        if by_host is not None:
            return by_host
        only = only_tenant(self.site.app.database)
        return None if only is None else only[0]

    def _shown(self, request: Request) -> Tenant | None:
        """The tenant whose brand is shown to anybody. Never one that was only named: that would tell who is here."""
        tenant_id = self._known(request)
        if tenant_id is None:
            return None
        with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
            return get_tenant(conn)

    def _brand(self, request: Request) -> Response:
        tenant = self._shown(request)
        css = "" if tenant is None else brand_css(tenant_brand(tenant.name, tenant.settings))
        return Response(css, media_type="text/css", headers=_KEPT)

    def _logo(self, request: Request) -> Response:
        tenant_id, found = self._known(request), None
        if tenant_id is not None:
            with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
                found = brand_logo(conn)
        if found is None:
            return Response("There is no logo.", 404, media_type="text/plain")
        return Response(found.content, media_type=found.media_type, headers=_KEPT)

    def _tenant(self, request: Request, slug: str) -> UUID | None:
        """Whose account somebody means: the host's whatever they say, else the one named, else the only one."""
        by_host = self.site.hosts.tenant_of(request)
        if by_host is not None or not slug:
            return by_host or self._known(request)
        try:
            return find_tenant(self.site.app.database, slug.strip().lower())
        except NotFound:
            return None

    def _signed_in(self, request: Request) -> bool:
        token = auth.session_token(request, secure=self.site.secure)
        try:
            tenant_id, _ = parse_session_token(token)
            self.site.ours(request, tenant_id)
            with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
                read_session(conn, token, self.site.app.clock.now())
        except Unauthenticated:
            return False
        return True

    def _page(self, request: Request, view: SignInView, status: int = 200) -> Response:
        before = auth.before_token(request)
        tenant = self._shown(request)
        if tenant is None:
            view = replace(view, ask_tenant=True, tenant=view.tenant or auth.remembered_tenant(request))
        found = tenant.id if tenant else self._tenant(request, view.tenant)
        ways = WaysIn() if found is None else ways_in(self.site, found, view.tenant, view.then)
        if demo := self._demo(request, tenant):
            view = replace(view, demo_logins=self._demo_logins(demo.id), demo_tenant=demo.slug)
        now = self.site.app.clock.now()
        offer = offer_sign_in(self.site.app.envelope, site_of(request), now, before) if ways.passkeys else None
        view = replace(view, passkey=offer, providers=ways.providers, passwords=ways.passwords)
        page = outside_page(request, now, tenant, auth.csrf_of(before))
        response = HTMLResponse(self.site.console.render(page, view), status)
        auth.keep_before(response, before, secure=self.site.secure)
        return response

    def _demo(self, request: Request, shown: Tenant | None) -> Tenant | None:
        """The demo that can be looked around in from here; beside it there may be others, as its clients."""
        if not is_local(request):
            return None
        found = demo_tenant(self.site.app.database) if shown is None else shown
        return found if found is not None and is_demo(found) else None

    def _demo_logins(self, tenant_id: UUID) -> tuple[DemoLogin, ...]:
        with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
            found = list_accounts(conn, self.site.app.clock.now(), kind="person")
        people = [a for a in found if a.roles and a.status == "active" and a.partner is None]
        rank = {role: place for place, role in enumerate(_SEES)}
        return tuple(
            DemoLogin(a.email, joined(", ", (a.name, humanise(a.roles[0]).lower())), _SEES.get(a.roles[0], ""))
            for a in sorted(people, key=lambda a: (rank.get(a.roles[0], len(rank)), a.name))
            if a.email
        )


def _view_of(form: Mapping[str, str]) -> SignInView:
    """The sign-in page with what was entered, but for the password."""
    tenant = form.get("tenant", "").strip().lower()[:64]
    return SignInView(email=form.get("email", "")[:254], then=auth.own_path(form.get("then", "")), tenant=tenant)


def _demo_principal(request: Request, conn: Connection[Any], email: str, now: datetime) -> Principal | Denied:
    """Whoever of the demo is asked for: no password guards made-up data, but only on the machine that shows it."""
    if not is_local(request) or not is_demo(get_tenant(conn)):
        return Denied("sign-in without a password is for a demo on this machine")
    people = list_accounts(conn, now, kind="person")
    found = next((a for a in people if a.email == email and a.status == "active"), None)
    return Denied("there is no such person in the demo") if found is None else found.as_principal()
