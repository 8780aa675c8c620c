"""Signing in step by step, for every edge alike: after the password a second factor where there is one, or a passkey
instead of both. An edge says whom it lets in and draws the pages; what a proof is worth is decided here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from headgate.access import (
    ENROL,
    Denied,
    Invited,
    accept_invitation,
    end_session,
    factors_of,
    find_invitation,
    get_tenant,
    load_principal,
    only_tenant,
    parse_session_token,
    read_session,
    security_of,
    start_session,
)
from headgate.access.core.tokens import secret_hash
from headgate.access.devices import LONGEST_KNOWN, device_mark, recognise_device, remember_device
from headgate.access.lockout import is_locked
from headgate.access.mfa import factors, passkeys
from headgate.access.mfa.pending import LASTS, begin_pending, end_pending, read_pending, take_attempt
from headgate.access.resets import Reset, ask_reset
from headgate.connectors.mail import changed_letter, reset_letter
from headgate.identity.mails import base_of, locked_mail
from headgate.identity.person import site_of
from headgate.identity.views import ChooseStep, LostStep, OverStep, SecondStep, Step
from headgate.identity.where import Where
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Forbidden, HeadgateError, Invalid, Unauthenticated
from headgate.kernel.phrases import phrase, sentence
from headgate.ui.cookies import Cookies
from headgate.wiring import App

log = logging.getLogger("headgate.identity")

# What nobody needs a second factor beside.
STRONG = frozenset({"passkey", "totp", "recovery"})
OUT_OF_DATE = "This page was out of date. Try again now."
WRONG_CODE = "That code does not fit, or was used already. Type the one that the app shows now, or a recovery code."


@dataclass(frozen=True, slots=True)
class Entered:
    """Signed in. `device` is what makes the browser known: whom its cookie is for, and the cookie."""

    token: str
    device: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Awaited:
    """A second factor is missing; the token stands for the sign-in until then."""

    token: str


@dataclass(frozen=True, slots=True)
class Outside:
    """The steps after the first page of an edge.

    `lets_in` says whether somebody belongs to this edge, `not_here` answers those who do not; `draw` makes a page of a
    step, `fail` shows the first page with an error, `wait` is how many seconds an address has to wait,
    `form` reads a post. `ours` refuses (`Unauthenticated`) a tenant whose pages these are not; `tenant_of` finds the
    tenant by its short name, or without one. `staff`: this edge is for the tenant's own people. `enter` shows the first
    page to who has just chosen a password. `permit` refuses a sign-in of one's own where the tenant wants that of its
    identity provider.
    """

    app: App
    cookies: Cookies
    where: Where
    secure: bool
    lets_in: Callable[[Principal], bool]
    not_here: str
    draw: Callable[[Request, Step, int], Response]
    fail: Callable[[Request, str, int], Response]
    wait: Callable[[Request], float]
    form: Callable[[Request], Any]
    ours: Callable[[Request, UUID], None]
    tenant_of: Callable[[Request, str], UUID | None]
    staff: bool
    enter: Callable[[Request, str, str], Response]
    permit: Callable[[Connection[Any], Context, Principal], Principal | Denied] = lambda conn, ctx, found: found

    def routes(self) -> list[Route]:
        """The addresses of the steps."""
        return [
            Route(self.where.second, self._get(self._ask_second), methods=["GET"]),
            Route(self.where.second, self._post(self._take_second), methods=["POST"]),
            Route(self.where.passkey_sign_in, self._post(self._take_passkey), methods=["POST"]),
            Route(self.where.lost, self._get(self._ask_lost), methods=["GET"]),
            Route(self.where.lost, self._post(self._take_lost), methods=["POST"]),
            Route(self.where.reset("{token}"), self._get(self._ask_reset), methods=["GET"]),
            Route(self.where.reset("{token}"), self._post(self._take_reset), methods=["POST"]),
        ]

    def tell_locked(self, conn: Connection[Any], ctx: Context, found: object) -> None:
        """Write to somebody whose account a wrong password has just locked."""
        if isinstance(found, Denied) and found.locked:
            locked_mail(self.app, conn, ctx, found.locked)

    def admit(
        self,
        conn: Connection[Any],
        request: Request,
        tenant_id: UUID,
        found: Principal,
        proofs: tuple[str, ...],
        *,
        limited_to: str = "",
    ) -> Entered | Awaited:
        """Start a session, or ask for the second factor that somebody has. Who should have one and has none gets a
        session that is good for setting one up and nothing else."""
        now, trace = self.app.clock.now(), str(request.scope["state"]["request_id"])
        ctx = Context(tenant_id, found, now, trace)
        strong = not STRONG.isdisjoint(proofs)
        has = strong or factors_of(conn, found.id).on
        if has and not strong:
            return Awaited(begin_pending(conn, ctx, found.id, proofs, limited_to=limited_to))
        rules = security_of(conn)
        if not has and rules.needs_second_factor(found.roles) and "demo" not in proofs:
            limited_to = ENROL
        agent = request.headers.get("user-agent", "")
        device = None
        if "demo" not in proofs and not limited_to:
            before = self.known_device(conn, ctx, request, found.id)
            device = remember_device(conn, ctx, self.app.envelope, found.id, user_agent=agent, known=before)
        made = start_session(
            conn,
            ctx,
            found.id,
            user_agent=agent,
            address=request.client.host if request.client else "",
            proofs=proofs,
            limited_to=limited_to,
            device=None if device is None else device[0],
        )
        return Entered(made.token, None if device is None else (device_mark(tenant_id, found.id), device[1]))

    def known_device(self, conn: Connection[Any], ctx: Context, request: Request, principal: str) -> UUID | None:
        """The known browser of this person that a request comes from, if it is one."""
        token = self.cookies.device_token(request, device_mark(ctx.tenant_id, principal), secure=self.secure)
        return recognise_device(conn, ctx, self.app.envelope, principal, token)

    def go_on(self, request: Request, reached: Entered | Awaited, then: str) -> Response:
        """Where somebody goes after a step, with the cookies of it."""
        if isinstance(reached, Awaited):
            response: Response = RedirectResponse(f"{self.where.second}?{_then(then)}", 303)
            self.cookies.keep_pending(response, reached.token, secure=self.secure, seconds=int(LASTS.total_seconds()))
            return response
        self._end_old(request)
        response = RedirectResponse(self._first_page(reached.token, then), 303)
        self.cookies.keep_session(response, reached.token, secure=self.secure)
        if reached.device is not None:
            mark, token = reached.device
            seconds = int(LONGEST_KNOWN.total_seconds())
            self.cookies.keep_device(request, response, mark, token, secure=self.secure, seconds=seconds)
        self.cookies.drop_pending(response, secure=self.secure)
        return response

    def _first_page(self, token: str, then: str) -> str:
        tenant_id, _ = parse_session_token(token)
        with self.app.database.transaction(tenant_id, read_only=True) as conn:
            live = read_session(conn, token, self.app.clock.now())
        return self.where.account if live.session.limited_to == ENROL else then

    def _ask_second(self, request: Request) -> Response:
        token = self.cookies.pending_token(request)
        then = self.cookies.own_path(request.query_params.get("then", ""))
        try:
            tenant_id, _ = parse_session_token(token)
            with self.app.database.transaction(tenant_id, read_only=True) as conn:
                return self.draw(request, self._second(conn, request, token, then), 200)
        except Unauthenticated:
            return RedirectResponse(f"{self.where.sign_in}?{_then(then)}", 303)

    def _take_second(self, request: Request, form: Mapping[str, str]) -> Response:
        token, then = self.cookies.pending_token(request), self.cookies.own_path(form.get("then", ""))
        try:
            self.cookies.check_form(request, form, self.cookies.sent_before(request))
            tenant_id, _ = parse_session_token(token)
        except (Forbidden, Unauthenticated):
            return self.fail(request, OUT_OF_DATE, 403)
        if wait := self.wait(request):
            return self.fail(request, _patience(wait), 429)
        now, trace = self.app.clock.now(), str(request.scope["state"]["request_id"])
        try:
            # Two transactions: the first counts the try whatever becomes of it.
            with self.app.database.transaction(tenant_id) as conn:
                ctx = Context(tenant_id, SYSTEM, now, trace)
                waiting = take_attempt(conn, token, now)
                before = is_locked(conn, ctx, waiting.principal)
                proof = self._proof(conn, ctx, request, waiting.principal, form, token)
                if not before and is_locked(conn, ctx, waiting.principal):
                    locked_mail(self.app, conn, ctx, waiting.principal)
            with self.app.database.transaction(tenant_id) as conn:
                if proof is None:
                    return self.draw(request, self._second(conn, request, token, then, WRONG_CODE), 401)
                found = load_principal(conn, waiting.principal, now)
                end_pending(conn, token)
                proofs = (*waiting.proofs, proof)
                reached = self.admit(conn, request, tenant_id, found, proofs, limited_to=waiting.limited_to)
        except HeadgateError:
            return self.fail(request, "The sign-in took too long or was tried too often. Begin again.", 401)
        return self.go_on(request, reached, then)

    def _proof(
        self,
        conn: Connection[Any],
        ctx: Context,
        request: Request,
        principal: str,
        form: Mapping[str, str],
        token: str,
    ) -> str | None:
        """What somebody has shown beside the password; None when that does not hold."""
        if not form.get("response"):
            device = self.known_device(conn, ctx, request, principal)
            code = form.get("code", "")[:40]
            return factors.prove_code(conn, ctx, self.app.envelope, principal, code, device=device)
        try:
            with conn.transaction():
                found = passkeys.prove_passkey(
                    conn,
                    ctx,
                    self.app.envelope,
                    site_of(request),
                    response=form["response"],
                    sealed=form.get("sealed", ""),
                    bound_to=token,
                )
        except Unauthenticated:
            return None
        return "passkey" if found == principal else None

    def _take_passkey(self, request: Request, form: Mapping[str, str]) -> Response:
        before, then = self.cookies.sent_before(request), self.cookies.own_path(form.get("then", ""))
        try:
            self.cookies.check_form(request, form, before)
        except Forbidden:
            return self.fail(request, OUT_OF_DATE, 403)
        if wait := self.wait(request):
            return self.fail(request, _patience(wait), 429)
        now, trace = self.app.clock.now(), str(request.scope["state"]["request_id"])
        try:
            tenant_id = passkeys.tenant_of(form.get("response", ""))
            self.ours(request, tenant_id)
            with self.app.database.transaction(tenant_id) as conn:
                principal = passkeys.prove_passkey(
                    conn,
                    Context(tenant_id, SYSTEM, now, trace),
                    self.app.envelope,
                    site_of(request),
                    response=form.get("response", ""),
                    sealed=form.get("sealed", ""),
                    bound_to=before,
                )
                found = load_principal(conn, principal, now)
                if not security_of(conn).passkeys:
                    raise Unauthenticated("this tenant does not let passkeys take the place of a password")
                if isinstance(self.permit(conn, Context(tenant_id, SYSTEM, now, trace), found), Denied):
                    raise Unauthenticated("this tenant wants sign-ins by its identity provider")
                reached = self.admit(conn, request, tenant_id, found, ("passkey",)) if self.lets_in(found) else None
        except HeadgateError as error:
            log.info("sign-in by passkey refused: %s", error.message)
            return self.fail(request, "The passkey was not accepted. Try again, or use your password.", 401)
        if reached is None:
            return self.fail(request, self.not_here, 403)
        return self.go_on(request, reached, then)

    def _ask_lost(self, request: Request) -> Response:
        return self.draw(request, self._lost(), 200)

    def _lost(self, **more: Any) -> LostStep:
        return LostStep(self.where, ask_tenant=only_tenant(self.app.database) is None, **more)

    def _take_lost(self, request: Request, form: Mapping[str, str]) -> Response:
        try:
            self.cookies.check_form(request, form, self.cookies.sent_before(request))
        except Forbidden:
            return self.draw(request, self._lost(error=OUT_OF_DATE), 403)
        if wait := self.wait(request):
            return self.draw(request, self._lost(error=_patience(wait)), 429)
        tenant_id = self.tenant_of(request, form.get("tenant", "").strip().lower()[:64])
        if tenant_id is not None:
            ctx = Context(tenant_id, SYSTEM, self.app.clock.now(), str(request.scope["state"]["request_id"]))
            with self.app.database.transaction(tenant_id) as conn:
                tenant = get_tenant(conn)
                base = base_of(self.app, request, None if self.staff else tenant.portal_host)

                def send(conn: Connection[Any], made: Reset) -> None:
                    letter = reset_letter(made.email, made.name, f"{base}{self.where.reset(made.token)}")
                    key = f"reset:{secret_hash(made.token).hex()}"
                    self.app.mailroom.send(conn, ctx, tenant, letter, about=made.principal, key=key)

                ask_reset(conn, ctx, form.get("email", "")[:254], staff=self.staff, send=send)
        return self.draw(request, self._lost(sent=True), 200)

    def _ask_reset(self, request: Request) -> Response:
        token = str(request.path_params["token"])
        try:
            found = self._found(request, token)
        except Unauthenticated:
            return self.draw(request, self._over(), 404)
        return self.draw(request, ChooseStep(self.where, token, found.name, found.email, found.shortest), 200)

    def _take_reset(self, request: Request, form: Mapping[str, str]) -> Response:
        token = str(request.path_params["token"])
        if wait := self.wait(request):
            return self.fail(request, _patience(wait), 429)
        try:
            found = self._found(request, token)
            error, status = self._choose(request, form, token)
        except Unauthenticated:
            return self.draw(request, self._over(), 404)
        if error:
            return self.draw(
                request, ChooseStep(self.where, token, found.name, found.email, found.shortest, error), status
            )
        return self.enter(request, found.email, "Your password is set. Sign in with it.")

    def _choose(self, request: Request, form: Mapping[str, str], token: str) -> tuple[str, int]:
        """Take the password that was chosen; what is wrong, and the status of that."""
        try:
            self.cookies.check_form(request, form, self.cookies.sent_before(request))
        except Forbidden:
            return OUT_OF_DATE, 403
        if form.get("password", "") != form.get("again", ""):
            return "The two passwords differ. Type both again.", 400
        tenant_id, _ = parse_session_token(token)
        ctx = Context(tenant_id, SYSTEM, self.app.clock.now(), str(request.scope["state"]["request_id"]))
        try:
            with self.app.database.transaction(tenant_id) as conn:
                done = accept_invitation(conn, ctx, token, form.get("password", ""))
                said = phrase("A new password was chosen for your account by a link.")
                letter = changed_letter(done.email, done.name, said)
                key = f"chosen:{secret_hash(token).hex()}"
                self.app.mailroom.send(conn, ctx, get_tenant(conn), letter, about=done.principal, key=key)
        except Invalid as error:
            return sentence(error.message), 400
        return "", 200

    def _found(self, request: Request, token: str) -> Invited:
        """Whom a link is for, if it is for people of this edge. Raises `Unauthenticated`."""
        tenant_id, _ = parse_session_token(token)
        self.ours(request, tenant_id)
        with self.app.database.transaction(tenant_id, read_only=True) as conn:
            found = find_invitation(conn, token, self.app.clock.now())
        if (found.partner is None) != self.staff:
            raise Unauthenticated("this link is for another door")
        return found

    def _over(self) -> OverStep:
        said = "It was used already, or its time is up. Ask for another one where you sign in."
        return OverStep(self.where, "This link is over", said)

    def _second(
        self, conn: Connection[Any], request: Request, token: str, then: str, error: str = ""
    ) -> SecondStep | OverStep:
        now = self.app.clock.now()
        waiting = read_pending(conn, token, now)
        has = factors_of(conn, waiting.principal)
        offer = None
        if has.passkeys:
            offer = passkeys.offer_sign_in(self.app.envelope, site_of(request), now, token)
        return SecondStep(self.where, then, has.totp_since is not None, offer, error)

    def _end_old(self, request: Request) -> None:
        """A session that this browser had before is over: nobody goes on in it."""
        old = self.cookies.session_token(request, secure=self.secure)
        try:
            tenant_id, _ = parse_session_token(old)
            with self.app.database.transaction(tenant_id) as conn:
                now = self.app.clock.now()
                owner = read_session(conn, old, now).principal
                end_session(conn, Context(tenant_id, owner, now), old)
        except HeadgateError:
            return

    def _get(self, answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return endpoint

    def _post(self, answer: Callable[[Request, Mapping[str, str]], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request, await self.form(request))

        return endpoint


def _then(then: str) -> str:
    return urlencode({"then": then})


def _patience(seconds: float) -> str:
    return f"Too many attempts from your network. Try again in {max(1, round(seconds / 60))} min."
