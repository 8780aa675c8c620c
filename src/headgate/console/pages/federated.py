"""Signing in by an identity provider: the way there, the way back, and what a test of it found."""

from __future__ import annotations

import logging
import math
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from headgate.access import (
    Denied,
    end_session,
    find_tenant,
    get_tenant,
    only_tenant,
    parse_session_token,
    read_session,
    require,
    security_of,
    start_session,
)
from headgate.access.federation import (
    Callback,
    Finished,
    Provider,
    Unreachable,
    arrive,
    begin,
    exchange,
    get_provider,
    group_roles,
    keep_id_token,
    note_refusal,
    note_test,
    secret_of,
    take_request,
    tenant_of_state,
)
from headgate.console import auth, urls
from headgate.console.guard import WHERE, Site, outside_page
from headgate.console.views.sign_on import SignOnFailedView, SignOnTestedView
from headgate.identity.browsers import Browsers
from headgate.kernel.buckets import Buckets, Rate, client_network
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Busy, Forbidden, HeadgateError, NotFound, Unauthenticated
from headgate.kernel.phrases import phrase

log = logging.getLogger("headgate.console")

_BROWSER = re.compile(r"[A-Za-z0-9_-]{43}")
_BROWSER_LASTS = timedelta(minutes=15)
REFUSED = phrase("You could not be signed in with this account. Ask your administrator: the audit trail says why.")


@dataclass(frozen=True, slots=True)
class Federated:
    """The endpoints; each blocks and so runs off the event loop."""

    site: Site
    attempts: Buckets = field(default_factory=Buckets)

    async def leave(self, request: Request) -> Response:
        """On to the identity provider."""
        return await run_in_threadpool(self._told, request, self._leave)

    async def come_back(self, request: Request) -> Response:
        """Back from the identity provider."""
        return await run_in_threadpool(self._told, request, self._come_back)

    def _told(self, request: Request, act: Callable[[Request], Response]) -> Response:
        try:
            self._hold_back(request)
            return act(request)
        except Unreachable as error:
            log.warning("identity provider: %s", error.message)
            return self._failed(
                request, phrase("Your identity provider cannot be reached at the moment."), 502, error.message
            )
        except Busy as error:
            words = phrase("Too many attempts from your network. Try again in a minute.")
            return self._failed(request, words, 429, error.message)
        except (Unauthenticated, NotFound, Forbidden) as error:
            log.info("sign-in by an identity provider refused: %s", error.message)
            return self._failed(request, REFUSED, 403, error.message)

    def _leave(self, request: Request) -> Response:
        tenant_id = self._tenant_of(request)
        code = str(request.path_params["provider"])[:63]
        testing = request.query_params.get("test") == "1"
        app, now = self.site.app, self.site.app.clock.now()
        who = self._administrator(request) if testing else SYSTEM
        with app.database.transaction(tenant_id, read_only=True) as conn:
            provider, allowed = get_provider(conn, code.replace("\0", "")), security_of(conn).sign_on
        if not testing and not (allowed and provider.status == "active"):
            raise NotFound("this identity provider is switched off")
        metadata = app.discovery.metadata(provider.issuer, now, fresh=testing)
        browser = secrets.token_urlsafe(32)
        ctx = Context(tenant_id, who, now, str(request.scope["state"]["request_id"]))
        with app.database.transaction(tenant_id) as conn:
            begun = begin(
                conn,
                ctx,
                provider,
                metadata,
                browser=browser,
                redirect_uri=str(request.url.replace(path=urls.SIGN_IN_BACK, query="", fragment="")),
                then=auth.own_path(request.query_params.get("then", "")),
                purpose="test" if testing else "sign_in",
            )
        response = RedirectResponse(begun.address, 303)
        self._keep_browser(response, browser)
        return response

    def _come_back(self, request: Request) -> Response:
        answer = {name: value.replace("\0", "") for name, value in request.query_params.multi_items()}
        state = answer.get("state", "")
        tenant_id = tenant_of_state(state)
        browser = request.cookies.get(self._cookie, "")
        if tenant_id is None or not _BROWSER.fullmatch(browser):
            raise Unauthenticated("this sign-in is over or was begun in another browser; start again")
        self.site.ours(request, tenant_id)
        app, now = self.site.app, self.site.app.clock.now()
        # The state is used up whatever comes of it, so this commits before anything can fail.
        taken: Callback | Unauthenticated
        with app.database.transaction(tenant_id) as conn:
            try:
                taken = take_request(conn, state, browser, now)
            except Unauthenticated as error:
                taken = error
        if isinstance(taken, Unauthenticated):
            raise taken
        with app.database.transaction(tenant_id, read_only=True) as conn:
            provider, allowed = get_provider(conn, taken.provider), security_of(conn).sign_on
        secret = secret_of(provider, app.envelope, tenant_id)
        ctx = Context(tenant_id, SYSTEM, now, str(request.scope["state"]["request_id"]))
        if taken.purpose == "test":
            return self._tested(request, ctx, provider, secret, taken, answer)
        if not (allowed and provider.status == "active"):
            raise NotFound("this identity provider is switched off")
        finished = exchange(app.discovery, provider, secret, taken, answer, now)
        return self._enter(request, ctx, provider, taken, finished)

    def _enter(
        self, request: Request, ctx: Context, provider: Provider, taken: Callback, finished: Finished
    ) -> Response:
        app = self.site.app
        fresh = met = None
        with app.database.transaction(ctx.tenant_id) as conn:
            found = arrive(conn, ctx, provider, finished.identity)
            if isinstance(found, Principal):
                agent = request.headers.get("user-agent", "")
                mine = Context(ctx.tenant_id, found, ctx.now, ctx.trace)
                met = self._browsers.meet(conn, mine, request, ("sign-on",))
                address = request.client.host if request.client else ""
                fresh = start_session(
                    conn,
                    mine,
                    found.id,
                    user_agent=agent,
                    address=address,
                    proofs=("sign-on",),
                    device=met.device,
                )
                keep_id_token(conn, mine, app.envelope, provider, fresh.token, finished.id_token)
            else:
                note_refusal(conn, ctx, provider, finished.identity, found)
        if isinstance(found, Denied) or fresh is None:
            raise Forbidden(found.reason if isinstance(found, Denied) else "nobody")
        self._end_old(request, found)
        response = RedirectResponse(taken.then, 303)
        auth.keep_session(response, fresh.token, secure=self.site.secure)
        if met is not None:
            self._browsers.keep(request, response, met)
        self._drop_browser(response)
        return response

    def _tested(
        self,
        request: Request,
        ctx: Context,
        provider: Provider,
        secret: str,
        taken: Callback,
        answer: dict[str, str],
    ) -> Response:
        """What a sign-in would find, told to the administrator who asked; nobody is signed in and nothing is made."""
        who = self._administrator(request)
        mine = parse_session_token(auth.session_token(request, secure=self.site.secure))[0] == ctx.tenant_id
        if not mine or who.id != taken.started_by:
            raise Unauthenticated("this test was begun by somebody else")
        app = self.site.app
        try:
            finished = exchange(app.discovery, provider, secret, taken, answer, ctx.now)
        except (Unauthenticated, Unreachable) as error:
            return self._failed(request, phrase("The test failed."), 422, error.message, tell=True)
        said = finished.identity
        with app.database.transaction(ctx.tenant_id) as conn:
            note_test(conn, Context(ctx.tenant_id, who, ctx.now, ctx.trace), provider.code)
            mapped = group_roles(conn, provider.origin)
            tenant = get_tenant(conn)
        roles = tuple(dict.fromkeys(line.role for line in mapped if line.group in said.groups))
        view = SignOnTestedView(
            provider=provider.name,
            subject=said.subject,
            name=said.name,
            email=said.email,
            groups=said.groups,
            roles=roles,
            groups_claim=provider.groups_claim,
            claims=tuple(sorted(name for name in said.claims)),
        )
        page = outside_page(request, ctx.now, tenant)
        response = HTMLResponse(self.site.console.render(page, view))
        self._drop_browser(response)
        return response

    def _administrator(self, request: Request) -> Principal:
        token = auth.session_token(request, secure=self.site.secure)
        tenant_id, _ = parse_session_token(token)
        with self.site.app.database.transaction(tenant_id, read_only=True) as conn:
            who = read_session(conn, token, self.site.app.clock.now()).principal
        require(who, "admin")
        return who

    def _tenant_of(self, request: Request) -> UUID:
        if request.query_params.get("test") == "1":
            # Whoever tests does so in their own tenant, whatever the address says.
            return parse_session_token(auth.session_token(request, secure=self.site.secure))[0]
        by_host = self.site.hosts.tenant_of(request)
        if by_host is not None:
            return by_host
        slug = request.query_params.get("tenant", "").replace("\0", "").strip().lower()[:64]
        if slug:
            return find_tenant(self.site.app.database, slug)
        only = only_tenant(self.site.app.database)
        if only is None:
            raise NotFound("say which organisation: ?tenant=…")
        return only[0]

    def _failed(self, request: Request, words: str, status: int, why: str, *, tell: bool = False) -> Response:
        view = SignOnFailedView(words, why if tell else "", urls.SIGN_ON if tell else urls.SIGN_IN)
        page = outside_page(request, self.site.app.clock.now())
        response = HTMLResponse(self.site.console.render(page, view), status)
        self._drop_browser(response)
        return response

    def _hold_back(self, request: Request) -> None:
        """Raises `Busy` for an address that tries too often."""
        most = self.site.app.settings.sign_ins_per_minute
        host = client_network(request.client.host) if request.client else ""
        if wait := self.attempts.take(host, Rate(most / 60, most), 1, monotonic()):
            raise Busy("too many sign-ins from this network", retry_after=math.ceil(wait))

    def _end_old(self, request: Request, found: Principal) -> None:
        """A session that this browser had before is over: nobody goes on in it."""
        old = auth.session_token(request, secure=self.site.secure)
        try:
            tenant_id, _ = parse_session_token(old)
            with self.site.app.database.transaction(tenant_id) as conn:
                end_session(conn, Context(tenant_id, found, self.site.app.clock.now()), old)
        except HeadgateError:
            return

    @property
    def _browsers(self) -> Browsers:
        return Browsers(self.site.app, auth.COOKIES, WHERE, self.site.secure)

    @property
    def _cookie(self) -> str:
        return "__Host-headgate_sso" if self.site.secure else "headgate_sso"

    def _keep_browser(self, response: Response, browser: str) -> None:
        # Lax: it has to come along when the identity provider sends the browser back.
        seconds = int(_BROWSER_LASTS.total_seconds())
        response.set_cookie(
            self._cookie, browser, max_age=seconds, secure=self.site.secure, httponly=True, samesite="lax"
        )

    def _drop_browser(self, response: Response) -> None:
        response.set_cookie(self._cookie, "", max_age=0, secure=self.site.secure, httponly=True, samesite="lax")
